//! Two indexes of the ledger instead of four. Whatever becomes of a message is written to each of them
//! by PostgreSQL. That a campaign has a contact and an address once is known as well from an index that
//! begins with the contact, or the address, and that one finds its rows in all campaigns too.

use sea_orm_migration::prelude::*;

use crate::schema::{index, partial_index, unique};

const TABLE: &str = "campaign_contacts";
const ONCE: [(&str, &str); 2] = [
    ("campaign_contacts_once_contact", "contact_id"),
    ("campaign_contacts_once_address", "address"),
];
const BEFORE: [&str; 4] = [
    "campaign_contacts_contact",
    "campaign_contacts_address",
    "campaign_contacts_of_contact",
    "campaign_contacts_of_address",
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

async fn drop_indexes(manager: &SchemaManager<'_>, names: &[&str]) -> Result<(), DbErr> {
    for name in names {
        let mut index = Index::drop();
        index.name(*name).table(TABLE);
        manager.drop_index(index).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, column) in ONCE {
            unique(manager, name, TABLE, &[column, "campaign_id"]).await?;
        }
        drop_indexes(manager, &BEFORE).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let [contact, address, of_contact, of_address] = BEFORE;
        unique(manager, contact, TABLE, &["campaign_id", "contact_id"]).await?;
        unique(manager, address, TABLE, &["campaign_id", "address"]).await?;
        index(manager, of_contact, TABLE, &["contact_id"]).await?;
        let columns = ["user_id", "address"];
        partial_index(manager, of_address, TABLE, &columns, "address IS NOT NULL").await?;
        drop_indexes(manager, &ONCE.map(|(name, _)| name)).await
    }
}
