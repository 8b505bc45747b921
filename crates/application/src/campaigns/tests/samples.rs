//! Campaigns, the people they are for, and what is needed to send them.

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::SecretSealer as _;
use nexus_domain::values::{
    CustomFields, MessageText, PersonName, PhoneNumber, SegmentName, ShortText, Tag, TimeZone,
};
use nexus_domain::{
    CampaignContactId, CampaignId, ContactSource, ContentHash, MediaId, MediaType, OutsideWindow,
    Schedule, Segment, SegmentId, SenderId, StartPlan, StartProblem, TemplateParts,
    TemplateVariable,
};

use super::*;

/// The user with everything that WhatsApp needs.
pub(super) fn ready() -> User {
    let mut user = user();
    let field = SecretField::WhatsappApiKey;
    let sealed = PaperSealer.seal(user.id, field, &TOKEN.into());
    user.keys.insert(field, sealed);
    user.whatsapp_phone_number_id = Some(short(PHONE_NUMBER_ID));
    user.whatsapp_business_account_id = Some(short(BUSINESS_ACCOUNT_ID));
    user
}

pub(super) fn short(text: &str) -> ShortText {
    ShortText::parse(text).expect("a short text")
}

pub(super) fn text(text: &str) -> MessageText {
    MessageText::from_stored(text).expect("a text")
}

pub(super) fn tag(label: &str) -> Tag {
    Tag::parse(label).expect("a tag")
}

pub(super) fn vips() -> Audience {
    Audience {
        tags: vec![tag("VIP")],
        ..Audience::default()
    }
}

/// The segment of those who are loyal and have to do with the centre.
pub(super) fn regulars() -> Segment {
    Segment {
        id: SegmentId::new(earlier(), entropy().as_ref()),
        user_id: user().id,
        name: SegmentName::parse("Fieles").expect("a name"),
        filter: ContactFilter {
            tags: vec![tag("fiel")],
            search: Some(short("centro")),
            ..ContactFilter::default()
        },
        created_at: earlier(),
        updated_at: earlier(),
    }
}

pub(super) fn earlier() -> DateTime<Utc> {
    now() - TimeDelta::days(1)
}

pub(super) fn campaign_id() -> CampaignId {
    CampaignId::new(now(), entropy().as_ref())
}

pub(super) fn sender_id() -> SenderId {
    SenderId::new(earlier(), entropy().as_ref())
}

/// A draft.
pub(super) fn campaign() -> Campaign {
    Campaign {
        id: campaign_id(),
        user_id: user().id,
        name: short("Rebajas"),
        channel: ChannelKind::Whatsapp,
        subject: None,
        content: CampaignContent::Text(text("Hola {nombre}")),
        audience: None,
        send_window: None,
        outside_window: OutsideWindow::default(),
        sender_id: None,
        state: CampaignState::Draft,
        counters: CampaignCounters::default(),
        created_at: earlier(),
        updated_at: earlier(),
    }
}

pub(super) fn for_gmail() -> Campaign {
    Campaign {
        channel: ChannelKind::Gmail,
        subject: Some(short("Rebajas")),
        ..campaign()
    }
}

/// A draft with a template of two variables and a note.
pub(super) fn with_template() -> Campaign {
    let variables = [("1", "{nombre}"), ("2", "mañana")].map(|(key, value)| TemplateVariable {
        key: key.to_owned(),
        text: text(value),
        fallback: None,
    });
    Campaign {
        content: CampaignContent::Template {
            template: TemplateMessage {
                name: short("cita"),
                language: short("es_MX"),
                variables: variables.to_vec(),
                parts: TemplateParts::default(),
            },
            note: Some(text("Cita de {nombre}")),
        },
        ..campaign()
    }
}

/// What the provider has of the template of [`with_template`].
pub(super) fn approved() -> ApprovedTemplate {
    ApprovedTemplate {
        name: "cita".to_owned(),
        language: "es_MX".to_owned(),
        status: "APPROVED".to_owned(),
        category: "UTILITY".to_owned(),
        body: "Hola {{1}}, su cita es {{ 2 }}.".to_owned(),
        variables: vec!["1".to_owned(), "2".to_owned()],
        ..ApprovedTemplate::default()
    }
}

/// A start at [`now`], and six hours later at the latest.
pub(super) fn schedule() -> Schedule {
    Schedule {
        local: now().naive_utc(),
        time_zone: TimeZone::UTC,
        at: now(),
        latest_start_at: now() + TimeDelta::hours(6),
    }
}

pub(super) fn in_status(status: CampaignStatus) -> Campaign {
    let started_at = earlier();
    let at = earlier();
    let state = match status {
        CampaignStatus::Draft => CampaignState::Draft,
        CampaignStatus::Scheduled => CampaignState::Scheduled {
            plan: StartPlan::new(schedule()),
        },
        CampaignStatus::Active => CampaignState::Active { started_at },
        CampaignStatus::Paused => CampaignState::Paused {
            started_at,
            reason: None,
        },
        CampaignStatus::Completed => CampaignState::Completed { started_at, at },
        CampaignStatus::Cancelled => CampaignState::Cancelled {
            started_at: Some(started_at),
            at,
        },
        CampaignStatus::Missed => CampaignState::Missed {
            schedule: schedule(),
            problem: StartProblem::NobodyWasThere,
        },
    };
    Campaign {
        state,
        sender_id: state.started_at().map(|_| sender_id()),
        ..campaign()
    }
}

/// The statuses that are not among these.
pub(super) fn all_but(allowed: &[CampaignStatus]) -> Vec<CampaignStatus> {
    CampaignStatus::ALL
        .into_iter()
        .filter(|status| !allowed.contains(status))
        .collect()
}

pub(super) fn account() -> SenderAccount {
    SenderAccount {
        id: sender_id(),
        user_id: user().id,
        channel: ChannelKind::Whatsapp,
        external_id: PHONE_NUMBER_ID.to_owned(),
        confirmed_through: None,
        created_at: earlier(),
    }
}

pub(super) fn contact_id(number: u32) -> ContactId {
    format!("00000000-0000-7000-8000-{number:012}")
        .parse()
        .expect("an id")
}

/// A contact with a number of its own; ids are in the order of the numbers.
pub(super) fn contact(number: u32) -> Contact {
    Contact {
        id: contact_id(number),
        user_id: user().id,
        name: PersonName::parse(&format!("Luis {number}")).expect("a name"),
        phone: Some(PhoneNumber::from_stored(phone(number))),
        email: Some(EmailAddress::from_stored(format!(
            "Luis{number}@example.com"
        ))),
        tags: Vec::new(),
        notes: None,
        custom_fields: CustomFields::default(),
        status: ContactStatus::Active,
        opt_out: None,
        source: ContactSource::Manual,
        last_message_at: None,
        created_at: earlier(),
        updated_at: earlier(),
    }
}

pub(super) fn phone(number: u32) -> String {
    format!("+5255{number:08}")
}

/// A recipient of the campaign who waits.
pub(super) fn recipient(number: u32) -> CampaignContact {
    let id = format!("00000000-0000-7000-9000-{number:012}");
    CampaignContact {
        id: id.parse::<CampaignContactId>().expect("an id"),
        user_id: user().id,
        campaign_id: campaign_id(),
        sender_id: sender_id(),
        contact_id: Some(contact_id(number)),
        name: format!("Luis {number}"),
        address: Some(phone(number)),
        delivery: Delivery::queued(),
        created_at: earlier(),
        updated_at: earlier(),
    }
}

pub(super) fn file() -> MediaFile {
    static FILE: LazyLock<MediaFile> = LazyLock::new(|| MediaFile {
        id: MediaId::new(now(), entropy().as_ref()),
        user_id: user().id,
        campaign_id: campaign_id(),
        file_name: short("foto.jpg"),
        media_type: MediaType::Jpeg,
        size: 1,
        sha256: ContentHash([1; 32]),
        created_at: earlier(),
    });
    FILE.clone()
}
