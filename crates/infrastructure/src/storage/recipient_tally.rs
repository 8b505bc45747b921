//! What would become of those whom a campaign is for, counted by the database.

use nexus_domain::ports::{FreeText, ReachRule, RecipientTally, StorageError};
use nexus_domain::values::Placeholder;
use nexus_domain::{CampaignId, ChannelKind, ContactFilter, EmptyRule, UserId};
use sea_orm::FromQueryResult;

use super::SqlRepositories;
use super::connection::Connection;
use super::contact_filter::{conditions, source_of_rows};
use super::contact_lists::{lead, planned};
use super::contact_rows::field_needle;
use super::lists::containing;
use super::rows::Number;
use super::sql::{Sql, params};

#[derive(FromQueryResult)]
struct TallyRow {
    total: i64,
    opted_out: i64,
    inactive: i64,
    no_address: i64,
}

/// What is looked at of the contact `r`.
fn looked_at(channel: ChannelKind) -> &'static str {
    match channel {
        ChannelKind::Whatsapp => "SELECT r.status, r.phone AS address, r.email, r.custom_fields ",
        ChannelKind::Gmail => "SELECT r.status, r.email AS address, r.email, r.custom_fields ",
    }
}

/// By what would become of them; `people` selects what is [`looked_at`].
fn by_fate(people: Sql) -> Sql {
    people
        .after(
            "SELECT count(*) AS total, \
             CAST(coalesce(sum(CASE WHEN s.status = 'unsubscribed' THEN 1 ELSE 0 END), 0) \
             AS bigint) AS opted_out, \
             CAST(coalesce(sum(CASE WHEN s.status = 'inactive' THEN 1 ELSE 0 END), 0) \
             AS bigint) AS inactive, \
             CAST(coalesce(sum(CASE WHEN s.status = 'active' AND s.address IS NULL \
             THEN 1 ELSE 0 END), 0) AS bigint) AS no_address FROM (",
        )
        .then(") AS s")
}

/// Those who would be written to.
fn with_address(people: Sql) -> Sql {
    people
        .after("SELECT count(*) AS number FROM (")
        .then(") AS s WHERE s.status = 'active' AND s.address IS NOT NULL")
}

/// Those who would be written to and for whom the message comes out empty.
fn with_empty_message(people: Sql, empty: &EmptyRule) -> Sql {
    coming_out_empty(with_address(people).then(" AND "), empty)
}

/// Those who would be written to and have written to the sender lately. There are few beside those who
/// have not.
fn within_window(people: Sql, rule: &ReachRule, user: UserId, free_text: &FreeText) -> Sql {
    coming_out_empty(with_address(people).then(" AND NOT "), &rule.empty)
        .then(" AND s.address IN (SELECT w.address FROM correspondents AS w WHERE w.user_id = ")
        .bind(user)
        .then(" AND w.channel = ")
        .bind(rule.channel.as_str())
        .then(" AND w.last_inbound_at > ")
        .bind(free_text.written_after)
        .then(" AND (w.last_inbound_to IS NULL OR w.last_inbound_to = ")
        .bind(free_text.sender.as_str())
        .then("))")
}

/// The condition that the message comes out empty for `s`.
fn coming_out_empty(sql: Sql, empty: &EmptyRule) -> Sql {
    let mut sql = sql.then("(1 = 0");
    for group in &empty.lacking {
        sql = sql.then(" OR (1 = 1");
        for lacked in group {
            sql = match lacked {
                // Everybody has a name, and who is written to has the address.
                Placeholder::Name | Placeholder::Phone => sql.then(" AND 1 = 0"),
                Placeholder::Email => sql.then(" AND s.email IS NULL"),
                Placeholder::Custom(name) => sql
                    .then(" AND (s.custom_fields IS NULL OR s.custom_fields NOT LIKE ")
                    .bind(containing(&field_needle(name)))
                    .then(" ESCAPE '\\')"),
            };
        }
        sql = sql.then(")");
    }
    sql.then(")")
}

async fn tally(
    db: &Connection,
    people: impl Fn() -> Sql,
    user: UserId,
    rule: &ReachRule,
) -> Result<RecipientTally, StorageError> {
    let row: Option<TallyRow> = db.one(by_fate(people())).await?;
    let variable_empty = if rule.empty.is_possible() {
        Number::count(db.one(with_empty_message(people(), &rule.empty)).await?)
    } else {
        0
    };
    let number = |number: fn(&TallyRow) -> i64| {
        row.as_ref()
            .and_then(|row| u64::try_from(number(row)).ok())
            .unwrap_or_default()
    };
    let mut tally = RecipientTally {
        total: number(|row| row.total),
        opted_out: number(|row| row.opted_out),
        inactive: number(|row| row.inactive),
        no_address: number(|row| row.no_address),
        variable_empty,
        outside_window: 0,
        is_exact: true,
    };
    if let Some(free_text) = &rule.free_text {
        let within = within_window(people(), rule, user, free_text);
        let within = Number::count(db.one(within).await?);
        tally.outside_window = tally.reachable().saturating_sub(within);
    }
    Ok(tally)
}

impl SqlRepositories {
    /// Those chosen one by one are counted apart, so that the audience is found by its index.
    pub(super) async fn recipient_tally(
        &self,
        user: UserId,
        campaign: CampaignId,
        audience: Option<&ContactFilter>,
        rule: &ReachRule,
        most: u32,
    ) -> Result<RecipientTally, StorageError> {
        let columns = looked_at(rule.channel);
        let chosen = || {
            Sql::with(
                format!(
                    "{columns}FROM campaign_choices AS c \
                     JOIN contacts AS r ON r.id = c.contact_id \
                     WHERE c.campaign_id = $2 AND c.user_id = $1 AND r.user_id = $1"
                ),
                params![user, campaign],
            )
        };
        let Some(filter) = audience else {
            return tally(self.db(), chosen, user, rule).await;
        };
        let besides = || conditions(chosen().then(" AND NOT (r.user_id = $1"), filter).then(")");
        let besides = tally(self.db(), besides, user, rule).await?;
        let together = planned(self.db(), filter).await?;
        let db = together.db();
        let lead = lead(db, filter).await?;
        let audience = || {
            source_of_rows(user, filter, &lead)
                .after(columns)
                .then(" LIMIT ")
                .bind(most)
        };
        let counted = tally(db, audience, user, rule).await?;
        together.done().await?;
        Ok(RecipientTally {
            total: besides.total + counted.total,
            opted_out: besides.opted_out + counted.opted_out,
            inactive: besides.inactive + counted.inactive,
            no_address: besides.no_address + counted.no_address,
            variable_empty: besides.variable_empty + counted.variable_empty,
            outside_window: besides.outside_window + counted.outside_window,
            is_exact: counted.total < u64::from(most),
        })
    }
}
