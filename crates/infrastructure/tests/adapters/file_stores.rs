//! The contract of the store of files, on a folder and on a bucket.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use nexus_domain::UserId;
use nexus_domain::ports::FileStore;
use nexus_infrastructure::{BucketFileStore, FolderFileStore};
use nexus_testing::TempFolder;
use uuid::Uuid;

use crate::bucket::{BUCKET, Bucket, SECRET};

const FILE: Uuid = Uuid::from_u128(7);

fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

/// A store with what it stands on.
struct Kept {
    store: Box<dyn FileStore>,
    bucket: Option<Bucket>,
    folder: TempFolder,
}

impl Kept {
    fn in_folder() -> Self {
        let folder = TempFolder::new();
        let store = FolderFileStore::open(folder.join("files")).unwrap();
        Self {
            store: Box::new(store),
            bucket: None,
            folder,
        }
    }

    async fn in_bucket() -> Self {
        let (bucket, folder) = (Bucket::start().await, TempFolder::new());
        let store = BucketFileStore::open(&bucket.config(), folder.join("copies")).unwrap();
        Self {
            store: Box::new(store),
            bucket: Some(bucket),
            folder,
        }
    }

    async fn write(&self, user: UserId, file: Uuid, content: &[u8], pieces: usize) {
        let mut upload = self.store.create(user, file).await.unwrap();
        for piece in content.chunks(pieces) {
            upload.write(piece).await.unwrap();
        }
        upload.finish().await.unwrap();
    }

    /// The content of a file, read in both ways.
    async fn read(&self, user: UserId, file: Uuid) -> Option<Vec<u8>> {
        let copy = self.store.local_copy(user, file).await.unwrap();
        let download = self.store.open(user, file).await.unwrap();
        let (Some(copy), Some(mut download)) = (&copy, download) else {
            assert!(copy.is_none(), "there is a copy of what can't be opened");
            return None;
        };
        let mut content = Vec::new();
        while let Some(piece) = download.next().await.unwrap() {
            assert!(!piece.is_empty());
            content.extend(piece);
        }
        assert!(
            content == fs::read(copy.path()).unwrap(),
            "the copy is another"
        );
        Some(content)
    }

    /// How many files there are, finished or not.
    fn count(&self) -> usize {
        let Some(bucket) = &self.bucket else {
            let users = fs::read_dir(self.folder.join("files")).unwrap();
            return users
                .map(|user| fs::read_dir(user.unwrap().path()).unwrap().count())
                .sum();
        };
        let contents = bucket.contents();
        contents.objects.len() + contents.uploads.len()
    }

    /// Until so many files are left, which may be a moment later.
    async fn until_count(&self, count: usize) {
        for _ in 0..500 {
            if self.count() == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} files are there and not {count}", self.count());
    }
}

macro_rules! on_both_stores {
    ($($name:ident),+ $(,)?) => {
        mod folder {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Kept::in_folder()).await;
            })+
        }
        mod in_bucket {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Kept::in_bucket().await).await;
            })+
        }
    };
}

on_both_stores!(
    a_file_is_there_once_it_is_finished_and_whole,
    a_large_file_comes_back_as_it_was,
    an_upload_that_is_given_up_leaves_nothing,
    of_two_uploads_of_one_file_each_is_whole,
    deleting_is_no_error_twice_and_spares_other_users,
);

async fn a_file_is_there_once_it_is_finished_and_whole(kept: Kept) {
    let mut upload = kept.store.create(user(1), FILE).await.unwrap();
    upload.write(b"half").await.unwrap();
    assert_eq!(kept.read(user(1), FILE).await, None);
    upload.write(b" and half").await.unwrap();
    upload.finish().await.unwrap();
    assert_eq!(kept.read(user(1), FILE).await.unwrap(), b"half and half");
    assert_eq!(kept.read(user(2), FILE).await, None);
    assert_eq!(kept.count(), 1);
    kept.write(user(1), Uuid::from_u128(8), b"", 1).await;
    assert_eq!(kept.read(user(1), Uuid::from_u128(8)).await.unwrap(), b"");
}

async fn a_large_file_comes_back_as_it_was(kept: Kept) {
    let part = 5 * 1024 * 1024;
    for length in [part - 1, part, part + 1, 2 * part, 2 * part + 7] {
        let content: Vec<u8> = (0..length)
            .map(|place| u8::try_from(place / 1_000 % 251).unwrap())
            .collect();
        kept.write(user(1), FILE, &content, 300_001).await;
        assert!(
            kept.read(user(1), FILE).await.unwrap() == content,
            "{length}"
        );
        assert_eq!(kept.count(), 1);
    }
}

async fn an_upload_that_is_given_up_leaves_nothing(kept: Kept) {
    for length in [4, 12 * 1024 * 1024] {
        let mut upload = kept.store.create(user(1), FILE).await.unwrap();
        upload.write(&vec![7; length]).await.unwrap();
        drop(upload);
        kept.until_count(0).await;
        assert_eq!(kept.read(user(1), FILE).await, None);
    }
}

async fn of_two_uploads_of_one_file_each_is_whole(kept: Kept) {
    let mut one = kept.store.create(user(1), FILE).await.unwrap();
    let mut other = kept.store.create(user(1), FILE).await.unwrap();
    one.write(b"one").await.unwrap();
    other.write(b"other").await.unwrap();
    one.finish().await.unwrap();
    drop(other);
    assert_eq!(kept.read(user(1), FILE).await.unwrap(), b"one");
    assert_eq!(kept.count(), 1);
}

async fn deleting_is_no_error_twice_and_spares_other_users(kept: Kept) {
    let more = [8, 9, 10, 11, 12].map(Uuid::from_u128);
    for (owner, file) in more
        .map(|file| (1, file))
        .into_iter()
        .chain([(1, FILE), (2, FILE)])
    {
        kept.write(user(owner), file, b"content", 3).await;
    }
    for _ in 0..2 {
        kept.store.delete(user(1), FILE).await.unwrap();
        assert_eq!(kept.read(user(1), FILE).await, None);
        assert_eq!(kept.count(), 6);
    }
    for _ in 0..2 {
        kept.store.delete_all(user(1)).await.unwrap();
        assert_eq!(kept.count(), 1);
    }
    assert!(kept.read(user(2), FILE).await.is_some());
}

#[tokio::test]
async fn keys_are_ids_below_the_prefix() {
    let bucket = Bucket::start().await;
    for (prefix, begins) in [
        ("nexus/de-prueba", "nexus/de-prueba/"),
        ("/a/", "a/"),
        ("", ""),
    ] {
        let folder = TempFolder::new();
        let mut config = bucket.config();
        config.prefix = prefix.to_owned();
        let store = BucketFileStore::open(&config, folder.path()).unwrap();
        let upload = store.create(user(1), FILE).await.unwrap();
        upload.finish().await.unwrap();
        let keys: Vec<_> = bucket.contents().objects.keys().cloned().collect();
        assert_eq!(keys, [format!("{begins}{}/{FILE}", user(1))]);
        store.delete_all(user(1)).await.unwrap();
        assert!(bucket.contents().objects.is_empty());
    }
}

#[tokio::test]
async fn a_copy_is_private_and_goes_when_nobody_reads_it() {
    let kept = Kept::in_bucket().await;
    kept.write(user(1), FILE, b"content", 3).await;
    let copy = kept.store.local_copy(user(1), FILE).await.unwrap().unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(copy.path()), 0o600);
    assert_eq!(mode(copy.path().parent().unwrap()), 0o700);
    let path = copy.path().to_owned();
    drop(copy);
    assert!(!path.exists());
}

#[tokio::test]
async fn copies_of_dead_processes_are_deleted() {
    let kept = Kept::in_bucket().await;
    let (dead, living) = (
        kept.folder.join("copies/dead"),
        kept.folder.join("copies/living"),
    );
    for path in [&dead, &living] {
        fs::write(path, "half").unwrap();
    }
    let file = fs::File::options().write(true).open(&dead).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(kept.store.delete_abandoned().await.unwrap(), 1);
    assert!(!dead.exists());
    assert!(living.exists());
}

#[tokio::test]
async fn a_busy_store_is_asked_again_and_a_refusal_is_told_without_the_secret() {
    let kept = Kept::in_bucket().await;
    let bucket = kept.bucket.as_ref().unwrap();
    bucket.contents().failing = Some((503, 1));
    kept.write(user(1), FILE, b"content", 3).await;
    assert_eq!(kept.read(user(1), FILE).await.unwrap(), b"content");
    bucket.contents().failing = Some((503, 9));
    let busy = kept.store.local_copy(user(1), FILE).await.unwrap_err();
    assert_eq!(busy.source.kind(), std::io::ErrorKind::ResourceBusy);
    bucket.contents().failing = None;

    let mut config = bucket.config();
    config.access_key_id = "somebody-else".to_owned();
    let store = BucketFileStore::open(&config, kept.folder.join("copies")).unwrap();
    let refused = store.local_copy(user(1), FILE).await.unwrap_err();
    assert_eq!(refused.source.kind(), std::io::ErrorKind::PermissionDenied);
    let told = format!("{refused:?} {refused} {store:?} {config:?}");
    assert!(told.contains(BUCKET), "{told}");
    assert!(!told.contains(SECRET), "{told}");
}
