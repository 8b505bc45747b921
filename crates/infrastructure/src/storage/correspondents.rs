//! What is known of people by their addresses.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{CorrespondentRepository, StorageError};
use nexus_domain::{ChannelKind, ContactStatus, Correspondent, OptOut, OptOutSource, UserId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::rows::{IdRow, Row};
use super::sql::{Sql, params, rows_per_statement};

const COLUMNS: &str = "user_id, channel, address, last_inbound_at, last_inbound_to, opted_out_at, \
     opted_out_source, opted_out_word, stopped_at, resumed_at";

#[derive(FromQueryResult)]
struct CorrespondentRow {
    user_id: Uuid,
    channel: String,
    address: String,
    last_inbound_at: Option<DateTime<Utc>>,
    last_inbound_to: Option<String>,
    opted_out_at: Option<DateTime<Utc>>,
    opted_out_source: Option<String>,
    opted_out_word: Option<String>,
    stopped_at: Option<DateTime<Utc>>,
    resumed_at: Option<DateTime<Utc>>,
}

impl CorrespondentRow {
    fn correspondent(self) -> Result<Correspondent, StorageError> {
        // The row has no id of its own.
        let row = Row {
            table: "correspondents of user",
            id: self.user_id,
        };
        let opt_out = match (self.opted_out_at, self.opted_out_source.as_deref()) {
            (Some(at), Some(word)) => {
                let (all, as_str) = (&OptOutSource::ALL, OptOutSource::as_str);
                Some(OptOut {
                    at,
                    source: row.word("opted_out_source", word, all, as_str)?,
                    word: self.opted_out_word,
                    before: ContactStatus::Active,
                })
            }
            _ => None,
        };
        Ok(Correspondent {
            user_id: UserId::from_uuid(self.user_id),
            channel: row.parse("channel", &self.channel, ChannelKind::parse)?,
            address: self.address,
            last_inbound_at: self.last_inbound_at,
            last_inbound_to: self.last_inbound_to,
            opt_out,
            stopped_at: self.stopped_at,
            resumed_at: self.resumed_at,
        })
    }
}

/// Each once, in their order: two that lock overlapping sets wait for one another.
fn sorted(addresses: &[String]) -> Vec<&str> {
    let mut addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

impl SqlRepositories {
    async fn correspondents_where(
        &self,
        user: UserId,
        channel: ChannelKind,
        addresses: &[&str],
        more: &str,
    ) -> Result<Vec<Correspondent>, StorageError> {
        let mut found = Vec::new();
        for chunk in addresses.chunks(rows_per_statement(1)) {
            let sql = Sql::with(
                format!(
                    "SELECT {COLUMNS} FROM correspondents \
                     WHERE user_id = $1 AND channel = $2 AND address IN "
                ),
                params![user, channel.as_str()],
            )
            .list(chunk.iter().copied())
            .then(more);
            let rows: Vec<CorrespondentRow> = self.db().all(sql).await?;
            for row in rows {
                found.push(row.correspondent()?);
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl CorrespondentRepository for SqlRepositories {
    async fn find(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        addresses: &[String],
    ) -> Result<Vec<Correspondent>, StorageError> {
        self.correspondents_where(user, channel, &sorted(addresses), "")
            .await
    }

    async fn opted_out(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        addresses: &[String],
    ) -> Result<Vec<Correspondent>, StorageError> {
        let any = Sql::with(
            "SELECT user_id AS id FROM correspondents WHERE user_id = $1 AND channel = $2 \
             AND opted_out_at IS NOT NULL LIMIT 1",
            params![user, channel.as_str()],
        );
        if addresses.is_empty() || self.db().one::<IdRow>(any).await?.is_none() {
            return Ok(Vec::new());
        }
        let more = " AND opted_out_at IS NOT NULL";
        self.correspondents_where(user, channel, &sorted(addresses), more)
            .await
    }

    async fn lock_or_add(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        addresses: &[String],
    ) -> Result<Vec<Correspondent>, StorageError> {
        let addresses = sorted(addresses);
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        for chunk in addresses.chunks(rows_per_statement(3)) {
            let sql = Sql::new("INSERT INTO correspondents (user_id, channel, address) ")
                .rows(
                    chunk
                        .iter()
                        .map(|address| params![user, channel.as_str(), *address]),
                )
                .then(" ON CONFLICT (user_id, channel, address) DO NOTHING");
            self.db().execute(sql).await?;
        }
        let more = format!(" ORDER BY address{}", self.db().for_update());
        self.correspondents_where(user, channel, &addresses, &more)
            .await
    }

    async fn save(&mut self, correspondents: &[Correspondent]) -> Result<(), StorageError> {
        for person in correspondents {
            let wish = person.opt_out.as_ref();
            let sql = Sql::with(
                "UPDATE correspondents SET last_inbound_at = $4, last_inbound_to = $5, \
                 opted_out_at = $6, opted_out_source = $7, opted_out_word = $8, \
                 stopped_at = $9, resumed_at = $10 \
                 WHERE user_id = $1 AND channel = $2 AND address = $3",
                params![
                    person.user_id,
                    person.channel.as_str(),
                    person.address.as_str(),
                    person.last_inbound_at,
                    person.last_inbound_to.as_deref(),
                    wish.map(|wish| wish.at),
                    wish.map(|wish| wish.source.as_str()),
                    wish.and_then(|wish| wish.word.as_deref()),
                    person.stopped_at,
                    person.resumed_at,
                ],
            );
            self.db().execute(sql).await?;
        }
        Ok(())
    }
}
