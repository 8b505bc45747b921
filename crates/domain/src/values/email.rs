//! E-mail addresses.

use email_address::Options;

use super::Problem;

/// An e-mail address: kept as written for sending, compared without regard to case.
#[derive(Debug, Clone)]
pub struct EmailAddress {
    written: String,
    key: String,
}

impl EmailAddress {
    /// Accepts `local@domain.tld` (RFC 5321 lengths; no display name, no address literal).
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            return Err(Problem::Required);
        }
        let options = Options::default()
            .with_required_tld()
            .without_display_text()
            .without_domain_literal();
        // Quoted local parts are legal and never a customer's; they also smuggle spaces and '@'.
        if trimmed.len() > 254 || trimmed.contains(['"', '\r', '\n']) {
            return Err(Problem::InvalidEmail);
        }
        let address = email_address::EmailAddress::parse_with_options(trimmed, options)
            .map_err(|_| Problem::InvalidEmail)?;
        // No top-level domain is a single letter or begins with a digit (`ana@gmail.c`, `a@10.0.0.1`).
        let (_, tld) = address.domain().rsplit_once('.').unwrap_or_default();
        if tld.chars().count() < 2 || !tld.starts_with(char::is_alphabetic) {
            return Err(Problem::InvalidEmail);
        }
        Ok(Self::from_stored(trimmed.to_owned()))
    }

    /// The address that was stored.
    pub fn from_stored(written: String) -> Self {
        let key = written.to_lowercase();
        Self { written, key }
    }

    /// As the person wrote it: what is shown and sent to.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// What two spellings of one address have in common.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for EmailAddress {}

impl std::hash::Hash for EmailAddress {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl std::fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.written)
    }
}
