//! What files in a folder have besides the contract of [`crate::file_stores`].

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
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
