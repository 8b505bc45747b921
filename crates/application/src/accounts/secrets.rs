//! The providers' secrets: write-only, shown as a mask, and kept when the mask comes back.

use std::collections::BTreeMap;

use nexus_domain::ports::SecretSealer;
use nexus_domain::values::{Problem, Violations};
use nexus_domain::{SecretField, User};
use secrecy::{ExposeSecret, SecretString};

use crate::Field;

/// What stands for the hidden part.
const HIDDEN: &str = "••••••••";
/// How much of a secret is shown, in characters.
const SHOWN: usize = 4;
/// A shorter secret is hidden whole: its last characters would be too much of it.
const SHORTEST_SHOWN: usize = 12;
/// The longest secret that is kept, in characters.
const LONGEST: usize = 4_096;

/// Opens a secret of the user; one that doesn't open is logged and as good as none.
pub(crate) fn open(
    sealer: &dyn SecretSealer,
    user: &User,
    field: SecretField,
) -> Option<SecretString> {
    let sealed = user.keys.get(&field)?;
    sealer
        .open(user.id, field, sealed)
        .inspect_err(|error| {
            tracing::error!(
                user_id = %user.id,
                field = field.name(),
                %error,
                "a stored secret does not open"
            );
        })
        .ok()
}

/// The masks of the secrets that are stored.
pub(super) fn masks(sealer: &dyn SecretSealer, user: &User) -> BTreeMap<SecretField, String> {
    user.keys
        .keys()
        .map(|field| (*field, mask(open(sealer, user, *field).as_ref())))
        .collect()
}

fn mask(secret: Option<&SecretString>) -> String {
    let text = secret.map_or("", ExposeSecret::expose_secret);
    let length = text.chars().count();
    let shown = if length < SHORTEST_SHOWN { 0 } else { SHOWN };
    let last = text.chars().skip(length - shown);
    HIDDEN.chars().chain(last).collect()
}

/// Changes one secret of the user as the profile's form asks.
pub(super) fn change(
    sealer: &dyn SecretSealer,
    user: &mut User,
    field: SecretField,
    wish: &Field<SecretString>,
    violations: &mut Violations,
) {
    let typed = match wish {
        Field::Keep => return,
        Field::Clear => "",
        Field::Set(secret) => secret.expose_secret().trim(),
    };
    if typed.is_empty() {
        user.keys.remove(&field);
        return;
    }
    let stored = user.keys.contains_key(&field);
    if stored && typed == mask(open(sealer, user, field).as_ref()) {
        return;
    }
    if let Some(secret) = violations.check(field.name(), parse(typed)) {
        let sealed = sealer.seal(user.id, field, &secret);
        user.keys.insert(field, sealed);
    }
}

fn parse(typed: &str) -> Result<SecretString, Problem> {
    if typed.chars().count() > LONGEST {
        return Err(Problem::TooLong { max: 4_096 });
    }
    if typed.chars().any(char::is_control) {
        return Err(Problem::ControlCharacter);
    }
    if typed.starts_with(HIDDEN) {
        // The mask of another secret, from a form that was loaded before this one was changed:
        // stored, it would replace a key that works.
        return Err(Problem::Malformed {
            expected: "the whole key".to_owned(),
        });
    }
    Ok(SecretString::from(typed))
}
