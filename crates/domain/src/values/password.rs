//! New passwords: length and a list of the most used ones, no composition rules (NIST SP 800-63B §3.1.1.2).

use std::collections::HashSet;
use std::sync::LazyLock;

use secrecy::{ExposeSecret, SecretString};

use super::{EmailAddress, Problem, fold};

/// The most used passwords of ten or more characters; see `common_passwords.txt` for its source.
static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect()
});

/// A password that may be set: 10 to 128 characters and not among the most used.
#[derive(Debug, Clone)]
pub struct NewPassword(SecretString);

impl NewPassword {
    /// The least characters.
    pub const MIN: usize = 10;
    /// The most characters; hashing time depends on it.
    pub const MAX: usize = 128;

    /// Accepts a password for the person with this name and address.
    pub fn parse(raw: &SecretString, email: &EmailAddress, name: &str) -> Result<Self, Problem> {
        let text = raw.expose_secret();
        let length = text.chars().count();
        if length == 0 {
            return Err(Problem::Required);
        }
        if length < Self::MIN {
            return Err(Problem::TooShort { min: 10 });
        }
        if length > Self::MAX {
            return Err(Problem::TooLong { max: 128 });
        }
        let folded = fold(text);
        let address = fold(email.as_str());
        let local = address.split('@').next().unwrap_or_default();
        let one_character = text.chars().all(|c| text.starts_with(c));
        if one_character
            || COMMON.contains(folded.as_str())
            || folded == address
            || folded == local
            || folded == fold(name)
        {
            return Err(Problem::CommonPassword);
        }
        Ok(Self(raw.clone()))
    }

    /// The password, for the hasher.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }
}
