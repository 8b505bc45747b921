//! Custom fields of contacts, and the names of those that a user has.

use sea_orm_migration::prelude::*;

use crate::schema::{bare_table, drop, key, of_user, primary, text, text_null, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A JSON object; none when the contact has no fields.
        let column = text_null("custom_fields");
        manager
            .alter_table(Table::alter().table("contacts").add_column(column).take())
            .await?;
        let mut fields = bare_table("contact_fields");
        of_user(&mut fields);
        fields
            .col(key(manager, "field_key"))
            .col(text("label"))
            .col(time("created_at"));
        primary(&mut fields, &["user_id", "field_key"]);
        manager.create_table(fields).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["contact_fields"]).await?;
        manager
            .alter_table(
                Table::alter()
                    .table("contacts")
                    .drop_column("custom_fields")
                    .take(),
            )
            .await
    }
}
