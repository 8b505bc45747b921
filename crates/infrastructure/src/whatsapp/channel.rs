//! Sending over WhatsApp.

use async_trait::async_trait;
use nexus_domain::ports::{
    Accepted, ChannelError, HandOverError, MessageChannel, OutgoingFile, OutgoingMessage,
    SenderCredentials, SenderProfile,
};
use nexus_domain::{ApprovedTemplate, ChannelKind, Failure, FailureCode};
use serde::Deserialize;

use super::config::{WhatsAppConfig, WhatsAppConfigError};
use super::graph::{Graph, path_segment, phone_number};
use super::messages::{SendAnswer, SendRequest};
use super::{media, templates};

/// WhatsApp's Cloud API as a channel. One is made for the process and shared by all users: it holds
/// the pool of connections, and the credentials come with every call.
#[derive(Debug, Clone)]
pub struct WhatsAppChannel {
    graph: Graph,
}

impl WhatsAppChannel {
    /// Builds the HTTP client. Nothing is called yet.
    pub fn new(config: &WhatsAppConfig) -> Result<Self, WhatsAppConfigError> {
        Ok(Self {
            graph: Graph::new(config)?,
        })
    }
}

/// What `GET /{phone_number_id}` answers.
#[derive(Deserialize)]
struct PhoneNumber {
    #[serde(rename = "display_phone_number")]
    display: String,
    verified_name: Option<String>,
    quality_rating: Option<String>,
    messaging_limit_tier: Option<String>,
}

/// What `GET /{waba_id}/phone_numbers` answers; other members of a number are passed over.
#[derive(Deserialize)]
struct NumbersOfAccount {
    #[serde(default)]
    data: Vec<NumberOfAccount>,
}

#[derive(Deserialize)]
struct NumberOfAccount {
    id: String,
}

/// More numbers than a business account may have (20, or 25 in older accounts).
const NUMBERS: &str = "100";

impl WhatsAppChannel {
    /// Whether the number belongs to the account that the credentials name. An account that this key
    /// can't see is not its own; what comes of any other trouble is not known.
    async fn is_in_account(&self, sender: &SenderCredentials) -> Option<bool> {
        let account = path_segment(sender.business_account_id.as_deref()?).ok()?;
        let path = format!("{account}/phone_numbers");
        let query = [("fields", "id"), ("limit", NUMBERS)];
        let answer = self.graph.get(&sender.token, &path, &query).await.ok()?;
        match answer.into::<NumbersOfAccount>().map_err(of_account) {
            Ok(numbers) => Some(
                numbers
                    .data
                    .iter()
                    .any(|number| number.id == sender.external_id),
            ),
            Err(ChannelError::AccountRefused(_)) => Some(false),
            Err(_) => None,
        }
    }
}

/// Where no message is sent, a wrong parameter is an id that this key can't see.
fn of_account(error: ChannelError) -> ChannelError {
    match error {
        ChannelError::Refused(failure) if failure.code == FailureCode::InvalidMessage => {
            ChannelError::AccountRefused(Failure {
                code: FailureCode::CredentialInvalid,
                ..failure
            })
        }
        other => other,
    }
}

#[async_trait]
impl MessageChannel for WhatsAppChannel {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Whatsapp
    }

    async fn send(
        &self,
        sender: &SenderCredentials,
        message: &OutgoingMessage,
    ) -> Result<Accepted, ChannelError> {
        let request = SendRequest::of(message)?;
        let path = format!("{}/messages", phone_number(sender)?);
        let answer = self.graph.post(&sender.token, &path, &request).await?;
        answer.into::<SendAnswer>().map(Accepted::from)
    }

    async fn hand_over(
        &self,
        sender: &SenderCredentials,
        file: &OutgoingFile,
    ) -> Result<String, HandOverError> {
        media::hand_over(&self.graph, sender, file).await
    }

    async fn check(&self, sender: &SenderCredentials) -> Result<SenderProfile, ChannelError> {
        let fields = [(
            "fields",
            "display_phone_number,verified_name,quality_rating,messaging_limit_tier",
        )];
        let answer = self
            .graph
            .get(&sender.token, phone_number(sender)?, &fields)
            .await?;
        let number: PhoneNumber = answer.into().map_err(of_account)?;
        Ok(SenderProfile {
            display_address: number.display,
            display_name: number.verified_name,
            quality: number.quality_rating,
            limit: number.messaging_limit_tier,
            in_account: self.is_in_account(sender).await,
        })
    }

    async fn templates(
        &self,
        sender: &SenderCredentials,
    ) -> Result<Vec<ApprovedTemplate>, ChannelError> {
        templates::all(&self.graph, sender)
            .await
            .map_err(of_account)
    }
}
