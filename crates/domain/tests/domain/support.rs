//! What the tests share: a clock and randomness that they decide, and objects to start from.

use std::cell::Cell;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::{Clock, Entropy};
use nexus_domain::values::{
    Country, CustomFields, EmailAddress, FieldName, FieldValue, PhoneNumber, Tag, Text, TimeZone,
};
use nexus_domain::{
    CampaignContact, CampaignContactId, CampaignId, Contact, ContactId, ContactSource,
    ContactStatus, Delivery, DeliveryStatus, Failure, FailureCode, Schedule, SenderId, SkipReason,
    UserId,
};

/// A time of day that stands still.
pub(crate) struct FixedClock(pub(crate) DateTime<Utc>);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// Bytes that look random and are the same for the same seed (SplitMix64).
pub(crate) struct SeededEntropy(Mutex<Cell<u64>>);

impl SeededEntropy {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(Cell::new(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let state = self.0.lock().expect("no test panics while it holds this");
        for chunk in bytes.chunks_mut(8) {
            state.set(state.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
            let mut word = state.get();
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A time given by the seconds since the tests' beginning.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    let beginning = "2026-03-01T12:00:00Z"
        .parse::<DateTime<Utc>>()
        .expect("it is a time");
    beginning + TimeDelta::seconds(seconds)
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

pub(crate) fn country(code: &str) -> Country {
    Country::parse(code).expect("it is a country")
}

pub(crate) fn phone(e164: &str) -> PhoneNumber {
    PhoneNumber::parse(e164, country("MX")).expect("it is a number")
}

pub(crate) fn email(address: &str) -> EmailAddress {
    EmailAddress::parse(address).expect("it is an address")
}

pub(crate) fn text<const MAX: usize, const LINES: bool>(raw: &str) -> Text<MAX, LINES> {
    Text::parse(raw).expect("it is a text")
}

/// Custom fields with these values.
pub(crate) fn custom_fields(fields: &[(&str, &str)]) -> CustomFields {
    let mut custom = CustomFields::default();
    for (name, value) in fields {
        let name = FieldName::parse(name).expect("a name");
        let value = FieldValue::parse(value).expect("a value");
        custom.set(name, value).expect("there is room");
    }
    custom
}

/// An active contact with phone, e-mail, a tag and notes.
pub(crate) fn contact() -> Contact {
    let (clock, entropy) = (FixedClock(at(0)), SeededEntropy::new(1));
    Contact {
        id: ContactId::new(clock.now(), &entropy),
        user_id: UserId::new(clock.now(), &entropy),
        name: text("José Ñandú"),
        phone: Some(phone("+525512345678")),
        email: Some(email("Jose@Example.com")),
        tags: vec![Tag::parse("Clientes VIP").expect("it is a tag")],
        notes: Some(text("Prefiere las mañanas")),
        custom_fields: CustomFields::default(),
        status: ContactStatus::Active,
        opt_out: None,
        source: ContactSource::Manual,
        last_message_at: None,
        created_at: clock.now(),
        updated_at: clock.now(),
    }
}

/// A recipient waiting for its turn.
pub(crate) fn queued() -> CampaignContact {
    let (clock, entropy) = (FixedClock(at(0)), SeededEntropy::new(2));
    CampaignContact {
        id: CampaignContactId::new(clock.now(), &entropy),
        user_id: UserId::new(clock.now(), &entropy),
        campaign_id: CampaignId::new(clock.now(), &entropy),
        sender_id: SenderId::new(clock.now(), &entropy),
        contact_id: Some(ContactId::new(clock.now(), &entropy)),
        name: "Ana".to_owned(),
        address: Some("+525512345678".to_owned()),
        delivery: Delivery::queued(),
        created_at: clock.now(),
        updated_at: clock.now(),
    }
}

pub(crate) fn failure(code: FailureCode) -> Failure {
    Failure {
        code,
        provider_code: Some(131_026),
        detail: Some("Message undeliverable".to_owned()),
    }
}

/// A recipient that came to `status` by the entity's own methods, in its first attempt wherever
/// the status allows one. The attempt began at second 10.
pub(crate) fn in_status(status: DeliveryStatus) -> CampaignContact {
    let mut recipient = queued();
    let ok = "the entity allows it";
    match status {
        DeliveryStatus::Queued => return recipient,
        DeliveryStatus::Skipped => {
            recipient.skip(SkipReason::OptedOut, at(10)).expect(ok);
            return recipient;
        }
        DeliveryStatus::Cancelled => {
            recipient.cancel(at(10)).expect(ok);
            return recipient;
        }
        _ => {}
    }
    let attempt = recipient.begin_attempt(at(10)).expect(ok);
    match status {
        DeliveryStatus::Failed => recipient
            .refuse(attempt, failure(FailureCode::Unreachable), at(20))
            .expect(ok),
        DeliveryStatus::InDoubt | DeliveryStatus::Unconfirmed => {
            recipient.doubt(attempt, at(20)).expect(ok);
        }
        DeliveryStatus::Accepted | DeliveryStatus::Delivered | DeliveryStatus::Read => recipient
            .accept(attempt, "wamid.1".to_owned(), at(20))
            .expect(ok),
        _ => {}
    }
    match status {
        DeliveryStatus::Unconfirmed => recipient.give_up_confirming(at(30)).expect(ok),
        DeliveryStatus::Delivered => {
            recipient.apply(&report(&recipient, Said::Delivered, 30), at(31));
        }
        DeliveryStatus::Read => {
            recipient.apply(&report(&recipient, Said::Read, 30), at(31));
        }
        _ => {}
    }
    assert_eq!(recipient.delivery.status, status);
    recipient
}

/// What a report says, for tests that care for no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Sent,
    Delivered,
    Read,
    Failed(FailureCode),
}

impl Said {
    pub(crate) fn update(self) -> nexus_domain::StatusUpdate {
        match self {
            Self::Sent => nexus_domain::StatusUpdate::Sent,
            Self::Delivered => nexus_domain::StatusUpdate::Delivered,
            Self::Read => nexus_domain::StatusUpdate::Read,
            Self::Failed(code) => nexus_domain::StatusUpdate::Failed(failure(code)),
        }
    }
}

/// A report on the recipient's current attempt.
pub(crate) fn report(
    recipient: &CampaignContact,
    said: Said,
    seconds: i64,
) -> nexus_domain::StatusReport {
    nexus_domain::StatusReport {
        attempt: recipient.attempt(),
        message_id: "wamid.1".to_owned(),
        update: said.update(),
        at: at(seconds),
    }
}
