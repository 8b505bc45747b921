//! Campaigns, and the contacts chosen for them one by one.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{CampaignRepository, StorageError};
use nexus_domain::values::{CampaignSort, ListRequest, Listing, Paging, ShortText, fold};
use nexus_domain::{
    Campaign, CampaignCounters, CampaignFilter, CampaignId, ContactId, CounterDelta, SegmentId,
    SenderId, UserId,
};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::campaign_rows::{
    COLUMNS, COUNTERS, CampaignRow, CountersRow, SAVED, counter_values, saved_values,
};
use super::lists::{KeyKind, List, containing, time_key};
use super::progress::changed;
use super::rows::{IdRow, Number, Row};
use super::sql::{Param, Sql, params, rows_per_statement};

/// `FROM … WHERE …` over the campaigns that `filter` lets through.
fn source(user: UserId, filter: &CampaignFilter) -> Sql {
    let mut sql = Sql::with("FROM campaigns AS r WHERE r.user_id = $1", params![user]);
    if let Some(status) = filter.status {
        sql = sql.then(" AND r.status = ").bind(status.as_str());
    }
    if let Some(channel) = filter.channel {
        sql = sql.then(" AND r.channel = ").bind(channel.as_str());
    }
    if let Some(search) = &filter.search {
        sql = sql
            .then(" AND r.name_key LIKE ")
            .bind(containing(&fold(search.as_str())))
            .then(" ESCAPE '\\'");
    }
    sql
}

#[derive(FromQueryResult)]
struct NamedRow {
    id: Uuid,
    name: String,
}

#[derive(FromQueryResult)]
struct CountRow {
    id: Uuid,
    number: i64,
}

#[derive(FromQueryResult)]
struct DueRow {
    user_id: Uuid,
    id: Uuid,
}

#[derive(FromQueryResult)]
struct StartRow {
    at: Option<DateTime<Utc>>,
}

impl SqlRepositories {
    async fn campaigns_by(&self, sql: Sql) -> Result<Vec<Campaign>, StorageError> {
        let rows: Vec<CampaignRow> = self.db().all(sql).await?;
        rows.into_iter().map(CampaignRow::campaign).collect()
    }

    async fn unstarted_campaigns(
        &self,
        user: UserId,
        lock: &str,
    ) -> Result<Vec<Campaign>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM campaigns AS r WHERE r.user_id = $1 \
                 AND r.status IN ('draft', 'scheduled', 'missed') \
                 AND r.audience IS NOT NULL ORDER BY r.id{lock}"
            ),
            params![user],
        );
        self.campaigns_by(sql).await
    }

    async fn campaign_by_id(
        &self,
        user: UserId,
        id: CampaignId,
        lock: &str,
    ) -> Result<Option<Campaign>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM campaigns AS r WHERE r.id = $1 AND r.user_id = $2{lock}"
            ),
            params![id, user],
        );
        let row: Option<CampaignRow> = self.db().one(sql).await?;
        row.map(CampaignRow::campaign).transpose()
    }
}

#[async_trait]
impl CampaignRepository for SqlRepositories {
    async fn insert(&mut self, campaign: &Campaign) -> Result<(), StorageError> {
        let mut values = saved_values(campaign)?;
        values.extend(params![campaign.created_at]);
        values.extend(counter_values(&campaign.counters));
        let sql = Sql::new(format!(
            "INSERT INTO campaigns ({SAVED}, created_at, {COUNTERS}) "
        ));
        self.db().execute(sql.rows([values])).await?;
        Ok(())
    }

    async fn find(
        &mut self,
        user: UserId,
        id: CampaignId,
    ) -> Result<Option<Campaign>, StorageError> {
        self.campaign_by_id(user, id, "").await
    }

    async fn lock(
        &mut self,
        user: UserId,
        id: CampaignId,
    ) -> Result<Option<Campaign>, StorageError> {
        let lock = self.db().for_update();
        self.campaign_by_id(user, id, lock).await
    }

    async fn save(&mut self, campaign: &Campaign) -> Result<(), StorageError> {
        let sql = "name = $3, name_key = $4, channel = $5, subject = $6, \
             message = $7, template_name = $8, template_language = $9, template_variables = $10, \
             audience = $11, sender_id = $12, status = $13, scheduled_at = $14, \
             started_at = $15, ended_at = $16, pause_reason = $17, updated_at = $18, \
             segment_id = $19, scheduled_local = $20, schedule_time_zone = $21, \
             latest_start_at = $22, start_tries = $23, next_start_at = $24, start_problem = $25, \
             send_window = $26, outside_window = $27 \
             WHERE user_id = $1 AND id = $2";
        let sql = format!("UPDATE campaigns SET {}, {sql}", changed(self.db()));
        self.db()
            .execute(Sql::with(sql, saved_values(campaign)?))
            .await?;
        Ok(())
    }

    async fn count(
        &mut self,
        user: UserId,
        id: CampaignId,
        delta: &CounterDelta,
    ) -> Result<CampaignCounters, StorageError> {
        let changed = changed(self.db());
        let mut values = params![user, id];
        values.extend(counter_values(delta));
        let sql = Sql::with(
            format!(
                "UPDATE campaigns SET {changed}, total = total + $3, pending = pending + $4, \
                 sent = sent + $5, delivered = delivered + $6, opened = opened + $7, \
                 clicked = clicked + $8, replied = replied + $9, failed = failed + $10, \
                 skipped = skipped + $11, unconfirmed = unconfirmed + $12, \
                 unconfirmed_left = unconfirmed_left + $13 \
                 WHERE user_id = $1 AND id = $2 RETURNING {COUNTERS}"
            ),
            values,
        );
        let row: Option<CountersRow> = self.db().one(sql).await?;
        let missing = || StorageError::Failed(format!("no campaign {id} to count").into());
        Ok(row.ok_or_else(missing)?.counters())
    }

    async fn set_total(
        &mut self,
        user: UserId,
        id: CampaignId,
        total: i64,
    ) -> Result<(), StorageError> {
        let sql = "total = $3, pending = 0, sent = 0, delivered = 0, opened = 0, \
             clicked = 0, replied = 0, failed = 0, skipped = 0, unconfirmed = 0, \
             unconfirmed_left = 0 \
             WHERE user_id = $1 AND id = $2";
        let sql = format!("UPDATE campaigns SET {}, {sql}", changed(self.db()));
        self.db()
            .execute(Sql::with(sql, params![user, id, total]))
            .await?;
        Ok(())
    }

    async fn unstarted(&mut self, user: UserId) -> Result<Vec<Campaign>, StorageError> {
        self.unstarted_campaigns(user, "").await
    }

    async fn lock_unstarted(&mut self, user: UserId) -> Result<Vec<Campaign>, StorageError> {
        let lock = self.db().for_update();
        self.unstarted_campaigns(user, lock).await
    }

    async fn awaiting(
        &mut self,
        user: UserId,
        segment: SegmentId,
    ) -> Result<Vec<(CampaignId, ShortText)>, StorageError> {
        let sql = Sql::with(
            "SELECT id, name FROM campaigns WHERE user_id = $1 AND segment_id = $2 ORDER BY id",
            params![user, segment],
        );
        let rows: Vec<NamedRow> = self.db().all(sql).await?;
        rows.into_iter()
            .map(|NamedRow { id, name }| {
                let table = "campaigns";
                let name = Row { table, id }.parse("name", &name, ShortText::parse)?;
                Ok((CampaignId::from_uuid(id), name))
            })
            .collect()
    }

    async fn delete(&mut self, user: UserId, id: CampaignId) -> Result<bool, StorageError> {
        let sql = Sql::with(
            "DELETE FROM campaigns WHERE user_id = $1 AND id = $2",
            params![user, id],
        );
        Ok(self.db().execute(sql).await? > 0)
    }

    async fn list(
        &mut self,
        user: UserId,
        filter: &CampaignFilter,
        request: &ListRequest<CampaignSort>,
    ) -> Result<Listing<Campaign>, StorageError> {
        let (key, kind) = match request.sort {
            CampaignSort::Name => (("r.name_key", "name_key"), KeyKind::Text),
            CampaignSort::CreatedAt => (("r.created_at", "created_at"), KeyKind::Time),
        };
        let list = List {
            columns: COLUMNS,
            table: "campaigns",
            source: source(user, filter),
            key,
            id: "r.id",
            id_value: Param::value,
            kind,
            direction: request.direction,
            total: None,
            start: None,
        };
        let part = list
            .part::<CampaignRow>(self.db(), &request.paging, request.size)
            .await?;
        let total = match request.paging {
            Paging::Page { .. } => {
                let sql = source(user, filter).after("SELECT count(*) AS number ");
                Some(Number::count(self.db().one(sql).await?))
            }
            Paging::After { .. } => None,
        };
        let cursor = |row: &CampaignRow| match request.sort {
            CampaignSort::Name => (row.name_key.clone(), row.id),
            CampaignSort::CreatedAt => (time_key(row.created_at), row.id),
        };
        part.listing(total, cursor, CampaignRow::campaign)
    }

    async fn choose(
        &mut self,
        user: UserId,
        id: CampaignId,
        contacts: &[ContactId],
    ) -> Result<(), StorageError> {
        let together = self.db().together().await?;
        let db = together.db();
        let owned = Sql::with(
            "SELECT count(*) AS number FROM campaigns WHERE id = $1 AND user_id = $2",
            params![id, user],
        );
        if Number::count(db.one(owned).await?) == 0 {
            return Ok(());
        }
        db.execute(Sql::with(
            "DELETE FROM campaign_choices WHERE campaign_id = $1 AND user_id = $2",
            params![id, user],
        ))
        .await?;
        let mut contacts: Vec<Uuid> = contacts.iter().map(ContactId::as_uuid).collect();
        contacts.sort_unstable();
        contacts.dedup();
        for chunk in contacts.chunks(rows_per_statement(3)) {
            let sql = Sql::new("INSERT INTO campaign_choices (campaign_id, contact_id, user_id) ")
                .rows(chunk.iter().map(|contact| params![id, *contact, user]));
            db.execute(sql).await?;
        }
        together.done().await
    }

    async fn choose_as(
        &mut self,
        user: UserId,
        id: CampaignId,
        from: CampaignId,
    ) -> Result<(), StorageError> {
        let sql = Sql::with(
            "INSERT INTO campaign_choices (campaign_id, contact_id, user_id) \
             SELECT c.id, o.contact_id, o.user_id FROM campaign_choices AS o \
             JOIN campaigns AS c ON c.id = $2 AND c.user_id = $1 \
             WHERE o.campaign_id = $3 AND o.user_id = $1 ORDER BY o.contact_id",
            params![user, id, from],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn chosen(
        &mut self,
        user: UserId,
        id: CampaignId,
    ) -> Result<Vec<ContactId>, StorageError> {
        let sql = Sql::with(
            "SELECT contact_id AS id FROM campaign_choices \
             WHERE campaign_id = $1 AND user_id = $2 ORDER BY contact_id",
            params![id, user],
        );
        let rows: Vec<IdRow> = self.db().all(sql).await?;
        Ok(rows
            .into_iter()
            .map(|row| ContactId::from_uuid(row.id))
            .collect())
    }

    async fn chosen_counts(
        &mut self,
        user: UserId,
        ids: &[CampaignId],
    ) -> Result<Vec<(CampaignId, u64)>, StorageError> {
        let mut counts = Vec::new();
        for chunk in ids.chunks(rows_per_statement(1)) {
            let sql = Sql::with(
                "SELECT campaign_id AS id, count(*) AS number FROM campaign_choices \
                 WHERE user_id = $1 AND campaign_id IN ",
                params![user],
            )
            .list(chunk.iter().copied())
            .then(" GROUP BY campaign_id");
            let rows: Vec<CountRow> = self.db().all(sql).await?;
            counts.extend(rows.into_iter().map(|row| {
                let number = u64::try_from(row.number).unwrap_or_default();
                (CampaignId::from_uuid(row.id), number)
            }));
        }
        Ok(counts)
    }

    async fn active_of(
        &mut self,
        user: UserId,
        sender: SenderId,
    ) -> Result<Vec<Campaign>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM campaigns AS r WHERE r.sender_id = $1 \
                 AND r.user_id = $2 AND r.status = 'active' ORDER BY r.started_at, r.id"
            ),
            params![sender, user],
        );
        self.campaigns_by(sql).await
    }

    async fn due_to_start(
        &mut self,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<(UserId, CampaignId)>, StorageError> {
        let sql = Sql::with(
            "SELECT user_id, id FROM campaigns WHERE status = 'scheduled' \
             AND next_start_at <= $1 ORDER BY next_start_at, id LIMIT $2",
            params![now, most],
        );
        let rows: Vec<DueRow> = self.db().all(sql).await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                (
                    UserId::from_uuid(row.user_id),
                    CampaignId::from_uuid(row.id),
                )
            })
            .collect())
    }

    async fn next_start(&mut self) -> Result<Option<DateTime<Utc>>, StorageError> {
        let sql = Sql::new(
            "SELECT next_start_at AS at FROM campaigns WHERE status = 'scheduled' \
             ORDER BY next_start_at LIMIT 1",
        );
        let row: Option<StartRow> = self.db().one(sql).await?;
        Ok(row.and_then(|row| row.at))
    }

    async fn active(&mut self, user: UserId) -> Result<Vec<Campaign>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM campaigns AS r WHERE r.user_id = $1 \
                 AND r.status = 'active' ORDER BY r.id"
            ),
            params![user],
        );
        self.campaigns_by(sql).await
    }

    async fn latest_of(
        &mut self,
        user: UserId,
        sender: SenderId,
        most: u32,
    ) -> Result<Vec<CampaignId>, StorageError> {
        let sql = Sql::with(
            "SELECT r.id FROM campaigns AS r WHERE r.sender_id = $1 AND r.user_id = $2 \
             AND r.started_at IS NOT NULL ORDER BY r.started_at DESC, r.id DESC LIMIT $3",
            params![sender, user, most],
        );
        let rows: Vec<IdRow> = self.db().all(sql).await?;
        Ok(rows
            .into_iter()
            .map(|row| CampaignId::from_uuid(row.id))
            .collect())
    }

    async fn unfinished_with_placeholders(
        &mut self,
        user: UserId,
    ) -> Result<Vec<Campaign>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM campaigns AS r WHERE r.user_id = $1 \
                 AND r.status IN ('draft', 'scheduled', 'missed', 'active', 'paused') \
                 AND (r.message LIKE '%{{%' OR r.template_variables LIKE '%{{%') \
                 ORDER BY r.created_at, r.id"
            ),
            params![user],
        );
        let rows: Vec<CampaignRow> = self.db().all(sql).await?;
        rows.into_iter().map(CampaignRow::campaign).collect()
    }
}
