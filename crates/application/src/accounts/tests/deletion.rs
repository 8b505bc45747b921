use nexus_domain::ports::UnneededFile;

use super::*;

fn deleting() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.sessions
        .expect_delete_of_user()
        .with(eq(user().id))
        .times(1)
        .returning(|_| Ok(()));
    unit.users
        .expect_delete()
        .with(eq(user().id))
        .times(1)
        .returning(|_| Ok(true));
    unit.stored_files
        .expect_note_unneeded()
        .withf(|of, files, _| *of == user().id && files == [UnneededFile::All])
        .times(1)
        .returning(|_, _, _| Ok(()));
    unit
}

#[tokio::test]
async fn takes_the_files_along_even_when_the_file_store_fails() {
    let asked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&asked);
    let mut files = MockFileStore::new();
    files.expect_delete_all().times(1).returning(move |_| {
        seen.store(true, Ordering::SeqCst);
        Err(FileStoreError {
            context: "delete",
            source: std::io::Error::other("no disk"),
        })
    });
    let storage = ScriptedStorage::new()
        .then_read(read_by_id(Some(user())))
        .then_begin(deleting());
    let hasher = verifying(Some("hash of the password"), true);
    let bench = bench_with(storage, hasher, files, None);

    bench
        .accounts
        .delete_account(&actor(), GOOD_PASSWORD.into())
        .await
        .expect("deleted");

    assert_eq!(bench.storage.commits(), 1);
    assert!(asked.load(Ordering::SeqCst));
}

#[tokio::test]
async fn needs_the_password() {
    let storage = ScriptedStorage::new().then_read(read_by_id(Some(user())));
    let bench = bench(storage, verifying(Some("hash of the password"), false));

    let error = bench
        .accounts
        .delete_account(&actor(), "wrong".into())
        .await
        .expect_err("refused");

    assert!(matches!(error, DeleteAccountError::WrongPassword));
    assert_eq!(bench.storage.commits(), 0);
}
