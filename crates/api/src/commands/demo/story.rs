//! What the demo does, step by step.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use nexus_domain::ports::Entropy;
use nexus_infrastructure::SystemEntropy;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use super::screen::Progress;

const CONTACTS: &[u8] = include_bytes!("../../../assets/demo-contacts.csv");
const EMAIL: &str = "demo@example.com";
const PASSWORD: &str = "tres girasoles en abril";
const MESSAGE: &str = "Hola {nombre}, esta semana tienes 20 % de descuento en toda la tienda. \
     Responde a este mensaje y te apartamos lo que quieras.";
const POLL: Duration = Duration::from_millis(150);
/// How long the import, and then the campaign, may take.
const PATIENCE: Duration = Duration::from_mins(2);
/// Statuses and answers come for so long after the last one at most.
const QUIET: Duration = Duration::from_secs(3);

/// The demo's story.
pub(super) struct Story {
    api: String,
    phones: String,
    email: std::sync::OnceLock<String>,
}

#[derive(Deserialize)]
struct Import {
    id: String,
    status: String,
    progress: Rows,
}

#[derive(Deserialize)]
struct Rows {
    read: u64,
    created: u64,
    known: u64,
    blank: u64,
    invalid: u64,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
struct Counts {
    #[serde(rename = "total_recipients")]
    total: u64,
    #[serde(rename = "pending_count")]
    pending: u64,
    #[serde(rename = "sent_count")]
    sent: u64,
    #[serde(rename = "delivered_count")]
    delivered: u64,
    #[serde(rename = "opened_count")]
    read: u64,
    #[serde(rename = "replied_count")]
    replied: u64,
    #[serde(rename = "failed_count")]
    failed: u64,
    #[serde(rename = "skipped_count")]
    skipped: u64,
    #[serde(rename = "unconfirmed_count")]
    unconfirmed: u64,
}

impl Counts {
    fn words(&self) -> String {
        format!(
            "sent {}, delivered {}, read {}, answered {}, failed {}, skipped {}, unconfirmed {}",
            self.sent,
            self.delivered,
            self.read,
            self.replied,
            self.failed,
            self.skipped,
            self.unconfirmed
        )
    }

    /// Whether of every recipient is known what became of it.
    fn is_accounted_for(&self) -> bool {
        self.pending == 0
            && self.total == self.delivered + self.failed + self.skipped + self.unconfirmed
    }
}

impl Story {
    /// A story on the API at `url`, with the simulated phones at `phones`.
    pub(super) fn new(url: &str, phones: &str) -> anyhow::Result<Self> {
        Client::new(url)?;
        Ok(Self {
            api: url.to_owned(),
            phones: phones.to_owned(),
            email: std::sync::OnceLock::new(),
        })
    }

    /// Tells it to the end; an error when anybody is not accounted for.
    pub(super) async fn tell(&self) -> anyhow::Result<()> {
        let mut client = Client::new(&self.api)?;
        println!(
            "Nexus Communicator: the main job, from a file of contacts to what became of each message.\n"
        );
        println!("1. A shop registers.");
        let email = register(&mut client).await?;
        println!("  {email}");
        let _ = self.email.set(email);
        println!("2. It brings in its contacts from a file.");
        let contacts = import(&mut client).await?;
        println!("3. It writes a campaign to all {contacts} of them, and sends it.");
        let campaign = send(&mut client).await?;
        let counts = watch(&mut client, &campaign).await?;
        failures(&mut client, &campaign).await?;
        println!("4. The dashboard.");
        dashboard(&mut client).await?;
        ensure!(
            counts.total == contacts,
            "{contacts} contacts, but {} recipients",
            counts.total
        );
        println!("\nAll {} recipients are accounted for.", counts.total);
        Ok(())
    }

    /// Says where everything is that stays up.
    pub(super) fn stay(&self) {
        let email = self.email.get().map_or(EMAIL, String::as_str);
        println!();
        println!("  the API             {}/api", self.api);
        println!("  its documentation   {}/api/docs/", self.api);
        println!("  simulated phones    {}/", self.phones);
        println!("  sign in with        {email}");
        println!("  password            {PASSWORD}");
        println!("\nCtrl-C ends it.");
    }
}

/// Registers the demo user, under another address when the database knows this one already.
async fn register(client: &mut Client) -> anyhow::Result<String> {
    let mut email = EMAIL.to_owned();
    for _ in 0..5 {
        let body = json!({
            "name": "Lucía Hernández",
            "company": "Flores de Coyoacán",
            "email": email,
            "password": PASSWORD,
        });
        if client
            .post_unless_taken("/api/auth/register", &body)
            .await?
            .is_some()
        {
            return Ok(email);
        }
        let mut random = [0_u8; 4];
        SystemEntropy.fill(&mut random);
        email = format!("demo+{}@example.com", hex::encode(random));
    }
    bail!("no address for the demo user is free")
}

/// Imports the file. How many contacts it made.
async fn import(client: &mut Client) -> anyhow::Result<u64> {
    let answer = client
        .upload("/api/contacts/import/file", "clientes.csv", CONTACTS)
        .await?;
    let mut import: Import = part(&answer, "import")?;
    let mut progress = Progress::new();
    let until = Instant::now() + PATIENCE;
    let path = format!("/api/contacts/imports/{}", import.id);
    while import.status == "queued" || import.status == "running" {
        ensure!(Instant::now() < until, "the import does not end");
        progress.show(import.progress.read, import.progress.read, "rows");
        tokio::time::sleep(POLL).await;
        import = part(&client.get(&path).await?, "import")?;
    }
    let rows = &import.progress;
    progress.done(
        rows.read,
        rows.read,
        &format!(
            "rows: {} new contacts, {} known already, {} blank, {} not usable",
            rows.created, rows.known, rows.blank, rows.invalid
        ),
    );
    ensure!(
        import.status == "completed",
        "the import is {}",
        import.status
    );
    ensure!(
        rows.read == rows.created + rows.known + rows.blank + rows.invalid,
        "not every row is accounted for"
    );
    let answer = client.get(&format!("{path}/errors")).await?;
    for error in list(&answer, "errors")? {
        println!(
            "  line {}, {}: {:?}. {}",
            error["line"],
            error["column"].as_str().unwrap_or("row"),
            error["value"].as_str().unwrap_or_default(),
            error["reason"].as_str().unwrap_or_default()
        );
    }
    Ok(rows.created)
}

/// Creates and sends the campaign. Its id.
async fn send(client: &mut Client) -> anyhow::Result<String> {
    let body = json!({
        "name": "Semana de descuentos",
        "channel": "whatsapp",
        "message": MESSAGE,
        "audience": {},
    });
    let answer = client.post("/api/campaigns", &body).await?;
    let id = answer["campaign"]["id"]
        .as_str()
        .context("a campaign without id")?
        .to_owned();
    let preview = client.get(&format!("/api/campaigns/{id}/preview")).await?;
    if let Some(text) = preview["preview"]["message"].as_str() {
        println!("  “{text}”");
    }
    client
        .post(&format!("/api/campaigns/{id}/send"), &json!({}))
        .await?;
    Ok(id)
}

/// Shows how the campaign goes until everybody is accounted for and nothing more comes in.
async fn watch(client: &mut Client, id: &str) -> anyhow::Result<Counts> {
    let path = format!("/api/campaigns/{id}");
    let mut progress = Progress::new();
    let until = Instant::now() + PATIENCE;
    let mut last: Option<(Counts, Instant)> = None;
    loop {
        let answer = client.get(&path).await?;
        let counts: Counts = part(&answer, "campaign")?;
        let settled = counts.total.saturating_sub(counts.pending);
        let since = match last {
            Some((before, since)) if before == counts => since,
            _ => Instant::now(),
        };
        last = Some((counts, since));
        if counts.is_accounted_for() && since.elapsed() >= QUIET {
            progress.done(settled, counts.total, &counts.words());
            return Ok(counts);
        }
        progress.show(settled, counts.total, &counts.words());
        let status = answer["campaign"]["status"].as_str().unwrap_or_default();
        ensure!(
            matches!(status, "active" | "completed"),
            "the campaign is {status}: {answer}"
        );
        if Instant::now() >= until {
            bail!("not everybody is accounted for: {}", counts.words());
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn failures(client: &mut Client, id: &str) -> anyhow::Result<()> {
    let path = format!("/api/campaigns/{id}/recipients?status=failed&per_page=5");
    for recipient in list(&client.get(&path).await?, "recipients")? {
        println!(
            "  {} ({}): {}",
            recipient["name"].as_str().unwrap_or_default(),
            recipient["address"].as_str().unwrap_or_default(),
            recipient["reason_text"].as_str().unwrap_or_default()
        );
    }
    Ok(())
}

async fn dashboard(client: &mut Client) -> anyhow::Result<()> {
    let answer = client.get("/api/stats/dashboard").await?;
    let percent = |rate: &Value| format!("{:.0} %", rate.as_f64().unwrap_or_default() * 100.0);
    let messages = &answer["messages"];
    println!(
        "  contacts {}, new in 30 days {}",
        answer["contacts"]["total"], answer["contacts"]["new_30_days"]
    );
    println!(
        "  messages sent {}, delivered {}, read {}, answered {}, failed {}",
        messages["sent"],
        percent(&messages["delivery_rate"]),
        percent(&messages["read_rate"]),
        percent(&messages["reply_rate"]),
        percent(&messages["failure_rate"]),
    );
    Ok(())
}

fn part<T: for<'de> Deserialize<'de>>(answer: &Value, name: &str) -> anyhow::Result<T> {
    T::deserialize(&answer[name]).with_context(|| format!("an answer without {name}: {answer}"))
}

fn list<'a>(answer: &'a Value, name: &str) -> anyhow::Result<&'a Vec<Value>> {
    answer[name]
        .as_array()
        .with_context(|| format!("an answer without {name}: {answer}"))
}
