//! Contacts and their tags.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{
    ContactRepository, CreatedContact, KnownAddress, ReachRule, RecipientTally, StorageError,
};
use nexus_domain::values::{ContactSort, EmailAddress, ListRequest, Listing, PhoneNumber, Tag};
use nexus_domain::{
    CampaignId, Contact, ContactFilter, ContactId, ContactSelection, ImportId, UserId,
};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::contact_changes::{IF_LATER, insert_tags, note_last_messages};
use super::contact_filter::{OF_USER, conditions, selected};
use super::contact_rows::{ALL_VALUES, CHANGEABLE, COLUMNS, ContactRow, KnownRow, all_values};
use super::contact_totals::TotalsChange;
use super::rows::{IdRow, Number};
use super::sql::{Sql, params, rows_per_statement};

#[derive(FromQueryResult)]
struct TagRow {
    /// `None` when nobody has it, whatever the totals say.
    label: Option<String>,
    number: i64,
}

impl SqlRepositories {
    async fn contacts_by(&self, sql: Sql) -> Result<Vec<Contact>, StorageError> {
        let rows: Vec<ContactRow> = self.db().all(sql).await?;
        rows.into_iter().map(ContactRow::contact).collect()
    }

    /// Which of these a campaign or a message has to do with.
    async fn used(&self, contacts: &[Contact]) -> Result<HashSet<Uuid>, StorageError> {
        let mut used = HashSet::new();
        for chunk in contacts.chunks(rows_per_statement(1)) {
            for table in [
                "campaign_contacts",
                "campaign_choices",
                "messages",
                "bot_activity",
            ] {
                let sql = Sql::new(format!(
                    "SELECT DISTINCT contact_id AS id FROM {table} WHERE contact_id IN "
                ))
                .list(chunk.iter().map(|contact| contact.id));
                let rows: Vec<IdRow> = self.db().all(sql).await?;
                used.extend(rows.into_iter().map(|row| row.id));
            }
        }
        Ok(used)
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
                "INSERT INTO contacts ({CHANGEABLE}, source, import_id, created_at) "
            ));
            db.execute(sql.rows(rows)).await?;
            note_last_messages(db, chunk.iter()).await?;
            for contact in chunk {
                totals.came(contact);
            }
        }
        insert_tags(db, contacts).await?;
        self.change_totals(together, totals).await
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
                format!("SELECT {COLUMNS} FROM contacts AS r WHERE {OF_USER} AND r.id IN "),
                params![user],
            )
            .list(chunk.iter().copied());
            found.extend(self.contacts_by(sql).await?);
        }
        Ok(found)
    }

    async fn lock_many(
        &mut self,
        user: UserId,
        ids: &[ContactId],
    ) -> Result<Vec<Contact>, StorageError> {
        let unique: BTreeSet<ContactId> = ids.iter().copied().collect();
        let unique: Vec<ContactId> = unique.into_iter().collect();
        let mut found = Vec::with_capacity(unique.len());
        // By id, chunk after chunk: two that lock overlapping sets wait for one another instead of
        // blocking each other for good.
        for chunk in unique.chunks(rows_per_statement(1)) {
            let sql = Sql::with(
                format!("SELECT {COLUMNS} FROM contacts AS r WHERE {OF_USER} AND r.id IN "),
                params![user],
            )
            .list(chunk.iter().copied())
            .then(" ORDER BY r.id")
            .then(self.db().for_update());
            found.extend(self.contacts_by(sql).await?);
        }
        Ok(found)
    }

    async fn save(&mut self, contact: &Contact) -> Result<(), StorageError> {
        self.save_contacts(contact.user_id, std::slice::from_ref(contact))
            .await
    }

    async fn save_many(&mut self, user: UserId, contacts: &[Contact]) -> Result<(), StorageError> {
        self.save_contacts(user, contacts).await
    }

    async fn delete(&mut self, user: UserId, id: ContactId) -> Result<bool, StorageError> {
        Ok(self.delete_contacts(user, &[id]).await? > 0)
    }

    async fn delete_many(&mut self, user: UserId, ids: &[ContactId]) -> Result<u64, StorageError> {
        self.delete_contacts(user, ids).await
    }

    async fn hand_over(
        &mut self,
        user: UserId,
        from: ContactId,
        to: ContactId,
    ) -> Result<(), StorageError> {
        self.move_history(user, from, to).await
    }

    async fn selected(
        &mut self,
        user: UserId,
        selection: &ContactSelection,
        after: Option<ContactId>,
        most: u32,
    ) -> Result<Vec<ContactId>, StorageError> {
        let Some(sql) = selected("r.id", user, selection, after, most) else {
            return Ok(Vec::new());
        };
        let rows: Vec<IdRow> = self.db().all(sql).await?;
        Ok(rows
            .into_iter()
            .map(|row| ContactId::from_uuid(row.id))
            .collect())
    }

    async fn lock_selected(
        &mut self,
        user: UserId,
        selection: &ContactSelection,
        after: Option<ContactId>,
        most: u32,
    ) -> Result<Vec<Contact>, StorageError> {
        let Some(sql) = selected(COLUMNS, user, selection, after, most) else {
            return Ok(Vec::new());
        };
        let lock = self.db().for_update();
        self.contacts_by(sql.then(lock)).await
    }

    async fn list(
        &mut self,
        user: UserId,
        filter: &ContactFilter,
        request: &ListRequest<ContactSort>,
    ) -> Result<Listing<Contact>, StorageError> {
        self.contact_list(user, filter, request).await
    }

    async fn count(&mut self, user: UserId, filter: &ContactFilter) -> Result<u64, StorageError> {
        self.contact_count(user, filter).await
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
                let sql = Sql::with("WITH wanted (address) AS (", params![user])
                    .rows(chunk.iter().map(|address| params![*address]))
                    .then(") SELECT r.id, r.phone, r.email FROM wanted CROSS JOIN ")
                    .then(&self.db().each_of(
                        "contacts",
                        &format!("r.{column} = wanted.address AND {OF_USER}"),
                    ));
                let rows: Vec<KnownRow> = self.db().all(sql).await?;
                found.extend(rows.into_iter().map(|row| (row.id, row.known())));
            }
        }
        Ok(found.into_values().collect())
    }

    async fn lock_created_by(
        &mut self,
        user: UserId,
        import: ImportId,
        after: Option<ContactId>,
        most: u32,
    ) -> Result<Vec<CreatedContact>, StorageError> {
        let after = after.map_or(Uuid::nil(), |id| id.as_uuid());
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM contacts AS r WHERE r.user_id = $1 AND r.import_id = $2 \
                 AND r.import_id IS NOT NULL AND r.id > $3 ORDER BY r.id LIMIT $4{}",
                self.db().for_update()
            ),
            params![user, import, after, i64::from(most)],
        );
        let contacts = self.contacts_by(sql).await?;
        let used = self.used(&contacts).await?;
        Ok(contacts
            .into_iter()
            .map(|contact| CreatedContact {
                is_used: used.contains(&contact.id.as_uuid()),
                contact,
            })
            .collect())
    }

    async fn tags(&mut self, user: UserId) -> Result<Vec<(Tag, u64)>, StorageError> {
        self.settle_totals().await?;
        let sql = Sql::with(
            "SELECT n.contacts AS number, (SELECT t.label FROM contact_tags AS t \
             WHERE t.user_id = n.user_id AND t.tag_key = n.tag_key \
             ORDER BY t.created_at, t.contact_id LIMIT 1) AS label \
             FROM contact_tag_totals AS n WHERE n.user_id = $1 AND n.contacts > 0 \
             ORDER BY n.tag_key",
            params![user],
        );
        let rows: Vec<TagRow> = self.db().all(sql).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let contacts = u64::try_from(row.number).unwrap_or_default();
                Some((Tag::from_stored(row.label?), contacts))
            })
            .collect())
    }

    async fn recipients_of(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        audience: Option<ContactFilter>,
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
            Some(filter) => {
                let sql = Sql::with(
                    format!(
                        "SELECT {COLUMNS} FROM contacts AS r \
                         WHERE r.user_id = $1 AND r.id > $2 AND (EXISTS \
                         (SELECT 1 FROM campaign_choices AS c WHERE c.campaign_id = $3 \
                         AND c.contact_id = r.id AND c.user_id = $1) OR (r.user_id = $1"
                    ),
                    params![user, after, campaign],
                );
                conditions(sql, &filter).then(")) ORDER BY r.id LIMIT ")
            }
        };
        self.contacts_by(sql.bind(most)).await
    }

    async fn many_changed(&mut self) -> Result<(), StorageError> {
        self.db().look_afresh(&["contacts", "contact_tags"]).await
    }

    async fn count_recipients(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        audience: Option<ContactFilter>,
    ) -> Result<u64, StorageError> {
        let chosen = Sql::with(
            "SELECT count(*) AS number FROM campaign_choices AS c \
             JOIN contacts AS r ON r.id = c.contact_id \
             WHERE c.campaign_id = $2 AND c.user_id = $1 AND r.user_id = $1",
            params![user, campaign],
        );
        let Some(filter) = audience else {
            return Ok(Number::count(self.db().one(chosen).await?));
        };
        // Counted apart, so that the audience is counted by its index or its total.
        let besides = conditions(chosen.then(" AND NOT (r.user_id = $1"), &filter).then(")");
        let besides = Number::count(self.db().one(besides).await?);
        Ok(besides + ContactRepository::count(self, user, &filter).await?)
    }

    async fn tally_recipients(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        audience: Option<ContactFilter>,
        rule: &ReachRule,
        most: u32,
    ) -> Result<RecipientTally, StorageError> {
        self.recipient_tally(user, campaign, audience.as_ref(), rule, most)
            .await
    }

    async fn note_message(
        &mut self,
        user: UserId,
        ids: &[ContactId],
        at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        for chunk in ids.chunks(rows_per_statement(1)) {
            // In the order of their ids: two that note overlapping sets wait for one another instead
            // of blocking each other for good.
            let sql = Sql::with(
                format!(
                    "INSERT INTO contact_last_messages (contact_id, noted_at) \
                     SELECT r.id, $2 FROM contacts AS r WHERE {OF_USER} AND r.id IN "
                ),
                params![user, at],
            )
            .list(chunk.iter().copied())
            .then(" ORDER BY r.id")
            .then(IF_LATER);
            self.db().execute(sql).await?;
        }
        Ok(())
    }
}
