//! Notes of files in the file store that are nobody's.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::UserId;
use nexus_domain::ports::{StorageError, StoredFileRepository, UnneededFile};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::sql::{Sql, params, rows_per_statement};

/// Stands for every file of a user; no file has it for its id.
const ALL: Uuid = Uuid::nil();

#[derive(FromQueryResult)]
struct NoteRow {
    user_id: Uuid,
    file_id: Uuid,
}

fn id_of(file: UnneededFile) -> Uuid {
    match file {
        UnneededFile::One(id) => id,
        UnneededFile::All => ALL,
    }
}

#[async_trait]
impl StoredFileRepository for SqlRepositories {
    async fn note_incoming(
        &mut self,
        user: UserId,
        file: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let sql = Sql::with(
            "INSERT INTO stored_files (user_id, file_id, unneeded, noted_at) \
             VALUES ($1, $2, $3, $4)",
            params![user, file, false, now],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn note_owned(&mut self, user: UserId, file: Uuid) -> Result<bool, StorageError> {
        let sql = Sql::with(
            "DELETE FROM stored_files WHERE user_id = $1 AND file_id = $2 AND NOT unneeded",
            params![user, file],
        );
        Ok(self.db().execute(sql).await? > 0)
    }

    async fn note_refused(&mut self, user: UserId, file: Uuid) -> Result<bool, StorageError> {
        let sql = Sql::with(
            "UPDATE stored_files SET unneeded = $1 WHERE user_id = $2 AND file_id = $3 \
             AND NOT unneeded",
            params![true, user, file],
        );
        Ok(self.db().execute(sql).await? > 0)
    }

    async fn note_unneeded(
        &mut self,
        user: UserId,
        files: &[UnneededFile],
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let mut ids: Vec<Uuid> = files.iter().copied().map(id_of).collect();
        ids.sort_unstable();
        ids.dedup();
        for chunk in ids.chunks(rows_per_statement(4)) {
            let rows = chunk.iter().map(|id| params![user, *id, true, now]);
            let sql = Sql::new("INSERT INTO stored_files (user_id, file_id, unneeded, noted_at) ")
                .rows(rows)
                .then(
                    " ON CONFLICT (user_id, file_id) DO UPDATE \
                     SET unneeded = excluded.unneeded, noted_at = excluded.noted_at",
                );
            self.db().execute(sql).await?;
        }
        Ok(())
    }

    async fn give_up(&mut self, before: DateTime<Utc>) -> Result<u64, StorageError> {
        let sql = Sql::with(
            "UPDATE stored_files SET unneeded = $1 WHERE NOT unneeded AND noted_at < $2",
            params![true, before],
        );
        self.db().execute(sql).await
    }

    async fn unneeded(&mut self, most: u32) -> Result<Vec<(UserId, UnneededFile)>, StorageError> {
        let sql = Sql::with(
            "SELECT user_id, file_id FROM stored_files WHERE unneeded \
             ORDER BY noted_at, user_id, file_id LIMIT $1",
            params![most],
        );
        let rows: Vec<NoteRow> = self.db().all(sql).await?;
        let noted = rows.into_iter().map(|row| {
            let file = match row.file_id {
                ALL => UnneededFile::All,
                id => UnneededFile::One(id),
            };
            (UserId::from_uuid(row.user_id), file)
        });
        Ok(noted.collect())
    }

    async fn forget(&mut self, user: UserId, file: UnneededFile) -> Result<(), StorageError> {
        let sql = Sql::with(
            "DELETE FROM stored_files WHERE user_id = $1 AND file_id = $2",
            params![user, id_of(file)],
        );
        self.db().execute(sql).await?;
        Ok(())
    }
}
