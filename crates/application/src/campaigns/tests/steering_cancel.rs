use std::collections::VecDeque;

use nexus_domain::{CounterDelta, DeliveryStatus};

use super::*;

fn cancelled(before: Campaign) -> Campaign {
    Campaign {
        state: CampaignState::Cancelled {
            started_at: before.state.started_at(),
            at: now(),
        },
        updated_at: now(),
        ..before
    }
}

/// A transaction that finds `before` and stores that it is cancelled.
fn cancelling(before: Campaign) -> MockUnitOfWork {
    let mut unit = locking(Some(before.clone()));
    saving(&mut unit, cancelled(before));
    unit
}

/// Those who wait are locked in these parts, 500 at most.
fn waiting(unit: &mut MockUnitOfWork, parts: Vec<Vec<CampaignContact>>) {
    let times = parts.len();
    let mut parts = VecDeque::from(parts);
    unit.recipients
        .expect_lock_queued()
        .with(eq(user().id), eq(campaign_id()), eq(500))
        .times(times)
        .returning(move |_, _, _| Ok(parts.pop_front().expect("a part")));
}

/// The counters change by `pending`, and are these then.
fn counting(unit: &mut MockUnitOfWork, pending: i64) {
    unit.campaigns
        .expect_count()
        .withf(move |asked, id, delta| {
            *asked == user().id
                && *id == campaign_id()
                && *delta
                    == CounterDelta {
                        pending,
                        ..CounterDelta::default()
                    }
        })
        .times(1)
        .returning(|_, _, _| Ok(counters()));
}

fn counters() -> CampaignCounters {
    CampaignCounters {
        total: 502,
        pending: 1,
        ..CampaignCounters::default()
    }
}

/// Everyone's rows are stored as cancelled, in statements of these sizes.
fn storing(unit: &mut MockUnitOfWork, sizes: &[usize]) {
    let mut expected: VecDeque<_> = sizes.iter().copied().collect();
    unit.recipients
        .expect_save()
        .withf(|rows| {
            rows.iter().all(|row| {
                row.delivery.status == DeliveryStatus::Cancelled && row.updated_at == now()
            })
        })
        .times(sizes.len())
        .returning(move |rows| {
            assert_eq!(Some(rows.len()), expected.pop_front());
            Ok(())
        });
}

/// A transaction that another is in the way of.
fn in_the_way() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.campaigns
        .expect_lock()
        .times(1)
        .returning(|_, _| Err(unavailable()));
    unit
}

#[tokio::test]
async fn a_campaign_that_has_not_started_is_cancelled_alone() {
    for status in [CampaignStatus::Draft, CampaignStatus::Scheduled] {
        let mut unit = cancelling(in_status(status));
        reading_media(&mut unit);
        let bench = bench(ScriptedStorage::new().then_begin(unit));

        let details = bench
            .campaigns
            .cancel(&actor(), campaign_id())
            .await
            .expect("cancelled");

        assert_eq!(bench.storage.commits(), 1);
        assert!(!bench.woken());
        let expected = CampaignDetails {
            campaign: cancelled(in_status(status)),
            media: vec![file()],
        };
        assert_eq!(details, expected);
    }
}

#[tokio::test]
async fn those_who_wait_are_cancelled_with_a_campaign_that_has_started() {
    for status in [CampaignStatus::Active, CampaignStatus::Paused] {
        let mut unit = cancelling(in_status(status));
        let full: Vec<_> = (1..=500).map(recipient).collect();
        waiting(&mut unit, vec![full, vec![recipient(501)], Vec::new()]);
        storing(&mut unit, &[500, 1]);
        counting(&mut unit, -501);
        reading_media(&mut unit);
        let bench = bench(ScriptedStorage::new().then_begin(unit));

        let details = bench
            .campaigns
            .cancel(&actor(), campaign_id())
            .await
            .expect("cancelled");

        assert_eq!(bench.storage.commits(), 1);
        let expected = Campaign {
            counters: counters(),
            ..cancelled(in_status(status))
        };
        assert_eq!(details.campaign, expected);
    }
}

#[tokio::test]
async fn when_nobody_waits_there_is_nothing_to_count() {
    let mut unit = cancelling(in_status(CampaignStatus::Active));
    waiting(&mut unit, vec![Vec::new()]);
    counting(&mut unit, 0);
    reading_media(&mut unit);
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    bench
        .campaigns
        .cancel(&actor(), campaign_id())
        .await
        .expect("cancelled");
    assert_eq!(bench.storage.commits(), 1);
}

#[tokio::test]
async fn a_message_that_is_on_its_way_is_left_alone() {
    let mut on_its_way = recipient(2);
    on_its_way.begin_attempt(earlier()).expect("it waited");
    let mut unit = cancelling(in_status(CampaignStatus::Active));
    let part = vec![recipient(1), on_its_way.clone()];
    waiting(&mut unit, vec![part, vec![on_its_way]]);
    storing(&mut unit, &[1]);
    counting(&mut unit, -1);
    reading_media(&mut unit);
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    bench
        .campaigns
        .cancel(&actor(), campaign_id())
        .await
        .expect("cancelled");
    assert_eq!(bench.storage.commits(), 1);
}

#[tokio::test]
async fn only_a_campaign_that_goes_on_can_be_cancelled() {
    for status in [
        CampaignStatus::Completed,
        CampaignStatus::Cancelled,
        CampaignStatus::Missed,
    ] {
        let unit = locking(Some(in_status(status)));
        let bench = bench(ScriptedStorage::new().then_begin(unit));
        let error = bench
            .campaigns
            .cancel(&actor(), campaign_id())
            .await
            .expect_err("refused");
        assert!(
            matches!(error, CancelCampaignError::NotCancellable { status: is } if is == status),
            "{error}"
        );
        assert!(bench.unchanged());
    }
}

#[tokio::test]
async fn an_unknown_campaign_is_not_cancelled() {
    let bench = bench(ScriptedStorage::new().then_begin(locking(None)));
    let error = bench
        .campaigns
        .cancel(&actor(), campaign_id())
        .await
        .expect_err("refused");
    assert!(matches!(error, CancelCampaignError::NotFound), "{error}");
    assert!(bench.unchanged());
}

#[tokio::test]
async fn a_cancellation_that_something_is_in_the_way_of_is_tried_again() {
    let mut late = cancelling(in_status(CampaignStatus::Active));
    waiting(&mut late, vec![vec![recipient(1)]]);
    late.recipients
        .expect_save()
        .times(1)
        .returning(|_| Err(unavailable()));
    let mut third = cancelling(in_status(CampaignStatus::Active));
    waiting(&mut third, vec![vec![recipient(1)], Vec::new()]);
    storing(&mut third, &[1]);
    // What the tries before had counted is not counted.
    counting(&mut third, -1);
    reading_media(&mut third);
    let bench = bench(
        ScriptedStorage::new()
            .then_begin(in_the_way())
            .then_begin(late)
            .then_begin(third),
    );

    let details = bench
        .campaigns
        .cancel(&actor(), campaign_id())
        .await
        .expect("cancelled");

    assert_eq!(details.campaign.status(), CampaignStatus::Cancelled);
    assert_eq!(bench.storage.commits(), 1);
}

/// The first try was committed although the store was gone before it said so.
#[tokio::test]
async fn a_campaign_that_is_cancelled_when_it_is_tried_again_is_what_was_wished() {
    // Nothing but the lock and the files is prepared: it is not cancelled a second time.
    let before = Campaign {
        counters: counters(),
        ..in_status(CampaignStatus::Cancelled)
    };
    let mut unit = locking(Some(before.clone()));
    reading_media(&mut unit);
    let bench = bench(
        ScriptedStorage::new()
            .then_begin(in_the_way())
            .then_begin(unit),
    );

    let details = bench
        .campaigns
        .cancel(&actor(), campaign_id())
        .await
        .expect("cancelled");

    let expected = CampaignDetails {
        campaign: before,
        media: vec![file()],
    };
    assert_eq!(details, expected);
    assert!(bench.unchanged());
}

#[tokio::test]
async fn a_campaign_that_ended_otherwise_before_it_is_tried_again_is_not_cancelled() {
    for status in [CampaignStatus::Completed, CampaignStatus::Missed] {
        let bench = bench(
            ScriptedStorage::new()
                .then_begin(in_the_way())
                .then_begin(locking(Some(in_status(status)))),
        );
        let error = bench
            .campaigns
            .cancel(&actor(), campaign_id())
            .await
            .expect_err("refused");
        assert!(
            matches!(error, CancelCampaignError::NotCancellable { status: is } if is == status),
            "{error}"
        );
        assert!(bench.unchanged());
    }
}

#[tokio::test]
async fn a_campaign_whose_files_cant_be_read_is_not_cancelled() {
    let mut unit = cancelling(in_status(CampaignStatus::Draft));
    failing_media(&mut unit);
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    let error = bench
        .campaigns
        .cancel(&actor(), campaign_id())
        .await
        .expect_err("failed");
    assert!(
        matches!(error, CancelCampaignError::Storage(StorageError::Failed(_))),
        "{error}"
    );
    assert!(bench.unchanged());
}

#[tokio::test]
async fn a_cancellation_is_tried_three_times_at_most() {
    // A fourth transaction is not prepared.
    let bench = bench(
        ScriptedStorage::new()
            .then_begin(in_the_way())
            .then_begin(in_the_way())
            .then_begin(in_the_way()),
    );
    let error = bench
        .campaigns
        .cancel(&actor(), campaign_id())
        .await
        .expect_err("given up");
    assert!(
        matches!(
            error,
            CancelCampaignError::Storage(StorageError::Unavailable(_))
        ),
        "{error}"
    );
    assert!(bench.unchanged());
}

#[tokio::test]
async fn a_cancellation_that_failed_for_good_is_not_tried_again() {
    let mut unit = MockUnitOfWork::default();
    unit.campaigns
        .expect_lock()
        .times(1)
        .returning(|_, _| Err(broken()));
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    let error = bench
        .campaigns
        .cancel(&actor(), campaign_id())
        .await
        .expect_err("failed");
    assert!(
        matches!(error, CancelCampaignError::Storage(StorageError::Failed(_))),
        "{error}"
    );
    assert!(bench.unchanged());
}
