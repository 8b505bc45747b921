//! What Meta judges: templates and numbers, and what it says of them by itself.
//!
//! Meta Graph API v23.0, "Webhooks reference": `message_template_status_update`,
//! `message_template_quality_update`, `phone_number_quality_update`, `account_update`.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use serde::Deserialize;
use serde_json::{Value, json};

use super::accounts::AccountRegistration;
use super::errors::GraphError;
use super::simulation::Simulation;
use super::webhooks::Notice;
use crate::entropy;
use crate::locks::{read, write};

/// Why nothing was judged.
#[derive(Debug, thiserror::Error)]
pub enum NewsError {
    #[error("no account has this phone number id")]
    UnknownAccount,
    #[error("the account has no template with this name and language")]
    UnknownTemplate,
    #[error("neither status nor quality is given")]
    Nothing,
    #[error("this is no template: {0}")]
    NoTemplate(String),
}

/// A judgement of a template.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateChange {
    pub name: String,
    pub language: String,
    /// Its new status, in Meta's words.
    #[serde(default)]
    pub status: Option<String>,
    /// Why, in Meta's words.
    #[serde(default)]
    pub reason: Option<String>,
    /// Its new quality, in Meta's words.
    #[serde(default)]
    pub quality: Option<String>,
    /// The webhook is lost.
    #[serde(default)]
    pub silent: bool,
}

/// One thing that Meta says by itself.
pub(crate) struct News {
    pub(crate) phone_number_id: String,
    pub(crate) field: String,
    value: Value,
    time: i64,
}

impl News {
    /// An entry of its own: its time is the time of all that is in an entry.
    pub(crate) fn entry(&self, account: &AccountRegistration) -> Value {
        json!({
            "id": account.business_account_id,
            "time": self.time,
            "changes": [{"field": self.field, "value": self.value}],
        })
    }
}

/// The quality of numbers that are not `GREEN`.
#[derive(Default)]
pub(crate) struct Ratings(RwLock<HashMap<String, String>>);

impl Ratings {
    pub(crate) fn of(&self, phone_number_id: &str) -> String {
        read(&self.0)
            .get(phone_number_id)
            .map_or_else(|| "GREEN".to_owned(), Clone::clone)
    }

    pub(crate) fn set(&self, phone_number_id: &str, quality: &str) {
        write(&self.0).insert(phone_number_id.to_owned(), quality.to_owned());
    }
}

fn is_template(template: &Value, name: &str, language: &str) -> bool {
    template["name"] == name && template["language"] == language
}

impl Simulation {
    fn account(&self, phone_number_id: &str) -> Result<Arc<AccountRegistration>, NewsError> {
        self.accounts()
            .get(phone_number_id)
            .ok_or(NewsError::UnknownAccount)
    }

    /// Adds a template, or refuses it as Meta does.
    pub(crate) fn create_template(
        &self,
        business_account_id: &str,
        mut template: Value,
        status: &str,
    ) -> Result<Value, GraphError> {
        for key in ["name", "language", "category"] {
            if template[key].as_str().is_none_or(str::is_empty) {
                return Err(GraphError::invalid(format!(
                    "The parameter {key} is required."
                )));
            }
        }
        let has_body = template["components"]
            .as_array()
            .is_some_and(|parts| parts.iter().any(|part| part["type"] == "BODY"));
        if !has_body {
            return Err(GraphError::invalid("The parameter components is required."));
        }
        template["id"] = entropy::object_id().into();
        template["status"] = status.into();
        if !template["parameter_format"].is_string() {
            template["parameter_format"] = "POSITIONAL".into();
        }
        if !template["quality_score"].is_object() {
            template["quality_score"] = json!({"score": "UNKNOWN"});
        }
        let (name, language) = (template["name"].clone(), template["language"].clone());
        self.templates().change(business_account_id, |templates| {
            let taken = templates
                .iter()
                .any(|known| known["name"] == name && known["language"] == language);
            if taken {
                return Err(GraphError::invalid(
                    "There is already a template with this name and language.",
                ));
            }
            templates.push(template.clone());
            Ok(template)
        })
    }

    /// Adds a template that is approved at once.
    pub(crate) fn add_template(
        &self,
        phone_number_id: &str,
        template: Value,
    ) -> Result<(), NewsError> {
        let account = self.account(phone_number_id)?;
        self.create_template(&account.business_account_id, template, "APPROVED")
            .map(|_| ())
            .map_err(|error| NewsError::NoTemplate(error.details))
    }

    /// Judges a template anew, and says so.
    pub(crate) fn change_template(
        self: &Arc<Self>,
        phone_number_id: &str,
        change: &TemplateChange,
    ) -> Result<(), NewsError> {
        let account = self.account(phone_number_id)?;
        if change.status.is_none() && change.quality.is_none() {
            return Err(NewsError::Nothing);
        }
        let business = &account.business_account_id;
        let before = self.templates().change(business, |templates| {
            let template = templates
                .iter_mut()
                .find(|template| is_template(template, &change.name, &change.language))?;
            let before = template.clone();
            if let Some(status) = &change.status {
                template["status"] = status.as_str().into();
                template["rejected_reason"] = change.reason.as_deref().unwrap_or("NONE").into();
            }
            if let Some(quality) = &change.quality {
                template["quality_score"] = json!({ "score": quality });
            }
            Some(before)
        });
        let before = before.ok_or(NewsError::UnknownTemplate)?;
        if change.silent {
            return Ok(());
        }
        let of_template = json!({
            "message_template_id": before["id"].as_str().and_then(|id| id.parse::<u64>().ok()),
            "message_template_name": change.name,
            "message_template_language": change.language,
        });
        if let Some(status) = &change.status {
            let mut value = of_template.clone();
            value["event"] = status.as_str().into();
            value["reason"] = change.reason.as_deref().unwrap_or("NONE").into();
            value["message_template_category"] = before["category"].clone();
            self.tell(phone_number_id, "message_template_status_update", value, 0)?;
        }
        if let Some(quality) = &change.quality {
            let mut value = of_template;
            value["previous_quality_score"] = before["quality_score"]["score"].clone();
            value["new_quality_score"] = quality.as_str().into();
            self.tell(phone_number_id, "message_template_quality_update", value, 0)?;
        }
        Ok(())
    }

    /// Says something by itself.
    pub(crate) fn tell(
        self: &Arc<Self>,
        phone_number_id: &str,
        field: &str,
        value: Value,
        seconds_ago: u32,
    ) -> Result<(), NewsError> {
        let account = self.account(phone_number_id)?;
        let news = News {
            phone_number_id: account.phone_number_id.clone(),
            field: field.to_owned(),
            value,
            time: entropy::now().timestamp() - i64::from(seconds_ago),
        };
        self.outboxes()
            .send(self, vec![Notice::News(Arc::new(news))]);
        Ok(())
    }
}
