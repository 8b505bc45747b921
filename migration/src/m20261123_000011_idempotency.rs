//! Answers to requests that may be repeated.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bare_table, bytes_null, drop, index, integer_null, key, of_user, primary, text, time,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut keys = bare_table("idempotency_keys");
        of_user(&mut keys);
        keys.col(key(manager, "request_key"))
            .col(text("fingerprint"))
            .col(time("taken_at"))
            // Together, once the request was answered.
            .col(integer_null("status"))
            .col(bytes_null("body"))
            .check(Expr::cust("(status IS NULL) = (body IS NULL)"));
        primary(&mut keys, &["user_id", "request_key"]);
        manager.create_table(keys).await?;
        index(
            manager,
            "idempotency_keys_age",
            "idempotency_keys",
            &["taken_at"],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["idempotency_keys"]).await
    }
}
