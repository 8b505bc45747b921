//! Sending over WhatsApp.

use async_trait::async_trait;
use nexus_domain::ports::{
    Accepted, ApprovedTemplate, ChannelError, MessageChannel, OutgoingMessage, SenderCredentials,
    SenderProfile,
};
use nexus_domain::{ChannelKind, Failure, FailureCode};
use serde::Deserialize;

use super::config::{WhatsAppConfig, WhatsAppConfigError};
use super::graph::{Graph, phone_number};
use super::messages::{SendAnswer, SendRequest};
use super::templates;

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

    async fn check(&self, sender: &SenderCredentials) -> Result<SenderProfile, ChannelError> {
        let fields = [(
            "fields",
            "display_phone_number,verified_name,quality_rating",
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
