use mockall::Sequence;
use nexus_domain::{
    BulkAction, BulkChange, BulkChangeId, BulkStatus, ContactEdit, ContactSelection,
};

use super::*;

fn for_regulars() -> Campaign {
    Campaign {
        audience: Some(Audience {
            segment: Some(regulars().id),
            ..vips()
        }),
        ..campaign()
    }
}

/// A transaction in which the campaign is locked, and then its segment.
fn locking_both() -> MockUnitOfWork {
    let mut order = Sequence::new();
    let mut unit = MockUnitOfWork::default();
    unit.senders
        .expect_ensure()
        .times(1)
        .returning(|_| Ok(account()));
    unit.campaigns
        .expect_lock()
        .times(1)
        .in_sequence(&mut order)
        .returning(|_, _| Ok(Some(for_regulars())));
    unit.segments
        .expect_lock()
        .with(eq(user().id), eq(regulars().id))
        .times(1)
        .in_sequence(&mut order)
        .returning(|_, _| Ok(Some(regulars())));
    unit.segments
        .expect_find()
        .with(eq(user().id), eq(regulars().id))
        .times(1)
        .in_sequence(&mut order)
        .returning(|_, _| Ok(Some(regulars())));
    unit
}

fn storage(unit: MockUnitOfWork) -> ScriptedStorage {
    ScriptedStorage::new()
        .then_read(of_user(Some(ready())))
        .then_read(finding_to_send(Some(for_regulars())))
        .then_begin(unit)
}

fn change(action: BulkAction) -> BulkChange {
    BulkChange {
        id: BulkChangeId::new(now(), entropy().as_ref()),
        user_id: user().id,
        action,
        selection: ContactSelection::Filter(ContactFilter::default()),
        status: BulkStatus::Running,
        matched: 9_000,
        changed: 500,
        seen_through: Some(contact_id(500)),
        created_at: earlier(),
        updated_at: earlier(),
    }
}

fn rename(from: &str, to: &str) -> BulkChange {
    change(BulkAction::Edit(ContactEdit::RenameTag {
        from: tag(from),
        to: tag(to),
    }))
}

#[tokio::test]
async fn a_segment_chooses_as_it_is_at_the_start() {
    let mut unit = locking_both();
    unit.bulk_changes.expect_unfinished().returning(|_| {
        Ok(vec![
            rename("norte", "sur"),
            change(BulkAction::Edit(ContactEdit::Untag(vec![tag("vip")]))),
        ])
    });
    let filter = vips().filter(None).map(|own| own.and(regulars().filter));
    reaching(&mut unit, filter, vec![contact(1)], 1);
    unit.recipients
        .expect_insert()
        .times(1)
        .returning(|_| Ok(()));
    unit.campaigns.expect_save().times(1).returning(|_| Ok(()));
    unit.campaigns
        .expect_count()
        .times(1)
        .returning(|_, _, _| Ok(CampaignCounters::default()));
    reading_media(&mut unit);
    let bench = bench(storage(unit));
    let sent = bench.campaigns.send(&actor(), campaign_id()).await;
    assert_eq!(sent.expect("started").campaign.awaited_segment(), None);
}

#[tokio::test]
async fn while_a_tag_that_chooses_recipients_is_being_renamed_nothing_starts() {
    for (rename, named) in [
        (rename("oro", "vip"), "vip"),
        (rename("VIP", "oro"), "VIP"),
        // By the segment.
        (rename("leal", "fiel"), "fiel"),
    ] {
        let mut unit = locking_both();
        unit.bulk_changes
            .expect_unfinished()
            .with(eq(user().id))
            .times(1)
            .return_once(move |_| Ok(vec![rename]));
        reading_media(&mut unit);
        let bench = bench(storage(unit));
        let error = bench.campaigns.send(&actor(), campaign_id()).await;
        assert!(
            matches!(&error, Err(SendCampaignError::TagBeingRenamed { tag }) if tag.label() == named),
            "{error:?}"
        );
        assert!(bench.unchanged());
    }
}
