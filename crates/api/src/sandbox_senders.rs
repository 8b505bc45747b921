//! Senders for new accounts, registered with the sandbox.

use std::sync::Arc;

use async_trait::async_trait;
use nexus_domain::ports::{ProvisionedSender, ProvisioningError, SenderProvisioner};
use nexus_domain::{UserId, WebhookKey};
use nexus_sandbox::{AccountRegistration, Sandbox};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// Gives every account a number of its own on the sandbox's WhatsApp.
pub struct SandboxSenders {
    sandbox: Arc<Sandbox>,
    /// Where this server answers, for webhooks: `http://127.0.0.1:5000`.
    own_url: String,
}

impl SandboxSenders {
    /// Senders on `sandbox` whose webhooks come to `own_url`.
    pub fn new(sandbox: Arc<Sandbox>, own_url: String) -> Self {
        Self { sandbox, own_url }
    }
}

/// Made from the user's id, so that the same user gets the same values. They guard nothing: the
/// sandbox delivers to nobody.
fn derived(user: UserId, what: &str) -> String {
    hex::encode(Sha256::digest(format!("sandbox {what} {user}")))
}

/// Digits from the user's id, as Meta's ids are.
fn digits(user: UserId, what: &str, count: usize) -> String {
    let hash = derived(user, what);
    hash.bytes()
        .map(|byte| char::from(b'0' + byte % 10))
        .take(count)
        .collect()
}

#[async_trait]
impl SenderProvisioner for SandboxSenders {
    async fn provision(
        &self,
        user: UserId,
        webhook_key: &WebhookKey,
    ) -> Result<ProvisionedSender, ProvisioningError> {
        let account = AccountRegistration {
            access_token: format!("sandbox-{}", derived(user, "token")),
            phone_number_id: format!("1{}", digits(user, "number", 14)),
            business_account_id: format!("2{}", digits(user, "business", 14)),
            app_secret: derived(user, "app secret"),
            verify_token: derived(user, "verify token")[..32].to_owned(),
            display_phone_number: format!("5255{}", digits(user, "display", 8)),
            verified_name: "Negocio de prueba".to_owned(),
            webhook_url: Some(format!(
                "{}/api/webhooks/whatsapp/{}",
                self.own_url,
                webhook_key.as_str()
            )),
        };
        self.sandbox
            .register_account(&account)
            .map_err(|error| ProvisioningError(error.to_string()))?;
        Ok(ProvisionedSender {
            token: SecretString::from(account.access_token),
            phone_number_id: account.phone_number_id,
            business_account_id: account.business_account_id,
            app_secret: SecretString::from(account.app_secret),
            verify_token: SecretString::from(account.verify_token),
        })
    }
}
