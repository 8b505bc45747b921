//! Contacts, the index of their tags, and how many there are.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_query::ColumnDef;

use crate::schema::{
    bare_table, drop, goes_with, index, integer, key, key_null, of_user, one_of, partial_index,
    primary, table, text, text_null, time, time_null, unique, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut contacts = table("contacts");
        of_user(&mut contacts);
        contacts
            .col(text("name"))
            .col(key(manager, "name_key"))
            .col(key_null(manager, "phone"))
            .col(text_null("email"))
            .col(key_null(manager, "email_key"))
            // The labels in the user's order, a JSON array: a contact is read in one row.
            // `contact_tags` is the index over them.
            .col(text_null("tags"))
            .col(text_null("notes"))
            .col(text("status"))
            .col(text("source"))
            .col(uuid_null("import_id"))
            .col(text("search_text"))
            .col(time_null("last_message_at"))
            .col(time("created_at"))
            .col(time("updated_at"));
        one_of(
            &mut contacts,
            "status",
            &["active", "inactive", "unsubscribed"],
        );
        one_of(&mut contacts, "source", &["manual", "file", "inbound"]);
        contacts.check(Expr::cust("phone IS NOT NULL OR email IS NOT NULL"));
        manager.create_table(contacts).await?;
        unique(manager, "contacts_phone", "contacts", &["user_id", "phone"]).await?;
        unique(
            manager,
            "contacts_email",
            "contacts",
            &["user_id", "email_key"],
        )
        .await?;
        index(manager, "contacts_by_id", "contacts", &["user_id", "id"]).await?;
        let by_time = &["user_id", "created_at", "id"];
        index(manager, "contacts_by_time", "contacts", by_time).await?;
        let by_name = &["user_id", "name_key", "id"];
        index(manager, "contacts_by_name", "contacts", by_name).await?;
        // Few contacts are not active; a list of them must not look through all the others.
        for (name, condition) in [
            ("contacts_inactive", "status = 'inactive'"),
            ("contacts_unsubscribed", "status = 'unsubscribed'"),
        ] {
            partial_index(manager, name, "contacts", by_time, condition).await?;
        }
        tags(manager).await?;
        totals(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["contact_totals", "contact_tags", "contacts"]).await
    }
}

/// The contact's time of creation never changes; repeated here, the contacts with a tag are
/// listed from the index alone.
async fn tags(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut tags = bare_table("contact_tags");
    tags.col(uuid("contact_id"))
        .col(key(manager, "tag_key"))
        .col(uuid("user_id"))
        .col(text("label"))
        .col(time("created_at"));
    primary(&mut tags, &["contact_id", "tag_key"]);
    goes_with(&mut tags, "contact_id", "contacts");
    manager.create_table(tags).await?;
    index(
        manager,
        "contact_tags_by_time",
        "contact_tags",
        &["user_id", "tag_key", "created_at", "contact_id"],
    )
    .await
}

async fn totals(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut totals = bare_table("contact_totals");
    of_user(&mut totals);
    totals
        .col(ColumnDef::new("created_on").date().not_null())
        .col(text("status"))
        .col(integer("contacts"));
    primary(&mut totals, &["user_id", "created_on", "status"]);
    manager.create_table(totals).await
}
