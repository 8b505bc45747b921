//! What would become of a campaign if it were sent now, and that sending is refused for the same.

use chrono::TimeDelta;
use nexus_domain::ports::{RecipientTally, SenderProfile};
use nexus_domain::{
    DailyBudget, DailyLimit, Failure, FailureCode, OutsideWindow, SenderLimits, StoredTemplate,
};

use super::*;

pub(super) fn tally() -> RecipientTally {
    RecipientTally {
        total: 250,
        opted_out: 5,
        inactive: 4,
        no_address: 0,
        variable_empty: 0,
        outside_window: 0,
        is_exact: true,
    }
}

/// A read in which the recipients are counted and no tag is being renamed.
fn tallying(tally: RecipientTally) -> MockUnitOfWork {
    let mut read = MockUnitOfWork::default();
    read.contacts
        .expect_tally_recipients()
        .times(1)
        .returning(move |_, _, _, _, _| Ok(tally));
    read.bulk_changes
        .expect_unfinished()
        .returning(|_| Ok(Vec::new()));
    read
}

/// A read in which the campaign and what is kept of its template are found.
pub(super) fn found(campaign: Campaign, stored: Option<StoredTemplate>) -> MockUnitOfWork {
    found_with(campaign, Vec::new(), stored)
}

/// As [`found`], with these files.
pub(super) fn found_with(
    campaign: Campaign,
    files: Vec<MediaFile>,
    stored: Option<StoredTemplate>,
) -> MockUnitOfWork {
    let mut read = MockUnitOfWork::default();
    read.media
        .expect_of_campaigns()
        .returning(move |_, _| Ok(files.clone()));
    read.campaigns
        .expect_find()
        .returning(move |_, _| Ok(Some(campaign.clone())));
    read.whatsapp.expect_connection().returning(|_| Ok(None));
    read.whatsapp
        .expect_template()
        .returning(move |_, _, _, _| Ok(stored.clone()));
    read
}

fn kept(minutes_ago: i64) -> StoredTemplate {
    let (account, name) = (BUSINESS_ACCOUNT_ID.to_owned(), "cita".to_owned());
    let mut stored = StoredTemplate::heard_of(user().id, account, name, "es_MX".to_owned());
    stored.refresh(approved(), now() - TimeDelta::minutes(minutes_ago));
    stored
}

pub(super) fn storage(user: User, read: MockUnitOfWork, tally: RecipientTally) -> ScriptedStorage {
    ScriptedStorage::new()
        .then_read(of_user(Some(user)))
        .then_read(read)
        .then_read(tallying(tally))
}

pub(super) async fn preflight(bench: &Bench) -> Preflight {
    let found = bench.campaigns.preflight(&actor(), campaign_id()).await;
    assert!(bench.unchanged(), "nothing is written");
    found.expect("a preflight")
}

fn expired() -> ChannelError {
    ChannelError::AccountRefused(Failure {
        code: FailureCode::CredentialInvalid,
        provider_code: Some(190),
        detail: None,
    })
}

/// A WhatsApp that is asked about the credentials so often.
pub(super) fn checked(
    times: usize,
    answer: Result<SenderProfile, ChannelError>,
) -> MockMessageChannel {
    let mut channel = MockMessageChannel::new();
    channel.expect_kind().return_const(ChannelKind::Whatsapp);
    channel
        .expect_check()
        .times(times)
        .returning(move |_| answer.clone());
    channel
}

#[tokio::test]
async fn a_campaign_that_can_be_sent_says_whom_it_reaches_and_how_long_it_takes() {
    let storage = storage(ready(), found(campaign(), None), tally());
    let bench = bench_with(storage, [checked(1, Ok(SenderProfile::default()))]);
    let found = preflight(&bench).await;
    assert_eq!(found.errors, []);
    assert_eq!(found.warnings, [Caution::NoWebhooks]);
    assert_eq!(found.recipients.map(|tally| tally.reachable()), Some(241));
    let seconds = found.expected_duration().map(|duration| duration.as_secs());
    assert_eq!(seconds, Some(4));
    assert!(matches!(found.credentials, CredentialCheck::Valid { .. }));
}

#[tokio::test]
async fn who_looks_again_and_again_asks_the_provider_once() {
    let mut storage = ScriptedStorage::new();
    for _ in 0..3 {
        storage = storage
            .then_read(of_user(Some(ready())))
            .then_read(found(campaign(), None))
            .then_read(tallying(tally()));
    }
    let bench = bench_with(storage, [checked(1, Ok(SenderProfile::default()))]);
    for _ in 0..3 {
        preflight(&bench).await;
    }
}

#[tokio::test]
async fn what_the_provider_refused_or_left_unanswered_is_not_asked_again_at_once() {
    for failed in [expired(), ChannelError::NotConnected] {
        let mut storage = ScriptedStorage::new();
        for _ in 0..3 {
            storage = storage
                .then_read(of_user(Some(ready())))
                .then_read(found(campaign(), None))
                .then_read(tallying(tally()));
        }
        let bench = bench_with(storage, [checked(1, Err(failed))]);
        let first = preflight(&bench).await;
        for _ in 0..2 {
            let again = preflight(&bench).await;
            assert_eq!(again.errors, first.errors);
            assert_eq!(again.credentials, first.credentials);
        }

        // So it is when the templates could not be asked for.
        let mut storage = ScriptedStorage::new();
        for _ in 0..2 {
            storage = storage
                .then_read(of_user(Some(ready())))
                .then_read(found(with_template(), None))
                .then_read(tallying(tally()));
        }
        let mut channel = MockMessageChannel::new();
        channel.expect_kind().return_const(ChannelKind::Whatsapp);
        channel
            .expect_templates()
            .times(1)
            .returning(|_| Err(expired()));
        let bench = bench_with(storage, [channel]);
        let first = preflight(&bench).await;
        assert_eq!(preflight(&bench).await.errors, first.errors);
    }
}

#[tokio::test]
async fn how_many_new_people_are_left_today_is_told_when_they_are_too_few() {
    let limited = || User {
        whatsapp_daily_limit: Some(DailyLimit::Of250),
        ..ready()
    };
    for (used, caution) in [(0, false), (200, true)] {
        let mut read = MockUnitOfWork::default();
        read.senders
            .expect_of_user()
            .returning(|_| Ok(vec![account()]));
        read.senders.expect_limits().returning(move |_, _, _| {
            Ok(Some(SenderLimits {
                rests_until: None,
                quarters: vec![(DailyBudget::quarter(now()), used)],
            }))
        });
        let storage = storage(limited(), found(campaign(), None), tally()).then_read(read);
        let bench = bench_with(storage, [checked(1, Ok(SenderProfile::default()))]);
        let found = preflight(&bench).await;
        let room = found.daily_room.expect("a limit");
        assert_eq!((room.people, room.left), (250, 250 - used));
        let told = found.warnings.contains(&Caution::DailyLimit(room));
        assert_eq!(told, caution, "{:?}", found.warnings);
        assert_eq!(room.days, Some(if caution { 2 } else { 1 }));
    }
}

#[tokio::test]
async fn everything_that_stands_in_the_way_is_told_at_once() {
    let nobody = RecipientTally {
        total: 9,
        opted_out: 9,
        ..tally()
    };
    let storage = storage(user(), found(campaign(), None), nobody);
    let found = preflight(&bench(storage)).await;
    let missing = vec!["whatsapp_api_key", "whatsapp_phone_number_id"];
    assert_eq!(
        found.errors,
        [Obstacle::NoProvider { missing }, Obstacle::NoRecipients]
    );
    assert_eq!(found.credentials, CredentialCheck::NotAsked);
}

#[tokio::test]
async fn a_template_that_is_kept_is_believed_while_it_is_fresh() {
    let storage = storage(ready(), found(with_template(), Some(kept(59))), tally());
    let found = preflight(&bench(storage)).await;
    assert_eq!(found.errors, []);
    let template = found.template.expect("a template");
    assert_eq!(template.template.name, "cita");
    assert_eq!(template.at, now() - TimeDelta::minutes(59));
}

#[tokio::test]
async fn an_old_template_is_asked_for_again_and_so_is_one_that_cant_be_sent() {
    let mut stopped = kept(1);
    stopped.hear_status("PAUSED", None, now());
    for stored in [Some(kept(60)), Some(stopped), None] {
        let storage = storage(ready(), found(with_template(), stored), tally());
        let bench = bench_with(storage, [answering(Ok(vec![approved()]))]);
        assert_eq!(preflight(&bench).await.errors, []);
    }
}

#[tokio::test]
async fn what_the_provider_says_against_it_is_an_error() {
    let paused = ApprovedTemplate {
        status: "PAUSED".to_owned(),
        ..approved()
    };
    let status = "PAUSED".to_owned();
    let not_approved = Obstacle::TemplateUnusable(TemplateProblem::NotApproved { status });
    for (answer, expected) in [
        (Ok(vec![paused]), not_approved),
        (
            Ok(Vec::new()),
            Obstacle::TemplateUnusable(TemplateProblem::Missing),
        ),
        (
            Err(expired()),
            Obstacle::ProviderRefused { reason: expired() },
        ),
    ] {
        let storage = storage(ready(), found(with_template(), None), tally());
        let bench = bench_with(storage, [answering(answer)]);
        assert_eq!(preflight(&bench).await.errors, [expected]);
    }
}

#[tokio::test]
async fn a_key_that_the_provider_refuses_keeps_a_text_from_being_sent() {
    let storage = storage(ready(), found(campaign(), None), tally());
    let bench = bench_with(storage, [checked(1, Err(expired()))]);
    let expected = Obstacle::ProviderRefused { reason: expired() };
    assert_eq!(preflight(&bench).await.errors, [expected]);

    let storage = ScriptedStorage::new()
        .then_read(of_user(Some(ready())))
        .then_read(found(campaign(), None));
    let bench = bench_with(storage, [checked(1, Err(expired()))]);
    let error = bench.campaigns.send(&actor(), campaign_id()).await;
    assert!(matches!(
        error,
        Err(SendCampaignError::ProviderRefused { reason }) if reason == expired()
    ));
    assert!(bench.unchanged());
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_only_a_warning() {
    for silence in [
        ChannelError::NotConnected,
        ChannelError::InDoubt {
            reason: "503".to_owned(),
        },
    ] {
        let storage = storage(ready(), found(campaign(), None), tally());
        let bench = bench_with(storage, [checked(1, Err(silence))]);
        let found = preflight(&bench).await;
        assert_eq!(found.errors, []);
        assert_eq!(
            found.warnings,
            [Caution::ProviderSilent, Caution::NoWebhooks]
        );
        assert_eq!(found.credentials, CredentialCheck::Unanswered);
    }
}

#[tokio::test]
async fn what_should_be_known_before_is_told() {
    let mut campaign = with_template();
    campaign.audience = Some(vips());
    let mut known = WhatsAppConnection::new(user().id);
    known.webhook_verified_at = Some(now());
    known.hear_of_number("5255", Some(true), None, now());
    known.hear_of_account(
        BUSINESS_ACCOUNT_ID,
        nexus_domain::AccountStanding::Warned,
        "SCAM",
        None,
        now(),
    );
    let notice = known.account_notice(None).expect("a notice").clone();
    let mut worst = kept(1);
    worst.template.quality = Some("RED".to_owned());
    let mut read = MockUnitOfWork::default();
    read.media
        .expect_of_campaigns()
        .returning(|_, _| Ok(Vec::new()));
    read.campaigns
        .expect_find()
        .returning(move |_, _| Ok(Some(campaign.clone())));
    read.whatsapp
        .expect_connection()
        .returning(move |_| Ok(Some(known.clone())));
    read.whatsapp
        .expect_template()
        .returning(move |_, _, _, _| Ok(Some(worst.clone())));
    let lacking = RecipientTally {
        variable_empty: 7,
        ..tally()
    };
    let profile = SenderProfile {
        display_address: "52 55".to_owned(),
        in_account: Some(false),
        ..SenderProfile::default()
    };
    let bench = bench_with(storage(ready(), read, lacking), [checked(1, Ok(profile))]);
    let found = preflight(&bench).await;
    assert_eq!(found.errors, []);
    assert_eq!(
        found.warnings,
        [
            Caution::ForeignNumber,
            Caution::NumberQuality,
            Caution::TemplateQuality,
            Caution::Account {
                standing: nexus_domain::AccountStanding::Warned,
                notice,
            },
            Caution::VariableEmpty { recipients: 7 },
        ]
    );
}

#[tokio::test]
async fn a_campaign_that_has_started_only_says_so() {
    let active = in_status(CampaignStatus::Active);
    let storage = ScriptedStorage::new()
        .then_read(of_user(Some(ready())))
        .then_read(found(active, None));
    let found = preflight(&bench(storage)).await;
    let status = CampaignStatus::Active;
    assert_eq!(found.errors, [Obstacle::NotSendable { status }]);
    assert_eq!(found.recipients, None);
    assert_eq!(found.warnings, []);
}

#[tokio::test]
async fn a_template_that_was_stopped_since_it_was_checked_is_not_sent() {
    let mut stopped = kept(1);
    stopped.hear_status("PAUSED", None, now());
    let mut unit = MockUnitOfWork::default();
    unit.whatsapp
        .expect_lock_template()
        .times(1)
        .returning(move |_, _, _, _| Ok(Some(stopped.clone())));
    let storage = ScriptedStorage::new()
        .then_read(of_user(Some(ready())))
        .then_read(found(with_template(), Some(kept(1))))
        .then_begin(unit);
    let bench = bench(storage);
    let error = bench.campaigns.send(&actor(), campaign_id()).await;
    assert!(matches!(
        error,
        Err(SendCampaignError::TemplateUnusable(TemplateProblem::NotApproved { status }))
            if status == "PAUSED"
    ));
    assert!(bench.unchanged());
}

#[tokio::test]
async fn who_is_outside_of_the_window_is_counted_and_is_an_error_where_the_campaign_refuses() {
    let outside = RecipientTally {
        outside_window: 41,
        ..tally()
    };
    for (choice, errors, warnings) in [
        (
            OutsideWindow::Skip,
            vec![],
            vec![
                Caution::NoWebhooks,
                Caution::OnlyWithinWindow { outside: 41 },
            ],
        ),
        (
            OutsideWindow::Refuse,
            vec![Obstacle::OutsideWindow { count: 41 }],
            vec![Caution::NoWebhooks],
        ),
    ] {
        let campaign = Campaign {
            outside_window: choice,
            ..campaign()
        };
        let mut read = MockUnitOfWork::default();
        read.contacts
            .expect_tally_recipients()
            .withf(|_, _, _, rule, _| {
                rule.free_text.as_ref().is_some_and(|window| {
                    window.sender == PHONE_NUMBER_ID
                        && window.written_after == now() - TimeDelta::hours(24)
                })
            })
            .times(1)
            .returning(move |_, _, _, _, _| Ok(outside));
        read.bulk_changes
            .expect_unfinished()
            .returning(|_| Ok(Vec::new()));
        let storage = ScriptedStorage::new()
            .then_read(of_user(Some(ready())))
            .then_read(found(campaign, None))
            .then_read(read);
        let mut bench = bench_with(storage, [checked(1, Ok(SenderProfile::default()))]);
        bench.campaigns.ports.keeps_window = true;
        let found = preflight(&bench).await;
        assert_eq!((&found.errors, &found.warnings), (&errors, &warnings));
        let seconds = found.expected_duration().map(|duration| duration.as_secs());
        assert_eq!(seconds, Some(3));
    }
}
