//! What the tests of the use cases have in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeZone as _, Utc};
use nexus_domain::ports::{Clock, Entropy, SealError, SecretSealer};
use nexus_domain::values::{Country, EmailAddress, Language, PersonName, TimeZone};
use nexus_domain::{
    Automation, NotificationSettings, OptOutSettings, PrivacySettings, ProviderKeys, SealedSecret,
    SecretField, Theme, User, UserId, WebhookKey,
};
use secrecy::{ExposeSecret, SecretString};

use crate::Actor;

pub(crate) fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 10, 0, 0)
        .single()
        .expect("a time that exists")
}

/// A clock that stands at [`now`].
pub(crate) fn clock() -> Arc<dyn Clock> {
    struct Standing;
    impl Clock for Standing {
        fn now(&self) -> DateTime<Utc> {
            now()
        }
    }
    Arc::new(Standing)
}

/// Bytes that differ each time.
pub(crate) fn entropy() -> Arc<dyn Entropy> {
    struct Counting(AtomicU64);
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            let count = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
            bytes.fill(0);
            for (byte, counted) in bytes.iter_mut().rev().zip(count.iter().rev()) {
                *byte = *counted;
            }
        }
    }
    Arc::new(Counting(AtomicU64::new(1)))
}

/// A sealer whose sealed values are readable, and which opens only what it sealed for that user
/// and field.
pub(crate) struct PaperSealer;

impl SecretSealer for PaperSealer {
    fn seal(&self, user: UserId, field: SecretField, secret: &SecretString) -> SealedSecret {
        SealedSecret::new(format!(
            "{user}/{}/{}",
            field.name(),
            secret.expose_secret()
        ))
    }

    fn open(
        &self,
        user: UserId,
        field: SecretField,
        sealed: &SealedSecret,
    ) -> Result<SecretString, SealError> {
        sealed
            .as_str()
            .strip_prefix(&format!("{user}/{}/", field.name()))
            .map(SecretString::from)
            .ok_or(SealError::UnknownKey)
    }
}

pub(crate) fn user() -> User {
    let entropy = entropy();
    User {
        id: UserId::new(now(), entropy.as_ref()),
        name: PersonName::parse("Ana Torres").expect("a name"),
        email: EmailAddress::parse("ana@example.com").expect("an address"),
        password_hash: "hash of the password".to_owned(),
        phone: None,
        company: None,
        keys: ProviderKeys::new(),
        whatsapp_phone_number_id: None,
        whatsapp_business_account_id: None,
        whatsapp_daily_limit: None,
        webhook_key: WebhookKey::new(entropy.as_ref()),
        automation: Automation::default(),
        opt_outs: OptOutSettings::default(),
        notifications: NotificationSettings::default(),
        privacy: PrivacySettings::default(),
        language: Language::Es,
        time_zone: TimeZone::UTC,
        theme: Theme::System,
        default_country: mexico(),
        created_at: now(),
        updated_at: now(),
        last_login: None,
    }
}

pub(crate) fn mexico() -> Country {
    Country::parse("MX").expect("a country")
}

pub(crate) fn actor() -> Actor {
    Actor::on_behalf_of(user().id)
}

/// Field and machine word of each violation, in order.
pub(crate) fn refused(violations: &nexus_domain::values::Violations) -> Vec<(String, String)> {
    violations
        .iter()
        .map(|(field, problem)| (field.to_owned(), problem.code().to_owned()))
        .collect()
}

/// `[("name", "required"), …]` as [`refused`] has it.
pub(crate) fn fields(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(field, code)| ((*field).to_owned(), (*code).to_owned()))
        .collect()
}
