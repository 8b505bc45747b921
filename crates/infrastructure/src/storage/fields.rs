//! The names of custom fields.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::UserId;
use nexus_domain::ports::{FieldRepository, StorageError};
use nexus_domain::values::FieldName;
use sea_orm::FromQueryResult;

use super::SqlRepositories;
use super::connection::Connection;
use super::rows::IdRow;
use super::sql::{Sql, params, rows_per_statement};

#[derive(FromQueryResult)]
struct LabelRow {
    label: String,
}

async fn names(db: &Connection, user: UserId, lock: &str) -> Result<Vec<FieldName>, StorageError> {
    let sql = Sql::with(
        format!("SELECT label FROM contact_fields WHERE user_id = $1 ORDER BY field_key{lock}"),
        params![user],
    );
    let rows: Vec<LabelRow> = db.all(sql).await?;
    Ok(rows
        .iter()
        .map(|row| FieldName::from_stored(&row.label))
        .collect())
}

#[async_trait]
impl FieldRepository for SqlRepositories {
    async fn list(&mut self, user: UserId) -> Result<Vec<FieldName>, StorageError> {
        names(self.db(), user, "").await
    }

    async fn hold(&mut self, user: UserId) -> Result<Vec<FieldName>, StorageError> {
        names(self.db(), user, self.db().for_key_share()).await
    }

    async fn register(
        &mut self,
        user: UserId,
        wanted: &[FieldName],
        at: DateTime<Utc>,
    ) -> Result<Vec<FieldName>, StorageError> {
        let together = self.db().together().await?;
        let db = together.db();
        let mut known = names(db, user, db.for_key_share()).await?;
        let new: Vec<_> = wanted.iter().filter(|name| !known.contains(name)).collect();
        if !new.is_empty() {
            // One after the other, so that everyone who adds names counts those of the others.
            let account = Sql::with("SELECT id FROM users WHERE id = $1", params![user]);
            let account: Vec<IdRow> = db.all(account.then(db.for_update())).await?;
            if account.is_empty() {
                return Ok(known);
            }
            for chunk in new.chunks(rows_per_statement(4)) {
                let sql =
                    Sql::new("INSERT INTO contact_fields (user_id, field_key, label, created_at) ")
                        .rows(
                            chunk
                                .iter()
                                .map(|name| params![user, name.key(), name.label(), at]),
                        )
                        .then(" ON CONFLICT (user_id, field_key) DO NOTHING");
                db.execute(sql).await?;
            }
            known = names(db, user, db.for_key_share()).await?;
        }
        together.done().await?;
        Ok(known)
    }

    async fn delete(
        &mut self,
        user: UserId,
        name: &FieldName,
    ) -> Result<Option<FieldName>, StorageError> {
        let sql = Sql::with(
            "DELETE FROM contact_fields WHERE user_id = $1 AND field_key = $2 RETURNING label",
            params![user, name.key()],
        );
        let row: Option<LabelRow> = self.db().one(sql).await?;
        Ok(row.map(|row| FieldName::from_stored(&row.label)))
    }
}
