//! How long the id of a file is used, and what follows when it is refused.

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::{
    ContentHash, MediaContent, MediaType, MediaUpload, RefusedId, SenderId, UserId,
};
use uuid::Uuid;

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
}

fn never() -> MediaUpload {
    let content = MediaContent {
        sha256: ContentHash([1; 32]),
        media_type: MediaType::Png,
    };
    let (user, sender) = (Uuid::from_u128(1), Uuid::from_u128(2));
    MediaUpload::never(
        UserId::from_uuid(user),
        SenderId::from_uuid(sender),
        content,
    )
}

fn taken(id: &str, hours: i64) -> MediaUpload {
    let mut upload = never();
    upload.taken(id.to_owned(), at(hours));
    upload
}

#[test]
fn an_id_is_used_for_29_of_its_30_days() {
    assert_eq!(never().usable(at(0)), None);
    let upload = taken("77", 0);
    let until = at(29 * 24);
    assert_eq!(upload.usable(at(0)), Some(("77", until)));
    assert_eq!(
        upload.usable(until - TimeDelta::seconds(1)),
        Some(("77", until))
    );
    assert_eq!(upload.usable(until), None);
}

#[test]
fn a_refused_id_is_replaced_once_and_given_up_when_the_next_is_refused_as_well() {
    let mut upload = taken("77", 0);
    assert_eq!(upload.refused("77", at(1)), RefusedId::HandOverAgain);
    assert_eq!(upload.usable(at(1)), None);
    // Of hundreds of messages with the same id, each is refused.
    assert_eq!(upload.refused("77", at(1)), RefusedId::Replaced);
    upload.taken("88".to_owned(), at(1));
    assert_eq!(upload.refused("77", at(1)), RefusedId::Replaced);
    assert_eq!(upload.usable(at(1)).map(|(id, _)| id), Some("88"));
    assert_eq!(upload.refused("88", at(2)), RefusedId::GiveUp);
    assert_eq!(upload.usable(at(2)), None);

    // Whoever looked at it begins anew.
    upload.taken("99".to_owned(), at(3));
    assert_eq!(upload.refused("99", at(4)), RefusedId::HandOverAgain);
}

#[test]
fn ids_that_are_refused_a_day_apart_are_not_refused_in_a_row() {
    let mut upload = taken("77", 0);
    assert_eq!(upload.refused("77", at(0)), RefusedId::HandOverAgain);
    upload.taken("88".to_owned(), at(0));
    assert_eq!(upload.refused("88", at(24)), RefusedId::HandOverAgain);
}
