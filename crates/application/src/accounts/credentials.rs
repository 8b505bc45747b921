//! The credentials of a user's senders, opened for the moment of use.

use nexus_domain::ports::{SecretSealer, SenderCredentials};
use nexus_domain::{SecretField, User};

use super::secrets::open;

/// A user can't send over a channel yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("missing to send: {}", .missing.join(", "))]
pub struct CredentialsMissing {
    /// The profile's fields without which it doesn't work, by their names in the API.
    pub missing: Vec<&'static str>,
}

/// What WhatsApp needs to send for `user`. A key that no longer opens counts as missing: it has to
/// be entered again.
pub fn whatsapp_credentials(
    sealer: &dyn SecretSealer,
    user: &User,
) -> Result<SenderCredentials, CredentialsMissing> {
    let token = open(sealer, user, SecretField::WhatsappApiKey);
    match (token, &user.whatsapp_phone_number_id) {
        (Some(token), Some(phone_number_id)) => Ok(SenderCredentials {
            token,
            external_id: phone_number_id.as_str().to_owned(),
            business_account_id: user
                .whatsapp_business_account_id
                .as_ref()
                .map(|id| id.as_str().to_owned()),
        }),
        (token, phone_number_id) => {
            let mut missing = Vec::new();
            if token.is_none() {
                missing.push(SecretField::WhatsappApiKey.name());
            }
            if phone_number_id.is_none() {
                missing.push("whatsapp_phone_number_id");
            }
            Err(CredentialsMissing { missing })
        }
    }
}
