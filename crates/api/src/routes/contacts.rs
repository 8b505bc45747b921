//! Contacts.

pub mod bulk;
pub mod export;
pub mod fields;
mod filter;
pub mod merge;
pub mod segments;
pub mod tags;
mod uses;

use std::collections::BTreeMap;

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use chrono::{DateTime, Utc};
use nexus_application::Field;
use nexus_application::contacts::{
    ContactQuery, Contacts, CreateContact, CreateContactError, DeleteContactError, GetContactError,
    ListContactsError, UpdateContact, UpdateContactError,
};
use nexus_domain::values::{ContactSort, Language, SortDirection};
use nexus_domain::{Contact, ContactId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use self::fields::CustomFieldsBody;
use super::shared::{AnyFailure, CanConflict, NeedsObject, NeedsSession, Said, TakesValues};
use crate::errors::{ApiError, Code};
use crate::extract::{Body, ListQuery, Page, Patch, Query, SignedIn, language_of};

/// A contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactView {
    id: Uuid,
    #[schema(example = "Ana Torres")]
    name: String,
    #[schema(example = "+525512345678")]
    phone: Option<String>,
    #[schema(example = "ana@correo.mx")]
    email: Option<String>,
    #[schema(example = json!(["clientes", "vip"]))]
    tags: Vec<String>,
    notes: Option<String>,
    /// What you know of it besides, by the names of your custom fields.
    #[schema(example = json!({"Ciudad": "Lima"}))]
    custom_fields: BTreeMap<String, String>,
    /// `active`, `inactive` or `unsubscribed`.
    #[schema(example = "active")]
    status: &'static str,
    /// Since when it is unsubscribed; null when it is not, or was so before this was kept.
    unsubscribed_at: Option<DateTime<Utc>>,
    /// `user`, `import`, `provider` (the person stopped marketing in WhatsApp) or `customer` (the
    /// person wrote to you); null together with `unsubscribed_at`. What `provider` or `customer` took
    /// out, the person can bring back by a word; what you or a file did, only you.
    #[schema(example = "customer")]
    unsubscribed_source: Option<&'static str>,
    /// The word that the person wrote, of your `opt_out_words`.
    #[schema(example = "BAJA")]
    unsubscribed_word: Option<String>,
    /// `manual`, `file` or `inbound`.
    #[schema(example = "manual")]
    source: &'static str,
    last_message_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id.as_uuid(),
            name: contact.name.to_string(),
            phone: contact.phone.map(|phone| phone.to_string()),
            email: contact.email.map(|email| email.to_string()),
            tags: contact
                .tags
                .iter()
                .map(|tag| tag.label().to_owned())
                .collect(),
            notes: contact.notes.map(|notes| notes.to_string()),
            custom_fields: fields::view(&contact.custom_fields),
            status: contact.status.as_str(),
            unsubscribed_at: contact.opt_out.as_ref().map(|opt_out| opt_out.at),
            unsubscribed_source: contact
                .opt_out
                .as_ref()
                .map(|opt_out| opt_out.source.as_str()),
            unsubscribed_word: contact.opt_out.and_then(|opt_out| opt_out.word),
            source: contact.source.as_str(),
            last_message_at: contact.last_message_at,
            created_at: contact.created_at,
            updated_at: contact.updated_at,
        }
    }
}

/// A contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactEnvelope {
    contact: ContactView,
}

/// Part of the contacts.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactList {
    contacts: Vec<ContactView>,
    pagination: Page,
}

/// Which contacts are listed; every condition must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct ContactFilterQuery {
    /// A part of name, phone, e-mail, notes or tags; accents and case don't matter.
    search: Option<String>,
    /// With this tag; may be repeated.
    tag: Vec<String>,
    /// `active`, `inactive` or `unsubscribed`.
    status: Option<String>,
    /// `phone` or `email`; may be repeated.
    has: Vec<String>,
    /// Created at or after this time (RFC 3339).
    created_after: Option<String>,
    /// Created before this time (RFC 3339).
    created_before: Option<String>,
    /// In this segment, by its id.
    #[param(value_type = Option<Uuid>)]
    segment: Option<String>,
}

impl From<ContactFilterQuery> for ContactQuery {
    fn from(query: ContactFilterQuery) -> Self {
        Self {
            search: query.search,
            tags: query.tag,
            status: query.status,
            has: query.has,
            created_after: query.created_after,
            created_before: query.created_before,
            segment: query.segment,
        }
    }
}

/// A new contact: a name, and a phone number or an e-mail address.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct CreateContactBody {
    /// Up to 200 characters.
    #[schema(example = "Ana Torres")]
    name: Option<String>,
    /// With or without country code; without it, one of your `default_country`.
    #[schema(example = "55 1234 5678")]
    phone: Option<String>,
    /// An e-mail address.
    #[schema(example = "ana@correo.mx")]
    email: Option<String>,
    /// Up to 50 tags of up to 50 characters, without commas.
    #[schema(example = json!(["clientes", "vip"]))]
    tags: Option<Vec<String>>,
    /// Up to 5,000 characters.
    notes: Option<String>,
    /// Up to 30 custom fields, in all up to 50 names. A name has up to 40 letters, digits, `_` and
    /// spaces and is a placeholder of messages; accents and case don't matter. A value is a text of
    /// up to 500 characters, or a whole number.
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>, example = json!({"Ciudad": "Lima"}))]
    custom_fields: Option<CustomFieldsBody>,
    /// `active`, `inactive` or `unsubscribed`.
    #[schema(example = "active")]
    status: Option<String>,
}

/// Changes of a contact. An absent field is unchanged; `null` or `""` clears an optional one.
#[derive(Deserialize, ToSchema)]
pub struct UpdateContactBody {
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Ana Torres Ruiz")]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    phone: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email: Patch<String>,
    /// Replaces all tags.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    tags: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    notes: Patch<String>,
    /// Changes the custom fields that are named; one with `null` or `""` is removed, those that are
    /// not named stay. `null` in place of the object removes all.
    #[serde(default)]
    #[schema(
        value_type = Option<BTreeMap<String, Option<String>>>,
        example = json!({"Ciudad": "Lima", "Talla": null})
    )]
    custom_fields: Patch<CustomFieldsBody>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    status: Patch<String>,
    /// As the contact that is being changed had it. When the person has opted out since, `status` is
    /// not changed back: 409 with `opted_out_meanwhile`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    updated_at: Patch<serde_json::Value>,
}

fn duplicate(code: Code, existing: ContactId) -> ApiError {
    ApiError::new(code).with_member("contact_id", existing.to_string())
}

impl From<CreateContactError> for ApiError {
    fn from(error: CreateContactError) -> Self {
        match error {
            CreateContactError::Invalid(violations) => Self::invalid(&violations),
            CreateContactError::DuplicatePhone { existing } => {
                duplicate(Code::DuplicatePhone, existing)
            }
            CreateContactError::DuplicateEmail { existing } => {
                duplicate(Code::DuplicateEmail, existing)
            }
            CreateContactError::NoSuchUser => Self::new(Code::NotSignedIn),
            CreateContactError::Storage(error) => error.into(),
        }
    }
}

impl From<UpdateContactError> for ApiError {
    fn from(error: UpdateContactError) -> Self {
        match error {
            UpdateContactError::Invalid(violations) => Self::invalid(&violations),
            UpdateContactError::NotFound => Self::not_found(),
            UpdateContactError::DuplicatePhone { existing } => {
                duplicate(Code::DuplicatePhone, existing)
            }
            UpdateContactError::DuplicateEmail { existing } => {
                duplicate(Code::DuplicateEmail, existing)
            }
            UpdateContactError::OptedOutMeanwhile => Self::new(Code::OptedOutMeanwhile),
            UpdateContactError::NoSuchUser => Self::new(Code::NotSignedIn),
            UpdateContactError::Storage(error) => error.into(),
        }
    }
}

impl From<GetContactError> for ApiError {
    fn from(error: GetContactError) -> Self {
        match error {
            GetContactError::NotFound => Self::not_found(),
            GetContactError::Storage(error) => error.into(),
        }
    }
}

impl From<DeleteContactError> for ApiError {
    fn from(error: DeleteContactError) -> Self {
        match error {
            DeleteContactError::NotFound => Self::not_found(),
            DeleteContactError::Storage(error) => error.into(),
        }
    }
}

impl From<ListContactsError> for ApiError {
    fn from(error: ListContactsError) -> Self {
        match error {
            ListContactsError::Invalid(violations) => Self::invalid(&violations),
            ListContactsError::Storage(error) => error.into(),
        }
    }
}

/// The contacts, newest first unless sorted otherwise by `name` or `created_at`.
#[utoipa::path(
    tag = "contacts",
    operation_id = "list_contacts",
    params(ListQuery, ContactFilterQuery),
    responses(
        (status = 200, description = "Part of the contacts", body = ContactList),
        AnyFailure, NeedsSession, TakesValues,
    )
)]
#[get("")]
pub async fn list(
    contacts: Data<Contacts>,
    SignedIn(actor): SignedIn,
    Query(part): Query<ListQuery>,
    Query(filter): Query<ContactFilterQuery>,
) -> Result<Json<ContactList>, ApiError> {
    let request = part.read(&[
        (
            "created_at",
            ContactSort::CreatedAt,
            SortDirection::Descending,
        ),
        ("name", ContactSort::Name, SortDirection::Ascending),
    ])?;
    let listing = contacts.list(&actor, &filter.into(), &request).await?;
    Ok(Json(ContactList {
        pagination: Page::of(&listing, &request),
        contacts: listing.items.into_iter().map(Into::into).collect(),
    }))
}

/// Adds a contact.
#[utoipa::path(
    tag = "contacts",
    operation_id = "create_contact",
    request_body = CreateContactBody,
    responses(
        (status = 201, description = "Added", body = ContactEnvelope),
        AnyFailure, NeedsSession, TakesValues, CanConflict,
    )
)]
#[post("")]
pub async fn create(
    contacts: Data<Contacts>,
    SignedIn(actor): SignedIn,
    Body(body): Body<CreateContactBody>,
) -> Result<HttpResponse, ApiError> {
    let contact = contacts
        .create(
            &actor,
            CreateContact {
                name: body.name.unwrap_or_default(),
                phone: body.phone,
                email: body.email,
                tags: body.tags.unwrap_or_default(),
                notes: body.notes,
                custom_fields: body.custom_fields.unwrap_or_default().into(),
                status: body.status,
            },
        )
        .await?;
    Ok(HttpResponse::Created().json(ContactEnvelope {
        contact: contact.into(),
    }))
}

/// One contact.
#[utoipa::path(
    tag = "contacts",
    operation_id = "read_contact",
    params(("id" = Uuid, Path, description = "The contact")),
    responses(
        (status = 200, description = "The contact", body = ContactEnvelope),
        AnyFailure, NeedsSession, NeedsObject,
    )
)]
#[get("/{id}")]
pub async fn read(
    contacts: Data<Contacts>,
    SignedIn(actor): SignedIn,
    id: Path<Uuid>,
) -> Result<Json<ContactEnvelope>, ApiError> {
    let contact = contacts.get(&actor, ContactId::from_uuid(*id)).await?;
    Ok(Json(ContactEnvelope {
        contact: contact.into(),
    }))
}

/// Changes a contact.
#[utoipa::path(
    tag = "contacts",
    operation_id = "update_contact",
    params(("id" = Uuid, Path, description = "The contact")),
    request_body = UpdateContactBody,
    responses(
        (status = 200, description = "Changed", body = ContactEnvelope),
        AnyFailure, NeedsSession, NeedsObject, TakesValues, CanConflict,
    )
)]
#[put("/{id}")]
pub async fn update(
    contacts: Data<Contacts>,
    SignedIn(actor): SignedIn,
    id: Path<Uuid>,
    Body(body): Body<UpdateContactBody>,
) -> Result<Json<ContactEnvelope>, ApiError> {
    let contact = contacts
        .update(
            &actor,
            ContactId::from_uuid(*id),
            UpdateContact {
                name: body.name.into(),
                phone: body.phone.into(),
                email: body.email.into(),
                tags: body.tags.into_field(),
                notes: body.notes.into(),
                custom_fields: match body.custom_fields.into_field() {
                    Field::Keep => Field::Keep,
                    Field::Clear => Field::Clear,
                    Field::Set(fields) => Field::Set(fields.into()),
                },
                status: body.status.into(),
                // Whatever else is sent under this name says nothing.
                seen_at: body
                    .updated_at
                    .value()
                    .and_then(|value| value.as_str()?.parse().ok()),
            },
        )
        .await?;
    Ok(Json(ContactEnvelope {
        contact: contact.into(),
    }))
}

/// Deletes a contact. What was sent to it stays in the campaigns' records.
#[utoipa::path(
    tag = "contacts",
    operation_id = "delete_contact",
    params(("id" = Uuid, Path, description = "The contact")),
    responses(
        (status = 200, description = "Deleted", body = Said),
        AnyFailure, NeedsSession, NeedsObject,
    )
)]
#[delete("/{id}")]
pub async fn remove(
    contacts: Data<Contacts>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<Json<Said>, ApiError> {
    contacts.delete(&actor, ContactId::from_uuid(*id)).await?;
    let message = match language_of(&request) {
        Language::Es => "El contacto se eliminó.",
        Language::En => "The contact was deleted.",
    };
    Ok(Json(Said {
        message: message.to_owned(),
    }))
}
