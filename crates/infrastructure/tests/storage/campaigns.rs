use chrono::Weekday;
use nexus_domain::ports::StorageError;
use nexus_domain::values::{SendWindow, TimeZone, WallTime};
use nexus_domain::{
    Audience, Campaign, CampaignContent, CampaignCounters, CampaignFilter, CampaignState,
    CampaignStatus, ChannelKind, ContactStatus, CounterDelta, FailureCode, Message, OutsideWindow,
    RecipientFilter, Schedule, StartPlan, StartProblem, TemplateMessage, TemplateParts,
    TemplateVariable,
};

use crate::samples::{self, after, at, message_text, page, short, tags};
use crate::store::{Store, assert_same};

on_both_databases!(
    a_campaign_is_read_in_every_state,
    a_campaign_is_read_with_every_content_and_audience,
    a_campaign_goes_from_any_state_to_any_other,
    everything_but_id_creation_and_counters_is_saved,
    counting_adds_to_each_counter,
    a_campaign_that_is_not_there_can_t_be_counted,
    the_total_of_an_audience_replaces_the_counters,
    the_active_campaigns_of_an_account_come_oldest_first,
    a_deleted_campaign_takes_its_recipients_and_files_along,
    another_user_sees_and_changes_nothing,
    scheduled_campaigns_are_found_when_they_are_due,
);

fn counters(first: i64) -> CampaignCounters {
    CampaignCounters {
        total: first,
        pending: first + 1,
        sent: first + 2,
        delivered: first + 3,
        opened: first + 4,
        clicked: first + 5,
        replied: first + 6,
        failed: first + 7,
        skipped: first + 8,
        unconfirmed: first + 9,
        unconfirmed_left: first + 10,
    }
}

fn states() -> Vec<CampaignState> {
    let started_at = at(3);
    let reasons = FailureCode::ALL.map(|code| CampaignState::Paused {
        started_at,
        reason: Some(code),
    });
    let problems = StartProblem::ALL.map(|problem| CampaignState::Missed {
        schedule: samples::schedule(5),
        problem,
    });
    [
        CampaignState::Draft,
        samples::scheduled(60),
        CampaignState::Active { started_at },
        CampaignState::Paused {
            started_at,
            reason: None,
        },
        CampaignState::Completed {
            started_at,
            at: at(7),
        },
        CampaignState::Cancelled {
            started_at: None,
            at: at(7),
        },
        CampaignState::Cancelled {
            started_at: Some(started_at),
            at: at(7),
        },
        samples::missed(5),
        CampaignState::Scheduled {
            plan: StartPlan {
                tries: 7,
                next_try_at: at(61),
                problem: Some(StartProblem::ProviderUnavailable),
                schedule: Schedule {
                    local: "2026-10-25T02:30:00.5".parse().unwrap(),
                    time_zone: TimeZone::parse("Europe/Madrid").unwrap(),
                    ..samples::schedule(60)
                },
            },
        },
    ]
    .into_iter()
    .chain(reasons)
    .chain(problems)
    .collect()
}

fn template(note: Option<&str>, variables: &[(&str, &str)]) -> CampaignContent {
    CampaignContent::Template {
        template: TemplateMessage {
            name: short("recordatorio_cita"),
            language: short("es_MX"),
            variables: variables
                .iter()
                .map(|(key, text)| TemplateVariable {
                    key: (*key).to_owned(),
                    text: message_text(text),
                    fallback: None,
                })
                .collect(),
            parts: TemplateParts::default(),
        },
        note: note.map(message_text),
    }
}

async fn find(store: &Store, campaign: &Campaign) -> Option<Campaign> {
    let mut repositories = store.read();
    let campaigns = repositories.campaigns();
    campaigns.find(campaign.user_id, campaign.id).await.unwrap()
}

async fn insert(store: &Store, campaign: &Campaign) {
    store.read().campaigns().insert(campaign).await.unwrap();
}

async fn save(store: &Store, campaign: &Campaign) {
    store.read().campaigns().save(campaign).await.unwrap();
}

async fn a_campaign_is_read_in_every_state(store: Store) {
    let user = store.user().await;
    let mut seen: Vec<CampaignStatus> = Vec::new();
    for state in states() {
        let campaign = Campaign {
            state,
            counters: counters(1),
            created_at: at(1),
            updated_at: at(2),
            ..samples::campaign(user.id)
        };
        insert(&store, &campaign).await;
        assert_same(&find(&store, &campaign).await, &Some(campaign.clone()));
        seen.push(campaign.status());
    }
    assert!(
        CampaignStatus::ALL
            .iter()
            .all(|status| seen.contains(status))
    );
}

async fn a_campaign_is_read_with_every_content_and_audience(store: Store) {
    let user = store.user().await;
    let sender = store.sender(&user).await;
    let variables = [
        ("2", "{nombre}, el día \"7\""),
        ("1", "antes del segundo"),
        ("ñ", "{{ email }}\ny {50 %}"),
    ];
    let contents = [
        CampaignContent::Text(message_text("Hola {nombre}\n¡Hasta 50 %! 👩🏽‍💻")),
        CampaignContent::FileOnly,
        template(None, &[]),
        template(Some("Recuerda la cita"), &variables),
    ];
    let segment = store.segment(&user).await;
    let audiences = [
        None,
        Some(Audience::default()),
        Some(Audience {
            segment: Some(segment.id),
            tags: tags(&["VIP", "Otoño \"26\""]),
            status: Some(ContactStatus::Inactive),
            search: Some(short("José")),
        }),
    ];
    for content in &contents {
        for audience in &audiences {
            let campaign = Campaign {
                name: short("Ñ 'otoño'"),
                channel: ChannelKind::Gmail,
                subject: Some(short("¿Vienes?")),
                content: content.clone(),
                audience: audience.clone(),
                sender_id: Some(sender.id),
                ..samples::campaign(user.id)
            };
            insert(&store, &campaign).await;
            let written = Some(campaign.clone());
            assert_same(&find(&store, &campaign).await, &written);
            let mut unit = store.begin().await;
            let locked = unit.campaigns().lock(user.id, campaign.id).await;
            assert_same(&locked.unwrap(), &written);
        }
    }
}

async fn a_campaign_goes_from_any_state_to_any_other(store: Store) {
    let user = store.user().await;
    let mut campaign = store.campaign(&user).await;
    for from in states() {
        for to in states() {
            for state in [from, to] {
                campaign.state = state;
                save(&store, &campaign).await;
            }
            let found = find(&store, &campaign).await;
            assert_eq!(found.map(|found| found.state), Some(to), "from {from:?}");
        }
    }
}

async fn everything_but_id_creation_and_counters_is_saved(store: Store) {
    let user = store.user().await;
    let sender = store.sender(&user).await;
    let (first, untouched) = (store.campaign(&user).await, store.campaign(&user).await);
    let filled = Campaign {
        outside_window: OutsideWindow::Refuse,
        name: short("Otra"),
        channel: ChannelKind::Gmail,
        subject: Some(short("Asunto")),
        content: template(Some("Nota"), &[("1", "{nombre}")]),
        audience: Some(Audience {
            tags: tags(&["vip"]),
            ..Audience::default()
        }),
        send_window: Some(
            SendWindow::new(
                [Weekday::Mon, Weekday::Sun],
                WallTime::parse("22:00").unwrap(),
                WallTime::parse("06:30").unwrap(),
                TimeZone::parse("Asia/Kathmandu").unwrap(),
            )
            .unwrap(),
        ),
        sender_id: Some(sender.id),
        state: samples::scheduled(60),
        counters: counters(50),
        created_at: at(99),
        updated_at: at(100),
        ..first.clone()
    };
    for saved in [filled, first.clone()] {
        save(&store, &saved).await;
        let expected = Campaign {
            counters: first.counters,
            created_at: first.created_at,
            ..saved
        };
        assert_same(&find(&store, &first).await, &Some(expected));
    }
    assert_same(&find(&store, &untouched).await, &Some(untouched));
}

async fn counting_adds_to_each_counter(store: Store) {
    let user = store.user().await;
    let campaign = Campaign {
        counters: counters(100),
        ..samples::campaign(user.id)
    };
    insert(&store, &campaign).await;
    let untouched = store.campaign(&user).await;
    let less = CounterDelta {
        pending: -3,
        sent: 3,
        ..CounterDelta::default()
    };
    let mut expected = campaign.counters;
    for delta in [counters(1), less, CounterDelta::default()] {
        expected = expected.plus(delta);
        let mut repositories = store.read();
        let campaigns = repositories.campaigns();
        let counted = campaigns.count(user.id, campaign.id, &delta).await;
        assert_eq!(counted.unwrap(), expected);
        let found = find(&store, &campaign).await.unwrap();
        let expected = Campaign {
            counters: expected,
            ..campaign.clone()
        };
        assert_same(&found, &expected);
    }
    assert_same(&find(&store, &untouched).await, &Some(untouched));
}

async fn a_campaign_that_is_not_there_can_t_be_counted(store: Store) {
    let user = store.user().await;
    let mut repositories = store.read();
    let campaigns = repositories.campaigns();
    let id = samples::campaign_id();
    let counted = campaigns.count(user.id, id, &counters(1)).await;
    assert!(
        matches!(counted, Err(StorageError::Failed(_))),
        "{counted:?}"
    );
}

async fn the_total_of_an_audience_replaces_the_counters(store: Store) {
    let user = store.user().await;
    let campaign = Campaign {
        counters: counters(100),
        ..samples::campaign(user.id)
    };
    let untouched = Campaign {
        id: samples::campaign_id(),
        ..campaign.clone()
    };
    insert(&store, &campaign).await;
    insert(&store, &untouched).await;
    let mut repositories = store.read();
    let campaigns = repositories.campaigns();
    campaigns.set_total(user.id, campaign.id, 7).await.unwrap();
    let expected = Campaign {
        counters: CampaignCounters {
            total: 7,
            ..CampaignCounters::default()
        },
        ..campaign.clone()
    };
    assert_same(&find(&store, &campaign).await, &Some(expected));
    assert_same(&find(&store, &untouched).await, &Some(untouched));
}

async fn the_active_campaigns_of_an_account_come_oldest_first(store: Store) {
    let user = store.user().await;
    let (sender, second) = (store.sender(&user).await, store.sender(&user).await);
    let mut expected = Vec::new();
    for seconds in [5, 2, 9, 2] {
        let campaign = Campaign {
            sender_id: Some(sender.id),
            state: CampaignState::Active {
                started_at: at(seconds),
            },
            created_at: at(-seconds),
            ..samples::campaign(user.id)
        };
        insert(&store, &campaign).await;
        expected.push(campaign);
    }
    expected.sort_by_key(|campaign| (campaign.state.started_at(), campaign.id));
    for state in states() {
        if state.status() != CampaignStatus::Active {
            let campaign = Campaign {
                sender_id: Some(sender.id),
                state,
                ..samples::campaign(user.id)
            };
            insert(&store, &campaign).await;
        }
    }
    store.active_campaign(&user, &second).await;
    let mut repositories = store.read();
    let campaigns = repositories.campaigns();
    let active = campaigns.active_of(user.id, sender.id).await.unwrap();
    assert_same(&active, &expected);
}

async fn a_deleted_campaign_takes_its_recipients_and_files_along(store: Store) {
    let user = store.user().await;
    let sender = store.sender(&user).await;
    let contact = samples::contact(user.id, "Luz");
    store.add(std::slice::from_ref(&contact)).await;
    let (gone, stays) = (
        store.active_campaign(&user, &sender).await,
        store.active_campaign(&user, &sender).await,
    );
    let mut unit = store.begin().await;
    let mut message = samples::message(user.id);
    for campaign in [&gone, &stays] {
        let mut recipients = samples::recipients(campaign, &sender, 3);
        recipients[0].contact_id = Some(contact.id);
        unit.recipients().insert(&recipients).await.unwrap();
        unit.media()
            .insert(&samples::media(campaign))
            .await
            .unwrap();
        unit.campaigns()
            .choose(user.id, campaign.id, &[contact.id])
            .await
            .unwrap();
        message = Message {
            answers: Some(recipients[0].id),
            ..samples::message(user.id)
        };
        unit.messages().insert(&message).await.unwrap();
    }
    assert!(unit.campaigns().delete(user.id, gone.id).await.unwrap());
    assert!(!unit.campaigns().delete(user.id, gone.id).await.unwrap());
    unit.commit().await.unwrap();

    assert_eq!(find(&store, &gone).await, None);
    assert_same(&find(&store, &stays).await, &Some(stays.clone()));
    for (table, left) in [
        ("campaign_contacts", 3),
        ("media", 1),
        ("campaign_choices", 1),
        ("messages", 2),
        ("contacts", 1),
        ("senders", 1),
    ] {
        let rows = store.number(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, left, "{table}");
    }
    let mut repositories = store.read();
    let rows = repositories
        .recipients()
        .list(
            user.id,
            stays.id,
            &RecipientFilter::default(),
            None,
            &after(None, 10),
        )
        .await;
    assert_eq!(rows.unwrap().items.len(), 3);
    // What was answered is kept, though its campaign is gone.
    let messages = repositories
        .messages()
        .with_address(user.id, message.channel, &message.address, 10)
        .await;
    let messages = messages.unwrap();
    assert!(messages.iter().all(|message| message.answers.is_some()));
}

async fn another_user_sees_and_changes_nothing(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let sender = store.sender(&user).await;
    let campaign = store.active_campaign(&user, &sender).await;
    let as_other = Campaign {
        user_id: other.id,
        name: short("Robada"),
        ..campaign.clone()
    };
    assert_eq!(find(&store, &as_other).await, None);
    save(&store, &as_other).await;
    let mut repositories = store.read();
    let campaigns = repositories.campaigns();
    let counted = campaigns.count(other.id, campaign.id, &counters(1)).await;
    assert!(counted.is_err());
    campaigns.set_total(other.id, campaign.id, 7).await.unwrap();
    assert_eq!(campaigns.active(other.id).await.unwrap(), []);
    assert!(!campaigns.delete(other.id, campaign.id).await.unwrap());
    let active = campaigns.active_of(other.id, sender.id).await.unwrap();
    assert_eq!(active, []);
    let everything = CampaignFilter::default();
    let listing = campaigns.list(other.id, &everything, &page(1, 10)).await;
    assert_eq!(listing.unwrap().total, Some(0));
    assert_same(&find(&store, &campaign).await, &Some(campaign.clone()));
}

async fn scheduled_campaigns_are_found_when_they_are_due(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let with = |user: &nexus_domain::User, state| Campaign {
        state,
        ..samples::campaign(user.id)
    };
    let waiting = CampaignState::Scheduled {
        plan: StartPlan {
            tries: 1,
            next_try_at: at(90),
            ..StartPlan::new(samples::schedule(10))
        },
    };
    let (late, soon) = (
        with(&user, samples::scheduled(60)),
        with(&other, samples::scheduled(30)),
    );
    let tried = with(&user, waiting);
    assert_eq!(store.read().campaigns().next_start().await.unwrap(), None);
    for campaign in [
        &late,
        &soon,
        &tried,
        &with(&user, CampaignState::Draft),
        &with(&user, samples::missed(5)),
        &with(&user, CampaignState::Active { started_at: at(0) }),
    ] {
        insert(&store, campaign).await;
    }
    let mut repositories = store.read();
    let campaigns = repositories.campaigns();
    assert_eq!(campaigns.next_start().await.unwrap(), Some(at(30)));
    for (now, most, expected) in [
        (29, 10, vec![]),
        (30, 10, vec![&soon]),
        (60, 10, vec![&soon, &late]),
        (90, 10, vec![&soon, &late, &tried]),
        (90, 2, vec![&soon, &late]),
    ] {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|campaign| (campaign.user_id, campaign.id))
            .collect();
        let due = campaigns.due_to_start(at(now), most).await.unwrap();
        assert_eq!(due, expected, "{now}");
    }
}
