//! Saved filters of contacts, and the campaigns that await them.

use nexus_domain::ports::DuplicateKey;
use nexus_domain::values::SegmentName;
use nexus_domain::{Audience, Campaign, CampaignState, ContactFilter, ContactStatus, Segment};
use nexus_migration::{Migrator, MigratorTrait};

use crate::samples::{self, at, field_name, search, short, tags};
use crate::store::{Store, assert_duplicate, assert_same};

on_both_databases!(
    a_segment_is_read_as_it_was_written,
    a_name_is_one_of_a_kind_for_its_user,
    segments_are_listed_by_name_and_locked_by_id,
    everything_but_id_and_creation_is_saved,
    another_user_sees_and_changes_nothing,
    until_it_starts_a_campaign_keeps_its_segment_from_deletion,
    campaigns_that_have_not_started_and_have_an_audience_are_told,
    those_chosen_one_by_one_are_counted_together,
    an_account_goes_with_segments_that_are_awaited,
    campaigns_from_before_there_were_segments_stay,
);

fn name(text: &str) -> SegmentName {
    SegmentName::parse(text).unwrap()
}

async fn find(store: &Store, segment: &Segment) -> Option<Segment> {
    let mut repositories = store.read();
    let segments = repositories.segments();
    segments.find(segment.user_id, segment.id).await.unwrap()
}

async fn save_campaign(store: &Store, campaign: &Campaign) {
    let mut repositories = store.read();
    repositories.campaigns().save(campaign).await.unwrap();
}

/// For who is in the segment.
fn audience(segment: &Segment) -> Audience {
    Audience {
        segment: Some(segment.id),
        ..Audience::default()
    }
}

async fn a_segment_is_read_as_it_was_written(store: Store) {
    let user = store.user().await;
    let full = ContactFilter {
        search: Some(short("50 % \"José\"")),
        tags: tags(&["VIP", "Otoño"]),
        status: Some(ContactStatus::Inactive),
        has_phone: true,
        has_email: true,
        has_field: Some(field_name("Ciudad_1")),
        created_after: Some(at(-9)),
        created_before: Some(at(9)),
        also: vec![search("centro")],
    };
    for (text, filter) in [("Ñandú 👩🏽‍💻", full), ("Todos", ContactFilter::default())] {
        let written = Segment {
            filter,
            ..samples::segment(user.id, text)
        };
        let mut unit = store.begin().await;
        unit.segments().insert(&written).await.unwrap();
        unit.commit().await.unwrap();
        let written = Some(written);
        let segment = written.as_ref().unwrap();
        assert_same(&find(&store, segment).await, &written);
        let mut unit = store.begin().await;
        let locked = unit.segments().lock(user.id, segment.id).await.unwrap();
        assert_same(&locked, &written);
    }
}

async fn a_name_is_one_of_a_kind_for_its_user(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let mut repositories = store.read();
    let segments = repositories.segments();
    let first = samples::segment(user.id, "Otoño");
    segments.insert(&first).await.unwrap();
    let taken = segments.insert(&samples::segment(user.id, "OTONO")).await;
    assert_duplicate(&taken, DuplicateKey::SegmentName);
    segments
        .insert(&samples::segment(other.id, "Otoño"))
        .await
        .unwrap();
    let second = samples::segment(user.id, "Otro");
    segments.insert(&second).await.unwrap();
    let renamed = Segment {
        name: name("otoño"),
        ..second.clone()
    };
    let taken = segments.save(&renamed).await;
    assert_duplicate(&taken, DuplicateKey::SegmentName);
    let respelled = Segment {
        name: name("OTOÑO"),
        ..first
    };
    segments.save(&respelled).await.unwrap();
    assert_same(&find(&store, &second).await, &Some(second));
}

async fn segments_are_listed_by_name_and_locked_by_id(store: Store) {
    let user = store.user().await;
    let mut repositories = store.read();
    let segments = repositories.segments();
    let mut all = Vec::new();
    for text in ["Zeta", "Ámbar", "beta", "Alfa"] {
        let segment = samples::segment(user.id, text);
        segments.insert(&segment).await.unwrap();
        all.push(segment);
    }
    let listed = segments.list(user.id).await.unwrap();
    let names: Vec<_> = listed.iter().map(|segment| segment.name.as_str()).collect();
    assert_eq!(names, ["Alfa", "Ámbar", "beta", "Zeta"]);
    let mut unit = store.begin().await;
    let locked = unit.segments().lock_all(user.id).await.unwrap();
    all.sort_by_key(|segment| segment.id);
    assert_same(&locked, &all);
}

async fn everything_but_id_and_creation_is_saved(store: Store) {
    let user = store.user().await;
    let (first, untouched) = (store.segment(&user).await, store.segment(&user).await);
    let saved = Segment {
        name: name("Nuevo"),
        filter: search("centro"),
        created_at: at(99),
        updated_at: at(100),
        ..first.clone()
    };
    store.read().segments().save(&saved).await.unwrap();
    let expected = Segment {
        created_at: first.created_at,
        ..saved
    };
    assert_same(&find(&store, &first).await, &Some(expected));
    assert_same(&find(&store, &untouched).await, &Some(untouched));
}

async fn another_user_sees_and_changes_nothing(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let segment = store.segment(&user).await;
    let campaign = store.campaign(&user).await;
    let awaiting = Campaign {
        audience: Some(audience(&segment)),
        ..campaign.clone()
    };
    save_campaign(&store, &awaiting).await;
    let as_other = Segment {
        user_id: other.id,
        name: name("Robado"),
        ..segment.clone()
    };
    let mut repositories = store.read();
    repositories.segments().save(&as_other).await.unwrap();
    let segments = repositories.segments();
    assert_eq!(segments.find(other.id, segment.id).await.unwrap(), None);
    assert_eq!(segments.lock(other.id, segment.id).await.unwrap(), None);
    assert_eq!(segments.list(other.id).await.unwrap(), []);
    assert_eq!(segments.lock_all(other.id).await.unwrap(), []);
    assert!(!segments.delete(other.id, segment.id).await.unwrap());
    let campaigns = repositories.campaigns();
    assert_eq!(campaigns.awaiting(other.id, segment.id).await.unwrap(), []);
    assert_eq!(campaigns.unstarted(other.id).await.unwrap(), []);
    assert_eq!(campaigns.lock_unstarted(other.id).await.unwrap(), []);
    let counts = campaigns.chosen_counts(other.id, &[campaign.id]).await;
    assert_eq!(counts.unwrap(), []);
    assert_same(&find(&store, &segment).await, &Some(segment));
}

async fn until_it_starts_a_campaign_keeps_its_segment_from_deletion(store: Store) {
    let user = store.user().await;
    let sender = store.sender(&user).await;
    let (held, free) = (store.segment(&user).await, store.segment(&user).await);
    let mut campaign = Campaign {
        audience: Some(audience(&held)),
        ..store.campaign(&user).await
    };
    for state in [
        CampaignState::Draft,
        samples::scheduled(9),
        samples::missed(9),
    ] {
        campaign.state = state;
        save_campaign(&store, &campaign).await;
        let mut repositories = store.read();
        let awaiting = repositories.campaigns().awaiting(user.id, held.id).await;
        assert_eq!(awaiting.unwrap(), [(campaign.id, campaign.name.clone())]);
        let deleted = repositories.segments().delete(user.id, held.id).await;
        assert!(deleted.is_err(), "{state:?}: {deleted:?}");
    }
    assert!(find(&store, &held).await.is_some());
    let mut repositories = store.read();
    let deleted = repositories.segments().delete(user.id, free.id).await;
    assert!(deleted.unwrap());

    campaign.start(sender.id, at(10)).unwrap();
    save_campaign(&store, &campaign).await;
    let awaiting = repositories.campaigns().awaiting(user.id, held.id).await;
    assert_eq!(awaiting.unwrap(), []);
    let deleted = repositories.segments().delete(user.id, held.id).await;
    assert!(deleted.unwrap());
    let deleted = repositories.segments().delete(user.id, held.id).await;
    assert!(!deleted.unwrap());
    let found = repositories.campaigns().find(user.id, campaign.id).await;
    assert_same(&found.unwrap(), &Some(campaign));
}

async fn campaigns_that_have_not_started_and_have_an_audience_are_told(store: Store) {
    let user = store.user().await;
    let sender = store.sender(&user).await;
    let everyone = Some(Audience::default());
    let mut expected = Vec::new();
    for (audience, state) in [
        (everyone.clone(), CampaignState::Draft),
        (everyone.clone(), samples::scheduled(9)),
        (everyone.clone(), samples::missed(9)),
        (None, CampaignState::Draft),
        (
            everyone.clone(),
            CampaignState::Cancelled {
                started_at: None,
                at: at(9),
            },
        ),
    ] {
        let campaign = Campaign {
            audience,
            state,
            ..samples::campaign(user.id)
        };
        store.read().campaigns().insert(&campaign).await.unwrap();
        let is_meant = campaign.audience.is_some() && campaign.check_editable().is_ok();
        expected.extend(is_meant.then_some(campaign));
    }
    store.active_campaign(&user, &sender).await;
    assert_eq!(expected.len(), 3);
    expected.sort_by_key(|campaign| campaign.id);
    let mut unit = store.begin().await;
    assert_same(
        &unit.campaigns().lock_unstarted(user.id).await.unwrap(),
        &expected,
    );
    drop(unit);
    let mut repositories = store.read();
    let unstarted = repositories.campaigns().unstarted(user.id).await;
    assert_same(&unstarted.unwrap(), &expected);
}

async fn those_chosen_one_by_one_are_counted_together(store: Store) {
    let user = store.user().await;
    let contacts = samples::contacts(user.id, 4);
    store.add(&contacts).await;
    let ids: Vec<_> = contacts.iter().map(|contact| contact.id).collect();
    let campaigns = [
        store.campaign(&user).await.id,
        store.campaign(&user).await.id,
        store.campaign(&user).await.id,
    ];
    let mut repositories = store.read();
    let repository = repositories.campaigns();
    repository
        .choose(user.id, campaigns[0], &ids)
        .await
        .unwrap();
    let one = repository.choose(user.id, campaigns[1], &ids[..1]).await;
    one.unwrap();
    let mut counts = repository.chosen_counts(user.id, &campaigns).await.unwrap();
    counts.sort_by_key(|(_, count)| *count);
    assert_eq!(counts, [(campaigns[1], 1), (campaigns[0], 4)]);
    assert_eq!(repository.chosen_counts(user.id, &[]).await.unwrap(), []);
}

async fn an_account_goes_with_segments_that_are_awaited(store: Store) {
    let user = store.user().await;
    let segment = store.segment(&user).await;
    let campaign = Campaign {
        audience: Some(audience(&segment)),
        ..samples::campaign(user.id)
    };
    store.read().campaigns().insert(&campaign).await.unwrap();
    assert!(store.read().users().delete(user.id).await.unwrap());
    for table in ["segments", "campaigns"] {
        let left = store.number(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(left, 0, "{table}");
    }
}

async fn campaigns_from_before_there_were_segments_stay(store: Store) {
    let user = store.user().await;
    let campaign = Campaign {
        audience: Some(Audience {
            tags: tags(&["vip"]),
            ..Audience::default()
        }),
        ..samples::campaign(user.id)
    };
    store.read().campaigns().insert(&campaign).await.unwrap();
    let raw = store.raw().await;
    store.undo("_segments").await;
    Migrator::up(&raw, None).await.unwrap();
    let mut repositories = store.read();
    let found = repositories.campaigns().find(user.id, campaign.id).await;
    assert_same(&found.unwrap(), &Some(campaign));
}
