//! Ids, keys, jobs and figures.

use chrono::{DateTime, Utc};
use nexus_domain::ports::{Clock, Entropy};
use nexus_domain::{
    CampaignContactId, ContactTotals, ImportId, JobWork, MessageBucket, MessageId, SealedSecret,
    SecretField, SessionKeyHash, Theme, UserId, WebhookKey,
};
use proptest::prelude::*;

use crate::support::{FixedClock, SeededEntropy, at};

#[test]
fn an_id_is_a_uuid_of_version_7_with_its_time() {
    let clock = FixedClock(at(0));
    let id = MessageId::new(clock.now(), &SeededEntropy::new(1)).as_uuid();
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
    let millis = id.as_u128() >> 80;
    assert_eq!(i64::try_from(millis), Ok(at(0).timestamp_millis()));
}

#[test]
fn ids_of_one_moment_differ() {
    let entropy = SeededEntropy::new(1);
    let ids: std::collections::HashSet<_> = (0..1_000)
        .map(|_| MessageId::new(at(0), &entropy))
        .collect();
    assert_eq!(ids.len(), 1_000);
}

#[test]
fn what_is_no_uuid_is_no_id() {
    for junk in ["", "7", "not-an-id", "0195f3c8-a4e0-7a6b-8c1d-2e3f4051627"] {
        assert!(junk.parse::<UserId>().is_err(), "{junk}");
    }
}

/// Gives the bytes 0, 1, 2, ….
struct Counting;

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for (byte, number) in bytes.iter_mut().zip(0..) {
            *byte = number;
        }
    }
}

#[test]
fn a_webhook_key_is_all_of_its_random_bytes_in_hexadecimal() {
    let key = WebhookKey::new(&Counting);
    assert_eq!(key.as_str(), "000102030405060708090a0b0c0d0e0f10111213");
    assert_eq!(WebhookKey::parse(key.as_str()), Some(key.clone()));
    assert_eq!(
        WebhookKey::parse(&key.as_str().to_uppercase()),
        Some(key.clone())
    );
    assert_ne!(WebhookKey::new(&SeededEntropy::new(1)), key);
}

#[test]
fn what_is_no_webhook_key_is_refused() {
    let digits = "000102030405060708090a0b0c0d0e0f10111213";
    for junk in [
        String::new(),
        digits[1..].to_owned(),
        format!("{digits}0"),
        digits.replace('a', "g"),
        format!("{} ", &digits[1..]),
        "é".repeat(20),
    ] {
        assert_eq!(WebhookKey::parse(&junk), None, "{junk}");
    }
}

#[test]
fn secrets_and_keys_are_not_shown_in_logs() {
    let key = WebhookKey::new(&Counting);
    let sealed = SealedSecret::new("v1:ciphertext".to_owned());
    let session = SessionKeyHash([42; 32]);
    assert!(!format!("{key:?}").contains("0001"));
    assert!(!format!("{sealed:?}").contains("ciphertext"));
    assert!(!format!("{session:?}").contains("42"));
}

#[test]
fn a_secret_field_is_stored_under_its_name() {
    for field in SecretField::ALL {
        let json = serde_json::to_value(field).expect("it serializes");
        assert_eq!(json, field.name());
    }
}

#[test]
fn a_theme_is_read_back() {
    for theme in [Theme::Light, Theme::Dark, Theme::System] {
        assert_eq!(Theme::parse(theme.as_str()), Ok(theme));
    }
    assert!(Theme::parse("Dark").is_err());
}

#[test]
fn the_totals_of_contacts_count_each_once() {
    let totals = ContactTotals {
        active: 5,
        inactive: 2,
        unsubscribed: 1,
        new: 4,
    };
    assert_eq!(totals.total(), 8);
}

#[test]
fn a_bucket_starts_at_the_quarter_of_an_hour() {
    for (time, start) in [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
        ("2026-03-01T12:14:59.999999Z", "2026-03-01T12:00:00Z"),
        ("2026-03-01T12:15:00Z", "2026-03-01T12:15:00Z"),
        ("2026-03-01T23:59:59Z", "2026-03-01T23:45:00Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:45:00Z"),
    ] {
        let parse = |text: &str| text.parse::<DateTime<Utc>>().expect("it is a time");
        assert_eq!(MessageBucket::start_of(parse(time)), parse(start), "{time}");
    }
}

proptest! {
    #[test]
    fn a_time_falls_into_one_bucket(micros in -4_000_000_000_000_000..4_000_000_000_000_000_i64) {
        let time = DateTime::from_timestamp_micros(micros).expect("it is a time");
        let start = MessageBucket::start_of(time);
        prop_assert!(start <= time && time < start + chrono::TimeDelta::minutes(15));
        prop_assert_eq!(start.timestamp().rem_euclid(900), 0);
        prop_assert_eq!(MessageBucket::start_of(start), start);
    }

    #[test]
    fn ids_of_one_moment_sort_by_their_position(
        first in any::<u32>(),
        second in any::<u32>(),
        seed in any::<u64>(),
    ) {
        let entropy = SeededEntropy::new(seed);
        let id = |position| CampaignContactId::in_order(at(0), position, &entropy);
        let (one, other) = (id(first), id(second));
        if first != second {
            prop_assert_eq!(one.cmp(&other), first.cmp(&second));
        }
        prop_assert_eq!(one.as_uuid().get_version_num(), 7);
        prop_assert_eq!(one.as_uuid().get_variant(), uuid::Variant::RFC4122);
        prop_assert!(one > CampaignContactId::in_order(at(-1), u32::MAX, &entropy));
    }

    #[test]
    fn ids_sort_by_the_millisecond_they_were_made_in(
        first in 0..4_000_000_000_000_i64,
        later in 1..1_000_000_000_i64,
        seed in any::<u64>(),
    ) {
        let entropy = SeededEntropy::new(seed);
        let time = |millis| DateTime::from_timestamp_millis(millis).expect("it is a time");
        let (old, new) = (
            MessageId::new(time(first), &entropy),
            MessageId::new(time(first + later), &entropy),
        );
        prop_assert!(old < new);
        prop_assert!(old.to_string() < new.to_string());
        prop_assert_eq!(old.to_string().parse(), Ok(old));
    }

    #[test]
    fn the_work_of_a_job_is_stored_under_its_kind_and_read_back(id in any::<u128>()) {
        let work = JobWork::ImportContacts {
            import_id: ImportId::from_uuid(uuid::Uuid::from_u128(id)),
        };
        let json = serde_json::to_value(work).expect("it serializes");
        prop_assert_eq!(&json["kind"], work.kind().as_str());
        prop_assert_eq!(serde_json::from_value::<JobWork>(json).ok(), Some(work));
    }
}
