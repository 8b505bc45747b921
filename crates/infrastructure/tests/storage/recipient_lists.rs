use chrono::{DateTime, Utc};
use nexus_domain::values::{ListRequest, Listing, RecipientSort, SortDirection};
use nexus_domain::{
    Campaign, CampaignContact, ChannelKind, Decision, DecisionFilter, DeliveryStatus,
    RecipientFilter, UserId,
};

use crate::recipients::{all, ids, in_status, insert, sending};
use crate::samples::{self, after, at, page};
use crate::store::{Store, walk};

on_both_databases!(
    pages_carry_the_total_and_say_whether_the_list_goes_on,
    a_walk_gives_each_recipient_once_in_both_directions,
    a_list_of_one_status_has_the_others_not,
    another_user_s_recipients_are_in_no_list,
    the_latest_that_may_have_been_sent_to_an_address_is_found,
    what_certainly_was_not_sent_is_not_found,
    an_address_is_one_of_a_channel_and_a_user,
    the_soonest_that_is_due_is_told,
    what_is_settled_is_never_due,
    recipients_are_found_by_what_was_decided_about_them,
    recipients_are_locked_part_by_part,
);

async fn list(
    store: &Store,
    campaign: &Campaign,
    status: Option<DeliveryStatus>,
    request: &ListRequest<RecipientSort>,
) -> Listing<CampaignContact> {
    let mut repositories = store.read();
    let recipients = repositories.recipients();
    let filter = RecipientFilter {
        status,
        decision: None,
    };
    recipients
        .list(campaign.user_id, campaign.id, &filter, None, request)
        .await
        .unwrap()
}

async fn pages_carry_the_total_and_say_whether_the_list_goes_on(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let recipients = samples::recipients(&campaign, &sender, 7);
    insert(&store, &recipients).await;
    let second = store.active_campaign(&user, &sender).await;
    insert(&store, &samples::recipients(&second, &sender, 2)).await;
    for (number, range, goes_on) in [
        (1, 0..3, true),
        (2, 3..6, true),
        (3, 6..7, false),
        (4, 7..7, false),
        (u32::MAX, 7..7, false),
    ] {
        let listing = list(&store, &campaign, None, &page(number, 3)).await;
        assert_eq!(listing.items, recipients[range], "page {number}");
        assert_eq!(listing.total, Some(7), "page {number}");
        assert_eq!(listing.next.is_some(), goes_on, "page {number}");
    }
    let first = list(&store, &campaign, None, &page(1, 3)).await;
    let rest = list(&store, &campaign, None, &after(first.next, 4)).await;
    assert_eq!(rest.items, recipients[3..]);
    assert_eq!((rest.total, rest.next), (None, None));
}

/// Recipients in every status, three of each, by id.
async fn motley(store: &Store) -> (Campaign, Vec<CampaignContact>) {
    let (_, sender, campaign) = sending(store).await;
    let mut recipients: Vec<_> = DeliveryStatus::ALL
        .into_iter()
        .cycle()
        .take(30)
        .map(|status| in_status(&campaign, &sender, status))
        .collect();
    insert(store, &recipients).await;
    recipients.sort_by_key(|recipient| recipient.id);
    (campaign, recipients)
}

async fn assert_walks(
    store: &Store,
    campaign: &Campaign,
    status: Option<DeliveryStatus>,
    expected: &[CampaignContact],
) {
    for direction in [SortDirection::Ascending, SortDirection::Descending] {
        let mut expected = expected.to_vec();
        if direction == SortDirection::Descending {
            expected.reverse();
        }
        for size in [1, 2, 3, 30, 100] {
            let request = ListRequest {
                direction,
                ..page(1, size)
            };
            let walked = walk(request, async |request| {
                list(store, campaign, status, request).await
            });
            let walked = walked.await;
            assert_eq!(walked, expected, "{status:?}, {direction:?}, {size}");
        }
    }
}

async fn a_walk_gives_each_recipient_once_in_both_directions(store: Store) {
    let (campaign, recipients) = motley(&store).await;
    assert_walks(&store, &campaign, None, &recipients).await;
}

async fn a_list_of_one_status_has_the_others_not(store: Store) {
    let (campaign, recipients) = motley(&store).await;
    for status in DeliveryStatus::ALL {
        let mut expected = recipients.clone();
        expected.retain(|recipient| recipient.delivery.status == status);
        assert_walks(&store, &campaign, Some(status), &expected).await;
        let listing = list(&store, &campaign, Some(status), &page(2, 2)).await;
        assert_eq!(listing.items, expected[2..], "{status:?}");
        assert_eq!(listing.total, Some(3), "{status:?}");
    }
}

async fn another_user_s_recipients_are_in_no_list(store: Store) {
    let (campaign, recipients) = motley(&store).await;
    let other = store.user().await;
    let as_other = Campaign {
        user_id: other.id,
        ..campaign.clone()
    };
    for status in [None, Some(DeliveryStatus::Queued)] {
        let seen = list(&store, &as_other, status, &page(1, 10)).await;
        assert_eq!((seen.items.len(), seen.total), (0, Some(0)));
        let seen = list(&store, &as_other, status, &after(None, 10)).await;
        assert_eq!(seen.items, []);
    }
    assert_eq!(all(&store, campaign.user_id, &campaign).await, recipients);
}

const ADDRESS: &str = "+525512345678";

/// The recipient last sent to at the address since then.
async fn last_sent(
    store: &Store,
    user: UserId,
    channel: ChannelKind,
    since: DateTime<Utc>,
) -> Option<nexus_domain::CampaignContactId> {
    let mut repositories = store.read();
    let recipients = repositories.recipients();
    recipients
        .last_sent_to(user, channel, ADDRESS, since)
        .await
        .unwrap()
}

/// A recipient at the address, in a campaign of its own.
async fn sent(
    store: &Store,
    status: DeliveryStatus,
    dispatched_at: Option<DateTime<Utc>>,
) -> CampaignContact {
    let (_, sender, campaign) = sending(store).await;
    let mut recipient = in_status(&campaign, &sender, status);
    recipient.address = Some(ADDRESS.to_owned());
    recipient.delivery.dispatched_at = dispatched_at;
    insert(store, std::slice::from_ref(&recipient)).await;
    recipient
}

async fn the_latest_that_may_have_been_sent_to_an_address_is_found(store: Store) {
    let (user, sender, _) = sending(&store).await;
    let statuses = [
        DeliveryStatus::Dispatching,
        DeliveryStatus::Accepted,
        DeliveryStatus::Delivered,
        DeliveryStatus::Read,
        DeliveryStatus::InDoubt,
        DeliveryStatus::Unconfirmed,
    ];
    let mut expected = None;
    for (status, seconds) in statuses.into_iter().zip(10..) {
        let campaign = store.active_campaign(&user, &sender).await;
        let mut recipient = in_status(&campaign, &sender, status);
        recipient.address = Some(ADDRESS.to_owned());
        recipient.delivery.dispatched_at = Some(at(seconds));
        let elsewhere = in_status(&campaign, &sender, status);
        insert(&store, &[recipient.clone(), elsewhere]).await;
        expected = Some(recipient.id);
        let found = last_sent(&store, user.id, ChannelKind::Whatsapp, at(10)).await;
        assert_eq!(found, expected, "{status:?}");
    }
    let found = last_sent(&store, user.id, ChannelKind::Whatsapp, at(15)).await;
    assert_eq!(found, expected);
    let found = last_sent(&store, user.id, ChannelKind::Whatsapp, at(16)).await;
    assert_eq!(found, None);
}

async fn what_certainly_was_not_sent_is_not_found(store: Store) {
    for status in [
        DeliveryStatus::Queued,
        DeliveryStatus::Failed,
        DeliveryStatus::Skipped,
        DeliveryStatus::Cancelled,
    ] {
        let recipient = sent(&store, status, Some(at(5))).await;
        let user = recipient.user_id;
        let found = last_sent(&store, user, ChannelKind::Whatsapp, at(0)).await;
        assert_eq!(found, None, "{status:?}");
    }
    let never_dispatched = sent(&store, DeliveryStatus::Accepted, None).await;
    let user = never_dispatched.user_id;
    let found = last_sent(&store, user, ChannelKind::Whatsapp, at(0)).await;
    assert_eq!(found, None);
}

async fn an_address_is_one_of_a_channel_and_a_user(store: Store) {
    let recipient = sent(&store, DeliveryStatus::Read, Some(at(5))).await;
    let other = sent(&store, DeliveryStatus::Read, Some(at(6))).await;
    for recipient in [&recipient, &other] {
        let user = recipient.user_id;
        let found = last_sent(&store, user, ChannelKind::Whatsapp, at(0)).await;
        assert_eq!(found, Some(recipient.id));
        let found = last_sent(&store, user, ChannelKind::Gmail, at(0)).await;
        assert_eq!(found, None);
    }
    let nobody = store.user().await.id;
    let found = last_sent(&store, nobody, ChannelKind::Whatsapp, at(0)).await;
    assert_eq!(found, None);
}

async fn next_due(store: &Store, campaigns: &[&Campaign]) -> Option<DateTime<Utc>> {
    let mut repositories = store.read();
    let recipients = repositories.recipients();
    let ids: Vec<_> = campaigns.iter().map(|campaign| campaign.id).collect();
    recipients
        .next_due(campaigns[0].user_id, &ids)
        .await
        .unwrap()
}

async fn the_soonest_that_is_due_is_told(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let second = store.active_campaign(&user, &sender).await;
    let both = [&campaign, &second];
    assert_eq!(next_due(&store, &both).await, None);
    let waiting = |campaign, not_before| {
        let mut recipient = samples::recipient(campaign, &sender);
        recipient.delivery.not_before = not_before;
        recipient.created_at = at(3);
        recipient
    };
    // Due at once means due since it was added.
    for (campaign, not_before, expected) in [
        (&campaign, Some(at(90)), at(90)),
        (&second, Some(at(70)), at(70)),
        (&campaign, Some(at(80)), at(70)),
        (&second, None, at(3)),
    ] {
        insert(&store, &[waiting(campaign, not_before)]).await;
        assert_eq!(next_due(&store, &both).await, Some(expected));
    }
    // Of those that are not asked about, nothing is told.
    assert_eq!(next_due(&store, &[&campaign]).await, Some(at(80)));
    let mut repositories = store.read();
    let none = repositories.recipients().next_due(user.id, &[]).await;
    assert_eq!(none.unwrap(), None);
}

async fn what_is_settled_is_never_due(store: Store) {
    let (campaign, recipients) = motley(&store).await;
    let mut unit = store.begin().await;
    let mut settled = recipients.clone();
    settled.retain(|recipient| recipient.delivery.status == DeliveryStatus::Queued);
    assert_eq!(ids(&settled).len(), 3);
    for recipient in &mut settled {
        recipient.cancel(at(1)).unwrap();
    }
    unit.recipients().save(&settled).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(next_due(&store, &[&campaign]).await, None);

    let (_, sender, other) = sending(&store).await;
    insert(&store, &samples::recipients(&other, &sender, 1)).await;
    assert!(next_due(&store, &[&other]).await.is_some());
    let as_other = Campaign {
        user_id: campaign.user_id,
        ..other
    };
    assert_eq!(next_due(&store, &[&as_other]).await, None);
}

async fn recipients_are_found_by_what_was_decided_about_them(store: Store) {
    let (_, sender, campaign) = sending(&store).await;
    let decided = |status, decision: Option<Decision>| {
        let mut recipient = in_status(&campaign, &sender, status);
        recipient.delivery.decision = decision;
        recipient.delivery.decided_at = decision.map(|_| at(5));
        recipient
    };
    let (leave, again) = (Some(Decision::Leave), Some(Decision::SendAgain));
    let recipients = [
        decided(DeliveryStatus::Unconfirmed, None),
        decided(DeliveryStatus::Unconfirmed, leave),
        decided(DeliveryStatus::Unconfirmed, again),
        decided(DeliveryStatus::Delivered, leave),
        decided(DeliveryStatus::Queued, again),
        decided(DeliveryStatus::Queued, None),
    ];
    insert(&store, &recipients).await;
    for (status, decision, expected) in [
        (None, Some(DecisionFilter::Pending), vec![0, 2]),
        (
            None,
            Some(DecisionFilter::Made(Decision::Leave)),
            vec![1, 3],
        ),
        (
            None,
            Some(DecisionFilter::Made(Decision::SendAgain)),
            vec![2, 4],
        ),
        (
            Some(DeliveryStatus::Unconfirmed),
            Some(DecisionFilter::Made(Decision::Leave)),
            vec![1],
        ),
        (
            Some(DeliveryStatus::Queued),
            Some(DecisionFilter::Pending),
            vec![],
        ),
        (None, None, vec![0, 1, 2, 3, 4, 5]),
    ] {
        let filter = RecipientFilter { status, decision };
        let mut repositories = store.read();
        let ledger = repositories.recipients();
        let listing = ledger
            .list(campaign.user_id, campaign.id, &filter, None, &page(1, 10))
            .await
            .unwrap();
        let mut expected: Vec<_> = expected
            .iter()
            .map(|index: &usize| recipients[*index].clone())
            .collect();
        expected.sort_by_key(|recipient| recipient.id);
        assert_eq!(listing.total, Some(expected.len() as u64), "{filter:?}");
        assert_eq!(listing.items, expected, "{filter:?}");
        // A total that is known is taken as it is, where one is shown at all.
        for (request, total) in [(page(1, 1), Some(77)), (after(None, 1), None)] {
            let listing = ledger
                .list(campaign.user_id, campaign.id, &filter, Some(77), &request)
                .await
                .unwrap();
            assert_eq!(listing.total, total);
        }
        let mut unit = store.begin().await;
        let locked = unit
            .recipients()
            .lock_filtered(campaign.user_id, campaign.id, &filter, None, 10)
            .await;
        assert_eq!(locked.unwrap(), expected, "{filter:?}");
    }
}

async fn recipients_are_locked_part_by_part(store: Store) {
    let (campaign, recipients) = motley(&store).await;
    let filter = RecipientFilter {
        status: Some(DeliveryStatus::Failed),
        decision: None,
    };
    let mut expected = recipients;
    expected.retain(|recipient| recipient.delivery.status == DeliveryStatus::Failed);
    assert_eq!(expected.len(), 3);
    let mut unit = store.begin().await;
    let mut found = Vec::new();
    let mut last = None;
    loop {
        let part = unit
            .recipients()
            .lock_filtered(campaign.user_id, campaign.id, &filter, last, 2)
            .await
            .unwrap();
        last = part.last().map(|recipient| recipient.id);
        if part.is_empty() {
            break;
        }
        assert!(part.len() <= 2);
        found.extend(part);
    }
    assert_eq!(found, expected);
    drop(unit);
    let nobody = store.user().await.id;
    let seen = store
        .read()
        .recipients()
        .lock_filtered(nobody, campaign.id, &filter, None, 10)
        .await;
    assert_eq!(seen.unwrap(), []);
}
