use nexus_domain::values::{
    CampaignSort, Cursor, ListRequest, Listing, Paging, RecipientSort, SortDirection,
};
use nexus_domain::{CampaignFilter, DeliveryStatus};

use super::*;

fn page<S>(sort: S) -> ListRequest<S> {
    ListRequest {
        paging: Paging::Page { number: 3 },
        size: 20,
        sort,
        direction: SortDirection::Descending,
    }
}

fn somewhere() -> Cursor {
    Cursor {
        key: "rebajas".to_owned(),
        id: campaign_id().as_uuid(),
    }
}

#[tokio::test]
async fn a_campaign_is_shown_with_its_files() {
    let mut read = finding(Some(in_status(CampaignStatus::Active)));
    reading_media(&mut read);
    let bench = bench(ScriptedStorage::new().then_read(read));
    let shown = bench
        .campaigns
        .get(&actor(), campaign_id())
        .await
        .expect("a campaign");
    let expected = CampaignDetails {
        campaign: in_status(CampaignStatus::Active),
        media: vec![file()],
    };
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn until_it_starts_a_campaign_is_counted_when_it_is_shown() {
    for status in [
        CampaignStatus::Draft,
        CampaignStatus::Scheduled,
        CampaignStatus::Missed,
    ] {
        let mut read = finding(Some(Campaign {
            audience: Some(vips()),
            ..in_status(status)
        }));
        counting(&mut read, vips().filter(None), 12);
        reading_media(&mut read);
        let bench = bench(ScriptedStorage::new().then_read(read));
        let shown = bench.campaigns.get(&actor(), campaign_id()).await;
        assert_eq!(shown.expect("a campaign").campaign.counters.total, 12);
    }
}

#[tokio::test]
async fn in_a_list_those_chosen_one_by_one_are_counted() {
    let with_id = |number: u32, campaign: Campaign| Campaign {
        id: format!("00000000-0000-7000-a000-{number:012}")
            .parse()
            .expect("an id"),
        counters: CampaignCounters {
            total: 9,
            ..CampaignCounters::default()
        },
        ..campaign
    };
    let listed = [
        with_id(1, campaign()),
        with_id(2, campaign()),
        with_id(
            3,
            Campaign {
                audience: Some(vips()),
                ..campaign()
            },
        ),
        with_id(4, in_status(CampaignStatus::Completed)),
    ];
    let open = [listed[0].id, listed[1].id];
    let mut read = MockUnitOfWork::default();
    read.campaigns.expect_list().return_once(move |_, _, _| {
        Ok(Listing {
            items: listed.to_vec(),
            total: None,
            total_is_exact: true,
            next: None,
        })
    });
    read.campaigns
        .expect_chosen_counts()
        .withf(move |asked, ids| *asked == user().id && ids == open)
        .times(1)
        .returning(move |_, ids| Ok(vec![(ids[1], 3)]));
    read.media
        .expect_of_campaigns()
        .returning(|_, _| Ok(Vec::new()));
    let bench = bench(ScriptedStorage::new().then_read(read));
    let listing = bench
        .campaigns
        .list(
            &actor(),
            &CampaignQuery::default(),
            &page(CampaignSort::Name),
        )
        .await
        .expect("a list");
    let totals = listing
        .items
        .iter()
        .map(|details| details.campaign.counters.total);
    assert_eq!(totals.collect::<Vec<_>>(), [0, 3, 9, 9]);
}

#[tokio::test]
async fn a_list_is_asked_for_with_everything_that_is_wished() {
    let mut read = MockUnitOfWork::default();
    read.campaigns
        .expect_list()
        .withf(|asked, filter, request| {
            *asked == user().id
                && *filter
                    == CampaignFilter {
                        search: Some(short("rebajas")),
                        status: Some(CampaignStatus::Paused),
                        channel: Some(ChannelKind::Gmail),
                    }
                && *request == page(CampaignSort::Name)
        })
        .times(1)
        .returning(|_, _, _| {
            Ok(Listing {
                items: vec![in_status(CampaignStatus::Paused)],
                total: Some(41),
                total_is_exact: true,
                next: Some(somewhere()),
            })
        });
    reading_media(&mut read);
    let bench = bench(ScriptedStorage::new().then_read(read));
    let query = CampaignQuery {
        search: Some(" rebajas ".to_owned()),
        status: Some(" paused ".to_owned()),
        channel: Some(" gmail ".to_owned()),
    };

    let listing = bench
        .campaigns
        .list(&actor(), &query, &page(CampaignSort::Name))
        .await
        .expect("a list");

    let expected = CampaignDetails {
        campaign: in_status(CampaignStatus::Paused),
        media: vec![file()],
    };
    assert_eq!(listing.items, [expected]);
    assert_eq!(listing.total, Some(41));
    assert_eq!(listing.next, Some(somewhere()));
}

#[tokio::test]
async fn the_files_of_a_list_are_asked_for_together() {
    let with_id = |number: u32| Campaign {
        id: format!("00000000-0000-7000-a000-{number:012}")
            .parse()
            .expect("an id"),
        ..in_status(CampaignStatus::Completed)
    };
    let named = |number: u32, name: &str| MediaFile {
        campaign_id: with_id(number).id,
        file_name: short(name),
        ..file()
    };
    let campaigns = [3, 1, 2].map(with_id);
    let listed = campaigns.clone();
    let files = [
        named(1, "uno.jpg"),
        named(3, "tres.jpg"),
        named(3, "más.jpg"),
    ];
    let stored = files.clone();
    let mut read = MockUnitOfWork::default();
    read.campaigns
        .expect_list()
        .times(1)
        .returning(move |_, _, _| {
            Ok(Listing {
                items: listed.to_vec(),
                total: None,
                total_is_exact: true,
                next: None,
            })
        });
    let asked_for = campaigns.clone().map(|campaign| campaign.id);
    read.media
        .expect_of_campaigns()
        .withf(move |asked, ids| *asked == user().id && ids == asked_for)
        .times(1)
        .returning(move |_, _| Ok(stored.to_vec()));
    let bench = bench(ScriptedStorage::new().then_read(read));

    let listing = bench
        .campaigns
        .list(
            &actor(),
            &CampaignQuery::default(),
            &page(CampaignSort::Name),
        )
        .await
        .expect("a list");

    let [first, second, third] = campaigns;
    let [of_second, of_first, also_of_first] = files;
    let expected = [
        (first, vec![of_first, also_of_first]),
        (second, vec![of_second]),
        (third, Vec::new()),
    ]
    .map(|(campaign, media)| CampaignDetails { campaign, media });
    assert_eq!(listing.items, expected);
}

#[test]
fn a_blank_condition_is_none() {
    let blank = CampaignQuery {
        search: Some(" ".to_owned()),
        status: Some(String::new()),
        channel: Some(String::new()),
    };
    for query in [CampaignQuery::default(), blank] {
        assert_eq!(query.parse().expect("a filter"), CampaignFilter::default());
    }
}

#[tokio::test]
async fn every_condition_that_is_not_understood_is_listed() {
    let bench = bench(ScriptedStorage::new());
    let query = CampaignQuery {
        search: Some("x".repeat(256)),
        status: Some("gone".to_owned()),
        channel: Some("sms".to_owned()),
    };

    let error = bench
        .campaigns
        .list(&actor(), &query, &page(CampaignSort::Name))
        .await
        .expect_err("refused");

    let ListCampaignsError::Invalid(violations) = error else {
        panic!("unexpected: {error}");
    };
    assert_eq!(
        refused(&violations),
        fields(&[
            ("search", "too_long"),
            ("status", "not_one_of"),
            ("channel", "not_one_of"),
        ])
    );
}

#[tokio::test]
async fn those_chosen_one_by_one_are_listed() {
    let mut read = finding(Some(campaign()));
    read.campaigns
        .expect_chosen()
        .with(eq(user().id), eq(campaign_id()))
        .times(1)
        .returning(|_, _| Ok(vec![contact_id(1), contact_id(2)]));
    let bench = bench(ScriptedStorage::new().then_read(read));
    let chosen = bench
        .campaigns
        .chosen(&actor(), campaign_id())
        .await
        .expect("a list");
    assert_eq!(chosen, [contact_id(1), contact_id(2)]);
}

#[tokio::test]
async fn recipients_are_listed_of_one_status_or_all() {
    for (wish, status) in [
        (None, None),
        (Some(" "), None),
        (Some(" in_doubt "), Some(DeliveryStatus::InDoubt)),
    ] {
        let mut read = finding(Some(campaign()));
        read.recipients
            .expect_list()
            .withf(move |asked, id, with, total, request| {
                *asked == user().id
                    && *id == campaign_id()
                    // A draft has none, whatever its counters say.
                    && *total == Some(0)
                    && with.status == status
                    && with.decision.is_none()
                    && *request == page(RecipientSort::Added)
            })
            .times(1)
            .returning(|_, _, _, _, _| {
                Ok(Listing {
                    items: vec![recipient(1)],
                    total: Some(41),
                    total_is_exact: true,
                    next: Some(somewhere()),
                })
            });
        let bench = bench(ScriptedStorage::new().then_read(read));

        let listing = bench
            .campaigns
            .recipients(
                &actor(),
                campaign_id(),
                &RecipientQuery {
                    status: wish.map(str::to_owned),
                    decision: None,
                },
                &page(RecipientSort::Added),
            )
            .await
            .expect("a list");

        assert_eq!(listing.items, [recipient(1)]);
        assert_eq!(listing.total, Some(41));
        assert_eq!(listing.next, Some(somewhere()));
    }
}

#[tokio::test]
async fn a_status_that_no_recipient_has_is_refused() {
    let bench = bench(ScriptedStorage::new());
    let error = bench
        .campaigns
        .recipients(
            &actor(),
            campaign_id(),
            &RecipientQuery {
                status: Some("gone".to_owned()),
                decision: Some("maybe".to_owned()),
            },
            &page(RecipientSort::Added),
        )
        .await
        .expect_err("refused");
    let ListRecipientsError::Invalid(violations) = error else {
        panic!("unexpected: {error}");
    };
    assert_eq!(
        refused(&violations),
        fields(&[("status", "not_one_of"), ("decision", "not_one_of")])
    );
}

#[tokio::test]
async fn another_users_campaign_is_not_found() {
    // The store is asked for the actor's campaign, and has none with this id.
    let bench = bench(
        ScriptedStorage::new()
            .then_read(finding(None))
            .then_read(finding(None))
            .then_read(finding(None))
            .then_begin(locking(None)),
    );
    let (actor, id) = (actor(), campaign_id());

    let got = bench.campaigns.get(&actor, id).await;
    let chosen = bench.campaigns.chosen(&actor, id).await;
    let recipients = bench
        .campaigns
        .recipients(
            &actor,
            id,
            &RecipientQuery::default(),
            &page(RecipientSort::Added),
        )
        .await;
    let deleted = bench.campaigns.delete(&actor, id).await;

    assert!(matches!(got, Err(GetCampaignError::NotFound)));
    assert!(matches!(chosen, Err(GetCampaignError::NotFound)));
    assert!(matches!(recipients, Err(ListRecipientsError::NotFound)));
    assert!(matches!(deleted, Err(DeleteCampaignError::NotFound)));
    assert!(bench.unchanged());
}

#[tokio::test]
async fn a_campaign_is_deleted_unless_messages_may_be_on_their_way() {
    let on_its_way = [CampaignStatus::Active, CampaignStatus::Paused];
    for status in all_but(&on_its_way) {
        let mut unit = locking(Some(in_status(status)));
        unit.media
            .expect_of_campaigns()
            .times(1)
            .returning(|_, _| Ok(Vec::new()));
        unit.campaigns
            .expect_delete()
            .with(eq(user().id), eq(campaign_id()))
            .times(1)
            .returning(|_, _| Ok(true));
        let bench = bench(ScriptedStorage::new().then_begin(unit));
        bench
            .campaigns
            .delete(&actor(), campaign_id())
            .await
            .expect("deleted");
        assert_eq!(bench.storage.commits(), 1);
    }
    for status in on_its_way {
        let unit = locking(Some(in_status(status)));
        let bench = bench(ScriptedStorage::new().then_begin(unit));
        let error = bench
            .campaigns
            .delete(&actor(), campaign_id())
            .await
            .expect_err("refused");
        assert!(
            matches!(error, DeleteCampaignError::NotDeletable { status: is } if is == status),
            "{error}"
        );
        assert!(bench.unchanged());
    }
}
