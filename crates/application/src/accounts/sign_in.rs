//! Signing in.

use nexus_domain::User;
use nexus_domain::ports::{HashingError, StorageError};
use nexus_domain::values::EmailAddress;
use secrecy::{ExposeSecret, SecretString};

use super::{Accounts, Profile};

/// The longest password that is hashed at all, in bytes; no password that was ever set is longer
/// (128 characters of at most 4 bytes).
const LONGEST_PASSWORD: usize = 1_024;

/// What a person typed to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: SecretString,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// No account with this address and password; which of the two is wrong is not told.
    #[error("wrong e-mail address or password")]
    WrongCredentials,
    /// The password can't be checked now.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Accounts {
    /// Finds the account of this address and password; the caller opens the session.
    ///
    /// Every call hashes exactly once, so that an unknown or malformed address, or a password of
    /// any length, takes as long as a wrong password.
    pub async fn sign_in(&self, typed: SignIn) -> Result<Profile, SignInError> {
        let user = self.find_for_sign_in(&typed.email).await?;
        let right = self.is_password_of(user.as_ref(), typed.password).await?;
        let user = user
            .filter(|_| right)
            .ok_or(SignInError::WrongCredentials)?;
        let user = self.note_sign_in(&user).await?;
        tracing::info!(user_id = %user.id, "signed in");
        Ok(self.show(user))
    }

    async fn find_for_sign_in(&self, email: &str) -> Result<Option<User>, StorageError> {
        let Ok(email) = EmailAddress::parse(email) else {
            return Ok(None);
        };
        self.ports
            .storage
            .read()
            .users()
            .find_by_email(&email)
            .await
    }

    /// Whether this is the user's password; `false` after as much work when there is no user.
    pub(super) async fn is_password_of(
        &self,
        user: Option<&User>,
        password: SecretString,
    ) -> Result<bool, HashingError> {
        if password.expose_secret().len() > LONGEST_PASSWORD {
            self.ports
                .hasher
                .verify(SecretString::from(""), None)
                .await?;
            return Ok(false);
        }
        let hash = user.map(|user| user.password_hash.clone());
        self.ports.hasher.verify(password, hash).await
    }

    async fn note_sign_in(&self, verified: &User) -> Result<User, SignInError> {
        let mut unit = self.ports.storage.begin().await?;
        let mut user = unit
            .users()
            .lock(verified.id)
            .await?
            // The password may have been changed while the typed one was hashed.
            .filter(|user| user.password_hash == verified.password_hash)
            .ok_or(SignInError::WrongCredentials)?;
        user.last_login = Some(self.ports.clock.now());
        unit.users().save(&user).await?;
        unit.commit().await?;
        self.recent.forget(&user.id);
        Ok(user)
    }
}
