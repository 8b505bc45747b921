use mockall::predicate::eq;
use nexus_domain::mocks::{MockUnitOfWork, ScriptedStorage};
use nexus_domain::values::{Problem, SegmentName, ShortText, Violations};
use nexus_domain::{CampaignId, ContactFilter, ContactStatus};

use super::*;
use crate::Field;
use crate::contacts::ContactQuery;
use crate::fixtures::{actor, clock, entropy, fields, now, refused, user};

fn segments(storage: &Arc<ScriptedStorage>) -> Segments {
    Segments::new(storage.clone(), clock(), entropy())
}

fn segment(number: u32, name: &str) -> Segment {
    Segment {
        id: SegmentId::in_order(now(), number, entropy().as_ref()),
        user_id: user().id,
        name: SegmentName::parse(name).expect("a name"),
        filter: ContactFilter::default(),
        created_at: now(),
        updated_at: now(),
    }
}

/// A transaction in which the user is locked and has these.
fn having(known: Vec<Segment>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.users
        .expect_lock()
        .with(eq(user().id))
        .times(1)
        .returning(|_| Ok(Some(user())));
    unit.segments
        .expect_list()
        .with(eq(user().id))
        .returning(move |_| Ok(known.clone()));
    unit
}

fn typed(name: &str) -> CreateSegment {
    CreateSegment {
        name: name.to_owned(),
        filter: Some(ContactQuery {
            status: Some("active".to_owned()),
            has: vec!["phone".to_owned()],
            ..ContactQuery::default()
        }),
    }
}

#[tokio::test]
async fn a_filter_is_saved_under_a_name() {
    let mut unit = having(vec![segment(1, "Otros")]);
    unit.segments.expect_insert().times(1).returning(|_| Ok(()));
    let storage = Arc::new(ScriptedStorage::new().then_begin(unit));
    let made = segments(&storage)
        .create(&actor(), &typed(" Fieles "))
        .await
        .expect("a segment");
    assert_eq!(made.name.as_str(), "Fieles");
    assert_eq!(made.filter.status, Some(ContactStatus::Active));
    assert!(made.filter.has_phone && !made.filter.has_email);
    assert_eq!(storage.commits(), 1);
}

#[tokio::test]
async fn another_spelling_of_a_name_is_the_same_name() {
    let storage = ScriptedStorage::new().then_begin(having(vec![segment(1, "Otoño")]));
    let storage = Arc::new(storage);
    let error = segments(&storage).create(&actor(), &typed("OTONO")).await;
    let Err(CreateSegmentError::NameTaken { existing }) = error else {
        panic!("unexpected: {error:?}");
    };
    assert_eq!(existing, segment(1, "x").id);
    assert_eq!(storage.commits(), 0);
}

#[tokio::test]
async fn there_are_no_more_than_a_hundred() {
    let all: Vec<Segment> = (0..100)
        .map(|number| segment(number, &format!("S{number}")))
        .collect();
    let mut room = having(all[..99].to_vec());
    room.segments.expect_insert().times(1).returning(|_| Ok(()));
    let storage = ScriptedStorage::new()
        .then_begin(having(all))
        .then_begin(room);
    let storage = Arc::new(storage);
    let segments = segments(&storage);
    let error = segments.create(&actor(), &typed("Uno más")).await;
    assert!(
        matches!(error, Err(CreateSegmentError::TooMany)),
        "{error:?}"
    );
    let made = segments.create(&actor(), &typed("Uno más")).await;
    assert!(made.is_ok());
}

#[tokio::test]
async fn what_can_t_be_accepted_is_listed() {
    let storage = Arc::new(ScriptedStorage::new());
    for (typed, expected) in [
        (
            CreateSegment::default(),
            fields(&[("name", "required"), ("filter", "required")]),
        ),
        (
            CreateSegment {
                name: "x".repeat(121),
                filter: Some(ContactQuery {
                    tags: vec!["a,b".to_owned()],
                    has: vec!["fax".to_owned()],
                    segment: Some(segment(1, "x").id.to_string()),
                    ..ContactQuery::default()
                }),
            },
            fields(&[
                ("name", "too_long"),
                ("filter.tags", "tag_with_comma"),
                ("filter.has", "not_one_of"),
                ("filter.segment", "segment_of_segment"),
            ]),
        ),
    ] {
        let error = segments(&storage).create(&actor(), &typed).await;
        let Err(CreateSegmentError::Invalid(violations)) = error else {
            panic!("unexpected: {error:?}");
        };
        assert_eq!(refused(&violations), expected);
    }
}

/// A transaction in which the first of these is locked.
fn locking(known: Vec<Segment>) -> MockUnitOfWork {
    let first = known[0].clone();
    let mut unit = having(known);
    unit.segments
        .expect_lock()
        .with(eq(user().id), eq(first.id))
        .times(1)
        .return_once(move |_, _| Ok(Some(first)));
    unit
}

#[tokio::test]
async fn a_segment_keeps_what_is_not_named_and_its_own_name_in_another_spelling() {
    let before = Segment {
        filter: ContactFilter {
            has_email: true,
            ..ContactFilter::default()
        },
        ..segment(1, "Otoño")
    };
    let mut unit = locking(vec![before.clone(), segment(2, "Otros")]);
    let expected = Segment {
        name: SegmentName::parse("OTOÑO").expect("a name"),
        ..before.clone()
    };
    unit.segments
        .expect_save()
        .with(eq(expected.clone()))
        .times(1)
        .returning(|_| Ok(()));
    let storage = Arc::new(ScriptedStorage::new().then_begin(unit));
    let changes = UpdateSegment {
        name: Field::Set("OTOÑO".to_owned()),
        filter: Field::Keep,
    };
    let changed = segments(&storage)
        .update(&actor(), before.id, changes)
        .await;
    assert_eq!(changed.expect("changed"), expected);
    assert_eq!(storage.commits(), 1);
}

#[tokio::test]
async fn a_segment_gets_no_name_of_another_and_keeps_a_filter() {
    let known = vec![segment(1, "Otoño"), segment(2, "Otros")];
    let mut only_locked = MockUnitOfWork::default();
    only_locked
        .users
        .expect_lock()
        .returning(|_| Ok(Some(user())));
    only_locked
        .segments
        .expect_lock()
        .return_once(|_, _| Ok(Some(segment(1, "Otoño"))));
    let storage = ScriptedStorage::new()
        .then_begin(locking(known))
        .then_begin(only_locked);
    let storage = Arc::new(storage);
    let segments = segments(&storage);
    let id = segment(1, "x").id;
    let changes = UpdateSegment {
        name: Field::Set("OTROS".to_owned()),
        filter: Field::Keep,
    };
    let error = segments.update(&actor(), id, changes).await;
    assert!(
        matches!(error, Err(UpdateSegmentError::NameTaken { existing }) if existing == segment(2, "x").id),
        "{error:?}"
    );
    let changes = UpdateSegment {
        name: Field::Keep,
        filter: Field::Clear,
    };
    let error = segments.update(&actor(), id, changes).await;
    let Err(UpdateSegmentError::Invalid(violations)) = error else {
        panic!("unexpected: {error:?}");
    };
    assert_eq!(violations, Violations::of("filter", Problem::Required));
    assert_eq!(storage.commits(), 0);
}

#[tokio::test]
async fn a_segment_that_a_campaign_awaits_stays() {
    let id = segment(1, "x").id;
    let awaiting = (
        CampaignId::new(now(), entropy().as_ref()),
        ShortText::parse("Rebajas").expect("a name"),
    );
    let unit = |campaigns: Vec<(CampaignId, ShortText)>| {
        let mut unit = MockUnitOfWork::default();
        let mut order = mockall::Sequence::new();
        unit.segments
            .expect_lock()
            .with(eq(user().id), eq(id))
            .times(1)
            .in_sequence(&mut order)
            .return_once(|_, _| Ok(Some(segment(1, "x"))));
        unit.campaigns
            .expect_awaiting()
            .with(eq(user().id), eq(id))
            .times(1)
            .in_sequence(&mut order)
            .return_once(move |_, _| Ok(campaigns));
        unit
    };
    let mut free = unit(Vec::new());
    free.segments
        .expect_delete()
        .with(eq(user().id), eq(id))
        .times(1)
        .returning(|_, _| Ok(true));
    let storage = ScriptedStorage::new()
        .then_begin(unit(vec![awaiting.clone()]))
        .then_begin(free);
    let storage = Arc::new(storage);
    let segments = segments(&storage);
    let error = segments.delete(&actor(), id).await;
    let Err(DeleteSegmentError::InUse { campaigns }) = error else {
        panic!("unexpected: {error:?}");
    };
    assert_eq!(campaigns, [awaiting]);
    assert_eq!(storage.commits(), 0);
    segments.delete(&actor(), id).await.expect("deleted");
    assert_eq!(storage.commits(), 1);
}
