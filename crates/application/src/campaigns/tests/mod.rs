mod browsing;
mod creating;
mod creating_audiences;
mod creating_templates;
mod custom_fields;
mod enrolling;
mod media;
mod preflighting;
mod preflighting_files;
mod previewing;
mod samples;
mod scheduling;
mod sending;
mod starting;
mod starting_audiences;
mod steering_cancel;
mod steering_pause;
mod store;
mod template_files;
mod templates;
mod updating;
mod updating_recipients;

use std::pin::pin;
use std::sync::{Arc, Mutex};

use mockall::predicate::eq;
use nexus_domain::mocks::{MockUnitOfWork, ScriptedStorage};
use nexus_domain::ports::{
    ApprovedTemplate, ChannelError, MessageChannel, MockFileStore, MockMediaRecogniser,
    MockMessageChannel, SenderCredentials, StorageError,
};
use nexus_domain::values::{EmailAddress, TimeZone, Violations};
use nexus_domain::{
    Audience, CampaignContact, CampaignContent, CampaignCounters, CampaignState, CampaignStatus,
    ChannelKind, Contact, ContactFilter, ContactId, ContactStatus, Delivery, SecretField,
    SenderAccount, TemplateMessage, TemplateParts, WhatsAppConnection,
};
use secrecy::ExposeSecret as _;

use super::*;
use crate::Field;
use crate::fixtures::{PaperSealer, actor, clock, entropy, fields, now, refused, user};
use samples::{
    account, all_but, approved, campaign, campaign_id, contact, contact_id, earlier, file,
    for_gmail, in_status, phone, ready, recipient, regulars, schedule, sender_id, short, tag, text,
    vips, with_template,
};
use store::{
    broken, choosing, counting, failing_media, finding, finding_to_send, having, having_all_files,
    having_fields, holding_fields, keeping_templates, locking, of_user, reaching, reading_media,
    reading_no_media, saving, setting_total, unavailable,
};

/// The most bytes of a user's files.
const QUOTA: u64 = 1_000;
const TOKEN: &str = "EAAG-0123456789-wxyz";
const PHONE_NUMBER_ID: &str = "1550001";
const BUSINESS_ACCOUNT_ID: &str = "1770001";

/// The use cases over mocks; what a test doesn't prepare panics when it is used.
struct Bench {
    storage: Arc<ScriptedStorage>,
    wake: Arc<Notify>,
    campaigns: Campaigns,
}

impl Bench {
    /// Whether the dispatcher was woken since this was last asked.
    fn woken(&self) -> bool {
        pin!(self.wake.notified()).enable()
    }

    /// Whether nothing became of what was asked for.
    fn unchanged(&self) -> bool {
        self.storage.commits() == 0 && !self.woken()
    }
}

/// With a WhatsApp that must not be asked anything.
fn bench(storage: ScriptedStorage) -> Bench {
    bench_with(storage, [over(ChannelKind::Whatsapp)])
}

fn bench_with(
    storage: ScriptedStorage,
    channels: impl IntoIterator<Item = MockMessageChannel>,
) -> Bench {
    let media = (having_all_files(), MockMediaRecogniser::new());
    bench_over(storage, channels, media)
}

fn bench_over(
    storage: ScriptedStorage,
    channels: impl IntoIterator<Item = MockMessageChannel>,
    (files, recogniser): (MockFileStore, MockMediaRecogniser),
) -> Bench {
    let storage = Arc::new(storage);
    let wake = Arc::new(Notify::new());
    let channels = channels
        .into_iter()
        .map(|channel| Arc::new(channel) as Arc<dyn MessageChannel>);
    Bench {
        campaigns: Campaigns::new(
            CampaignPorts {
                keeps_window: false,
                storage: storage.clone(),
                media: MediaPorts {
                    files: Arc::new(files),
                    recogniser: Arc::new(recogniser),
                    quota: QUOTA,
                },
                sealer: Arc::new(PaperSealer),
                channels: Channels::new(channels),
                clock: clock(),
                entropy: entropy(),
                wake: wake.clone(),
                schedule_wake: Arc::new(Notify::new()),
            },
            ScheduleConfig::default(),
        ),
        storage,
        wake,
    }
}

fn over(kind: ChannelKind) -> MockMessageChannel {
    let mut channel = MockMessageChannel::new();
    channel.expect_kind().return_const(kind);
    // What it does not say of the credentials keeps nobody from sending.
    channel
        .expect_check()
        .returning(|_| Err(ChannelError::NotConnected));
    channel
}

/// A WhatsApp that is asked once, with the credentials of [`ready`], for its templates.
fn answering(answer: Result<Vec<ApprovedTemplate>, ChannelError>) -> MockMessageChannel {
    let mut channel = over(ChannelKind::Whatsapp);
    channel
        .expect_templates()
        .withf(|with: &SenderCredentials| {
            with.token.expose_secret() == TOKEN
                && with.external_id == PHONE_NUMBER_ID
                && with.business_account_id.as_deref() == Some(BUSINESS_ACCOUNT_ID)
        })
        .times(1)
        .return_once(move |_| answer);
    channel
}

fn set(text: &str) -> Field<String> {
    Field::Set(text.to_owned())
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn ids(numbers: &[u32]) -> Vec<String> {
    numbers
        .iter()
        .map(|number| contact_id(*number).to_string())
        .collect()
}
