//! An inbox, and a provider that signs and says what a test wants.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use nexus_domain::ports::{Clock, UnreadableWebhook, WebhookReader};
use nexus_domain::{
    AttemptId, CampaignContact, CampaignContactId, CampaignId, ChannelEvent, InboundMessage,
    MessageBody, StatusReport, StatusUpdate, User, UserId, WebhookEvent,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;

use crate::delivery::tests::units::Connection;
use crate::delivery::tests::world::World;
use crate::fixtures::PaperSealer;
use crate::webhooks::{WebhookPorts, WebhookWorker, Webhooks};

/// Bodies are numbers: the place of what they say.
#[derive(Default)]
pub(crate) struct NumberedReader {
    said: Mutex<Vec<Vec<ChannelEvent>>>,
}

impl NumberedReader {
    fn body_saying(&self, events: Vec<ChannelEvent>) -> Vec<u8> {
        let mut said = self.said.lock().expect("no test panics meanwhile");
        said.push(events);
        (said.len() - 1).to_string().into_bytes()
    }
}

impl WebhookReader for NumberedReader {
    fn is_authentic(&self, secret: &SecretString, signature: &str, body: &[u8]) -> bool {
        signature == sign(secret.expose_secret(), body)
    }

    fn is_verify_token(&self, known: &SecretString, token: &str) -> bool {
        known.expose_secret() == token
    }

    fn read(&self, body: &[u8]) -> Result<Vec<ChannelEvent>, UnreadableWebhook> {
        let unreadable = || UnreadableWebhook("not a number".to_owned());
        let place: usize = std::str::from_utf8(body)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(unreadable)?;
        let said = self.said.lock().expect("no test panics meanwhile");
        said.get(place).cloned().ok_or_else(unreadable)
    }
}

pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    format!("{secret} over {}", String::from_utf8_lossy(body))
}

pub(crate) struct Inbox {
    pub(crate) world: World,
    pub(crate) connection: Connection,
    pub(crate) wake: Arc<Notify>,
    reader: Arc<NumberedReader>,
}

impl Inbox {
    pub(crate) fn of(world: World) -> Self {
        Self {
            connection: Connection::to(&world.ledger),
            world,
            wake: Arc::new(Notify::new()),
            reader: Arc::default(),
        }
    }

    /// An inbox after a campaign was sent to so many people.
    pub(crate) async fn after_sending_to(people: usize) -> (Self, CampaignId) {
        let world = World::new();
        let campaign = world.campaign(people);
        world.send_all(campaign).await;
        (Self::of(world), campaign)
    }

    fn ports(&self) -> WebhookPorts {
        WebhookPorts {
            storage: Arc::new(self.connection.clone()),
            sealer: Arc::new(PaperSealer),
            reader: Arc::clone(&self.reader) as Arc<dyn WebhookReader>,
            clock: Arc::clone(&self.world.clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&self.world.entropy),
            wake: Arc::clone(&self.wake),
        }
    }

    pub(crate) fn webhooks(&self) -> Webhooks {
        Webhooks::new(self.ports())
    }

    pub(crate) fn worker(&self) -> WebhookWorker {
        WebhookWorker::new(self.ports())
    }

    pub(crate) fn user(&self, id: UserId) -> User {
        self.world.ledger.with(|tables| tables.users[&id].clone())
    }

    /// The provider delivers a webhook to this user.
    pub(crate) async fn receive_for(&self, user: UserId, events: Vec<ChannelEvent>) {
        let body = self.reader.body_saying(events);
        let key = self.user(user).webhook_key.as_str().to_owned();
        let signature = sign("app secret", &body);
        self.webhooks()
            .receive(&key, &signature, body)
            .await
            .expect("it is authentic");
    }

    /// As [`Self::receive_for`], to the user of a test with only one.
    pub(crate) async fn receive(&self, events: Vec<ChannelEvent>) {
        self.receive_for(self.world.business.user, events).await;
    }

    /// Applies all that is due.
    pub(crate) async fn work(&self) {
        let worker = self.worker();
        while worker.run_once().await.expect("the store works") {}
    }

    /// Receives and applies a webhook.
    pub(crate) async fn take(&self, event: ChannelEvent) {
        self.receive(vec![event]).await;
        self.work().await;
    }

    /// What was received, oldest first.
    pub(crate) fn events(&self) -> Vec<WebhookEvent> {
        self.world
            .ledger
            .with(|tables| tables.webhooks.values().cloned().collect())
    }

    pub(crate) fn recipient(&self, id: CampaignContactId) -> CampaignContact {
        self.world.recipient(id)
    }
}

/// A report on the recipient's current attempt.
pub(crate) fn report(
    recipient: &CampaignContact,
    update: StatusUpdate,
    at: DateTime<Utc>,
) -> ChannelEvent {
    let attempt = recipient.attempt().expect("it was begun");
    report_on(attempt, update, at)
}

pub(crate) fn report_on(
    attempt: AttemptId,
    update: StatusUpdate,
    at: DateTime<Utc>,
) -> ChannelEvent {
    ChannelEvent::Status(StatusReport {
        attempt: Some(attempt),
        message_id: format!("wamid.{attempt}"),
        update,
        at,
    })
}

/// A report without our opaque data.
pub(crate) fn report_by_id(
    message_id: &str,
    update: StatusUpdate,
    at: DateTime<Utc>,
) -> ChannelEvent {
    ChannelEvent::Status(StatusReport {
        attempt: None,
        message_id: message_id.to_owned(),
        update,
        at,
    })
}

/// What the person with this number (as the provider writes it) wrote.
pub(crate) fn written_by(wa_id: &str, provider_id: &str, sent_at: DateTime<Utc>) -> InboundMessage {
    InboundMessage {
        provider_id: provider_id.to_owned(),
        sender_external_id: "the business's number".to_owned(),
        from_number: Some(wa_id.to_owned()),
        from_user_id: None,
        profile_name: None,
        body: MessageBody::Text("¿Tienen talla M?".to_owned()),
        payload: None,
        answers: None,
        sent_at,
    }
}
