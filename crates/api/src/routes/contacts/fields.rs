//! The custom fields of contacts.

use std::collections::BTreeMap;
use std::fmt;

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, delete, get};
use nexus_application::CustomFieldInput;
use nexus_application::bulk::{BulkChanges, DeleteFieldError, FieldUse};
use nexus_application::contacts::Contacts;
use nexus_domain::values::CustomFields;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize};
use utoipa::ToSchema;

use super::bulk::{BulkDone, BulkJobEnvelope, answer};
use crate::errors::{ApiError, Code};
use crate::extract::SignedIn;
use crate::routes::shared::{AnyFailure, CanConflict, NeedsObject, NeedsSession};

/// How many of the campaigns that use a field are named in the sentence.
const NAMED: usize = 5;

/// The value of a custom field in a body: a text, or a whole number as its text. `null` takes the
/// field away. Other numbers may not read as they were meant (`1.50`), and `true` is no word of
/// a message: they are refused.
#[derive(Debug, Serialize)]
struct FieldText(Option<String>);

impl<'de> Deserialize<'de> for FieldText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = FieldText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<FieldText, E> {
                Ok(FieldText(Some(text.to_owned())))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<FieldText, E> {
                Ok(FieldText(Some(number.to_string())))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<FieldText, E> {
                Ok(FieldText(Some(number.to_string())))
            }

            fn visit_unit<E: de::Error>(self) -> Result<FieldText, E> {
                Ok(FieldText(None))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

/// Custom fields in a body, by their names.
#[derive(Debug, Default, Serialize, DeriveDeserialize)]
pub struct CustomFieldsBody(BTreeMap<String, FieldText>);

impl From<CustomFieldsBody> for Vec<CustomFieldInput> {
    fn from(body: CustomFieldsBody) -> Self {
        let fields = body.0.into_iter();
        fields
            .map(|(name, FieldText(value))| CustomFieldInput { name, value })
            .collect()
    }
}

/// Custom fields in an answer, by their names.
pub(in crate::routes) fn view(fields: &CustomFields) -> BTreeMap<String, String> {
    fields
        .iter()
        .map(|(name, value)| (name.label().to_owned(), value.as_str().to_owned()))
        .collect()
}

/// A custom field that contacts may have.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldView {
    #[schema(example = "Ciudad")]
    name: String,
    /// What a campaign's message has where the value is to be.
    #[schema(example = "{Ciudad}")]
    placeholder: String,
}

/// The custom fields.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldList {
    fields: Vec<FieldView>,
}

/// The custom fields that your contacts may have, by name, each with its placeholder.
#[utoipa::path(
    tag = "contacts",
    operation_id = "list_contact_fields",
    responses(
        (status = 200, description = "The custom fields", body = FieldList),
        AnyFailure, NeedsSession,
    )
)]
#[get("/fields")]
pub async fn list(
    contacts: Data<Contacts>,
    SignedIn(actor): SignedIn,
) -> Result<Json<FieldList>, ApiError> {
    let names = contacts.fields(&actor).await?;
    let fields = names.iter().map(|name| FieldView {
        name: name.label().to_owned(),
        placeholder: name.placeholder(),
    });
    Ok(Json(FieldList {
        fields: fields.collect(),
    }))
}

fn in_use(campaigns: &[FieldUse]) -> ApiError {
    let mut names: Vec<&str> = campaigns.iter().map(|used| used.name.as_str()).collect();
    if names.len() > NAMED {
        names.truncate(NAMED);
        names.push("…");
    }
    let ids: Vec<String> = campaigns.iter().map(|used| used.id.to_string()).collect();
    ApiError::new(Code::FieldInUse)
        .with("campaigns", names.join(", "))
        .with_member("campaign_ids", ids)
}

impl From<DeleteFieldError> for ApiError {
    fn from(error: DeleteFieldError) -> Self {
        match error {
            DeleteFieldError::NotFound => Self::not_found(),
            DeleteFieldError::InUse { campaigns } => in_use(&campaigns),
            DeleteFieldError::Storage(error) => error.into(),
        }
    }
}

/// Deletes a custom field with its values; the contacts stay. More than 2,000 contacts are changed in
/// the background. While a campaign that may still be sent uses the field in its message, it can't be
/// deleted: `campaign_ids` says which.
#[utoipa::path(
    tag = "contacts",
    operation_id = "delete_contact_field",
    params(("name" = String, Path, description = "The field; accents and case don't matter")),
    responses(
        (status = 200, description = "Deleted", body = BulkDone),
        (status = 202, description = "Being deleted; follow it under the job's id", body = BulkJobEnvelope),
        AnyFailure, NeedsSession, NeedsObject, CanConflict,
    )
)]
#[delete("/fields/{name}")]
pub async fn remove(
    changes: Data<BulkChanges>,
    SignedIn(actor): SignedIn,
    name: Path<String>,
) -> Result<HttpResponse, ApiError> {
    Ok(answer(changes.delete_field(&actor, &name).await?))
}
