//! Messages that the provider refuses for good, alone or with the rest.

use std::time::Duration;

use nexus_domain::{
    CampaignId, CampaignState, CampaignStatus, ContactStatus, DeliveryStatus, FailureCode,
};

use super::provider::{Answer, failure};
use super::world::World;

/// Why a campaign is paused.
fn pause_reason(world: &World, id: CampaignId) -> Option<FailureCode> {
    match world.campaign_now(id).state {
        CampaignState::Paused { reason, .. } => reason,
        other => panic!("not paused: {other:?}"),
    }
}

fn statuses_of_contacts(world: &World, id: CampaignId) -> Vec<ContactStatus> {
    let recipients = world.recipients(id);
    world.ledger.with(|tables| {
        let ids = recipients.iter().filter_map(|r| r.contact_id);
        ids.map(|id| tables.contacts[&id].status).collect()
    })
}

#[tokio::test(start_paused = true)]
async fn a_refused_recipient_has_failed_and_the_others_go_on() {
    let world = World::new();
    let campaign = world.campaign(30);
    let address = world.address(campaign, 3);
    let refused = Answer::refused(FailureCode::Unreachable);
    world.provider.answers(&address, [refused]);
    world.start();

    world.until_completed(campaign).await;
    tokio::time::sleep(Duration::from_mins(1)).await;

    let failed = world.recipients(campaign).swap_remove(3).delivery;
    assert_eq!(failed.status, DeliveryStatus::Failed);
    assert_eq!(failed.failure, Some(failure(FailureCode::Unreachable)));
    assert!(failed.failed_at.is_some());
    assert_eq!(world.provider.requests_to(&address).len(), 1);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 29);
    assert_eq!(world.campaign_now(campaign).counters.failed, 1);
    let mut statuses = statuses_of_contacts(&world, campaign).into_iter();
    assert!(statuses.all(|status| status == ContactStatus::Active));
    world.check();
}

#[tokio::test(start_paused = true)]
async fn who_does_not_want_marketing_is_unsubscribed() {
    let world = World::new();
    let campaign = world.campaign(3);
    let opted_out = Answer::refused(FailureCode::OptedOut);
    world
        .provider
        .answers(&world.address(campaign, 1), [opted_out]);
    world.start();

    world.until_completed(campaign).await;

    let statuses = statuses_of_contacts(&world, campaign);
    let expected = [
        ContactStatus::Active,
        ContactStatus::Unsubscribed,
        ContactStatus::Active,
    ];
    assert_eq!(statuses, expected);
    assert_eq!(world.count(campaign, DeliveryStatus::Failed), 1);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_refused_campaign_is_paused_and_another_goes_on() {
    let world = World::new();
    let refused = world.campaign(60);
    let other = world.campaign(60);
    let first = world.address(refused, 0);
    let answer = Answer::campaign_refused(FailureCode::TemplateUnusable);
    world.provider.answers(&first, [answer]);
    world.start();

    world.until_completed(other).await;
    tokio::time::sleep(Duration::from_mins(1)).await;

    let code = FailureCode::TemplateUnusable;
    assert_eq!(pause_reason(&world, refused), Some(code));
    let of_refused: Vec<_> = (0..60).map(|n| world.address(refused, n)).collect();
    let left: Vec<_> = world
        .provider
        .requests()
        .into_iter()
        .filter(|request| of_refused.contains(&request.to))
        .collect();
    // The answer takes 20 ms, in which others may leave: no longer, though many were claimed.
    let answered_at = left[0].at + Duration::from_millis(20);
    assert!(left.iter().all(|request| request.at <= answered_at));
    let failed = world.recipients(refused).swap_remove(0).delivery;
    assert_eq!(failed.failure, Some(failure(code)));
    let queued = world.count(refused, DeliveryStatus::Queued);
    assert_eq!(queued, 60 - left.len());
    assert_eq!(world.count(other, DeliveryStatus::Accepted), 60);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_refused_campaign_stops_before_that_is_recorded() {
    let world = World::new();
    let campaign = world.campaign(400);
    let slow = Answer::accepted().after(Duration::from_secs(5));
    world.provider.always(slow);
    let answer = Answer::campaign_refused(FailureCode::TemplateUnusable);
    world
        .provider
        .answers(&world.address(campaign, 0), [answer]);
    let late = Duration::from_secs(2);
    world.process(1).with(|c| c.linger = late).start();

    tokio::time::sleep(Duration::from_secs(3)).await;

    assert_eq!(world.status(campaign), CampaignStatus::Paused);
    let requests = world.provider.requests();
    let answered_at = requests[0].at + Duration::from_millis(20);
    assert!(requests.iter().all(|request| request.at <= answered_at));
}

#[tokio::test(start_paused = true)]
async fn a_refused_campaign_goes_on_when_it_is_resumed() {
    let world = World::new();
    let campaign = world.campaign(20);
    let answer = Answer::campaign_refused(FailureCode::TemplateUnusable);
    world
        .provider
        .answers(&world.address(campaign, 0), [answer]);
    // Keeps the account driven throughout, so that what its driver learned is not forgotten.
    let other = world.campaign(200);
    world
        .process(1)
        .with(|c| c.messages_per_second = 20)
        .start();
    world
        .until("the campaign is paused", |world| {
            world.status(campaign) == CampaignStatus::Paused
        })
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    world.resume(campaign).await;
    world.until_completed(campaign).await;

    assert_eq!(world.status(other), CampaignStatus::Active);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 19);
    assert_eq!(world.count(campaign, DeliveryStatus::Failed), 1);
    world.until_completed(other).await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_refused_account_pauses_all_its_campaigns_and_nobody_elses() {
    let world = World::new();
    let (one, two) = (world.campaign(20), world.campaign(20));
    let elsewhere = world.another_business();
    let text = world.campaign_now(one).content;
    let unharmed = world.campaign_of(elsewhere, text, 20);
    let blocked = Answer::account_refused(FailureCode::AccountBlocked);
    let address = world.address(one, 0);
    world.provider.answers(&address, [blocked]);
    world
        .process(1)
        .with(|c| c.messages_per_second = 10)
        .start();

    world.until_completed(unharmed).await;
    tokio::time::sleep(Duration::from_mins(1)).await;

    for campaign in [one, two] {
        let code = FailureCode::AccountBlocked;
        assert_eq!(pause_reason(&world, campaign), Some(code));
        assert_eq!(world.count(campaign, DeliveryStatus::Queued), 20);
    }
    assert_eq!(world.provider.requests().len(), 21);
    world.check();

    world.resume(one).await;
    world.until_completed(one).await;
    assert_eq!(world.provider.requests_to(&address).len(), 2);
    assert_eq!(world.count(one, DeliveryStatus::Accepted), 20);
    assert_eq!(world.status(two), CampaignStatus::Paused);
    assert_eq!(world.count(two, DeliveryStatus::Queued), 20);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn several_refusals_in_flight_at_once_pause_once_and_lose_nobody() {
    let world = World::new();
    let campaign = world.campaign(40);
    let blocked = Answer::account_refused(FailureCode::CredentialInvalid);
    world.provider.always(blocked.after(Duration::from_secs(1)));
    world.start();
    world
        .until("the campaign is paused", |world| {
            world.status(campaign) == CampaignStatus::Paused
        })
        .await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.count(campaign, DeliveryStatus::Queued), 40);

    world.provider.always(Answer::accepted());
    world.resume(campaign).await;
    world.until_completed(campaign).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 40);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn without_working_credentials_the_campaigns_are_paused() {
    let world = World::new();
    let campaign = world.campaign(3);
    world.ledger.with(|tables| {
        let user = tables.users.get_mut(&world.business.user);
        user.expect("the user").keys.clear();
    });
    world.start();

    tokio::time::sleep(Duration::from_secs(10)).await;

    let code = FailureCode::CredentialInvalid;
    assert_eq!(pause_reason(&world, campaign), Some(code));
    assert_eq!(world.count(campaign, DeliveryStatus::Queued), 3);
    assert!(world.provider.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_number_that_the_profile_no_longer_names_sends_nothing() {
    let world = World::new();
    let campaign = world.campaign(3);
    let user = world.business.user;
    let elsewhere = world.another_business().user;
    world.ledger.with(|tables| {
        let other_number = tables.users[&elsewhere].whatsapp_phone_number_id.clone();
        let user = tables.users.get_mut(&user).expect("the user");
        user.whatsapp_phone_number_id = other_number;
    });
    world.start();

    tokio::time::sleep(Duration::from_secs(10)).await;

    let code = FailureCode::CredentialInvalid;
    assert_eq!(pause_reason(&world, campaign), Some(code));
    assert!(world.provider.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_credential_removed_while_sending_stops_the_campaign_within_seconds() {
    let world = World::new();
    let campaign = world.campaign(1_000);
    world
        .process(1)
        .with(|c| c.messages_per_second = 10)
        .start();
    tokio::time::sleep(Duration::from_secs(7)).await;

    world.ledger.with(|tables| {
        let user = tables.users.get_mut(&world.business.user);
        user.expect("the user").keys.clear();
    });
    tokio::time::sleep(Duration::from_secs(6)).await;

    assert_eq!(world.status(campaign), CampaignStatus::Paused);
    let sent = world.provider.requests().len();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(world.provider.requests().len(), sent);
    world.check();
}
