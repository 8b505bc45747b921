//! Contacts that change or go, one or many, with their tags.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::values::Tag;
use nexus_domain::{Contact, ContactId, ContactStatus, UserId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::connection::Connection;
use super::contact_filter::OF_USER;
use super::contact_rows::{CHANGEABLE, CHANGEABLE_VALUES, changeable, tags};
use super::contact_totals::TotalsChange;
use super::rows::{IdRow, Row};
use super::sql::{Sql, params, rows_per_statement};

pub(super) async fn insert_tags(db: &Connection, contacts: &[Contact]) -> Result<(), StorageError> {
    let rows: Vec<_> = contacts
        .iter()
        .flat_map(|contact| contact.tags.iter().map(move |tag| (contact, tag)))
        .collect();
    for chunk in rows.chunks(rows_per_statement(5)) {
        let sql =
            Sql::new("INSERT INTO contact_tags (contact_id, tag_key, user_id, label, created_at) ")
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

/// When the last message went to or came from these contacts, unless a later one is known. By id, as
/// all who note it.
pub(super) async fn note_last_messages(
    db: &Connection,
    contacts: impl Iterator<Item = &Contact>,
) -> Result<(), StorageError> {
    let noted: BTreeMap<ContactId, DateTime<Utc>> = contacts
        .filter_map(|contact| Some((contact.id, contact.last_message_at?)))
        .collect();
    if noted.is_empty() {
        return Ok(());
    }
    let sql = Sql::new("INSERT INTO contact_last_messages (contact_id, noted_at) ")
        .rows(noted.into_iter().map(|(id, at)| params![id, at]))
        .then(IF_LATER);
    db.execute(sql).await?;
    Ok(())
}

/// Ends a statement that notes last messages.
pub(super) const IF_LATER: &str = " ON CONFLICT (contact_id) DO UPDATE \
     SET noted_at = excluded.noted_at WHERE contact_last_messages.noted_at < excluded.noted_at";

/// What was stored of a contact.
#[derive(FromQueryResult)]
struct StoredRow {
    id: Uuid,
    status: String,
    tags: Option<String>,
    created_at: DateTime<Utc>,
}

impl StoredRow {
    fn row(&self) -> Row {
        Row {
            table: "contacts",
            id: self.id,
        }
    }

    fn status(&self) -> Result<ContactStatus, StorageError> {
        self.row()
            .parse("status", &self.status, ContactStatus::parse)
    }

    fn tags(&self) -> Result<Vec<Tag>, StorageError> {
        tags(self.row(), self.tags.as_deref())
    }

    fn has_labels(&self, wanted: &[Tag]) -> Result<bool, StorageError> {
        Ok(self
            .tags()?
            .iter()
            .map(Tag::label)
            .eq(wanted.iter().map(Tag::label)))
    }
}

/// As [`Contact`] but with the time of creation that is stored: it is not among what is saved.
struct Saved<'a> {
    contact: &'a Contact,
    before: StoredRow,
}

async fn stored(
    db: &Connection,
    user: UserId,
    contacts: &[Contact],
) -> Result<HashMap<Uuid, StoredRow>, StorageError> {
    let sql = Sql::with(
        format!(
            "SELECT r.id, r.status, r.tags, r.created_at FROM contacts AS r \
             WHERE {OF_USER} AND r.id IN "
        ),
        params![user],
    )
    .list(contacts.iter().map(|contact| contact.id))
    .then(" ORDER BY r.id")
    .then(db.for_update());
    let rows: Vec<StoredRow> = db.all(sql).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

async fn update(db: &Connection, saved: &[Saved<'_>]) -> Result<(), StorageError> {
    let rows: Vec<_> = saved
        .iter()
        .map(|saved| changeable(saved.contact))
        .collect::<Result<_, _>>()?;
    let sql = Sql::new(format!("WITH changed ({CHANGEABLE}) AS ("))
        .rows(rows)
        .then(
            ") UPDATE contacts SET name = c.name, name_key = c.name_key, phone = c.phone, \
             email = c.email, email_key = c.email_key, tags = c.tags, notes = c.notes, \
             status = c.status, search_text = c.search_text, \
             updated_at = c.updated_at, \
             unsubscribed_at = c.unsubscribed_at, \
             unsubscribed_source = c.unsubscribed_source, \
             unsubscribed_word = c.unsubscribed_word, unsubscribed_from = c.unsubscribed_from, \
             custom_fields = c.custom_fields \
             FROM changed AS c WHERE contacts.user_id = c.user_id AND contacts.id = c.id",
        );
    db.execute(sql).await?;
    Ok(())
}

async fn replace_tags(db: &Connection, saved: &[Saved<'_>]) -> Result<(), StorageError> {
    let mut retagged = Vec::new();
    for Saved { contact, before } in saved {
        if !before.has_labels(&contact.tags)? {
            retagged.push(Contact {
                created_at: before.created_at,
                ..(*contact).clone()
            });
        }
    }
    if retagged.is_empty() {
        return Ok(());
    }
    let sql = Sql::new("DELETE FROM contact_tags WHERE contact_id IN ")
        .list(retagged.iter().map(|contact| contact.id));
    db.execute(sql).await?;
    insert_tags(db, &retagged).await
}

impl SqlRepositories {
    /// Stores contacts of `user`; those that are not are passed over.
    pub(super) async fn save_contacts(
        &self,
        user: UserId,
        contacts: &[Contact],
    ) -> Result<(), StorageError> {
        let together = self.db().together().await?;
        let db = together.db();
        let mut totals = TotalsChange::default();
        for chunk in contacts.chunks(rows_per_statement(CHANGEABLE_VALUES)) {
            let mut before = stored(db, user, chunk).await?;
            let saved: Vec<_> = chunk
                .iter()
                .filter(|contact| contact.user_id == user)
                .filter_map(|contact| {
                    let before = before.remove(&contact.id.as_uuid())?;
                    Some(Saved { contact, before })
                })
                .collect();
            if saved.is_empty() {
                continue;
            }
            update(db, &saved).await?;
            replace_tags(db, &saved).await?;
            note_last_messages(db, saved.iter().map(|saved| saved.contact)).await?;
            for Saved { contact, before } in &saved {
                totals.count(user, before.created_at, before.status()?, -1);
                totals.count(user, before.created_at, contact.status, 1);
                totals.count_tags(user, &before.tags()?, -1);
                totals.count_tags(user, &contact.tags, 1);
            }
        }
        self.change_totals(together, totals).await
    }

    /// Hands over what belongs to `from`.
    pub(super) async fn move_history(
        &self,
        user: UserId,
        from: ContactId,
        to: ContactId,
    ) -> Result<(), StorageError> {
        let together = self.db().together().await?;
        let db = together.db();
        // By id, as all who change several rows of the ledger lock them.
        let rows = Sql::with(
            "SELECT r.id FROM campaign_contacts AS r \
             WHERE r.user_id = $1 AND r.contact_id IN ($2, $3) ORDER BY r.id",
            params![user, from, to],
        );
        db.all::<IdRow>(rows.then(db.for_update_of_r())).await?;
        for statement in [
            "UPDATE campaign_contacts SET contact_id = $3 \
             WHERE user_id = $1 AND contact_id = $2 AND NOT EXISTS \
             (SELECT 1 FROM campaign_contacts AS other \
             WHERE other.campaign_id = campaign_contacts.campaign_id AND other.contact_id = $3)",
            "UPDATE messages SET contact_id = $3 WHERE user_id = $1 AND contact_id = $2",
            "UPDATE automatic_replies SET contact_id = $3 WHERE user_id = $1 AND contact_id = $2",
            "UPDATE bot_activity SET contact_id = $3 WHERE user_id = $1 AND contact_id = $2",
            "INSERT INTO campaign_choices (campaign_id, contact_id, user_id) \
             SELECT campaign_id, $3, user_id FROM campaign_choices \
             WHERE user_id = $1 AND contact_id = $2 ON CONFLICT DO NOTHING",
        ] {
            db.execute(Sql::with(statement, params![user, from, to]))
                .await?;
        }
        together.done().await
    }

    /// Deletes contacts of `user`. How many there were.
    pub(super) async fn delete_contacts(
        &self,
        user: UserId,
        ids: &[ContactId],
    ) -> Result<u64, StorageError> {
        let together = self.db().together().await?;
        let db = together.db();
        let mut totals = TotalsChange::default();
        let mut deleted = 0;
        for chunk in ids.chunks(rows_per_statement(1)) {
            // Before the contacts, and by id, as all who change both do. Their rows in the ledger
            // lose the contact.
            let ledger = Sql::with(
                "SELECT r.id FROM campaign_contacts AS r \
                 JOIN contacts AS c ON c.id = r.contact_id WHERE c.user_id = $1 AND c.id IN ",
                params![user],
            )
            .list(chunk.iter().copied())
            .then(" ORDER BY r.id")
            .then(db.for_update_of_r());
            db.all::<IdRow>(ledger).await?;
            let sql = Sql::with(
                format!(
                    "DELETE FROM contacts WHERE id IN \
                     (SELECT r.id FROM contacts AS r WHERE {OF_USER} AND r.id IN "
                ),
                params![user],
            )
            .list(chunk.iter().copied())
            .then(" ORDER BY r.id")
            .then(db.for_update())
            .then(") RETURNING id, status, tags, created_at");
            let rows: Vec<StoredRow> = db.all(sql).await?;
            for row in &rows {
                totals.count(user, row.created_at, row.status()?, -1);
                totals.count_tags(user, &row.tags()?, -1);
            }
            deleted += rows.len() as u64;
        }
        self.change_totals(together, totals).await?;
        Ok(deleted)
    }
}
