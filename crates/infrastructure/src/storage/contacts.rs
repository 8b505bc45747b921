//! Contacts, their tags, and how many there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use nexus_domain::ports::{ContactRepository, KnownAddress, StorageError};
use nexus_domain::values::{
    ContactSort, EmailAddress, ListRequest, Listing, Paging, PhoneNumber, Tag,
};
use nexus_domain::{
    Audience, CampaignId, Contact, ContactFilter, ContactId, ContactStatus, UserId,
};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::connection::Connection;
use super::contact_filter::{conditions, counted, is_by_status_only, kept_total, list};
use super::contact_rows::{
    ALL_VALUES, CHANGEABLE, COLUMNS, ContactRow, KnownRow, all_values, changeable, tags,
};
use super::lists::time_key;
use super::rows::{Number, Row};
use super::sql::{Sql, params, rows_per_statement};

/// Contacts that came and went, by user, day of creation and status.
#[derive(Default)]
struct TotalsChange(BTreeMap<(UserId, NaiveDate, &'static str), i64>);

impl TotalsChange {
    fn add(&mut self, contact: &Contact, status: ContactStatus, change: i64) {
        self.add_one(contact.user_id, contact.created_at, status, change);
    }

    fn add_one(
        &mut self,
        user: UserId,
        created_at: DateTime<Utc>,
        status: ContactStatus,
        change: i64,
    ) {
        let key = (user, created_at.date_naive(), status.as_str());
        *self.0.entry(key).or_default() += change;
    }

    /// Always in the same order, so that two transactions don't wait for each other.
    async fn store(self, db: &Connection) -> Result<(), StorageError> {
        let changes: Vec<_> = self.0.into_iter().filter(|(_, n)| *n != 0).collect();
        for chunk in changes.chunks(rows_per_statement(4)) {
            let sql = Sql::new(
                "INSERT INTO contact_totals (user_id, created_on, status, contacts) VALUES ",
            )
            .rows(
                chunk
                    .iter()
                    .map(|((user, day, status), n)| params![*user, *day, *status, *n]),
            )
            .then(
                " ON CONFLICT (user_id, created_on, status) \
                 DO UPDATE SET contacts = contact_totals.contacts + excluded.contacts",
            );
            db.execute(sql).await?;
        }
        Ok(())
    }
}

async fn insert_tags(db: &Connection, contacts: &[Contact]) -> Result<(), StorageError> {
    let rows: Vec<_> = contacts
        .iter()
        .flat_map(|contact| contact.tags.iter().map(move |tag| (contact, tag)))
        .collect();
    for chunk in rows.chunks(rows_per_statement(5)) {
        let sql = Sql::new(
            "INSERT INTO contact_tags (contact_id, tag_key, user_id, label, created_at) VALUES ",
        )
        .rows(chunk.iter().map(|(contact, tag)| {
            params![
                contact.id,
                tag.key(),
                contact.user_id,
                tag.label(),
                contact.created_at,
            ]
        }));
        db.execute(sql).await?;
    }
    Ok(())
}

/// What `save` has to compare with.
#[derive(FromQueryResult)]
struct BeforeRow {
    status: String,
    tags: Option<String>,
    created_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct DeletedRow {
    status: String,
    created_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct TagRow {
    label: String,
    number: i64,
}

impl SqlRepositories {
    async fn contacts_by(&self, sql: Sql) -> Result<Vec<Contact>, StorageError> {
        let rows: Vec<ContactRow> = self.db().all(sql).await?;
        rows.into_iter().map(ContactRow::contact).collect()
    }

    async fn contact_by_id(
        &self,
        user: UserId,
        id: ContactId,
        lock: &str,
    ) -> Result<Option<Contact>, StorageError> {
        let sql = Sql::with(
            format!("SELECT {COLUMNS} FROM contacts AS r WHERE r.id = $1 AND r.user_id = $2{lock}"),
            params![id, user],
        );
        Ok(self.contacts_by(sql).await?.pop())
    }
}

#[async_trait]
impl ContactRepository for SqlRepositories {
    async fn insert(&mut self, contacts: &[Contact]) -> Result<(), StorageError> {
        let together = self.db().together().await?;
        let db = together.db();
        let mut totals = TotalsChange::default();
        for chunk in contacts.chunks(rows_per_statement(ALL_VALUES)) {
            let rows: Vec<_> = chunk.iter().map(all_values).collect::<Result<_, _>>()?;
            let sql = Sql::new(format!(
                "INSERT INTO contacts ({CHANGEABLE}, source, import_id, created_at) VALUES "
            ));
            db.execute(sql.rows(rows)).await?;
            for contact in chunk {
                totals.add(contact, contact.status, 1);
            }
        }
        insert_tags(db, contacts).await?;
        totals.store(db).await?;
        together.done().await
    }

    async fn find(&mut self, user: UserId, id: ContactId) -> Result<Option<Contact>, StorageError> {
        self.contact_by_id(user, id, "").await
    }

    async fn lock(&mut self, user: UserId, id: ContactId) -> Result<Option<Contact>, StorageError> {
        let lock = self.db().for_update();
        self.contact_by_id(user, id, lock).await
    }

    async fn find_many(
        &mut self,
        user: UserId,
        ids: &[ContactId],
    ) -> Result<Vec<Contact>, StorageError> {
        let unique: BTreeSet<ContactId> = ids.iter().copied().collect();
        let unique: Vec<ContactId> = unique.into_iter().collect();
        let mut found = Vec::with_capacity(unique.len());
        for chunk in unique.chunks(rows_per_statement(1)) {
            let sql = Sql::with(
                format!("SELECT {COLUMNS} FROM contacts AS r WHERE r.user_id = $1 AND r.id IN "),
                params![user],
            )
            .list(chunk.iter().copied());
            found.extend(self.contacts_by(sql).await?);
        }
        Ok(found)
    }

    async fn save(&mut self, contact: &Contact) -> Result<(), StorageError> {
        let together = self.db().together().await?;
        let db = together.db();
        let before: Option<BeforeRow> = db
            .one(Sql::with(
                format!(
                    "SELECT status, tags, created_at FROM contacts \
                     WHERE user_id = $1 AND id = $2{}",
                    db.for_update()
                ),
                params![contact.user_id, contact.id],
            ))
            .await?;
        let Some(before) = before else {
            return Ok(());
        };
        let row = Row {
            table: "contacts",
            id: contact.id.as_uuid(),
        };
        let status = row.parse("status", &before.status, ContactStatus::parse)?;
        let sql = "UPDATE contacts SET name = $3, name_key = $4, phone = $5, email = $6, \
             email_key = $7, tags = $8, notes = $9, status = $10, search_text = $11, \
             last_message_at = $12, updated_at = $13, unsubscribed_at = $14, \
             unsubscribed_source = $15 WHERE user_id = $1 AND id = $2";
        db.execute(Sql::with(sql, changeable(contact)?)).await?;
        let labels = |tags: &[Tag]| -> Vec<String> {
            tags.iter().map(|tag| tag.label().to_owned()).collect()
        };
        if labels(&tags(row, before.tags.as_deref())?) != labels(&contact.tags) {
            db.execute(Sql::with(
                "DELETE FROM contact_tags WHERE contact_id = $1",
                params![contact.id],
            ))
            .await?;
            // The time of creation is the stored one: it is not among what is saved.
            let stored = Contact {
                created_at: before.created_at,
                ..contact.clone()
            };
            insert_tags(db, &[stored]).await?;
        }
        let mut totals = TotalsChange::default();
        totals.add_one(contact.user_id, before.created_at, status, -1);
        totals.add_one(contact.user_id, before.created_at, contact.status, 1);
        totals.store(db).await?;
        together.done().await
    }

    async fn delete(&mut self, user: UserId, id: ContactId) -> Result<bool, StorageError> {
        let together = self.db().together().await?;
        let db = together.db();
        let deleted: Option<DeletedRow> = db
            .one(Sql::with(
                "DELETE FROM contacts WHERE user_id = $1 AND id = $2 \
                 RETURNING status, created_at",
                params![user, id],
            ))
            .await?;
        let Some(deleted) = deleted else {
            return Ok(false);
        };
        let row = Row {
            table: "contacts",
            id: id.as_uuid(),
        };
        let status = row.parse("status", &deleted.status, ContactStatus::parse)?;
        let mut totals = TotalsChange::default();
        totals.add_one(user, deleted.created_at, status, -1);
        totals.store(db).await?;
        together.done().await?;
        Ok(true)
    }

    async fn list(
        &mut self,
        user: UserId,
        filter: &ContactFilter,
        request: &ListRequest<ContactSort>,
    ) -> Result<Listing<Contact>, StorageError> {
        let part = list(user, filter, request)
            .part::<ContactRow>(self.db(), &request.paging, request.size)
            .await?;
        let total = match request.paging {
            Paging::Page { .. } => Some(ContactRepository::count(self, user, filter).await?),
            Paging::After { .. } => None,
        };
        let cursor = |row: &ContactRow| match request.sort {
            ContactSort::Name => (row.name_key.clone(), row.id),
            ContactSort::CreatedAt => (time_key(row.created_at), row.id),
        };
        part.listing(total, cursor, ContactRow::contact)
    }

    async fn count(&mut self, user: UserId, filter: &ContactFilter) -> Result<u64, StorageError> {
        let sql = if is_by_status_only(filter) {
            kept_total(user, filter.status)
        } else {
            counted(user, filter)
        };
        Ok(Number::count(self.db().one(sql).await?))
    }

    async fn known(
        &mut self,
        user: UserId,
        phones: &[PhoneNumber],
        emails: &[EmailAddress],
    ) -> Result<Vec<KnownAddress>, StorageError> {
        let mut found: HashMap<Uuid, KnownAddress> = HashMap::new();
        let phones: Vec<&str> = phones.iter().map(PhoneNumber::as_str).collect();
        let emails: Vec<&str> = emails.iter().map(EmailAddress::key).collect();
        for (column, addresses) in [("phone", phones), ("email_key", emails)] {
            for chunk in addresses.chunks(rows_per_statement(1)) {
                let sql = Sql::with(
                    format!(
                        "SELECT id, phone, email FROM contacts \
                         WHERE user_id = $1 AND {column} IN "
                    ),
                    params![user],
                )
                .list(chunk.iter().copied());
                let rows: Vec<KnownRow> = self.db().all(sql).await?;
                found.extend(rows.into_iter().map(|row| (row.id, row.known())));
            }
        }
        Ok(found.into_values().collect())
    }

    async fn tags(&mut self, user: UserId) -> Result<Vec<(Tag, u64)>, StorageError> {
        let sql = Sql::with(
            "SELECT min(label) AS label, count(*) AS number FROM contact_tags \
             WHERE user_id = $1 GROUP BY tag_key ORDER BY tag_key",
            params![user],
        );
        let rows: Vec<TagRow> = self.db().all(sql).await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let contacts = u64::try_from(row.number).unwrap_or_default();
                (Tag::from_stored(row.label), contacts)
            })
            .collect())
    }

    async fn recipients_of(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        audience: Option<Audience>,
        after: Option<ContactId>,
        most: u32,
    ) -> Result<Vec<Contact>, StorageError> {
        let after = after.map_or(Uuid::nil(), |id| id.as_uuid());
        let sql = match audience {
            None => Sql::with(
                format!(
                    "SELECT {COLUMNS} FROM campaign_choices AS c \
                     JOIN contacts AS r ON r.id = c.contact_id \
                     WHERE c.campaign_id = $3 AND c.contact_id > $2 \
                     AND c.user_id = $1 AND r.user_id = $1 ORDER BY c.contact_id LIMIT "
                ),
                params![user, after, campaign],
            ),
            Some(audience) => {
                let sql = Sql::with(
                    format!(
                        "SELECT {COLUMNS} FROM contacts AS r \
                         WHERE r.user_id = $1 AND r.id > $2 AND (EXISTS \
                         (SELECT 1 FROM campaign_choices AS c WHERE c.campaign_id = $3 \
                         AND c.contact_id = r.id AND c.user_id = $1) OR (r.user_id = $1"
                    ),
                    params![user, after, campaign],
                );
                conditions(sql, &audience.filter()).then(")) ORDER BY r.id LIMIT ")
            }
        };
        self.contacts_by(sql.bind(most)).await
    }

    async fn note_message(
        &mut self,
        user: UserId,
        ids: &[ContactId],
        at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        for chunk in ids.chunks(rows_per_statement(1)) {
            // Locked in the order of their ids: two that note overlapping sets wait for one
            // another instead of blocking each other for good.
            let sql = Sql::with(
                "UPDATE contacts SET last_message_at = $2 WHERE id IN \
                 (SELECT id FROM contacts WHERE user_id = $1 \
                 AND (last_message_at IS NULL OR last_message_at < $2) AND id IN ",
                params![user, at],
            )
            .list(chunk.iter().copied())
            .then(" ORDER BY id")
            .then(self.db().for_update())
            .then(")");
            self.db().execute(sql).await?;
        }
        Ok(())
    }
}
