//! The transaction in which a campaign starts.

use mockall::Sequence;
use nexus_domain::CounterDelta;

use super::*;

/// What the counters are after the start, by the word of the store.
fn counters() -> CampaignCounters {
    CampaignCounters {
        total: 1,
        pending: 1,
        ..CampaignCounters::default()
    }
}

/// How `before` is saved when it has started.
fn active(before: Campaign) -> Campaign {
    Campaign {
        sender_id: Some(sender_id()),
        state: CampaignState::Active { started_at: now() },
        updated_at: now(),
        ..before
    }
}

fn ensuring(unit: &mut MockUnitOfWork) {
    unit.senders
        .expect_ensure()
        .withf(|asked| {
            *asked
                == SenderAccount {
                    id: asked.id,
                    created_at: now(),
                    ..account()
                }
        })
        .times(1)
        .returning(|_| Ok(account()));
}

fn counting(unit: &mut MockUnitOfWork, expected: CounterDelta) {
    unit.campaigns
        .expect_count()
        .withf(move |asked, id, delta| {
            *asked == user().id && *id == campaign_id() && *delta == expected
        })
        .times(1)
        .returning(|_, _, _| Ok(counters()));
}

/// A transaction in which `locked` is found and its recipient written.
fn writing(locked: Campaign) -> MockUnitOfWork {
    let mut unit = locking(Some(locked));
    ensuring(&mut unit);
    reaching(&mut unit, None, vec![contact(1)], 1);
    unit.recipients
        .expect_insert()
        .times(1)
        .returning(|_| Ok(()));
    unit
}

/// A campaign that was `checked`, then sent in `unit`.
fn storage(checked: Campaign, unit: MockUnitOfWork) -> ScriptedStorage {
    ScriptedStorage::new()
        .then_read(of_user(Some(ready())))
        .then_read(finding_to_send(Some(checked)))
        .then_begin(unit)
}

async fn sent(bench: &Bench) -> CampaignDetails {
    let details = bench
        .campaigns
        .send(&actor(), campaign_id())
        .await
        .expect("sent");
    assert_eq!(bench.storage.commits(), 1);
    details
}

async fn refusal(storage: ScriptedStorage) -> SendCampaignError {
    let bench = bench(storage);
    let error = bench
        .campaigns
        .send(&actor(), campaign_id())
        .await
        .expect_err("refused");
    assert!(bench.unchanged());
    error
}

#[tokio::test]
async fn a_campaign_that_has_not_started_starts_now() {
    for status in [
        CampaignStatus::Draft,
        CampaignStatus::Scheduled,
        CampaignStatus::Missed,
    ] {
        let before = in_status(status);
        let mut unit = writing(before.clone());
        saving(&mut unit, active(before.clone()));
        counting(&mut unit, counters());
        reading_media(&mut unit);
        let bench = bench(storage(before.clone(), unit));

        let details = sent(&bench).await;

        let expected = CampaignDetails {
            campaign: Campaign {
                counters: counters(),
                ..active(before)
            },
            media: vec![file()],
        };
        assert_eq!(details, expected);
        assert!(bench.woken());
        assert!(!bench.woken(), "once is enough");
    }
}

#[tokio::test]
async fn a_template_that_the_provider_takes_is_sent() {
    let mut unit = writing(with_template());
    saving(&mut unit, active(with_template()));
    counting(&mut unit, counters());
    reading_no_media(&mut unit);
    let storage = ScriptedStorage::new()
        .then_read(of_user(Some(ready())))
        .then_read(finding_to_send(Some(with_template())))
        .then_begin(keeping_templates())
        .then_begin(unit);
    let bench = bench_with(storage, [answering(Ok(vec![approved()]))]);
    let details = bench.campaigns.send(&actor(), campaign_id()).await;
    assert_eq!(details.expect("sent").campaign.counters, counters());
    assert_eq!(bench.storage.commits(), 2);
    assert!(bench.woken());
}

#[tokio::test]
async fn what_is_counted_takes_the_place_of_the_estimate() {
    let estimated = Campaign {
        counters: CampaignCounters {
            total: 40,
            ..CampaignCounters::default()
        },
        ..campaign()
    };
    let mut unit = writing(estimated.clone());
    saving(&mut unit, active(estimated.clone()));
    counting(
        &mut unit,
        CounterDelta {
            total: 1 - 40,
            pending: 1,
            ..CounterDelta::default()
        },
    );
    reading_media(&mut unit);
    let bench = bench(storage(estimated, unit));
    assert_eq!(sent(&bench).await.campaign.counters, counters());
}

#[tokio::test]
async fn the_sender_is_ensured_before_the_campaign_is_locked() {
    // Claims lock in this order as well: the other way round both would wait for each other.
    let mut order = Sequence::new();
    let mut unit = MockUnitOfWork::default();
    unit.senders
        .expect_ensure()
        .times(1)
        .in_sequence(&mut order)
        .returning(|_| Ok(account()));
    unit.campaigns
        .expect_lock()
        .times(1)
        .in_sequence(&mut order)
        .returning(|_, _| Ok(Some(campaign())));
    reaching(&mut unit, None, vec![contact(1)], 1);
    unit.recipients
        .expect_insert()
        .times(1)
        .in_sequence(&mut order)
        .returning(|_| Ok(()));
    saving(&mut unit, active(campaign()));
    counting(&mut unit, counters());
    reading_media(&mut unit);
    let bench = bench(storage(campaign(), unit));
    sent(&bench).await;
}

#[tokio::test]
async fn a_text_that_was_changed_meanwhile_is_sent_as_it_is_now() {
    let now_reads = Campaign {
        content: CampaignContent::Text(text("Adiós")),
        ..campaign()
    };
    let mut unit = writing(now_reads.clone());
    saving(&mut unit, active(now_reads.clone()));
    counting(&mut unit, counters());
    reading_media(&mut unit);
    let bench = bench(storage(campaign(), unit));
    assert_eq!(sent(&bench).await.campaign.content, now_reads.content);
}

#[tokio::test]
async fn a_campaign_whose_check_no_longer_holds_is_not_sent() {
    for meanwhile in [for_gmail(), with_template()] {
        let mut unit = locking(Some(meanwhile));
        ensuring(&mut unit);
        let error = refusal(storage(campaign(), unit)).await;
        assert!(
            matches!(error, SendCampaignError::ChangedMeanwhile),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_campaign_that_was_started_meanwhile_is_not_sent_twice() {
    let mut unit = locking(Some(in_status(CampaignStatus::Active)));
    ensuring(&mut unit);
    let error = refusal(storage(campaign(), unit)).await;
    assert!(
        matches!(
            error,
            SendCampaignError::NotSendable {
                status: CampaignStatus::Active
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_campaign_that_was_deleted_meanwhile_is_not_found() {
    let mut unit = locking(None);
    ensuring(&mut unit);
    let error = refusal(storage(campaign(), unit)).await;
    assert!(matches!(error, SendCampaignError::NotFound), "{error}");
}

#[tokio::test]
async fn a_campaign_for_nobody_is_not_sent() {
    let mut unit = locking(Some(campaign()));
    ensuring(&mut unit);
    reading_media(&mut unit);
    reaching(&mut unit, None, Vec::new(), 1);
    let error = refusal(storage(campaign(), unit)).await;
    assert!(matches!(error, SendCampaignError::NoRecipients), "{error}");
}

#[tokio::test]
async fn a_campaign_for_people_who_cant_be_reached_is_not_sent() {
    let mut unit = locking(Some(campaign()));
    ensuring(&mut unit);
    let unsubscribed = Contact {
        status: ContactStatus::Unsubscribed,
        ..contact(1)
    };
    reading_media(&mut unit);
    reaching(&mut unit, None, vec![unsubscribed], 1);
    // Written with the rest, and not committed.
    unit.recipients
        .expect_insert()
        .times(1)
        .returning(|_| Ok(()));
    let error = refusal(storage(campaign(), unit)).await;
    assert!(matches!(error, SendCampaignError::NoRecipients), "{error}");
}

#[tokio::test]
async fn a_store_that_fails_wakes_nobody() {
    let mut unit = writing(campaign());
    reading_media(&mut unit);
    saving(&mut unit, active(campaign()));
    unit.campaigns
        .expect_count()
        .times(1)
        .returning(|_, _, _| Err(broken()));
    let error = refusal(storage(campaign(), unit)).await;
    assert!(matches!(error, SendCampaignError::Storage(_)), "{error}");
}

#[tokio::test]
async fn a_campaign_whose_files_cant_be_read_does_not_start() {
    let mut unit = locking(Some(campaign()));
    ensuring(&mut unit);
    failing_media(&mut unit);
    let error = refusal(storage(campaign(), unit)).await;
    assert!(matches!(error, SendCampaignError::Storage(_)), "{error}");
}

#[tokio::test]
async fn a_campaign_whose_files_were_changed_meanwhile_is_not_sent() {
    let mut unit = locking(Some(campaign()));
    ensuring(&mut unit);
    reading_no_media(&mut unit);
    let error = refusal(storage(campaign(), unit)).await;
    assert!(
        matches!(error, SendCampaignError::ChangedMeanwhile),
        "{error}"
    );
}

#[tokio::test]
async fn a_text_that_became_too_long_for_its_file_meanwhile_is_not_sent() {
    let longer = Campaign {
        content: CampaignContent::Text(text(&"ñ".repeat(1_025))),
        ..campaign()
    };
    let mut unit = locking(Some(longer));
    ensuring(&mut unit);
    reading_media(&mut unit);
    let error = refusal(storage(campaign(), unit)).await;
    let expected = FileProblem::CaptionTooLong { max: 1_024 };
    assert!(
        matches!(&error, SendCampaignError::FilesUnusable(problem) if *problem == expected),
        "{error}"
    );
}
