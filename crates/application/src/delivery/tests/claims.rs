//! Claims at the moment when something stands against them.

use nexus_domain::DeliveryStatus;

use super::bench::Bench;
use crate::delivery::claims::{Claim, claim};

async fn claim_of(bench: &Bench) -> Claim {
    claim(&bench.desk, &bench.lease, bench.campaign, 10, None, None)
        .await
        .ok()
        .expect("the store works")
}

#[tokio::test(start_paused = true)]
async fn a_claim_begins_everyone_who_is_due_once() {
    let bench = Bench::new().await;

    let Claim::Flights(flights) = claim_of(&bench).await else {
        panic!("nothing was claimed");
    };

    assert_eq!(flights.len(), 2);
    for flight in flights {
        let attempt = flight.message.attempt;
        let recipient = bench.world.recipient(attempt.recipient);
        assert_eq!(recipient.delivery.status, DeliveryStatus::Dispatching);
        assert_eq!(recipient.attempt(), Some(attempt));
        assert_eq!(flight.ticket.attempt, attempt);
        assert_eq!(flight.ticket.contact, recipient.contact_id);
    }
    assert!(matches!(claim_of(&bench).await, Claim::Nothing));
    bench.world.check();
}

#[tokio::test(start_paused = true)]
async fn nobody_is_claimed_of_a_campaign_that_was_stopped_at_the_last_moment() {
    let bench = Bench::new().await;
    bench.world.pause(bench.campaign).await;

    assert!(matches!(claim_of(&bench).await, Claim::Nothing));

    bench.world.cancel(bench.campaign).await;
    assert!(matches!(claim_of(&bench).await, Claim::Nothing));
    assert_eq!(bench.status(), DeliveryStatus::Cancelled);
    bench.world.check();
}

#[tokio::test(start_paused = true)]
async fn nobody_is_claimed_of_a_campaign_of_another_number() {
    let bench = Bench::new().await;
    let other = bench.world.another_business().sender;
    bench.world.ledger.with(|tables| {
        let campaign = tables.campaigns.get_mut(&bench.campaign);
        campaign.expect("a campaign").sender_id = Some(other);
    });

    assert!(matches!(claim_of(&bench).await, Claim::Nothing));

    assert_eq!(bench.status(), DeliveryStatus::Queued);
}
