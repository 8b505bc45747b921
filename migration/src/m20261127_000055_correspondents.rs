//! People by their addresses: when they last wrote, and who of them does not want to be written to.
//! The words by which they say so, and what becomes of those who may not be written to freely.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bare_table, drop, key, of_user, one_of, partial_index, primary, text, text_null, time_null,
};

const TABLE: &str = "correspondents";

/// Added to other tables.
const COLUMNS: [(&str, &str); 7] = [
    // The word that the person wrote.
    ("contacts", "unsubscribed_word"),
    // The status until then.
    ("contacts", "unsubscribed_from"),
    // JSON arrays; without them the words of the product.
    ("users", "opt_out_words"),
    ("users", "opt_in_words"),
    ("users", "opt_out_reply"),
    ("users", "opt_in_reply"),
    // `skip` without it.
    ("campaigns", "outside_window"),
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            let mut change = Table::alter();
            change.table(table).add_column(text_null(column));
            manager.alter_table(change).await?;
        }
        let mut people = bare_table(TABLE);
        of_user(&mut people);
        people
            .col(text("channel"))
            .col(key(manager, "address"))
            .col(time_null("last_inbound_at"))
            .col(text_null("last_inbound_to"))
            .col(time_null("opted_out_at"))
            .col(text_null("opted_out_source"))
            .col(text_null("opted_out_word"))
            .col(time_null("stopped_at"))
            .col(time_null("resumed_at"));
        primary(&mut people, &["user_id", "channel", "address"]);
        one_of(&mut people, "channel", &["whatsapp", "gmail"]);
        manager.create_table(people).await?;
        partial_index(
            manager,
            "correspondents_opted_out",
            TABLE,
            &["user_id", "channel", "address"],
            "opted_out_at IS NOT NULL",
        )
        .await?;
        fill(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &[TABLE]).await?;
        for (table, column) in COLUMNS {
            let mut change = Table::alter();
            change.table(table).drop_column(column);
            manager.alter_table(change).await?;
        }
        Ok(())
    }
}

/// Those who wrote so far, and those of whom the provider said that they stopped the messages.
async fn fill(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    db.execute_unprepared(
        "INSERT INTO correspondents (user_id, channel, address, last_inbound_at) \
         SELECT user_id, channel, address, max(sent_at) FROM messages \
         WHERE direction = 'inbound' GROUP BY user_id, channel, address",
    )
    .await?;
    db.execute_unprepared(
        "INSERT INTO correspondents \
         (user_id, channel, address, opted_out_at, opted_out_source, stopped_at) \
         SELECT user_id, 'whatsapp', phone, unsubscribed_at, unsubscribed_source, unsubscribed_at \
         FROM contacts WHERE status = 'unsubscribed' AND unsubscribed_source = 'provider' \
         AND phone IS NOT NULL \
         ON CONFLICT (user_id, channel, address) DO UPDATE SET \
         opted_out_at = excluded.opted_out_at, opted_out_source = excluded.opted_out_source, \
         stopped_at = excluded.stopped_at",
    )
    .await?;
    Ok(())
}
