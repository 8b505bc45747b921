//! Recipients of campaigns: the delivery ledger.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{CampaignContactRepository, StorageError};
use nexus_domain::values::{Cursor, ListRequest, Listing, Paging, RecipientSort, SortDirection};
use nexus_domain::{
    CampaignContact, CampaignContactId, CampaignId, ChannelKind, DecisionFilter, DeliveryStatus,
    RecipientFilter, SenderId, UserId,
};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::Value;
use uuid::Uuid;

use super::SqlRepositories;
use super::recipient_rows::{
    ALL_VALUES, COLUMNS, DECIDED, FIXED, LEDGER, RecipientRow, all_values, decided_values,
    ledger_values,
};
use super::rows::{IdRow, Number};
use super::sql::{Sql, params, rows_per_statement};

/// The most rows of one update: a power of two, as the numbers of rows are.
const CHANGED_ROWS: usize = 512;

/// How many messages are looked at, at either end of a campaign, for want of an index.
const LOOKED_AT: u32 = 2_000;

#[derive(FromQueryResult)]
struct MessageIdRow {
    id: Uuid,
    message_id: String,
}

#[derive(FromQueryResult)]
struct DueRow {
    due_at: DateTime<Utc>,
}

/// `WITH changed (id, message_id, …) AS (VALUES (…), (…)) UPDATE … SET status = $1, …`: one statement
/// for many rows. A batch has much in common, such as its status and times: that is sent once instead
/// of with every row.
/// `values` are the id and those of `columns`.
fn update(
    recipients: &[&CampaignContact],
    columns: &[&str],
    values: fn(&CampaignContact) -> Vec<Value>,
    is_postgres: bool,
) -> Sql {
    let mut rows: Vec<Vec<Value>> = recipients
        .iter()
        .map(|recipient| values(recipient))
        .collect();
    let in_common: Vec<bool> = (0..=columns.len())
        .map(|column| {
            let mut values = rows.iter().map(|row| &row[column]);
            let first = values.next();
            column > 0 && values.all(|value| Some(value) == first)
        })
        .collect();
    let common = rows.first().cloned().unwrap_or_default();
    for row in &mut rows {
        let mut of_row = in_common.iter().map(|in_common| !in_common);
        row.retain(|_| of_row.next().unwrap_or_default());
    }
    // Repeating the last row up to a power of two changes nothing and leaves few different
    // statements to prepare, where a statement depends on their number.
    if let (false, Some(last)) = (is_postgres, rows.last().cloned()) {
        rows.resize(rows.len().next_power_of_two(), last);
    }
    let mut of_rows = vec!["id"];
    let mut assignments = Vec::with_capacity(columns.len());
    let mut shared = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        if in_common[index + 1] {
            shared.push(common[index + 1].clone());
            assignments.push(format!("{column} = ${}", shared.len()));
        } else {
            of_rows.push(*column);
            assignments.push(format!("{column} = changed.{column}"));
        }
    }
    Sql::with(
        format!("WITH changed ({}) AS (", of_rows.join(", ")),
        shared,
    )
    .rows(rows)
    .then(&format!(
        ") UPDATE campaign_contacts SET {} FROM changed \
             WHERE campaign_contacts.id = changed.id AND campaign_contacts.user_id = ",
        assignments.join(", ")
    ))
}

/// The conditions of a filter, after others.
fn filtered(mut sql: Sql, filter: RecipientFilter) -> Sql {
    if let Some(status) = filter.status {
        sql = sql.then(" AND r.status = ").bind(status.as_str());
    }
    match filter.decision {
        None => sql,
        Some(DecisionFilter::Made(decision)) => {
            sql.then(" AND r.decision = ").bind(decision.as_str())
        }
        Some(DecisionFilter::Pending) => sql.then(
            " AND r.status = 'unconfirmed' AND (r.decision IS NULL OR r.decision <> 'leave')",
        ),
    }
}

impl SqlRepositories {
    async fn save_columns(
        &self,
        recipients: &[CampaignContact],
        columns: &[&str],
        values: fn(&CampaignContact) -> Vec<Value>,
    ) -> Result<(), StorageError> {
        let together = self.db().together().await?;
        let mut of_users: BTreeMap<UserId, Vec<&CampaignContact>> = BTreeMap::new();
        for recipient in recipients {
            of_users
                .entry(recipient.user_id)
                .or_default()
                .push(recipient);
        }
        for (user, recipients) in of_users {
            for chunk in recipients.chunks(CHANGED_ROWS) {
                let sql = update(chunk, columns, values, self.db().is_postgres()).bind(user);
                together.db().execute(sql).await?;
            }
        }
        together.done().await
    }

    async fn recipients_by(&self, sql: Sql) -> Result<Vec<CampaignContact>, StorageError> {
        let rows: Vec<RecipientRow> = self.db().all(sql).await?;
        rows.into_iter().map(RecipientRow::recipient).collect()
    }

    /// Those of a campaign that are due, to be continued.
    fn select_due(user: UserId, campaign: CampaignId, now: DateTime<Utc>) -> Sql {
        Self::select_recipients()
            .then("r.campaign_id = ")
            .bind(campaign)
            .then(" AND r.user_id = ")
            .bind(user)
            .then(" AND r.status = 'queued' AND (r.not_before IS NULL OR r.not_before <= ")
            .bind(now)
            .then(")")
    }

    /// `SELECT … WHERE `, to be continued.
    fn select_recipients() -> Sql {
        Sql::new(format!(
            "SELECT {COLUMNS} FROM campaign_contacts AS r WHERE "
        ))
    }
}

#[async_trait]
impl CampaignContactRepository for SqlRepositories {
    async fn insert(&mut self, recipients: &[CampaignContact]) -> Result<(), StorageError> {
        let together = self.db().together().await?;
        for chunk in recipients.chunks(rows_per_statement(ALL_VALUES)) {
            let sql = Sql::new(format!(
                "INSERT INTO campaign_contacts (id, {}, {}, {FIXED}) ",
                LEDGER.join(", "),
                DECIDED.join(", ")
            ))
            .rows(chunk.iter().map(all_values));
            together.db().execute(sql).await?;
        }
        together.done().await
    }

    async fn lock_due(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<CampaignContact>, StorageError> {
        let sql = Self::select_due(user, campaign, now)
            .then(" ORDER BY r.id LIMIT ")
            .bind(most)
            .then(self.db().for_update_of_free());
        self.recipients_by(sql).await
    }

    async fn lock_due_counted(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        now: DateTime<Utc>,
        counting_after: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<CampaignContact>, StorageError> {
        let sql = Self::select_due(user, campaign, now)
            .then(
                " AND EXISTS (SELECT 1 FROM sender_people AS p WHERE p.sender_id = r.sender_id \
                 AND p.address = r.address AND p.quarter > ",
            )
            .bind(counting_after)
            .then(") ORDER BY r.id LIMIT ")
            .bind(most)
            .then(self.db().for_update_of_free());
        self.recipients_by(sql).await
    }

    async fn lock_in(
        &mut self,
        user: UserId,
        sender: SenderId,
        status: DeliveryStatus,
        before: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<CampaignContact>, StorageError> {
        let mut sql = Self::select_recipients()
            .then("r.sender_id = ")
            .bind(sender)
            .then(" AND r.user_id = ")
            .bind(user)
            .then(" AND r.status = ")
            .bind(status.as_str());
        if matches!(
            status,
            DeliveryStatus::Dispatching | DeliveryStatus::InDoubt
        ) {
            // In the words of the partial index, which is found only by them.
            sql = sql.then(" AND r.status IN ('dispatching', 'in_doubt')");
        }
        let sql = sql
            .then(" AND r.dispatched_at < ")
            .bind(before)
            .then(" ORDER BY r.id LIMIT ")
            .bind(most)
            .then(self.db().for_update());
        self.recipients_by(sql).await
    }

    async fn lock_queued(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        most: u32,
    ) -> Result<Vec<CampaignContact>, StorageError> {
        let sql = Self::select_recipients()
            .then("r.campaign_id = ")
            .bind(campaign)
            .then(" AND r.user_id = ")
            .bind(user)
            .then(" AND r.status = 'queued' ORDER BY r.id LIMIT ")
            .bind(most)
            .then(self.db().for_update());
        self.recipients_by(sql).await
    }

    async fn lock_filtered(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        filter: &RecipientFilter,
        after: Option<CampaignContactId>,
        most: u32,
    ) -> Result<Vec<CampaignContact>, StorageError> {
        let mut sql = Self::select_recipients()
            .then("r.campaign_id = ")
            .bind(campaign)
            .then(" AND r.user_id = ")
            .bind(user);
        if let Some(after) = after {
            sql = sql.then(" AND r.id > ").bind(after);
        }
        let sql = filtered(sql, *filter)
            .then(" ORDER BY r.id LIMIT ")
            .bind(most)
            .then(self.db().for_update());
        self.recipients_by(sql).await
    }

    async fn lock_many(
        &mut self,
        user: UserId,
        ids: &[CampaignContactId],
    ) -> Result<Vec<CampaignContact>, StorageError> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let mut locked = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(rows_per_statement(1)) {
            let sql = Self::select_recipients()
                .then("r.user_id = ")
                .bind(user)
                .then(" AND r.id IN ")
                .list(chunk.iter().copied())
                .then(" ORDER BY r.id")
                .then(self.db().for_update());
            locked.extend(self.recipients_by(sql).await?);
        }
        Ok(locked)
    }

    async fn find_by_message_ids(
        &mut self,
        user: UserId,
        message_ids: &[String],
    ) -> Result<Vec<(String, CampaignContactId)>, StorageError> {
        let mut found = Vec::with_capacity(message_ids.len());
        for chunk in message_ids.chunks(rows_per_statement(1)) {
            let sql = Sql::with(
                "SELECT id, message_id FROM campaign_contacts \
                 WHERE user_id = $1 AND message_id IS NOT NULL AND message_id IN ",
                params![user],
            )
            .list(chunk.iter().map(String::as_str));
            let rows: Vec<MessageIdRow> = self.db().all(sql).await?;
            found.extend(
                rows.into_iter()
                    .map(|row| (row.message_id, CampaignContactId::from_uuid(row.id))),
            );
        }
        Ok(found)
    }

    async fn last_sent_to(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        address: &str,
        since: DateTime<Utc>,
    ) -> Result<Option<CampaignContactId>, StorageError> {
        // An answer may come before the provider's own answer was stored: what may have been sent
        // counts, what certainly was not doesn't.
        let sql = Sql::with(
            "SELECT r.id FROM campaign_contacts AS r \
             JOIN campaigns AS c ON c.id = r.campaign_id \
             WHERE r.user_id = $1 AND r.address = $2 AND r.address IS NOT NULL \
             AND c.channel = $3 AND r.dispatched_at >= $4 \
             AND r.status IN ('dispatching', 'accepted', 'delivered', 'read', 'in_doubt', \
             'unconfirmed') ORDER BY r.dispatched_at DESC, r.id DESC LIMIT 1",
            params![user, address, channel.as_str(), since],
        );
        let row: Option<IdRow> = self.db().one(sql).await?;
        Ok(row.map(|row| CampaignContactId::from_uuid(row.id)))
    }

    async fn save(&mut self, recipients: &[CampaignContact]) -> Result<(), StorageError> {
        self.save_columns(recipients, &LEDGER, ledger_values).await
    }

    async fn save_decided(&mut self, recipients: &[CampaignContact]) -> Result<(), StorageError> {
        let columns = [&LEDGER[..], &DECIDED[..]].concat();
        self.save_columns(recipients, &columns, decided_values)
            .await
    }

    async fn list(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        filter: &RecipientFilter,
        total: Option<u64>,
        request: &ListRequest<RecipientSort>,
    ) -> Result<Listing<CampaignContact>, StorageError> {
        let RecipientSort::Added = request.sort;
        let (order, beyond) = match request.direction {
            SortDirection::Ascending => ("ASC", ">"),
            SortDirection::Descending => ("DESC", "<"),
        };
        let source = Sql::with(
            "FROM campaign_contacts AS r WHERE r.campaign_id = $1 AND r.user_id = $2",
            params![campaign, user],
        );
        let source = filtered(source, *filter);
        let mut sql = source
            .clone()
            .after(&format!("SELECT {COLUMNS} FROM (SELECT r.id AS listed_id "));
        if let Paging::After {
            cursor: Some(cursor),
        } = &request.paging
        {
            sql = sql.then(&format!(" AND r.id {beyond} ")).bind(cursor.id);
        }
        sql = sql
            .then(&format!(" ORDER BY r.id {order} LIMIT "))
            .bind(i64::from(request.size) + 1);
        let mut shown_total = None;
        if let Paging::Page { number } = request.paging {
            let skipped = i64::from(number.saturating_sub(1)) * i64::from(request.size);
            sql = sql.then(" OFFSET ").bind(skipped);
            shown_total = if total.is_some() {
                total
            } else {
                let count = source.after("SELECT count(*) AS number ");
                Some(Number::count(self.db().one(count).await?))
            };
        }
        let sql = sql.then(&format!(
            ") AS listed JOIN campaign_contacts AS r ON r.id = listed.listed_id \
             ORDER BY r.id {order}"
        ));
        let mut items = self.recipients_by(sql).await?;
        let wanted = usize::try_from(request.size).unwrap_or(usize::MAX);
        let more = items.len() > wanted;
        items.truncate(wanted);
        let next = items.last().filter(|_| more).map(|last| Cursor {
            key: String::new(),
            id: last.id.as_uuid(),
        });
        Ok(Listing {
            items,
            total: shown_total,
            total_is_exact: true,
            next,
        })
    }

    async fn unreported_since(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        after: Option<DateTime<Utc>>,
        before: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StorageError> {
        let mut earliest: Option<DateTime<Utc>> = None;
        for order in ["ASC", "DESC"] {
            let mut sql = Sql::with(
                format!(
                    "SELECT looked.accepted_at AS due_at FROM (SELECT r.accepted_at, \
                     r.dispatched_at FROM campaign_contacts AS r WHERE r.campaign_id = $1 \
                     AND r.user_id = $2 AND r.status = 'accepted' ORDER BY r.id {order} \
                     LIMIT {LOOKED_AT}) AS looked WHERE looked.accepted_at < $3"
                ),
                params![campaign, user, before],
            );
            if let Some(after) = after {
                sql = sql.then(" AND looked.dispatched_at > ").bind(after);
            }
            let sql = sql.then(" ORDER BY looked.accepted_at LIMIT 1");
            let found: Option<DueRow> = self.db().one(sql).await?;
            let found = found.map(|row| row.due_at);
            earliest = match (earliest, found) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        Ok(earliest)
    }

    async fn next_due(
        &mut self,
        user: UserId,
        campaigns: &[CampaignId],
    ) -> Result<Option<DateTime<Utc>>, StorageError> {
        let mut soonest: Option<DateTime<Utc>> = None;
        for chunk in campaigns.chunks(rows_per_statement(1)) {
            // One that is due at any time answers the question without looking at the others.
            for rest in [
                " AND r.not_before IS NULL LIMIT 1",
                " ORDER BY r.not_before LIMIT 1",
            ] {
                let sql = Sql::with(
                    "SELECT coalesce(r.not_before, r.created_at) AS due_at \
                     FROM campaign_contacts AS r \
                     WHERE r.status = 'queued' AND r.user_id = $1 AND r.campaign_id IN ",
                    params![user],
                )
                .list(chunk.iter().copied())
                .then(rest);
                if let Some(row) = self.db().one::<DueRow>(sql).await? {
                    soonest = Some(soonest.map_or(row.due_at, |known| known.min(row.due_at)));
                    break;
                }
            }
        }
        Ok(soonest)
    }

    async fn last_due(
        &mut self,
        user: UserId,
        campaign: CampaignId,
    ) -> Result<Option<DateTime<Utc>>, StorageError> {
        // In the words of the partial index.
        let sql = Sql::with(
            "SELECT r.not_before AS due_at FROM campaign_contacts AS r \
             WHERE r.campaign_id = $1 AND r.user_id = $2 AND r.not_before IS NOT NULL \
             ORDER BY r.not_before DESC LIMIT 1",
            params![campaign, user],
        );
        let row: Option<DueRow> = self.db().one(sql).await?;
        Ok(row.map(|row| row.due_at))
    }
}
