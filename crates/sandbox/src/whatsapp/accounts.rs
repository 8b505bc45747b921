//! The businesses that are connected to the simulated WhatsApp.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, RwLock};

use axum::http::{HeaderMap, header};
use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::errors::GraphError;
use crate::locks::{read, write};

/// One phone number of one business, with the credentials its owner was given.
///
/// The values are made up by whoever registers the account; none of them is a secret of the
/// real provider.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRegistration {
    pub access_token: String,
    pub phone_number_id: String,
    pub business_account_id: String,
    /// Key of `X-Hub-Signature-256`.
    pub app_secret: String,
    /// What `GET webhook?hub.verify_token=` carries.
    pub verify_token: String,
    /// Digits of the business's own number.
    pub display_phone_number: String,
    #[serde(default = "default_verified_name")]
    pub verified_name: String,
    /// Where webhooks go: plain HTTP on a loopback address. Without it none are sent.
    #[serde(default)]
    pub webhook_url: Option<String>,
}

fn default_verified_name() -> String {
    "Negocio de prueba".to_owned()
}

impl fmt::Debug for AccountRegistration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountRegistration")
            .field("phone_number_id", &self.phone_number_id)
            .field("business_account_id", &self.business_account_id)
            .field("webhook_url", &self.webhook_url)
            .finish_non_exhaustive()
    }
}

/// Why an account can't be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    #[error("{0} must not be empty")]
    Empty(&'static str),
    #[error("{0} must be digits")]
    NotDigits(&'static str),
    #[error("webhook_url must be http:// on a loopback address")]
    WebhookUrl,
}

impl AccountRegistration {
    pub(crate) fn check(&self) -> Result<(), RegistrationError> {
        let required = [
            ("access_token", &self.access_token),
            ("app_secret", &self.app_secret),
            ("verify_token", &self.verify_token),
        ];
        if let Some((name, _)) = required.into_iter().find(|(_, value)| value.is_empty()) {
            return Err(RegistrationError::Empty(name));
        }
        let ids = [
            ("phone_number_id", &self.phone_number_id),
            ("business_account_id", &self.business_account_id),
        ];
        let digits = |value: &str| !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        if let Some((name, _)) = ids.into_iter().find(|(_, value)| !digits(value)) {
            return Err(RegistrationError::NotDigits(name));
        }
        match &self.webhook_url {
            Some(url) if !is_loopback_http(url) => Err(RegistrationError::WebhookUrl),
            _ => Ok(()),
        }
    }
}

/// The sandbox calls nothing outside this machine.
fn is_loopback_http(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        url.scheme() == "http"
            && url.host_str().is_some_and(|host| {
                let host = host.trim_start_matches('[').trim_end_matches(']');
                host == "localhost"
                    || host
                        .parse::<std::net::IpAddr>()
                        .is_ok_and(|address| address.is_loopback())
            })
    })
}

/// Accounts by phone number id.
#[derive(Default)]
pub(crate) struct Accounts(RwLock<HashMap<String, Arc<AccountRegistration>>>);

impl Accounts {
    /// Adds or replaces; `false` when nothing changed.
    pub(crate) fn upsert(&self, account: AccountRegistration) -> bool {
        let mut accounts = write(&self.0);
        let known = accounts.get(&account.phone_number_id);
        if known.is_some_and(|known| **known == account) {
            return false;
        }
        accounts.insert(account.phone_number_id.clone(), Arc::new(account));
        true
    }

    pub(crate) fn get(&self, phone_number_id: &str) -> Option<Arc<AccountRegistration>> {
        read(&self.0).get(phone_number_id).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<AccountRegistration>> {
        let mut all: Vec<_> = read(&self.0).values().cloned().collect();
        all.sort_by(|a, b| a.phone_number_id.cmp(&b.phone_number_id));
        all
    }

    pub(crate) fn of_business(&self, business_account_id: &str) -> Vec<Arc<AccountRegistration>> {
        let mut all = self.all();
        all.retain(|account| account.business_account_id == business_account_id);
        all
    }

    /// Some account this request's bearer token belongs to.
    pub(crate) fn bearer(&self, headers: &HeaderMap) -> Result<Bearer, GraphError> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim().to_owned())
            .ok_or_else(|| {
                GraphError::unauthorised("An access token is required to request this resource.")
            })?;
        let known = read(&self.0)
            .values()
            .any(|account| account.access_token == token);
        if known {
            Ok(Bearer(token))
        } else {
            Err(GraphError::unauthorised(
                "Invalid OAuth access token - Cannot parse access token",
            ))
        }
    }

    /// The account of this phone number id, if the request's token is its own.
    pub(crate) fn authorise(
        &self,
        headers: &HeaderMap,
        method: &str,
        phone_number_id: &str,
    ) -> Result<Arc<AccountRegistration>, GraphError> {
        let bearer = self.bearer(headers)?;
        self.get(phone_number_id)
            .filter(|account| bearer.owns(account))
            .ok_or_else(|| GraphError::unknown_object(method, phone_number_id))
    }
}

/// A token that belongs to at least one account.
pub(crate) struct Bearer(String);

impl Bearer {
    pub(crate) fn owns(&self, account: &AccountRegistration) -> bool {
        account.access_token == self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_stay_on_this_machine() {
        for url in [
            "http://127.0.0.1:9/x",
            "http://localhost:80/",
            "http://[::1]:8080/w",
        ] {
            assert!(is_loopback_http(url), "{url}");
        }
        for url in [
            "https://127.0.0.1/",
            "http://example.com/",
            "http://10.0.0.1/",
            "http://localhost.example.com/",
            "http://127.0.0.1@example.com/",
            "nonsense",
        ] {
            assert!(!is_loopback_http(url), "{url}");
        }
    }
}
