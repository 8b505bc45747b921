//! Objects to store.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::values::{
    Country, Cursor, CustomFields, EmailAddress, FieldName, FieldValue, Language, ListRequest,
    MessageText, Paging, PersonName, PhoneNumber, SegmentName, ShortText, SortDirection, Tag,
    TimeZone,
};
use nexus_domain::{
    Automation, BotActivity, BotActivityId, BotActivityKind, BulkChangeId, Campaign,
    CampaignContact, CampaignContactId, CampaignContent, CampaignCounters, CampaignId,
    CampaignState, ChannelKind, Contact, ContactFilter, ContactId, ContactSource, ContactStatus,
    ContentHash, Delivery, Direction, ImportId, ImportPlan, ImportProgress, ImportStatus,
    ImportUndo, ImportedFile, InstanceId, Job, JobId, JobWork, MediaFile, MediaId, MediaType,
    Message, MessageBody, MessageId, NotificationSettings, OptOutSettings, OutsideWindow,
    PrivacySettings, ProviderKeys, Schedule, Segment, SegmentId, SenderAccount, SenderId,
    StartPlan, StartProblem, TableFormat, Theme, User, UserId, WebhookEvent, WebhookEventId,
    WebhookKey, WebhookSource, WebhookState,
};
use nexus_infrastructure::SystemEntropy;

/// A number that no other sample of this run has.
pub(crate) fn next() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A moment, with microseconds, so many seconds after a fixed one.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_764_000_000, 123_456_000).expect("a time")
        + TimeDelta::seconds(seconds)
}

macro_rules! new_ids {
    ($($function:ident: $id:ident),+ $(,)?) => {$(
        pub(crate) fn $function() -> $id {
            $id::new(at(0), &SystemEntropy)
        }
    )+};
}

new_ids!(
    user_id: UserId,
    contact_id: ContactId,
    campaign_id: CampaignId,
    recipient_id: CampaignContactId,
    import_id: ImportId,
    segment_id: SegmentId,
    message_id: MessageId,
    webhook_id: WebhookEventId,
    job_id: JobId,
    bulk_change_id: BulkChangeId,
    media_id: MediaId,
    activity_id: BotActivityId,
    sender_id: SenderId,
    instance_id: InstanceId,
);

pub(crate) fn name(text: &str) -> PersonName {
    PersonName::parse(text).expect("a name")
}

pub(crate) fn short(text: &str) -> ShortText {
    ShortText::parse(text).expect("a short text")
}

pub(crate) fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

pub(crate) fn phone(text: &str) -> PhoneNumber {
    PhoneNumber::from_stored(text.to_owned())
}

pub(crate) fn message_text(text: &str) -> MessageText {
    MessageText::from_stored(text).expect("a message")
}

pub(crate) fn field_name(label: &str) -> FieldName {
    FieldName::parse(label).expect("a name")
}

pub(crate) fn custom_fields(fields: &[(&str, &str)]) -> CustomFields {
    let value = |text| FieldValue::parse(text).expect("a value");
    let fields = fields
        .iter()
        .map(|(name, text)| (field_name(name), value(text)));
    CustomFields::from_stored(fields)
}

pub(crate) fn tags(labels: &[&str]) -> Vec<Tag> {
    Tag::parse_list(labels.iter().copied()).expect("tags")
}

pub(crate) fn user() -> User {
    User {
        id: user_id(),
        name: name("Ana Núñez"),
        email: email(&format!("ana{}@example.com", next())),
        password_hash: "$argon2id$…".to_owned(),
        phone: None,
        company: None,
        keys: ProviderKeys::new(),
        whatsapp_phone_number_id: None,
        whatsapp_business_account_id: None,
        whatsapp_daily_limit: None,
        webhook_key: WebhookKey::new(&SystemEntropy),
        automation: Automation::default(),
        opt_outs: OptOutSettings::default(),
        notifications: NotificationSettings::default(),
        privacy: PrivacySettings::default(),
        language: Language::Es,
        time_zone: TimeZone::parse("America/Mexico_City").expect("a zone"),
        theme: Theme::System,
        default_country: Country::parse("MX").expect("a country"),
        created_at: at(0),
        updated_at: at(0),
        last_login: None,
    }
}

pub(crate) fn contact(user: UserId, text: &str) -> Contact {
    Contact {
        id: contact_id(),
        user_id: user,
        name: name(text),
        phone: Some(phone(&format!("+52155{:08}", next()))),
        email: None,
        tags: Vec::new(),
        notes: None,
        custom_fields: CustomFields::default(),
        status: ContactStatus::Active,
        opt_out: None,
        source: ContactSource::Manual,
        last_message_at: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(crate) fn contacts(user: UserId, count: usize) -> Vec<Contact> {
    (0..count)
        .map(|number| contact(user, &format!("Contacto {number:05}")))
        .collect()
}

pub(crate) fn campaign(user: UserId) -> Campaign {
    Campaign {
        id: campaign_id(),
        user_id: user,
        name: short("Rebajas de otoño"),
        channel: ChannelKind::Whatsapp,
        subject: None,
        content: CampaignContent::Text(message_text("Hola {nombre}")),
        audience: None,
        send_window: None,
        outside_window: OutsideWindow::default(),
        sender_id: None,
        state: CampaignState::Draft,
        counters: CampaignCounters::default(),
        created_at: at(0),
        updated_at: at(0),
    }
}

/// A start at this second, and an hour later at the latest.
pub(crate) fn schedule(seconds: i64) -> Schedule {
    Schedule {
        local: at(seconds).naive_utc(),
        time_zone: TimeZone::UTC,
        at: at(seconds),
        latest_start_at: at(seconds + 3_600),
    }
}

/// Scheduled for this second.
pub(crate) fn scheduled(seconds: i64) -> CampaignState {
    CampaignState::Scheduled {
        plan: StartPlan::new(schedule(seconds)),
    }
}

/// Missed, when it should have started in this second.
pub(crate) fn missed(seconds: i64) -> CampaignState {
    CampaignState::Missed {
        schedule: schedule(seconds),
        problem: StartProblem::NobodyWasThere,
    }
}

/// A segment of everyone.
pub(crate) fn segment(user: UserId, name: &str) -> Segment {
    Segment {
        id: segment_id(),
        user_id: user,
        name: SegmentName::parse(name).expect("a name"),
        filter: ContactFilter::default(),
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(crate) fn sender(user: UserId) -> SenderAccount {
    SenderAccount {
        id: sender_id(),
        user_id: user,
        channel: ChannelKind::Whatsapp,
        external_id: format!("10{}", next()),
        confirmed_through: None,
        created_at: at(0),
    }
}

/// A queued recipient without contact.
pub(crate) fn recipient(campaign: &Campaign, sender: &SenderAccount) -> CampaignContact {
    CampaignContact {
        id: recipient_id(),
        user_id: campaign.user_id,
        campaign_id: campaign.id,
        sender_id: sender.id,
        contact_id: None,
        name: "Luz".to_owned(),
        address: Some(format!("+52133{:08}", next())),
        delivery: Delivery::queued(),
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(crate) fn recipients(
    campaign: &Campaign,
    sender: &SenderAccount,
    count: usize,
) -> Vec<CampaignContact> {
    let mut recipients: Vec<_> = (0..count).map(|_| recipient(campaign, sender)).collect();
    recipients.sort_by_key(|recipient| recipient.id);
    recipients
}

pub(crate) fn import(user: UserId) -> ImportedFile {
    ImportedFile {
        id: import_id(),
        user_id: user,
        file_name: short("clientes.csv"),
        format: TableFormat::Csv,
        size: 12_345,
        plan: ImportPlan::default(),
        header: Vec::new(),
        status: ImportStatus::Queued,
        progress: ImportProgress::default(),
        total_rows: None,
        undo: ImportUndo::default(),
        created_at: at(0),
        started_at: None,
        updated_at: at(0),
    }
}

pub(crate) fn message(user: UserId) -> Message {
    Message {
        id: message_id(),
        user_id: user,
        contact_id: None,
        answers: None,
        channel: ChannelKind::Whatsapp,
        direction: Direction::Inbound,
        address: "+525512345678".to_owned(),
        provider_id: format!("wamid.{}", next()),
        body: MessageBody::Text("¿Tienen talla M?".to_owned()),
        sent_at: at(0),
        created_at: at(1),
    }
}

pub(crate) fn webhook(user: UserId) -> WebhookEvent {
    WebhookEvent {
        id: webhook_id(),
        user_id: user,
        source: WebhookSource::Whatsapp,
        body: b"{\"entry\":[]}\0\xff".to_vec(),
        state: WebhookState::Pending,
        attempts: 0,
        due_at: at(0),
        received_at: at(0),
    }
}

pub(crate) fn job(user: UserId) -> Job {
    Job {
        id: job_id(),
        user_id: user,
        work: JobWork::ImportContacts {
            import_id: import_id(),
        },
        attempts: 0,
        run_after: at(0),
        created_at: at(0),
    }
}

pub(crate) fn media(campaign: &Campaign) -> MediaFile {
    MediaFile {
        id: media_id(),
        user_id: campaign.user_id,
        campaign_id: campaign.id,
        file_name: short("niño.png"),
        media_type: MediaType::Png,
        size: 10,
        sha256: ContentHash([1; 32]),
        created_at: at(0),
    }
}

pub(crate) fn activity(user: UserId) -> BotActivity {
    BotActivity {
        id: activity_id(),
        user_id: user,
        contact_id: None,
        kind: BotActivityKind::Replied,
        summary: "Contestó por el horario.".to_owned(),
        created_at: at(0),
    }
}

/// Page `number` of a list.
pub(crate) fn page<S: Default>(number: u32, size: u32) -> ListRequest<S> {
    ListRequest {
        paging: Paging::Page { number },
        size,
        sort: S::default(),
        direction: SortDirection::Ascending,
    }
}

/// What follows `cursor` in a list.
pub(crate) fn after<S: Default>(cursor: Option<Cursor>, size: u32) -> ListRequest<S> {
    ListRequest {
        paging: Paging::After { cursor },
        ..page(1, size)
    }
}

/// A filter with a search.
pub(crate) fn search(text: &str) -> ContactFilter {
    ContactFilter {
        search: Some(short(text)),
        ..ContactFilter::default()
    }
}
