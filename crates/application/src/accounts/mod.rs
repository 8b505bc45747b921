//! Accounts: registration, sign-in, profile and settings, the providers' secrets.

mod credentials;
mod opt_outs;
mod password;
mod profile;
mod register;
mod secrets;
mod sign_in;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use nexus_domain::UserId;
use nexus_domain::ports::{
    Clock, Entropy, FileStore, PasswordHasher, SecretSealer, SenderProvisioner, Storage,
};
use nexus_domain::values::{Country, Language, TimeZone};

use crate::Recent;

pub use credentials::{CredentialsMissing, whatsapp_credentials};
pub use password::{ChangePasswordError, DeleteAccountError};
pub use profile::{Profile, ProfileChanges, ProfileError, UpdateProfileError};
pub use register::{Register, RegisterError};
pub use sign_in::{SignIn, SignInError};

pub(crate) use secrets::open as open_secret;

/// What the use cases on accounts work with.
#[derive(Clone)]
pub struct AccountPorts {
    /// The store.
    pub storage: Arc<dyn Storage>,
    /// Hashes passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Seals the providers' secrets.
    pub sealer: Arc<dyn SecretSealer>,
    /// The users' files, which go with the account.
    pub files: Arc<dyn FileStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids and keys.
    pub entropy: Arc<dyn Entropy>,
    /// Gives new accounts a sender that works at once; only where the sandbox stands in for the
    /// providers.
    pub provisioner: Option<Arc<dyn SenderProvisioner>>,
}

/// The settings of a new account, where the person gave none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountDefaults {
    /// The language.
    pub language: Language,
    /// The time zone.
    pub time_zone: TimeZone,
    /// The country of phone numbers written without prefix.
    pub default_country: Country,
}

/// The use cases on accounts.
#[derive(Clone)]
pub struct Accounts {
    ports: AccountPorts,
    defaults: AccountDefaults,
    recent: Arc<Recent<UserId, Profile>>,
}

impl Accounts {
    /// The use cases over these ports.
    pub fn new(ports: AccountPorts, defaults: AccountDefaults) -> Self {
        Self {
            ports,
            defaults,
            recent: Arc::default(),
        }
    }
}
