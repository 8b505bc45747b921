//! What happens to an import when the server is killed while it reads the file.
//!
//! `scripts/crash-import` runs it with 100,000 rows. `NEXUS_IMPORT_ROWS` says how many there are,
//! `NEXUS_IMPORT_SEED` at which rows it is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use nexus_testing::{Chance, TestDatabase};
use serde_json::{Value, json};

use crate::process::ServerProcess;
use crate::support::{Browser, PASSWORD};

/// Enough for many transactions, and for a debug build in CI.
const ROWS: u64 = 20_000;
/// How often the server is killed: while it counts the rows, and as it takes them in.
const KILLS: usize = 5;
/// How much longer it runs than a kill was planned, so that kills meet every step of a transaction.
const LONGEST_DELAY_MS: u64 = 150;
/// How many contacts are there before.
const KNOWN: u64 = 200;
/// Longer than a slow machine needs for a few rows.
const STUCK: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_while_it_imports_takes_every_row_in_once_on_sqlite() {
    takes_every_row_in_once(TestDatabase::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_while_it_imports_takes_every_row_in_once_on_postgres() {
    takes_every_row_in_once(TestDatabase::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_without_the_file_leaves_the_import_to_the_one_that_has_it_on_sqlite() {
    leaves_it_to_the_one_that_has_the_file(TestDatabase::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_without_the_file_leaves_the_import_to_the_one_that_has_it_on_postgres() {
    leaves_it_to_the_one_that_has_the_file(TestDatabase::postgres().await).await;
}

/// The number of an environment variable.
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

/// A file, and what has to come of it.
#[derive(Default)]
struct Expected {
    file: String,
    created: u64,
    updated: u64,
    unchanged: u64,
    blank: u64,
    /// The lines of the rows that are refused, and how much is wrong with each.
    invalid: BTreeMap<u64, u64>,
    /// Phone and e-mail of everybody, afterwards.
    contacts: BTreeMap<String, String>,
}

fn known_phone(index: u64) -> String {
    format!("+5255{:08}", 90_000_000 + index)
}

fn phone(row: u64) -> String {
    format!("+5255{:08}", 10_000_000 + row)
}

/// `rows` rows: new ones, with people who are there already, the same people twice, cells and whole
/// rows that are wrong, and blank ones between them, far from and near each other.
fn file_of(rows: u64) -> Expected {
    let mut expected = Expected {
        file: "nombre,telefono,correo\n".to_owned(),
        ..Expected::default()
    };
    for index in 0..KNOWN {
        expected.contacts.insert(known_phone(index), String::new());
    }
    let mut new = Vec::new();
    let mut met = 0;
    for row in 0..rows {
        let line = row + 2;
        match row % 20 {
            3 => {
                let _ = writeln!(expected.file, "Mal {row},12-34,");
                expected.invalid.insert(line, 1);
            }
            7 => {
                let _ = writeln!(expected.file, "Peor {row},12-34,nadie");
                expected.invalid.insert(line, 2);
            }
            9 => {
                expected.file.push_str(",,\n");
                expected.blank += 1;
            }
            // Somebody from before, who gets an e-mail address the first time.
            11 => {
                let index = met % KNOWN;
                let email = format!("sabida{index}@example.mx");
                let phone = known_phone(index);
                let _ = writeln!(expected.file, "Sabida {index},{phone},{email}");
                met += 1;
                if expected.contacts.insert(phone, email).as_deref() == Some("") {
                    expected.updated += 1;
                } else {
                    expected.unchanged += 1;
                }
            }
            // Somebody of an earlier row: of the one before, or from long ago.
            13 | 17 => {
                let index = if row % 20 == 13 {
                    new.len() - 1
                } else {
                    new.len() / 2
                };
                let (row, phone): &(u64, String) = &new[index];
                let _ = writeln!(expected.file, "Otra {row},{phone},");
                expected.unchanged += 1;
            }
            _ => {
                let (phone, email) = (phone(row), format!("nueva{row}@example.mx"));
                let _ = writeln!(expected.file, "Nueva {row},{phone},{email}");
                expected.contacts.insert(phone.clone(), email);
                new.push((row, phone));
                expected.created += 1;
            }
        }
    }
    expected
}

async fn server(database: &TestDatabase) -> ServerProcess {
    ServerProcess::start(vec![
        ("DATABASE_URL", database.url().to_owned()),
        ("SANDBOX", "off".to_owned()),
        ("IMPORT_LEASE_SECONDS", "2".to_owned()),
    ])
    .await
}

async fn signed_in(server: &ServerProcess) -> Browser {
    let mut browser = Browser::at(&server.url);
    let answer = browser
        .post(
            "/api/auth/register",
            json!({"name": "Ana", "email": "ana@example.mx", "password": PASSWORD}),
        )
        .await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    browser
}

/// Uploads a file. The path of its import.
async fn begun(browser: &mut Browser, content: &str) -> String {
    let path = "/api/contacts/import/file";
    let fields = [("known_contacts", "update_empty")];
    let answer = browser.upload_with(path, content.as_bytes(), &fields).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let id = answer.body["import"]["id"].as_str().expect("an id");
    format!("/api/contacts/imports/{id}")
}

/// Waits until so many rows are read, or the import is over.
async fn until_read(browser: &mut Browser, path: &str, rows: u64) -> Value {
    let (mut last, mut since) = (None, Instant::now());
    loop {
        let import = browser.get(path).await.body["import"].clone();
        let read = import["progress"]["read"].as_u64().expect("a number");
        let running = import["status"] == "queued" || import["status"] == "running";
        if !running || read >= rows {
            return import;
        }
        if last != Some(read) {
            (last, since) = (Some(read), Instant::now());
        }
        assert!(since.elapsed() < STUCK, "it does not go on: {import}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn takes_every_row_in_once(database: TestDatabase) {
    nexus_infrastructure::install_tls_provider();
    let rows = number("NEXUS_IMPORT_ROWS").unwrap_or(ROWS);
    let seed = number("NEXUS_IMPORT_SEED").unwrap_or_else(|| RandomState::new().hash_one(rows));
    println!("NEXUS_IMPORT_ROWS={rows} NEXUS_IMPORT_SEED={seed}");
    let mut chance = Chance::of(seed);
    let mut kills: Vec<_> = (1..KILLS)
        .map(|_| 1 + chance.below(rows * 9 / 10))
        .collect();
    kills.push(0);
    kills.sort_unstable();

    let mut server = server(&database).await;
    let mut browser = signed_in(&server).await;
    let mut before = "nombre,telefono\n".to_owned();
    for index in 0..KNOWN {
        let _ = writeln!(before, "Sabida {index},{}", known_phone(index));
    }
    let path = begun(&mut browser, &before).await;
    let import = until_read(&mut browser, &path, u64::MAX).await;
    assert_eq!(import["progress"]["created"], KNOWN, "{import}");

    let expected = file_of(rows);
    let began = Instant::now();
    let path = begun(&mut browser, &expected.file).await;
    let mut killed = 0;
    for row in kills {
        let import = until_read(&mut browser, &path, row).await;
        tokio::time::sleep(Duration::from_millis(chance.below(LONGEST_DELAY_MS))).await;
        server.kill();
        killed += usize::from(import["status"] != "completed");
        println!(
            "killed at or after row {row} ({})",
            import["progress"]["read"]
        );
        server.restart().await;
    }
    let import = until_read(&mut browser, &path, u64::MAX).await;
    println!("{rows} rows and {killed} kills: {:?}", began.elapsed());
    assert!(
        killed > KILLS / 2,
        "the import was over before it was killed"
    );
    assert_import(&import, rows, &expected);
    assert_contacts(&mut browser, &expected).await;
    assert_errors(&mut browser, &path, &expected).await;
}

fn assert_import(import: &Value, rows: u64, expected: &Expected) {
    assert_eq!(import["status"], "completed", "{import}");
    let progress = &import["progress"];
    let invalid = u64::try_from(expected.invalid.len()).expect("a number of rows");
    for (counter, count) in [
        ("total_rows", rows),
        ("read", rows),
        ("created", expected.created),
        ("updated", expected.updated),
        ("unchanged", expected.unchanged),
        ("skipped", 0),
        ("blank", expected.blank),
        ("invalid", invalid),
    ] {
        assert_eq!(progress[counter], count, "{counter}: {import}");
    }
}

/// That everybody is there, once, with what the rows say.
async fn assert_contacts(browser: &mut Browser, expected: &Expected) {
    let (_, text) = browser.download("/api/contacts/export.csv").await;
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let cells = |line: &str| -> Vec<String> {
        let cells = line.split(',').map(|cell| cell.trim_matches('"'));
        cells
            .map(|cell| cell.trim_start_matches('\'').to_owned())
            .collect()
    };
    let header = cells(lines.next().expect("a header"));
    let place = |names: [&str; 2]| {
        let of_name = |cell: &String| names.contains(&cell.to_lowercase().as_str());
        header.iter().position(of_name).expect("this column")
    };
    let (phone, email) = (place(["teléfono", "telefono"]), place(["correo", "email"]));
    let mut found = BTreeMap::new();
    for line in lines {
        let cells = cells(line);
        let twice = found.insert(cells[phone].clone(), cells[email].clone());
        assert_eq!(twice, None, "{line} is there twice");
    }
    let lost = || {
        expected
            .contacts
            .iter()
            .filter(|(phone, _)| !found.contains_key(*phone))
    };
    assert_eq!(
        lost().take(5).collect::<Vec<_>>(),
        [],
        "{} are lost",
        lost().count()
    );
    assert!(found == expected.contacts, "some are not as their rows say");
}

/// That what is wrong with rows is noted once.
async fn assert_errors(browser: &mut Browser, path: &str, expected: &Expected) {
    let answer = browser.get(&format!("{path}/errors?per_page=100")).await;
    let all: u64 = expected.invalid.values().sum();
    assert_eq!(
        answer.body["pagination"]["total"], all,
        "{:?}",
        answer.body["pagination"]
    );
    let (_, text) = browser.download(&format!("{path}/errors.csv")).await;
    let lines: Vec<u64> = text
        .lines()
        .skip(1)
        .map(|line| {
            let cell = line.split(',').nth(3).expect("a cell with the line");
            cell.trim_matches('"').parse().expect("a line")
        })
        .collect();
    let distinct: BTreeSet<_> = lines.iter().copied().collect();
    assert_eq!(distinct.len(), lines.len(), "a row is there twice");
    assert!(
        distinct.iter().eq(expected.invalid.keys()),
        "other rows are refused"
    );
}

/// Two instances on one database, each with a data folder of its own.
async fn leaves_it_to_the_one_that_has_the_file(database: TestDatabase) {
    nexus_infrastructure::install_tls_provider();
    let mut owner = server(&database).await;
    let mut browser = signed_in(&owner).await;
    let expected = file_of(5_000);
    let path = begun(&mut browser, &expected.file).await;
    until_read(&mut browser, &path, 1).await;
    owner.kill();

    let other = server(&database).await;
    let mut elsewhere = Browser::at(&other.url);
    elsewhere.cookie.clone_from(&browser.cookie);
    // Longer than the lease of the dead, and than the other looks for work.
    tokio::time::sleep(Duration::from_secs(9)).await;
    let import = elsewhere.get(&path).await.body["import"].clone();
    assert_eq!(import["status"], "running", "{import}");

    owner.restart().await;
    let import = until_read(&mut browser, &path, u64::MAX).await;
    assert_eq!(import["status"], "completed", "{import}");
    assert_eq!(import["progress"]["read"], 5_000, "{import}");
}
