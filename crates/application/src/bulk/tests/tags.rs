use mockall::Sequence;
use mockall::predicate::eq;
use nexus_domain::mocks::MockUnitOfWork;
use nexus_domain::values::{MessageText, SegmentName, ShortText};
use nexus_domain::{
    Audience, Campaign, CampaignContent, CampaignCounters, CampaignId, CampaignState, ChannelKind,
    OutsideWindow, Segment, SegmentId,
};

use super::*;
use crate::bulk::{BulkOutcome, DeleteTagError, RenameTagError};
use crate::fixtures::{actor, fields, refused};

fn with_tag(selection: &ContactSelection) -> bool {
    let expected = ContactFilter {
        tags: tags(&["vip"]),
        ..ContactFilter::default()
    };
    *selection == ContactSelection::Filter(expected)
}

/// A read in which the tag is on these contacts.
fn tagged(contacts: &[Contact]) -> MockUnitOfWork {
    let ids: Vec<_> = contacts.iter().map(|contact| contact.id).collect();
    let mut unit = MockUnitOfWork::default();
    unit.contacts
        .expect_selected()
        .withf(|asked, selection, _, most| *asked == user().id && with_tag(selection) && *most == 1)
        .times(1)
        .return_once(move |_, _, _, _| Ok(ids));
    unit
}

/// A transaction that finds these contacts and stores them with the tags `labels`, while these
/// choose contacts.
fn retagging(
    found: Vec<Contact>,
    labels: &'static [&'static str],
    (campaigns, segments): (Vec<Campaign>, Vec<Segment>),
) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    choosing_contacts(&mut unit, campaigns, segments);
    unit.contacts
        .expect_lock_selected()
        .withf(|_, selection, _, _| with_tag(selection))
        .times(1)
        .return_once(move |_, _, _, _| Ok(found));
    unit.contacts
        .expect_save_many()
        .withf(move |_, contacts| contacts.iter().all(|contact| contact.tags == tags(labels)))
        .times(1)
        .returning(|_, _| Ok(()));
    unit
}

/// These choose contacts by a rule, and no tag is being renamed.
fn choosing_contacts(unit: &mut MockUnitOfWork, campaigns: Vec<Campaign>, segments: Vec<Segment>) {
    choosing_while(unit, campaigns, segments, vec![change()]);
}

/// These choose contacts by a rule while these changes are made.
fn choosing_while(
    unit: &mut MockUnitOfWork,
    campaigns: Vec<Campaign>,
    segments: Vec<Segment>,
    changes: Vec<BulkChange>,
) {
    let mut order = Sequence::new();
    unit.campaigns
        .expect_lock_unstarted()
        .with(eq(user().id))
        .times(1)
        .in_sequence(&mut order)
        .return_once(move |_| Ok(campaigns));
    unit.segments
        .expect_lock_all()
        .with(eq(user().id))
        .times(1)
        .in_sequence(&mut order)
        .return_once(move |_| Ok(segments));
    unit.bulk_changes
        .expect_unfinished()
        .with(eq(user().id))
        .times(1)
        .in_sequence(&mut order)
        .return_once(move |_| Ok(changes));
}

/// A transaction in which these choose contacts, and that changes nothing.
fn chosen_by(campaigns: Vec<Campaign>, segments: Vec<Segment>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    choosing_contacts(&mut unit, campaigns, segments);
    unit
}

fn campaign(number: u32, labels: &[&str]) -> Campaign {
    Campaign {
        id: CampaignId::in_order(now(), number, entropy().as_ref()),
        user_id: user().id,
        name: ShortText::parse(&format!("Campaña {number}")).expect("a name"),
        channel: ChannelKind::Whatsapp,
        subject: None,
        content: CampaignContent::Text(MessageText::parse("Hola", &[]).expect("a text")),
        audience: Some(Audience {
            tags: tags(labels),
            ..Audience::default()
        }),
        send_window: None,
        outside_window: OutsideWindow::default(),
        sender_id: None,
        state: CampaignState::Draft,
        counters: CampaignCounters::default(),
        created_at: now(),
        updated_at: now(),
    }
}

fn segment(number: u32, labels: &[&str]) -> Segment {
    Segment {
        id: SegmentId::in_order(now(), number, entropy().as_ref()),
        user_id: user().id,
        name: SegmentName::parse(&format!("Segmento {number}")).expect("a name"),
        filter: ContactFilter {
            tags: tags(labels),
            ..ContactFilter::default()
        },
        created_at: now(),
        updated_at: now(),
    }
}

/// Those that are saved, each once: the campaigns and the segments with these tags.
fn saving_choices(unit: &mut MockUnitOfWork) {
    unit.campaigns
        .expect_save()
        .withf(|saved| {
            saved.id == campaign(1, &[]).id
                && saved.audience.as_ref().is_some_and(|audience| {
                    audience.tags.iter().map(Tag::label).eq(["norte", "Fiel"])
                })
        })
        .times(1)
        .returning(|_| Ok(()));
    unit.segments
        .expect_save()
        .withf(|saved| {
            saved.id == segment(2, &[]).id
                && saved.filter.tags.iter().map(Tag::label).eq(["oro", "Fiel"])
        })
        .times(1)
        .returning(|_| Ok(()));
}

fn choices() -> (Vec<Campaign>, Vec<Segment>) {
    let campaigns = vec![campaign(1, &["norte", "vip"]), campaign(2, &["norte"])];
    let segments = vec![segment(1, &[]), segment(2, &["oro", "vip"])];
    (campaigns, segments)
}

#[tokio::test]
async fn what_chooses_contacts_by_a_renamed_tag_does_so_by_its_new_name() {
    let found = vips(2, &["vip"]);
    let (campaigns, segments) = choices();
    let mut unit = MockUnitOfWork::default();
    choosing_contacts(&mut unit, campaigns, segments);
    saving_choices(&mut unit);
    unit.contacts
        .expect_lock_selected()
        .return_once(|_, _, _, _| Ok(vips(2, &["vip"])));
    unit.contacts.expect_save_many().returning(|_, _| Ok(()));
    let storage = ScriptedStorage::new()
        .then_read(tagged(&found[..1]))
        .then_begin(unit);
    let storage = Arc::new(storage);
    changes(&storage)
        .rename_tag(&actor(), "vip", "Fiel")
        .await
        .expect("renamed");
    assert_eq!(storage.commits(), 1);
}

#[tokio::test]
async fn when_a_worker_renames_the_tag_what_chooses_by_it_changes_with_the_decision() {
    let (campaigns, segments) = choices();
    let mut queue = MockUnitOfWork::default();
    choosing_contacts(&mut queue, campaigns, segments);
    queue
        .contacts
        .expect_lock_selected()
        .return_once(|_, _, _, _| Ok(contacts(2_001)));
    saving_choices(&mut queue);
    queue.contacts.expect_count().returning(|_, _| Ok(2_001));
    queue
        .bulk_changes
        .expect_insert()
        .times(1)
        .returning(|_| Ok(()));
    queue.jobs.expect_enqueue().times(1).returning(|_| Ok(()));
    let storage = ScriptedStorage::new()
        .then_read(tagged(&contacts(1)))
        .then_begin(queue);
    let storage = Arc::new(storage);
    let outcome = changes(&storage).rename_tag(&actor(), "vip", "Fiel").await;
    assert!(matches!(outcome, Ok(BulkOutcome::Queued(_))), "{outcome:?}");
    assert_eq!(storage.commits(), 1);
}

#[tokio::test]
async fn a_tag_that_chooses_contacts_is_not_deleted() {
    let (campaigns, segments) = choices();
    let storage = ScriptedStorage::new()
        .then_read(tagged(&contacts(1)))
        .then_begin(chosen_by(campaigns, segments));
    let storage = Arc::new(storage);
    let refused = changes(&storage).delete_tag(&actor(), "vip").await;
    let Err(DeleteTagError::InUse(uses)) = refused else {
        panic!("unexpected: {refused:?}");
    };
    let [(campaign_id, _)] = uses.campaigns.as_slice() else {
        panic!("unexpected: {uses:?}");
    };
    assert_eq!(*campaign_id, campaign(1, &[]).id);
    let [(segment_id, _)] = uses.segments.as_slice() else {
        panic!("unexpected: {uses:?}");
    };
    assert_eq!(*segment_id, segment(2, &[]).id);
    assert_eq!(storage.commits(), 0);
}

fn being_renamed(from: &str, to: &str) -> BulkChange {
    let [from, to] = [from, to].map(|label| Tag::parse(label).expect("a tag"));
    BulkChange {
        action: BulkAction::Edit(ContactEdit::RenameTag { from, to }),
        status: BulkStatus::Running,
        ..change()
    }
}

/// A store in which a worker renames a tag, and that is not to be changed.
fn renaming(from: &str, to: &str) -> Arc<ScriptedStorage> {
    let (campaigns, segments) = choices();
    let mut unit = MockUnitOfWork::default();
    let changes = vec![change(), being_renamed(from, to)];
    choosing_while(&mut unit, campaigns, segments, changes);
    let storage = ScriptedStorage::new()
        .then_read(tagged(&contacts(1)))
        .then_begin(unit);
    Arc::new(storage)
}

#[tokio::test]
async fn nothing_else_happens_to_a_tag_that_is_being_renamed() {
    for (from, to, named) in [
        ("clientes", "VIP", "VIP"),
        ("vip", "clientes", "vip"),
        ("oro", "fiel", "fiel"),
        ("FIEL", "oro", "FIEL"),
    ] {
        let storage = renaming(from, to);
        let refused = changes(&storage).rename_tag(&actor(), "vip", "Fiel").await;
        assert!(
            matches!(&refused, Err(RenameTagError::BeingRenamed { tag }) if tag.label() == named),
            "{refused:?}"
        );
        assert_eq!(storage.commits(), 0);
    }
    for (from, to) in [("clientes", "vip"), ("vip", "clientes")] {
        let storage = renaming(from, to);
        let refused = changes(&storage).delete_tag(&actor(), "vip").await;
        assert!(
            matches!(&refused, Err(DeleteTagError::BeingRenamed { tag }) if tag.label() == "vip"),
            "{refused:?}"
        );
        assert_eq!(storage.commits(), 0);
    }
}

#[tokio::test]
async fn tags_that_something_chooses_by_at_once_do_not_become_one() {
    let by_segment = |number: u32, segment: &Segment| {
        let mut campaign = campaign(number, &["vip"]);
        let audience = campaign.audience.as_mut().expect("an audience");
        audience.segment = Some(segment.id);
        campaign
    };
    let fiel = segment(1, &["fiel"]);
    let campaigns = vec![
        campaign(1, &["vip", "FIEL"]),
        campaign(2, &["vip"]),
        by_segment(3, &fiel),
        by_segment(4, &segment(2, &[])),
    ];
    let mut apart = segment(4, &["norte"]);
    apart.filter.also = vec![segment(5, &["fiel", "vip"]).filter];
    let segments = vec![fiel, segment(2, &[]), segment(3, &["vip", "fiel"]), apart];
    let storage = ScriptedStorage::new()
        .then_read(tagged(&contacts(1)))
        .then_begin(chosen_by(campaigns, segments));
    let storage = Arc::new(storage);
    let refused = changes(&storage).rename_tag(&actor(), "vip", "Fiel").await;
    let Err(RenameTagError::InUse(uses)) = refused else {
        panic!("unexpected: {refused:?}");
    };
    let named: Vec<_> = uses
        .campaigns
        .iter()
        .map(|(_, name)| name.as_str())
        .collect();
    assert_eq!(named, ["Campaña 1", "Campaña 3"]);
    let named: Vec<_> = uses
        .segments
        .iter()
        .map(|(_, name)| name.as_str())
        .collect();
    assert_eq!(named, ["Segmento 3", "Segmento 4"]);
    assert_eq!(storage.commits(), 0);
}

#[tokio::test]
async fn a_tag_that_chooses_with_others_can_be_spelled_otherwise() {
    let found = vips(1, &["vip"]);
    let storage = ScriptedStorage::new()
        .then_read(tagged(&found))
        .then_begin(retagging(
            found,
            &["VIP"],
            (Vec::new(), vec![segment(1, &["fiel", "VIP"])]),
        ));
    let storage = Arc::new(storage);
    let outcome = changes(&storage).rename_tag(&actor(), "vip", "VIP").await;
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(storage.commits(), 1);
}

fn vips(count: u32, labels: &[&str]) -> Vec<Contact> {
    let mut contacts = contacts(count);
    for contact in &mut contacts {
        contact.tags = tags(labels);
    }
    contacts
}

#[tokio::test]
async fn a_renamed_tag_becomes_one_with_the_tag_of_that_name() {
    let found = vips(2, &["vip", "fiel", "norte"]);
    let storage = ScriptedStorage::new()
        .then_read(tagged(&found[..1]))
        .then_begin(retagging(found, &["fiel", "norte"], Default::default()));
    let storage = Arc::new(storage);

    let outcome = changes(&storage)
        .rename_tag(&actor(), "VIP", " Fiel ")
        .await;

    let done = BulkOutcome::Done {
        matched: 2,
        changed: 2,
    };
    assert_eq!(outcome.expect("renamed"), done);
    assert_eq!(storage.commits(), 1);
}

#[tokio::test]
async fn a_deleted_tag_is_taken_from_all_that_have_it() {
    let found = vips(3, &["vip", "norte"]);
    let choosing = (vec![campaign(1, &["norte"])], vec![segment(1, &["norte"])]);
    let storage = ScriptedStorage::new()
        .then_read(tagged(&found[..1]))
        .then_begin(retagging(found, &["norte"], choosing));
    let storage = Arc::new(storage);

    let outcome = changes(&storage).delete_tag(&actor(), "vip").await;

    let done = BulkOutcome::Done {
        matched: 3,
        changed: 3,
    };
    assert_eq!(outcome.expect("deleted"), done);
}

#[tokio::test]
async fn a_tag_that_nobody_has_is_not_there() {
    let storage = ScriptedStorage::new()
        .then_read(tagged(&[]))
        .then_read(tagged(&[]));
    let storage = Arc::new(storage);
    let changes = changes(&storage);
    let renamed = changes.rename_tag(&actor(), "vip", "fiel").await;
    assert!(matches!(renamed, Err(RenameTagError::NotFound)));
    let deleted = changes.delete_tag(&actor(), "vip").await;
    assert!(matches!(deleted, Err(DeleteTagError::NotFound)));
    let no_tag = changes.delete_tag(&actor(), "a,b").await;
    assert!(matches!(no_tag, Err(DeleteTagError::NotFound)));
}

#[tokio::test]
async fn a_name_that_no_tag_may_have_is_refused() {
    let storage = Arc::new(ScriptedStorage::new());
    let error = changes(&storage).rename_tag(&actor(), "vip", "a,b").await;
    let Err(RenameTagError::Invalid(violations)) = error else {
        panic!("unexpected: {error:?}");
    };
    assert_eq!(refused(&violations), fields(&[("name", "tag_with_comma")]));
}
