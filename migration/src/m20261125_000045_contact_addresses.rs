//! The unique indexes of contacts begin with the address.
//!
//! PostgreSQL takes any index that begins with the user for as good as the one that ends with the
//! address, as long as its statistics don't know the user yet: then it reads all of a user's contacts
//! to find one. By an index that begins with the address it never does.

use sea_orm_migration::prelude::*;

use crate::schema::unique;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const INDEXES: [(&str, &str); 2] = [("contacts_phone", "phone"), ("contacts_email", "email_key")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, address) in INDEXES {
            drop_index(manager, name).await?;
            unique(manager, name, "contacts", &[address, "user_id"]).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, address) in INDEXES {
            drop_index(manager, name).await?;
            unique(manager, name, "contacts", &["user_id", address]).await?;
        }
        Ok(())
    }
}

async fn drop_index(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    manager
        .get_connection()
        .execute_unprepared(&format!("DROP INDEX {name}"))
        .await?;
    Ok(())
}
