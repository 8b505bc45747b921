//! A business with contacts and campaigns, and processes that send them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{Clock, Entropy, SecretSealer as _};
use nexus_domain::values::{
    CustomFields, MessageText, PersonName, PhoneNumber, SendWindow, ShortText,
};
use nexus_domain::{
    Campaign, CampaignContact, CampaignContactId, CampaignContent, CampaignCounters, CampaignId,
    CampaignState, CampaignStatus, ChannelKind, Contact, ContactId, ContactSource, ContactStatus,
    Delivery, DeliveryStatus, InstanceId, MessageDelta, OutsideWindow, SecretField, SenderAccount,
    SenderId, User, UserId, WebhookKey,
};
use secrecy::SecretString;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::VirtualClock;
use super::process::Process;
use super::provider::Provider;
use super::tables::Tables;
use super::units::{Connection, Ledger};
use crate::Shutdown;
use crate::delivery::DispatchConfig;
use crate::fixtures::{PaperSealer, entropy, user};

/// A user with the number that sends for them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Business {
    pub(crate) user: UserId,
    pub(crate) sender: SenderId,
}

pub(crate) struct World {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) provider: Arc<Provider>,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The business of a test with only one.
    pub(crate) business: Business,
}

impl World {
    pub(crate) fn new() -> Self {
        let ledger = Arc::new(Ledger::default());
        let clock = Arc::new(VirtualClock::starting_now());
        let entropy = entropy();
        let business = Business {
            user: UserId::new(clock.now(), entropy.as_ref()),
            sender: SenderId::new(clock.now(), entropy.as_ref()),
        };
        let world = Self {
            provider: Provider::new(Arc::clone(&ledger)),
            ledger,
            clock,
            entropy,
            business,
        };
        world.open(business);
        world
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Another business in the same store.
    pub(crate) fn another_business(&self) -> Business {
        let business = Business {
            user: UserId::new(self.now(), self.entropy.as_ref()),
            sender: SenderId::new(self.now(), self.entropy.as_ref()),
        };
        self.open(business);
        business
    }

    fn open(&self, business: Business) {
        let number = format!("number of {}", business.user);
        let mut owner = User {
            id: business.user,
            whatsapp_phone_number_id: Some(ShortText::parse(&number).expect("an id")),
            webhook_key: WebhookKey::new(self.entropy.as_ref()),
            ..user()
        };
        for (field, secret) in [
            (SecretField::WhatsappApiKey, "token"),
            (SecretField::WhatsappAppSecret, "app secret"),
            (SecretField::WhatsappVerifyToken, "word"),
        ] {
            let sealed = PaperSealer.seal(owner.id, field, &SecretString::from(secret));
            owner.keys.insert(field, sealed);
        }
        let account = SenderAccount {
            id: business.sender,
            user_id: business.user,
            channel: ChannelKind::Whatsapp,
            external_id: number,
            confirmed_through: None,
            created_at: self.now(),
        };
        self.ledger.with(|tables| {
            tables.users.insert(owner.id, owner);
            tables.accounts.insert(account.id, account);
        });
    }

    /// A contact with this number.
    pub(crate) fn contact(&self, user_id: UserId, phone: &str) -> Contact {
        let contact = Contact {
            id: ContactId::new(self.now(), self.entropy.as_ref()),
            user_id,
            name: PersonName::parse(&format!("Cliente {phone}")).expect("a name"),
            phone: Some(PhoneNumber::from_stored(phone.to_owned())),
            email: None,
            tags: vec![],
            notes: None,
            custom_fields: CustomFields::default(),
            status: ContactStatus::Active,
            opt_out: None,
            source: ContactSource::Manual,
            last_message_at: None,
            created_at: self.now(),
            updated_at: self.now(),
        };
        self.ledger
            .with(|tables| tables.contacts.insert(contact.id, contact.clone()));
        contact
    }

    /// A campaign of the business that was just started, to so many people of its own.
    pub(crate) fn campaign(&self, people: usize) -> CampaignId {
        let text = MessageText::from_stored("Hola {nombre}").expect("a text");
        self.campaign_of(self.business, CampaignContent::Text(text), people)
    }

    pub(crate) fn campaign_of(
        &self,
        Business { user, sender }: Business,
        content: CampaignContent,
        people: usize,
    ) -> CampaignId {
        let now = self.now();
        let count = i64::try_from(people).expect("few");
        let campaign = Campaign {
            id: CampaignId::new(now, self.entropy.as_ref()),
            user_id: user,
            name: ShortText::parse("Rebajas").expect("a name"),
            channel: ChannelKind::Whatsapp,
            subject: None,
            content,
            audience: None,
            send_window: None,
            outside_window: OutsideWindow::default(),
            sender_id: Some(sender),
            state: CampaignState::Active { started_at: now },
            counters: CampaignCounters {
                total: count,
                pending: count,
                ..CampaignCounters::default()
            },
            created_at: now,
            updated_at: now,
        };
        let known = self.ledger.with(|tables| tables.contacts.len());
        for n in 0..people {
            let phone = format!("+5255{:08}", 10_000_000 + known + n);
            let contact = self.contact(user, &phone);
            let recipient = CampaignContact {
                id: CampaignContactId::new(now, self.entropy.as_ref()),
                user_id: user,
                campaign_id: campaign.id,
                sender_id: sender,
                contact_id: Some(contact.id),
                name: contact.name.as_str().to_owned(),
                address: Some(phone),
                delivery: Delivery::queued(),
                created_at: now,
                updated_at: now,
            };
            self.ledger
                .with(|tables| tables.recipients.insert(recipient.id, recipient));
        }
        let id = campaign.id;
        self.ledger
            .with(|tables| tables.campaigns.insert(id, campaign));
        id
    }

    /// Writes to a recipient of an earlier campaign again.
    pub(crate) fn write_again(
        &self,
        campaign_id: CampaignId,
        earlier: &CampaignContact,
    ) -> CampaignContactId {
        let recipient = CampaignContact {
            id: CampaignContactId::new(self.now(), self.entropy.as_ref()),
            campaign_id,
            delivery: Delivery::queued(),
            created_at: self.now(),
            updated_at: self.now(),
            ..earlier.clone()
        };
        let id = recipient.id;
        self.ledger.with(|tables| {
            tables.recipients.insert(id, recipient);
            let campaign = tables.campaigns.get_mut(&campaign_id);
            let counters = &mut campaign.expect("a campaign").counters;
            counters.total += 1;
            counters.pending += 1;
        });
        id
    }

    pub(crate) fn process(&self, number: usize) -> Process {
        Process {
            number,
            connection: Connection::to(&self.ledger),
            provider: Arc::clone(&self.provider),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&self.entropy),
            wake: Arc::new(Notify::new()),
            shutdown: Shutdown::new(),
            owner: InstanceId::new(self.now(), self.entropy.as_ref()),
            config: DispatchConfig::default(),
        }
    }

    /// Sends a campaign with a process that ends then.
    pub(crate) async fn send_all(&self, campaign: CampaignId) {
        let process = self.process(1);
        let task = process.start();
        self.until_completed(campaign).await;
        process.shutdown.request();
        task.await.expect("it ends");
    }

    /// One process that sends until the end of the test.
    pub(crate) fn start(&self) -> Process {
        let process = self.process(1);
        process.start();
        process
    }
}

/// What a person does to a campaign, as the use cases do it.
impl World {
    async fn steer(&self, id: CampaignId, change: impl FnOnce(&mut Campaign)) {
        let campaign = |tables: &mut Tables| {
            let campaign = tables.campaigns.get_mut(&id).expect("a campaign");
            change(campaign);
        };
        self.ledger.change(campaign).await;
    }

    pub(crate) async fn confine(&self, id: CampaignId, window: SendWindow) {
        self.steer(id, |c| c.send_window = Some(window)).await;
    }

    pub(crate) async fn pause(&self, id: CampaignId) {
        let now = self.now();
        self.steer(id, |c| c.pause(None, now).expect("it is active"))
            .await;
    }

    pub(crate) async fn resume(&self, id: CampaignId) {
        let now = self.now();
        self.steer(id, |c| c.resume(now).expect("it is paused"))
            .await;
    }

    pub(crate) async fn cancel(&self, id: CampaignId) {
        let now = self.now();
        let cancel = |tables: &mut Tables| {
            let campaign = tables.campaigns.get_mut(&id).expect("a campaign");
            campaign.cancel(now).expect("it is not over");
            let recipients = tables.recipients.values_mut();
            for recipient in recipients.filter(|r| r.campaign_id == id) {
                if recipient.cancel(now).is_ok() {
                    campaign.counters.pending -= 1;
                }
            }
        };
        self.ledger.change(cancel).await;
    }
}

/// What is asked about the rows.
impl World {
    pub(crate) fn campaign_now(&self, id: CampaignId) -> Campaign {
        self.ledger.with(|tables| tables.campaigns[&id].clone())
    }

    pub(crate) fn status(&self, id: CampaignId) -> CampaignStatus {
        self.campaign_now(id).status()
    }

    /// The recipients of a campaign, by id.
    pub(crate) fn recipients(&self, id: CampaignId) -> Vec<CampaignContact> {
        self.ledger.with(|tables| {
            let all = tables.recipients.values();
            all.filter(|r| r.campaign_id == id).cloned().collect()
        })
    }

    pub(crate) fn recipient(&self, id: CampaignContactId) -> CampaignContact {
        self.ledger.with(|tables| tables.recipients[&id].clone())
    }

    /// The address of the recipient in this place.
    pub(crate) fn address(&self, id: CampaignId, place: usize) -> String {
        let recipient = self.recipients(id).swap_remove(place);
        recipient.address.expect("an address")
    }

    pub(crate) fn count(&self, id: CampaignId, status: DeliveryStatus) -> usize {
        let all = self.recipients(id);
        all.iter().filter(|r| r.delivery.status == status).count()
    }

    /// Waits until it is so; a test that waits for an hour in vain has failed.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        self.until_looking_every(Duration::from_millis(5), what, is_so)
            .await;
    }

    async fn until_looking_every(&self, step: Duration, what: &str, is_so: impl Fn(&Self) -> bool) {
        let give_up_at = Instant::now() + Duration::from_hours(1);
        while !is_so(self) {
            assert!(Instant::now() < give_up_at, "in vain: {what}");
            tokio::time::sleep(step).await;
        }
    }

    pub(crate) async fn until_completed(&self, id: CampaignId) {
        let step = Duration::from_millis(100);
        self.until_looking_every(step, "the campaign completes", |world| {
            world.status(id) == CampaignStatus::Completed
        })
        .await;
    }

    /// What must be true at any time: nobody got a message twice, every request was announced in
    /// the store, counters and charts say what the rows say.
    pub(crate) fn check(&self) {
        let mut reached = BTreeSet::new();
        for attempt in self.provider.taken() {
            assert!(reached.insert(attempt.recipient), "{attempt} came twice");
        }
        self.ledger.with(|tables| {
            for campaign in tables.campaigns.values() {
                let of_it = tables.recipients.values();
                let counted = of_it
                    .filter(|r| r.campaign_id == campaign.id)
                    .map(|r| CampaignCounters {
                        replied: i64::from(r.delivery.replied_at.is_some()),
                        ..CampaignCounters::of(r.delivery.status)
                    })
                    .fold(CampaignCounters::default(), CampaignCounters::plus);
                assert_eq!(campaign.counters, counted, "{}", campaign.id);
            }
            for user in tables.users.keys() {
                let campaigns = tables.campaigns.values().filter(|c| c.user_id == *user);
                let counted = campaigns
                    .map(|c| c.counters)
                    .fold(CampaignCounters::default(), CampaignCounters::plus);
                let charts = tables.charts.iter().filter(|((of, _), _)| of == user);
                let charted = charts
                    .map(|(_, bucket)| *bucket)
                    .fold(MessageDelta::default(), MessageDelta::plus);
                let expected = MessageDelta {
                    sent: counted.sent,
                    delivered: counted.delivered,
                    read: counted.opened,
                    failed: counted.failed,
                    replied: counted.replied,
                };
                assert_eq!(charted, expected, "the charts of {user}");
            }
        });
    }
}
