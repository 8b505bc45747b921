use nexus_domain::values::{CampaignSort, ListRequest, Listing, SortDirection, fold};
use nexus_domain::{Campaign, CampaignFilter, CampaignState, CampaignStatus, ChannelKind, UserId};

use crate::samples::{self, after, at, page, short};
use crate::store::{Store, assert_same, walk};

on_both_databases!(
    pages_carry_the_total_and_say_whether_the_list_goes_on,
    a_walk_gives_each_campaign_once_in_every_order,
    a_search_looks_past_accents_and_case_and_takes_no_wildcards,
    every_combination_of_conditions_holds_together,
    another_user_s_campaigns_are_in_no_list,
);

async fn list(
    store: &Store,
    user: UserId,
    filter: &CampaignFilter,
    request: &ListRequest<CampaignSort>,
) -> Listing<Campaign> {
    let mut repositories = store.read();
    let campaigns = repositories.campaigns();
    campaigns.list(user, filter, request).await.unwrap()
}

async fn add(store: &Store, campaigns: &[Campaign]) {
    let mut unit = store.begin().await;
    for campaign in campaigns {
        unit.campaigns().insert(campaign).await.unwrap();
    }
    unit.commit().await.unwrap();
}

fn named(user: UserId, name: &str) -> Campaign {
    Campaign {
        name: short(name),
        ..samples::campaign(user)
    }
}

fn names(campaigns: &[Campaign]) -> Vec<&str> {
    campaigns
        .iter()
        .map(|campaign| campaign.name.as_str())
        .collect()
}

async fn pages_carry_the_total_and_say_whether_the_list_goes_on(store: Store) {
    let user = store.user().await.id;
    let campaigns: Vec<_> = (0..7)
        .map(|number| Campaign {
            created_at: at(number),
            ..named(user, "Rebajas")
        })
        .collect();
    add(&store, &campaigns).await;
    let everything = CampaignFilter::default();
    for (number, range, goes_on) in [
        (1, 0..3, true),
        (2, 3..6, true),
        (3, 6..7, false),
        (4, 7..7, false),
    ] {
        let listing = list(&store, user, &everything, &page(number, 3)).await;
        assert_same(&listing.items, &campaigns[range].to_vec());
        assert_eq!(listing.total, Some(7), "page {number}");
        assert_eq!(listing.next.is_some(), goes_on, "page {number}");
    }
    let first = list(&store, user, &everything, &page(1, 3)).await;
    let rest = list(&store, user, &everything, &after(first.next, 4)).await;
    assert_eq!(rest.items, campaigns[3..]);
    assert_eq!((rest.total, rest.next), (None, None));
}

async fn a_walk_gives_each_campaign_once_in_every_order(store: Store) {
    let user = store.user().await.id;
    let names = [
        "Ángel", "angel", "ANGEL", "zoo", "Ñu", "nu", "Eve", "élan", "1", "_",
    ];
    let mut campaigns: Vec<_> = names.iter().map(|name| named(user, name)).collect();
    for (campaign, seconds) in campaigns.iter_mut().zip([3, 1, 2, 1, 1, 5, 0, 2, 2, 4]) {
        campaign.created_at = at(seconds);
    }
    add(&store, &campaigns).await;
    for sort in [CampaignSort::Name, CampaignSort::CreatedAt] {
        campaigns.sort_by_key(|campaign| match sort {
            CampaignSort::Name => (fold(campaign.name.as_str()), at(0), campaign.id),
            CampaignSort::CreatedAt => (String::new(), campaign.created_at, campaign.id),
        });
        for direction in [SortDirection::Ascending, SortDirection::Descending] {
            for size in [1, 3, 5, 100] {
                let request = ListRequest {
                    sort,
                    direction,
                    ..page(1, size)
                };
                let everything = CampaignFilter::default();
                let walked = walk(request, async |request| {
                    list(&store, user, &everything, request).await
                });
                let walked = walked.await;
                assert_eq!(walked, campaigns, "{sort:?}, {direction:?}, {size}");
            }
            campaigns.reverse();
        }
    }
}

async fn a_search_looks_past_accents_and_case_and_takes_no_wildcards(store: Store) {
    let user = store.user().await.id;
    let all = ["Otoño 50%", "OTONO 50x", "a_b", "axb", "c\\d"];
    let campaigns: Vec<_> = all.iter().map(|name| named(user, name)).collect();
    add(&store, &campaigns).await;
    let cases: [(&str, &[&str]); 6] = [
        ("otoño", &["OTONO 50x", "Otoño 50%"]),
        ("50%", &["Otoño 50%"]),
        ("a_b", &["a_b"]),
        ("\\", &["c\\d"]),
        ("' OR '1'='1", &[]),
        // The text of a campaign is not looked through.
        ("hola", &[]),
    ];
    for (text, expected) in cases {
        let filter = CampaignFilter {
            search: Some(short(text)),
            ..CampaignFilter::default()
        };
        let found = list(&store, user, &filter, &page(1, 10)).await;
        let mut found_names = names(&found.items);
        found_names.sort_unstable();
        assert_eq!(found_names, expected, "{text:?}");
        assert_eq!(found.total, Some(expected.len() as u64), "{text:?}");
    }
}

async fn every_combination_of_conditions_holds_together(store: Store) {
    let user = store.user().await.id;
    let states = [
        CampaignState::Draft,
        samples::scheduled(60),
        samples::missed(5),
    ];
    let mut campaigns = Vec::new();
    for state in states {
        for channel in [ChannelKind::Whatsapp, ChannelKind::Gmail] {
            for name in ["Otoño", "Invierno"] {
                campaigns.push(Campaign {
                    state,
                    channel,
                    ..named(user, name)
                });
            }
        }
    }
    add(&store, &campaigns).await;
    campaigns.sort_by_key(|campaign| campaign.id);
    let mut filters = Vec::new();
    for search in [None, Some(short("TONO"))] {
        for status in [None, Some(CampaignStatus::Scheduled)] {
            for channel in [None, Some(ChannelKind::Gmail)] {
                filters.push(CampaignFilter {
                    search: search.clone(),
                    status,
                    channel,
                });
            }
        }
    }
    for filter in filters {
        let mut expected = campaigns.clone();
        expected.retain(|campaign| {
            (filter.search.is_none() || campaign.name.as_str() == "Otoño")
                && filter
                    .status
                    .is_none_or(|status| campaign.status() == status)
                && filter
                    .channel
                    .is_none_or(|channel| campaign.channel == channel)
        });
        let found = list(&store, user, &filter, &page(1, 100)).await;
        assert_eq!(found.items, expected, "{filter:?}");
        assert_eq!(found.total, Some(expected.len() as u64), "{filter:?}");
        let walked = walk(page(1, 2), async |request| {
            list(&store, user, &filter, request).await
        });
        assert_eq!(walked.await, expected, "{filter:?}");
    }
}

async fn another_user_s_campaigns_are_in_no_list(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    add(&store, &[named(user, "Otoño")]).await;
    let by_name = CampaignFilter {
        search: Some(short("otoño")),
        ..CampaignFilter::default()
    };
    for filter in [CampaignFilter::default(), by_name] {
        let seen = list(&store, other, &filter, &page(1, 10)).await;
        assert_eq!((seen.items.len(), seen.total), (0, Some(0)));
        let seen = list(&store, other, &filter, &after(None, 10)).await;
        assert_eq!(seen.items, []);
        let seen = list(&store, user, &filter, &page(1, 10)).await;
        assert_eq!((seen.items.len(), seen.total), (1, Some(1)));
    }
}
