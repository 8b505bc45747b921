//! Deleting what is kept only for a time.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use nexus_domain::ports::{Clock, FileStore, Storage, StorageError};
use nexus_domain::{ImportId, UserId};

use crate::Shutdown;
use crate::stored_files::delete_unneeded;

/// How often.
const INTERVAL: Duration = Duration::from_hours(1);
/// The first time is not in the way of a start.
const FIRST: Duration = Duration::from_mins(1);

/// How long a file waits for its user to confirm its preview.
const PREVIEWED: TimeDelta = TimeDelta::days(1);
/// How long an import is over before its file is taken for left: whoever ended it deletes it as well.
const OVER: TimeDelta = TimeDelta::hours(1);
/// How long the answers that the product gave by itself are kept: longer than the provider takes to
/// report on one, and than it matters that a wish was confirmed already.
const REPLIES: TimeDelta = TimeDelta::days(90);
/// How many files are deleted at a time.
const AT_ONCE: u32 = 100;
/// No upload takes so long: a file that is still awaited then is one whose process died.
const RECEIVED: TimeDelta = TimeDelta::days(1);

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Webhooks that were applied, or that can't be.
    pub webhooks: Duration,
    /// `Idempotency-Key`s with their answers.
    pub idempotency_keys: Duration,
    /// Changes of many contacts that are over.
    pub bulk_changes: Duration,
}

/// Deletes webhooks, idempotency keys, sessions, changes of many contacts, automatic replies and
/// previewed files whose time is over, and what is left of uploads, imports, campaigns and accounts that
/// died. Any number may run.
#[derive(Clone)]
pub struct Housekeeping {
    storage: Arc<dyn Storage>,
    files: Arc<dyn FileStore>,
    clock: Arc<dyn Clock>,
    retention: Retention,
}

impl Housekeeping {
    /// Housekeeping in these stores.
    pub fn new(
        storage: Arc<dyn Storage>,
        files: Arc<dyn FileStore>,
        clock: Arc<dyn Clock>,
        retention: Retention,
    ) -> Self {
        Self {
            storage,
            files,
            clock,
            retention,
        }
    }

    /// Tidies up every hour until the shutdown.
    pub async fn run(&self, shutdown: Shutdown) {
        let mut wait = FIRST;
        loop {
            tokio::select! {
                () = shutdown.wait() => return,
                () = tokio::time::sleep(wait) => {}
            }
            wait = INTERVAL;
            // What it leaves undone, with a store of files far away, it does the next time.
            let tidied_up = tokio::select! {
                () = shutdown.wait() => return,
                tidied_up = self.tidy_up() => tidied_up,
            };
            if let Err(error) = tidied_up {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "housekeeping waits for the store"
                );
            }
        }
    }

    /// Deletes everything whose time is over.
    pub async fn tidy_up(&self) -> Result<(), StorageError> {
        let now = self.clock.now();
        let before =
            |kept: Duration| now - TimeDelta::from_std(kept).unwrap_or(TimeDelta::days(36_500));
        let mut store = self.storage.read();
        let sessions = store.sessions().delete_expired(now).await?;
        let webhooks = store
            .webhooks()
            .delete_settled(before(self.retention.webhooks))
            .await?;
        let keys = store
            .idempotency()
            .delete_before(before(self.retention.idempotency_keys))
            .await?;
        let changes = store
            .bulk_changes()
            .delete_ended(before(self.retention.bulk_changes))
            .await?;
        let replies = store.replies().delete_over(now - REPLIES).await?;
        let previews = self.forget_previews().await?;
        self.delete_left_files().await?;
        let unneeded = self.delete_unneeded().await?;
        let unfinished = self.files.delete_abandoned().await.unwrap_or_else(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "unfinished files are left"
            );
            0
        });
        if sessions + webhooks + keys + changes + replies + previews + unneeded + unfinished > 0 {
            tracing::info!(
                sessions,
                webhooks,
                keys,
                changes,
                replies,
                previews,
                unneeded,
                unfinished,
                "deleted what is kept no longer"
            );
        }
        Ok(())
    }

    /// Deletes files that were previewed and never imported. How many.
    async fn forget_previews(&self) -> Result<u64, StorageError> {
        let before = self.clock.now() - PREVIEWED;
        let mut deleted = 0;
        loop {
            let mut store = self.storage.read();
            let imports = store.imports();
            let old = imports.previewed_before(before, AT_ONCE).await?;
            if old.is_empty() {
                return Ok(deleted);
            }
            for (user_id, import_id) in old {
                // First the row: a file without it is only left over, an import that began in
                // between would fail without its file.
                if !imports.delete_previewed(user_id, import_id).await? {
                    continue;
                }
                deleted += 1;
                self.delete_file(user_id, import_id).await;
            }
        }
    }

    /// Deletes files of imports that are over. Nearly all are gone already; then that is noted.
    async fn delete_left_files(&self) -> Result<(), StorageError> {
        let before = self.clock.now() - OVER;
        loop {
            let mut store = self.storage.read();
            let imports = store.imports();
            let over = imports.over_with_file(before, AT_ONCE).await?;
            let mut noted = 0;
            for (user_id, import_id) in &over {
                if self.delete_file(*user_id, *import_id).await {
                    imports.note_file_deleted(*user_id, *import_id).await?;
                    noted += 1;
                }
            }
            if noted == 0 {
                return Ok(());
            }
        }
    }

    /// Deletes files that are noted as nobody's. How many.
    async fn delete_unneeded(&self) -> Result<u64, StorageError> {
        let before = self.clock.now() - RECEIVED;
        let given_up = self.storage.read().stored_files().give_up(before).await?;
        if given_up > 0 {
            tracing::info!(given_up, "files were given up whose uploads died");
        }
        let mut deleted = 0;
        loop {
            let found = self.storage.read().stored_files().unneeded(AT_ONCE).await?;
            let mut now_deleted = 0;
            for (user, file) in found {
                let (storage, files) = (self.storage.as_ref(), self.files.as_ref());
                now_deleted += delete_unneeded(storage, files, user, &[file]).await;
            }
            if now_deleted == 0 {
                return Ok(deleted);
            }
            deleted += now_deleted;
        }
    }

    /// Whether it is gone.
    async fn delete_file(&self, user_id: UserId, import_id: ImportId) -> bool {
        let deleted = self.files.delete(user_id, import_id.as_uuid()).await;
        if let Err(error) = &deleted {
            tracing::error!(
                %user_id,
                %import_id,
                error = error as &dyn std::error::Error,
                "the file of an import is left"
            );
        }
        deleted.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use nexus_domain::mocks::{MockUnitOfWork, ScriptedStorage};
    use nexus_domain::ports::{FileStoreError, MockFileStore, UnneededFile};

    use super::*;
    use crate::fixtures::{clock, entropy, now, user};

    /// Finds one preview that is old, and then none.
    fn previews() -> [MockUnitOfWork; 2] {
        let id = ImportId::new(now(), entropy().as_ref());
        let mut some = MockUnitOfWork::default();
        some.imports
            .expect_previewed_before()
            .withf(|before, _| *before == now() - TimeDelta::days(1))
            .times(1)
            .returning(move |_, _| Ok(vec![(user().id, id)]));
        some.imports
            .expect_delete_previewed()
            .times(1)
            .returning(|_, _| Ok(true));
        let mut none = MockUnitOfWork::default();
        none.imports
            .expect_previewed_before()
            .returning(|_, _| Ok(Vec::new()));
        [some, none]
    }

    /// Finds one import whose file may be left, and then none.
    fn left_files() -> [MockUnitOfWork; 2] {
        let id = ImportId::new(now(), entropy().as_ref());
        let mut some = MockUnitOfWork::default();
        some.imports
            .expect_over_with_file()
            .withf(|before, _| *before == now() - TimeDelta::hours(1))
            .times(1)
            .returning(move |_, _| Ok(vec![(user().id, id)]));
        some.imports
            .expect_note_file_deleted()
            .withf(move |_, noted| *noted == id)
            .times(1)
            .returning(|_, _| Ok(()));
        let mut none = MockUnitOfWork::default();
        none.imports
            .expect_over_with_file()
            .returning(|_, _| Ok(Vec::new()));
        [some, none]
    }

    /// What was awaited for a day is given up; two notes are found, done and forgotten, and then none.
    fn unneeded() -> Vec<MockUnitOfWork> {
        let reads = || MockUnitOfWork::default();
        let noted = [
            UnneededFile::One(ImportId::new(now(), entropy().as_ref()).as_uuid()),
            UnneededFile::All,
        ];
        let mut giving_up = reads();
        giving_up
            .stored_files
            .expect_give_up()
            .withf(|before| *before == now() - TimeDelta::days(1))
            .times(1)
            .returning(|_| Ok(1));
        let mut some = reads();
        some.stored_files
            .expect_unneeded()
            .times(1)
            .returning(move |_| Ok(noted.map(|file| (user().id, file)).to_vec()));
        let forgetting = noted.map(|file| {
            let mut unit = reads();
            unit.stored_files
                .expect_forget()
                .withf(move |of, forgotten| *of == user().id && *forgotten == file)
                .times(1)
                .returning(|_, _| Ok(()));
            unit
        });
        let mut none = reads();
        none.stored_files
            .expect_unneeded()
            .returning(|_| Ok(Vec::new()));
        let mut all = vec![giving_up, some];
        all.extend(forgetting);
        all.push(none);
        all
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_deleted_is_left_for_the_next_time() {
        let mut unit = MockUnitOfWork::default();
        let ids: Vec<_> = (0..AT_ONCE)
            .map(|_| (user().id, ImportId::new(now(), entropy().as_ref())))
            .collect();
        unit.imports
            .expect_over_with_file()
            .times(1)
            .returning(move |_, _| Ok(ids.clone()));
        let mut files = MockFileStore::new();
        files.expect_delete().returning(|_, _| {
            Err(FileStoreError {
                context: "deleting",
                source: std::io::Error::other("read-only"),
            })
        });
        let housekeeping = Housekeeping::new(
            Arc::new(ScriptedStorage::new().then_read(unit)),
            Arc::new(files),
            clock(),
            Retention {
                webhooks: Duration::ZERO,
                idempotency_keys: Duration::ZERO,
                bulk_changes: Duration::ZERO,
            },
        );
        housekeeping.delete_left_files().await.expect("it goes on");
    }

    #[tokio::test]
    async fn each_kind_of_thing_is_kept_for_its_own_time() {
        let mut unit = MockUnitOfWork::default();
        unit.sessions
            .expect_delete_expired()
            .withf(|at| *at == now())
            .times(1)
            .returning(|_| Ok(1));
        unit.webhooks
            .expect_delete_settled()
            .withf(|before| *before == now() - TimeDelta::days(30))
            .times(1)
            .returning(|_| Ok(2));
        unit.idempotency
            .expect_delete_before()
            .withf(|before| *before == now() - TimeDelta::hours(24))
            .times(1)
            .returning(|_| Ok(3));
        unit.bulk_changes
            .expect_delete_ended()
            .withf(|before| *before == now() - TimeDelta::days(7))
            .times(1)
            .returning(|_| Ok(4));
        unit.replies
            .expect_delete_over()
            .withf(|before| *before == now() - TimeDelta::days(90))
            .times(1)
            .returning(|_| Ok(5));
        let day = Duration::from_hours(24);
        let mut files = MockFileStore::new();
        files.expect_delete().times(3).returning(|_, _| Ok(()));
        files.expect_delete_all().times(1).returning(|_| Ok(()));
        files.expect_delete_abandoned().times(1).returning(|| Ok(2));
        let [some, none] = previews();
        let [left, none_left] = left_files();
        let storage = ScriptedStorage::new()
            .then_read(unit)
            .then_read(some)
            .then_read(none)
            .then_read(left)
            .then_read(none_left);
        let storage = unneeded()
            .into_iter()
            .fold(storage, ScriptedStorage::then_read);
        let housekeeping = Housekeeping::new(
            Arc::new(storage),
            Arc::new(files),
            clock(),
            Retention {
                webhooks: day * 30,
                idempotency_keys: day,
                bulk_changes: day * 7,
            },
        );
        housekeeping.tidy_up().await.expect("everything is deleted");
    }
}
