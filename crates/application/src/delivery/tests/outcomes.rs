//! Outcomes that come late, or twice.

use nexus_domain::{CampaignStatus, DeliveryStatus, FailureCode};

use super::bench::Bench;
use super::provider::failure;
use crate::delivery::outcome::Outcome;
use crate::delivery::outcomes::{Guard, Recorded};

fn accepted() -> Outcome {
    Outcome::Accepted {
        message_id: "wamid.1".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_recorded_without_the_lease() {
    let bench = Bench::with_an_attempt().await;
    bench.taken_over().await;
    let landed = bench.landed(accepted());

    let recorded = bench.record(landed, Guard::Attempt).await;

    assert_eq!(recorded, Recorded::Done);
    assert_eq!(bench.status(), DeliveryStatus::Accepted);
    bench.world.check();
}

#[tokio::test(start_paused = true)]
async fn what_certainly_never_left_ends_the_doubt_of_the_next_owner() {
    let throttled = Outcome::Throttled {
        retry_after: None,
        recipient_only: false,
    };
    for outcome in [Outcome::HeldBack, Outcome::NotConnected, throttled] {
        let bench = Bench::with_an_attempt().await;
        bench.taken_over().await;
        let landed = bench.landed(outcome);

        bench.record(landed, Guard::Attempt).await;

        assert_eq!(bench.status(), DeliveryStatus::Queued);
        bench.world.check();
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_of_an_older_attempt_says_nothing_of_the_current_one() {
    let refused = Outcome::Refused(failure(FailureCode::Unreachable));
    let doubt = Outcome::InDoubt {
        reason: "reset".to_owned(),
    };
    for outcome in [accepted(), refused, doubt, Outcome::HeldBack] {
        let mut bench = Bench::with_an_attempt().await;
        let late = bench.landed(outcome);
        let held_back = bench.landed(Outcome::HeldBack);
        bench.record(held_back, Guard::Attempt).await;
        bench.begin();

        bench.record(late, Guard::Attempt).await;

        assert_eq!(bench.status(), DeliveryStatus::Dispatching);
        let recipient = bench.world.recipient(bench.attempt.recipient);
        assert_eq!(recipient.delivery.attempts, 2);
        assert_eq!(recipient.delivery.message_id, None);
        bench.world.check();
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_outcome_twice_changes_nothing() {
    let refused = Outcome::Refused(failure(FailureCode::Unreachable));
    for outcome in [accepted(), refused, Outcome::NotConnected] {
        let bench = Bench::with_an_attempt().await;
        let landed = bench.landed(outcome);

        bench.record(landed.clone(), Guard::Attempt).await;
        let once = bench.world.recipient(bench.attempt.recipient);
        bench.record(landed, Guard::Attempt).await;

        let twice = bench.world.recipient(bench.attempt.recipient);
        assert_eq!(twice.delivery.status, once.delivery.status);
        assert_eq!(twice.delivery.not_before, once.delivery.not_before);
        bench.world.check();
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_that_came_before_the_answer_is_not_undone_by_it() {
    let bench = Bench::with_an_attempt().await;
    bench.world.ledger.with(|tables| {
        let recipient = tables.recipients.get_mut(&bench.attempt.recipient);
        recipient.expect("a recipient").delivery.status = DeliveryStatus::Read;
        let campaign = tables.campaigns.get_mut(&bench.campaign);
        let counters = &mut campaign.expect("a campaign").counters;
        (counters.pending, counters.sent) = (1, 1);
        (counters.delivered, counters.opened) = (1, 1);
    });
    let landed = bench.landed(accepted());

    bench.record(landed, Guard::Attempt).await;

    assert_eq!(bench.status(), DeliveryStatus::Read);
    let counters = bench.world.campaign_now(bench.campaign).counters;
    assert_eq!(
        (counters.pending, counters.sent, counters.opened),
        (1, 1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn what_lands_after_its_campaign_was_cancelled_leaves_it_cancelled() {
    let bench = Bench::with_an_attempt().await;
    bench.world.cancel(bench.campaign).await;
    let code = FailureCode::TemplateUnusable;
    let landed = bench.landed(Outcome::CampaignRefused(failure(code)));

    bench.record(landed, Guard::Attempt).await;

    assert_eq!(bench.status(), DeliveryStatus::Failed);
    let status = bench.world.status(bench.campaign);
    assert_eq!(status, CampaignStatus::Cancelled);
    bench.world.check();
}
