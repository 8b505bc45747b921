//! Contacts as they are stored.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{KnownAddress, StorageError};
use nexus_domain::values::{
    CustomFields, EmailAddress, FieldName, FieldValue, LongText, PersonName, PhoneNumber, Tag, fold,
};
use nexus_domain::{
    Contact, ContactId, ContactSource, ContactStatus, ImportId, OptOut, OptOutSource, UserId,
};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::Value;
use uuid::Uuid;

use super::rows::{Row, to_json};
use super::sql::params;

pub(super) const COLUMNS: &str = "r.id, r.user_id, r.name, r.name_key, r.phone, r.email, r.tags, \
     r.notes, r.custom_fields, r.status, r.unsubscribed_at, r.unsubscribed_source, \
     r.unsubscribed_word, r.unsubscribed_from, r.source, r.import_id, r.created_at, r.updated_at, \
     (SELECT noted.noted_at FROM contact_last_messages AS noted WHERE noted.contact_id = r.id) \
     AS last_message_at";

#[derive(FromQueryResult)]
pub(super) struct ContactRow {
    pub(super) id: Uuid,
    user_id: Uuid,
    name: String,
    pub(super) name_key: String,
    phone: Option<String>,
    email: Option<String>,
    tags: Option<String>,
    notes: Option<String>,
    custom_fields: Option<String>,
    status: String,
    unsubscribed_at: Option<DateTime<Utc>>,
    unsubscribed_source: Option<String>,
    unsubscribed_word: Option<String>,
    unsubscribed_from: Option<String>,
    source: String,
    import_id: Option<Uuid>,
    last_message_at: Option<DateTime<Utc>>,
    pub(super) created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl ContactRow {
    pub(super) fn contact(self) -> Result<Contact, StorageError> {
        let row = Row {
            table: "contacts",
            id: self.id,
        };
        let source = match (self.source.as_str(), self.import_id) {
            ("manual", _) => Some(ContactSource::Manual),
            ("inbound", _) => Some(ContactSource::Inbound),
            ("file", Some(id)) => Some(ContactSource::File(ImportId::from_uuid(id))),
            _ => None,
        };
        let opt_out = match (self.unsubscribed_at, self.unsubscribed_source.as_deref()) {
            (Some(at), Some(word)) => {
                let (all, as_str) = (&OptOutSource::ALL, OptOutSource::as_str);
                let source = row.word("unsubscribed_source", word, all, as_str)?;
                let from = self.unsubscribed_from.as_deref();
                let before = row.parse_some("unsubscribed_from", from, ContactStatus::parse)?;
                Some(OptOut {
                    at,
                    source,
                    word: self.unsubscribed_word,
                    before: before.unwrap_or_default(),
                })
            }
            _ => None,
        };
        Ok(Contact {
            id: ContactId::from_uuid(self.id),
            user_id: UserId::from_uuid(self.user_id),
            name: row.parse("name", &self.name, PersonName::parse)?,
            phone: self.phone.map(PhoneNumber::from_stored),
            email: self.email.map(EmailAddress::from_stored),
            tags: tags(row, self.tags.as_deref())?,
            notes: row.parse_some("notes", self.notes.as_deref(), LongText::parse)?,
            custom_fields: custom_fields(row, self.custom_fields.as_deref())?,
            status: row.parse("status", &self.status, ContactStatus::parse)?,
            opt_out,
            source: row.need("source", source)?,
            last_message_at: self.last_message_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// The tags of a contact from its column.
pub(super) fn tags(row: Row, stored: Option<&str>) -> Result<Vec<Tag>, StorageError> {
    let Some(stored) = stored else {
        return Ok(Vec::new());
    };
    let labels: Vec<String> = row.json("tags", stored)?;
    Ok(labels.into_iter().map(Tag::from_stored).collect())
}

/// The custom fields of a contact from their column.
fn custom_fields(row: Row, stored: Option<&str>) -> Result<CustomFields, StorageError> {
    let Some(stored) = stored else {
        return Ok(CustomFields::default());
    };
    let fields: BTreeMap<String, String> = row.json("custom_fields", stored)?;
    Ok(CustomFields::from_stored(fields.into_iter().map(
        |(label, value)| {
            let name = FieldName::from_stored(&label);
            (name, FieldValue::from_stored(value))
        },
    )))
}

fn custom_fields_json(fields: &CustomFields) -> Result<Option<String>, StorageError> {
    if fields.is_empty() {
        return Ok(None);
    }
    let fields: BTreeMap<&str, &str> = fields
        .iter()
        .map(|(name, value)| (name.label(), value.as_str()))
        .collect();
    to_json(&fields).map(Some)
}

/// What the column has of a contact that has this field, spelled so, and of no other: within values
/// quotation marks are escaped.
pub(super) fn field_needle(name: &FieldName) -> String {
    format!("\"{}\":\"", name.label())
}

/// What can change, in the order of [`CHANGEABLE`].
pub(super) fn changeable(contact: &Contact) -> Result<Vec<Value>, StorageError> {
    let labels: Vec<&str> = contact.tags.iter().map(Tag::label).collect();
    let tags = if labels.is_empty() {
        None
    } else {
        Some(to_json(&labels)?)
    };
    let wish = contact.opt_out.as_ref();
    Ok(params![
        contact.user_id,
        contact.id,
        contact.name.as_str(),
        fold(contact.name.as_str()),
        contact.phone.as_ref().map(PhoneNumber::as_str),
        contact.email.as_ref().map(EmailAddress::as_str),
        contact.email.as_ref().map(EmailAddress::key),
        tags,
        contact.notes.as_ref().map(LongText::as_str),
        contact.status.as_str(),
        contact.search_text(),
        contact.updated_at,
        wish.map(|wish| wish.at),
        wish.map(|wish| wish.source.as_str()),
        wish.and_then(|wish| wish.word.as_deref()),
        wish.map(|wish| wish.before.as_str()),
        custom_fields_json(&contact.custom_fields)?,
    ])
}

pub(super) const CHANGEABLE: &str = "user_id, id, name, name_key, phone, email, email_key, tags, \
     notes, status, search_text, updated_at, unsubscribed_at, \
     unsubscribed_source, unsubscribed_word, unsubscribed_from, custom_fields";

/// How many values [`changeable`] are.
pub(super) const CHANGEABLE_VALUES: usize = 17;

/// Every value of a new row: those that can change, then those that can't.
pub(super) fn all_values(contact: &Contact) -> Result<Vec<Value>, StorageError> {
    let import_id = match contact.source {
        ContactSource::File(id) => Some(id),
        ContactSource::Manual | ContactSource::Inbound => None,
    };
    let mut values = changeable(contact)?;
    values.extend(params![
        contact.source.as_str(),
        import_id,
        contact.created_at,
    ]);
    Ok(values)
}

/// How many values [`all_values`] are.
pub(super) const ALL_VALUES: usize = 20;

#[derive(FromQueryResult)]
pub(super) struct KnownRow {
    pub(super) id: Uuid,
    phone: Option<String>,
    email: Option<String>,
}

impl KnownRow {
    pub(super) fn known(self) -> KnownAddress {
        KnownAddress {
            id: ContactId::from_uuid(self.id),
            phone: self.phone.map(PhoneNumber::from_stored),
            email: self.email.map(EmailAddress::from_stored),
        }
    }
}
