//! Files in a folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nexus_domain::UserId;
use nexus_domain::ports::FileStore;
use nexus_infrastructure::FolderFileStore;
use nexus_testing::TempFolder;
use uuid::Uuid;

const FILE: Uuid = Uuid::from_u128(7);

fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

async fn write(store: &FolderFileStore, user: UserId, file: Uuid, content: &[u8]) {
    let mut upload = store.create(user, file).await.unwrap();
    for piece in content.chunks(3) {
        upload.write(piece).await.unwrap();
    }
    upload.finish().await.unwrap();
}

fn every_file(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(every_file(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[tokio::test]
async fn a_file_is_there_once_it_is_finished_and_whole() {
    let folder = TempFolder::new();
    let store = FolderFileStore::open(folder.join("files")).unwrap();
    let mut upload = store.create(user(1), FILE).await.unwrap();
    upload.write(b"half").await.unwrap();
    assert!(store.local_copy(user(1), FILE).await.unwrap().is_none());
    upload.write(b" and half").await.unwrap();
    upload.finish().await.unwrap();

    let copy = store.local_copy(user(1), FILE).await.unwrap().unwrap();
    let path = copy.path().to_path_buf();
    assert_eq!(fs::read(&path).unwrap(), b"half and half");
    assert_eq!(every_file(folder.path()), [path]);
    assert!(store.local_copy(user(2), FILE).await.unwrap().is_none());
}

#[tokio::test]
async fn nobody_else_can_read_it() {
    let folder = TempFolder::new();
    let store = FolderFileStore::open(folder.join("files")).unwrap();
    write(&store, user(1), FILE, b"content").await;
    let copy = store.local_copy(user(1), FILE).await.unwrap().unwrap();
    let path = copy.path().to_path_buf();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&folder.join("files")), 0o700);
}

#[tokio::test]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let folder = TempFolder::new();
    let store = FolderFileStore::open(folder.path()).unwrap();
    let mut upload = store.create(user(1), FILE).await.unwrap();
    upload.write(b"half").await.unwrap();
    assert_eq!(every_file(folder.path()).len(), 1);
    drop(upload);
    assert_eq!(every_file(folder.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn two_uploads_of_one_file_do_not_mix() {
    let folder = TempFolder::new();
    let store = FolderFileStore::open(folder.path()).unwrap();
    let mut one = store.create(user(1), FILE).await.unwrap();
    let mut other = store.create(user(1), FILE).await.unwrap();
    one.write(b"one").await.unwrap();
    other.write(b"other").await.unwrap();
    one.finish().await.unwrap();
    drop(other);
    let copy = store.local_copy(user(1), FILE).await.unwrap().unwrap();
    let path = copy.path().to_path_buf();
    assert_eq!(fs::read(path).unwrap(), b"one");
}

#[tokio::test]
async fn deleting_is_no_error_twice_and_spares_other_users() {
    let folder = TempFolder::new();
    let store = FolderFileStore::open(folder.path()).unwrap();
    let second = Uuid::from_u128(8);
    for (owner, file) in [(1, FILE), (1, second), (2, FILE)] {
        write(&store, user(owner), file, b"content").await;
    }
    for _ in 0..2 {
        store.delete(user(1), FILE).await.unwrap();
        assert!(store.local_copy(user(1), FILE).await.unwrap().is_none());
    }
    for _ in 0..2 {
        store.delete_all(user(1)).await.unwrap();
        assert!(store.local_copy(user(1), second).await.unwrap().is_none());
    }
    assert!(store.local_copy(user(2), FILE).await.unwrap().is_some());
}

#[tokio::test]
async fn one_cleans_up_after_the_dead_and_not_after_the_living() {
    let folder = TempFolder::new();
    let store = FolderFileStore::open(folder.path()).unwrap();
    write(&store, user(1), FILE, b"content").await;
    let of_user = folder.join(user(1).to_string());
    let (dead, living) = (of_user.join("a.b.part"), of_user.join("c.d.part"));
    for path in [&dead, &living] {
        fs::write(path, "half").unwrap();
    }
    let aged = |path: &Path, hours| {
        let written = SystemTime::UNIX_EPOCH + Duration::from_hours(hours);
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(written).unwrap();
    };
    aged(&dead, 1);
    aged(&of_user.join(FILE.to_string()), 1);

    assert_eq!(store.delete_abandoned().await.unwrap(), 1);
    assert!(!dead.exists());
    assert!(living.exists());
    assert_eq!(store.delete_abandoned().await.unwrap(), 0);
    fs::write(&dead, "half").unwrap();
    aged(&dead, 1);

    let store = FolderFileStore::open(folder.path()).unwrap();
    assert!(!dead.exists());
    assert!(living.exists());
    assert!(store.local_copy(user(1), FILE).await.unwrap().is_some());
}

#[tokio::test]
async fn a_store_that_cannot_be_written_to_says_so() {
    let folder = TempFolder::new();
    fs::write(folder.join("file"), "").unwrap();
    assert!(FolderFileStore::open(folder.join("file")).is_err());
    let store = FolderFileStore::open(folder.join("files")).unwrap();
    fs::remove_dir(folder.join("files")).unwrap();
    fs::write(folder.join("files"), "").unwrap();
    assert!(store.create(user(1), FILE).await.is_err());
}
