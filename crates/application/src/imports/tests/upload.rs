use std::sync::{Arc, Mutex};

use mockall::predicate::eq;
use nexus_domain::mocks::{MockUnitOfWork, ScriptedStorage};
use nexus_domain::ports::{
    LocalCopy, MockFileStore, MockFileUpload, MockTableReader, StorageError,
};
use nexus_domain::{ImportPlan, ImportStatus, JobWork, TableFormat};
use tokio::sync::Notify;

use crate::fixtures::{actor, clock, entropy, user};
use crate::imports::{ImportPorts, Imports, UploadError};

const MAX: u64 = 20_000;

/// What the file store was given, and whether the file was finished.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    finished: bool,
    deleted: bool,
}

struct Bench {
    storage: Arc<ScriptedStorage>,
    imports: Imports,
    wake: Arc<Notify>,
    kept: Arc<Mutex<Kept>>,
}

impl Bench {
    fn kept<T>(&self, of: impl Fn(&Kept) -> T) -> T {
        of(&self
            .kept
            .lock()
            .expect("no test panics while it holds this"))
    }
}

fn bench(storage: ScriptedStorage, tables: MockTableReader) -> Bench {
    let kept = Arc::new(Mutex::new(Kept::default()));
    let storage = Arc::new(storage);
    let wake = Arc::new(Notify::new());
    let ports = ImportPorts {
        storage: storage.clone(),
        files: Arc::new(files(&kept)),
        tables: Arc::new(tables),
        clock: clock(),
        entropy: entropy(),
        wake: wake.clone(),
    };
    Bench {
        imports: Imports::new(ports, MAX),
        storage,
        wake,
        kept,
    }
}

fn files(kept: &Arc<Mutex<Kept>>) -> MockFileStore {
    let mut files = MockFileStore::new();
    let shared = Arc::clone(kept);
    files.expect_create().returning(move |user_id, _| {
        assert_eq!(user_id, user().id);
        let mut upload = MockFileUpload::new();
        let kept = Arc::clone(&shared);
        upload.expect_write().returning(move |piece| {
            kept.lock().expect("free").bytes.extend_from_slice(piece);
            Ok(())
        });
        let kept = Arc::clone(&shared);
        upload.expect_finish().returning(move || {
            kept.lock().expect("free").finished = true;
            Ok(())
        });
        Ok(Box::new(upload))
    });
    files
        .expect_local_copy()
        .returning(|_, _| Ok(Some(LocalCopy::of("/files/import"))));
    let shared = Arc::clone(kept);
    files.expect_delete().returning(move |_, _| {
        shared.lock().expect("free").deleted = true;
        Ok(())
    });
    files
}

fn recognising(format: Option<TableFormat>) -> MockTableReader {
    let mut tables = MockTableReader::new();
    tables
        .expect_recognise()
        .withf(|beginning| beginning.len() <= 8_192)
        .returning(move |_| format);
    tables
}

fn queueing() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.imports.expect_insert().times(1).returning(|_| Ok(()));
    unit.jobs
        .expect_enqueue()
        .withf(|job| job.user_id == user().id && matches!(job.work, JobWork::ImportContacts { .. }))
        .times(1)
        .returning(|_| Ok(()));
    unit
}

#[tokio::test]
async fn a_table_is_kept_and_queued_and_wakes_a_worker() {
    let storage = ScriptedStorage::new().then_begin(queueing());
    let bench = bench(storage, recognising(Some(TableFormat::Csv)));
    let piece = vec![b'a'; 9_000];

    let mut file = bench
        .imports
        .begin(&actor(), "clientes.csv")
        .await
        .expect("begun");
    file.write(&piece).await.expect("taken");
    file.write(&piece).await.expect("taken");
    let import = file.finish(ImportPlan::default()).await.expect("queued");

    assert_eq!(import.user_id, user().id);
    assert_eq!(import.size, 18_000);
    assert_eq!(import.format, TableFormat::Csv);
    assert_eq!(import.status, ImportStatus::Queued);
    assert_eq!(bench.storage.commits(), 1);
    assert!(bench.kept(|kept| kept.finished && kept.bytes.len() == 18_000));
    tokio::time::timeout(std::time::Duration::from_secs(1), bench.wake.notified())
        .await
        .expect("woken");
}

#[tokio::test]
async fn too_many_bytes_end_the_upload() {
    let bench = bench(ScriptedStorage::new(), recognising(None));
    let mut file = bench.imports.begin(&actor(), "a.csv").await.expect("begun");
    file.write(&vec![b'a'; 20_000]).await.expect("taken");

    let error = file.write(b"a").await.expect_err("refused");

    assert!(matches!(error, UploadError::TooLarge { max: MAX }));
    let error = file
        .finish(ImportPlan::default())
        .await
        .expect_err("refused");
    assert!(matches!(error, UploadError::TooLarge { max: MAX }));
    assert!(bench.kept(|kept| !kept.finished && kept.bytes.len() == 20_000));
}

#[tokio::test]
async fn an_empty_file_is_refused() {
    let bench = bench(ScriptedStorage::new(), recognising(None));
    let mut file = bench.imports.begin(&actor(), "a.csv").await.expect("begun");
    file.write(b"").await.expect("taken");

    let error = file
        .finish(ImportPlan::default())
        .await
        .expect_err("refused");

    assert!(matches!(error, UploadError::Empty));
    assert!(bench.kept(|kept| !kept.finished));
}

#[tokio::test]
async fn what_is_no_table_is_refused_whatever_its_name() {
    let bench = bench(ScriptedStorage::new(), recognising(None));
    let mut file = bench.imports.begin(&actor(), "a.csv").await.expect("begun");
    file.write(b"%PDF-1.7").await.expect("taken");

    let error = file
        .finish(ImportPlan::default())
        .await
        .expect_err("refused");

    assert!(matches!(error, UploadError::NotATable));
    assert!(bench.kept(|kept| !kept.finished));
}

#[tokio::test]
async fn a_file_that_is_not_queued_is_deleted() {
    let mut unit = MockUnitOfWork::default();
    unit.imports
        .expect_insert()
        .returning(|_| Err(StorageError::Unavailable("down".into())));
    let storage = ScriptedStorage::new().then_begin(unit);
    let bench = bench(storage, recognising(Some(TableFormat::Xlsx)));
    let mut file = bench
        .imports
        .begin(&actor(), "a.xlsx")
        .await
        .expect("begun");
    file.write(b"PK").await.expect("taken");

    let error = file
        .finish(ImportPlan::default())
        .await
        .expect_err("refused");

    assert!(matches!(error, UploadError::Storage(_)));
    assert!(bench.kept(|kept| kept.deleted));
    assert_eq!(bench.storage.commits(), 0);
}

#[tokio::test]
async fn the_files_name_is_for_show_only() {
    for (given, shown) in [
        ("clientes.csv", "clientes.csv"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\Ana\mis clientes.xlsx", "mis clientes.xlsx"),
        ("a\r\nb\u{0}.csv", "ab.csv"),
        ("factura\u{202e}vsc.exe", "facturavsc.exe"),
        ("", "file"),
        ("carpeta/", "file"),
    ] {
        let storage = ScriptedStorage::new().then_begin(queueing());
        let bench = bench(storage, recognising(Some(TableFormat::Csv)));
        let mut file = bench.imports.begin(&actor(), given).await.expect("begun");
        file.write(b"a").await.expect("taken");
        let import = file.finish(ImportPlan::default()).await.expect("queued");
        assert_eq!(import.file_name.as_str(), shown);
    }
}

#[tokio::test]
async fn a_name_is_cut_to_what_is_kept() {
    let storage = ScriptedStorage::new().then_begin(queueing());
    let bench = bench(storage, recognising(Some(TableFormat::Csv)));
    let long = "ñ".repeat(300);
    let mut file = bench.imports.begin(&actor(), &long).await.expect("begun");
    file.write(b"a").await.expect("taken");
    let import = file.finish(ImportPlan::default()).await.expect("queued");
    assert_eq!(import.file_name.as_str().chars().count(), 255);
}

#[tokio::test]
async fn the_file_is_created_under_the_users_and_the_servers_name() {
    let mut files = MockFileStore::new();
    files
        .expect_create()
        .with(eq(user().id), mockall::predicate::always())
        .times(1)
        .returning(|_, _| Ok(Box::new(MockFileUpload::new())));
    let ports = ImportPorts {
        storage: Arc::new(ScriptedStorage::new()),
        files: Arc::new(files),
        tables: Arc::new(MockTableReader::new()),
        clock: clock(),
        entropy: entropy(),
        wake: Arc::new(Notify::new()),
    };
    let begun = Imports::new(ports, MAX).begin(&actor(), "a.csv").await;
    assert!(begun.is_ok());
}

#[tokio::test]
async fn an_old_document_that_is_no_workbook_is_refused_once_it_is_whole() {
    let mut tables = recognising(Some(TableFormat::Xls));
    tables.expect_is_table().times(1).returning(|_, format| {
        assert_eq!(format, TableFormat::Xls);
        Ok(false)
    });
    let bench = bench(ScriptedStorage::new(), tables);
    let mut file = bench
        .imports
        .begin(&actor(), "carta.xls")
        .await
        .expect("begun");
    file.write(b"document").await.expect("taken");
    let refused = file.finish(ImportPlan::default()).await;
    assert!(
        matches!(refused, Err(UploadError::NotATable)),
        "{refused:?}"
    );
    assert!(bench.kept(|kept| kept.deleted));
}
