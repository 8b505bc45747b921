//! Changing the password, and deleting the account, which asks for it too.

use nexus_domain::User;
use nexus_domain::ports::{HashingError, StorageError, UnneededFile};
use nexus_domain::values::{NewPassword, Problem, Violations};
use secrecy::{ExposeSecret, SecretString};

use super::Accounts;
use crate::Actor;
use crate::stored_files::delete_unneeded;

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// Fields that can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The current password is another one.
    #[error("wrong current password")]
    WrongPassword,
    /// The account is gone.
    #[error("no such user")]
    NoSuchUser,
    /// Passwords can't be hashed now.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why an account was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteAccountError {
    /// The password is another one.
    #[error("wrong password")]
    WrongPassword,
    /// The account is gone already.
    #[error("no such user")]
    NoSuchUser,
    /// The password can't be checked now.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Accounts {
    /// Sets a new password and ends every session of the user, the caller's too: whoever knew the
    /// old password is out. The caller opens a new session for itself.
    pub async fn change_password(
        &self,
        actor: &Actor,
        current: SecretString,
        new: SecretString,
    ) -> Result<(), ChangePasswordError> {
        let user = self
            .find(actor)
            .await?
            .ok_or(ChangePasswordError::NoSuchUser)?;
        let new = parse_passwords(&user, &current, &new).map_err(ChangePasswordError::Invalid)?;
        if !self.is_password_of(Some(&user), current).await? {
            return Err(ChangePasswordError::WrongPassword);
        }
        let password_hash = self.ports.hasher.hash(new.secret().clone()).await?;
        self.replace_password(&user, password_hash).await?;
        tracing::info!(user_id = %user.id, "the password was changed, every session ended");
        Ok(())
    }

    async fn replace_password(
        &self,
        verified: &User,
        password_hash: String,
    ) -> Result<(), ChangePasswordError> {
        let mut unit = self.ports.storage.begin().await?;
        let mut user = unit
            .users()
            .lock(verified.id)
            .await?
            .ok_or(ChangePasswordError::NoSuchUser)?;
        if user.password_hash != verified.password_hash {
            // Changed by another request while this one hashed.
            return Err(ChangePasswordError::WrongPassword);
        }
        user.password_hash = password_hash;
        user.updated_at = self.ports.clock.now();
        unit.users().save(&user).await?;
        unit.sessions().delete_of_user(user.id).await?;
        unit.commit().await?;
        self.recent.forget(&user.id);
        Ok(())
    }

    /// Deletes the account and everything of it: rows at once, files right after.
    pub async fn delete_account(
        &self,
        actor: &Actor,
        password: SecretString,
    ) -> Result<(), DeleteAccountError> {
        let user = self
            .find(actor)
            .await?
            .ok_or(DeleteAccountError::NoSuchUser)?;
        if !self.is_password_of(Some(&user), password).await? {
            return Err(DeleteAccountError::WrongPassword);
        }
        let mut unit = self.ports.storage.begin().await?;
        unit.sessions().delete_of_user(user.id).await?;
        if !unit.users().delete(user.id).await? {
            return Err(DeleteAccountError::NoSuchUser);
        }
        let now = self.ports.clock.now();
        unit.stored_files()
            .note_unneeded(user.id, &[UnneededFile::All], now)
            .await?;
        unit.commit().await?;
        self.recent.forget(&user.id);
        // The account is gone whatever becomes of its files, so their failure is not the answer.
        let (storage, files) = (self.ports.storage.as_ref(), self.ports.files.as_ref());
        delete_unneeded(storage, files, user.id, &[UnneededFile::All]).await;
        tracing::info!(user_id = %user.id, "the account was deleted");
        Ok(())
    }

    pub(super) async fn find(&self, actor: &Actor) -> Result<Option<User>, StorageError> {
        self.ports
            .storage
            .read()
            .users()
            .find(actor.user_id())
            .await
    }
}

fn parse_passwords(
    user: &User,
    current: &SecretString,
    new: &SecretString,
) -> Result<NewPassword, Violations> {
    let mut violations = Violations::new();
    if current.expose_secret().is_empty() {
        violations.add("current_password", Problem::Required);
    }
    let new = violations.check(
        "new_password",
        NewPassword::parse(new, &user.email, user.name.as_str()),
    );
    new.filter(|_| violations.is_empty()).ok_or(violations)
}
