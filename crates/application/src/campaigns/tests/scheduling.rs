//! Campaigns that start by themselves, and those that do so no more.

use chrono::TimeDelta;
use nexus_domain::{Schedule, StartPlan, StartProblem};

use super::*;
use crate::Shutdown;

fn typed(at: &str) -> ScheduleCampaign {
    ScheduleCampaign {
        scheduled_at: at.to_owned(),
        ..ScheduleCampaign::default()
    }
}

fn scheduled(schedule: Schedule) -> Campaign {
    Campaign {
        state: CampaignState::Scheduled {
            plan: StartPlan::new(schedule),
        },
        ..campaign()
    }
}

#[tokio::test]
async fn a_campaign_is_scheduled_by_the_clocks_of_its_user_or_of_a_zone() {
    let mut user = user();
    user.time_zone = TimeZone::parse("America/Mexico_City").expect("a zone");
    for (zone, at) in [
        (None, "2026-12-24T15:00:00Z"),
        (Some("  "), "2026-12-24T15:00:00Z"),
        (Some("Europe/Madrid"), "2026-12-24T08:00:00Z"),
    ] {
        for status in [
            CampaignStatus::Draft,
            CampaignStatus::Scheduled,
            CampaignStatus::Missed,
        ] {
            let at: chrono::DateTime<chrono::Utc> = at.parse().expect("a time");
            let expected = Schedule {
                local: "2026-12-24T09:00:00".parse().expect("a time"),
                time_zone: zone
                    .and_then(|zone| TimeZone::parse(zone).ok())
                    .unwrap_or(user.time_zone),
                at,
                latest_start_at: at + TimeDelta::hours(6),
            };
            let mut unit = locking(Some(in_status(status)));
            saving(
                &mut unit,
                Campaign {
                    updated_at: now(),
                    ..scheduled(expected)
                },
            );
            reading_media(&mut unit);
            let bench = bench(
                ScriptedStorage::new()
                    .then_read(of_user(Some(user.clone())))
                    .then_begin(unit),
            );
            let asked = ScheduleCampaign {
                timezone: zone.map(str::to_owned),
                ..typed("2026-12-24T09:00")
            };
            let made = bench
                .campaigns
                .schedule(&actor(), campaign_id(), asked)
                .await
                .expect("scheduled");
            assert_eq!(made.campaign.state.schedule(), Some(expected));
            assert_eq!(bench.storage.commits(), 1);
        }
    }
}

#[tokio::test]
async fn everything_wrong_with_a_schedule_is_told_and_nothing_changes() {
    for (asked, expected) in [
        (typed(" "), fields(&[("scheduled_at", "required")])),
        (typed("ayer"), fields(&[("scheduled_at", "malformed")])),
        (
            typed("2026-11-23T09:59"),
            fields(&[("scheduled_at", "in_the_past")]),
        ),
        (
            ScheduleCampaign {
                scheduled_at: "2027-03-28T02:30".to_owned(),
                latest_start: Some("pronto".to_owned()),
                timezone: Some("Europe/Madrid".to_owned()),
            },
            fields(&[
                ("scheduled_at", "skipped_by_clocks"),
                ("latest_start", "malformed"),
            ]),
        ),
        (
            ScheduleCampaign {
                timezone: Some("Marte".to_owned()),
                ..typed("ayer")
            },
            fields(&[
                ("timezone", "unknown_time_zone"),
                ("scheduled_at", "malformed"),
            ]),
        ),
    ] {
        let bench = bench(
            ScriptedStorage::new()
                .then_read(of_user(Some(user())))
                .then_begin(locking(Some(campaign()))),
        );
        let error = bench
            .campaigns
            .schedule(&actor(), campaign_id(), asked)
            .await
            .expect_err("refused");
        let ScheduleCampaignError::Invalid(violations) = error else {
            panic!("unexpected: {error}");
        };
        assert_eq!(refused(&violations), expected);
        assert!(bench.unchanged());
    }
}

#[tokio::test]
async fn what_has_started_is_neither_scheduled_nor_unscheduled() {
    let not_started = [
        CampaignStatus::Draft,
        CampaignStatus::Scheduled,
        CampaignStatus::Missed,
    ];
    for status in all_but(&not_started) {
        let bench = bench(
            ScriptedStorage::new()
                .then_read(of_user(Some(user())))
                .then_begin(locking(Some(in_status(status))))
                .then_begin(locking(Some(in_status(status)))),
        );
        let scheduling = bench
            .campaigns
            .schedule(&actor(), campaign_id(), typed("2026-12-24T09:00"))
            .await;
        assert!(matches!(
            scheduling,
            Err(ScheduleCampaignError::NotSchedulable { status: is }) if is == status
        ));
        let unscheduling = bench.campaigns.unschedule(&actor(), campaign_id()).await;
        assert!(matches!(
            unscheduling,
            Err(UnscheduleCampaignError::NotScheduled { status: is }) if is == status
        ));
        assert!(bench.unchanged());
    }
}

/// A read in which this campaign is due.
fn due() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.campaigns
        .expect_due_to_start()
        .withf(|at, most| *at == now() && *most > 0)
        .times(1)
        .returning(|_, _| Ok(vec![(user().id, campaign_id())]));
    unit
}

/// The transaction in which a process takes its turn.
fn taking_a_turn(before: Campaign) -> MockUnitOfWork {
    let mut unit = locking(Some(before));
    unit.campaigns
        .expect_save()
        .withf(|saved| {
            matches!(saved.state, CampaignState::Scheduled { plan }
                if plan.tries == 1 && plan.next_try_at == now() + TimeDelta::seconds(40))
        })
        .times(1)
        .returning(|_| Ok(()));
    unit
}

/// A read in which nothing else is due.
fn nothing_next() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.campaigns.expect_next_start().returning(|| Ok(None));
    unit
}

async fn run_until(bench: &Bench, commits: usize) {
    let shutdown = Shutdown::new();
    let scheduler = Scheduler::new(bench.campaigns.clone());
    let stop = shutdown.clone();
    let storage = bench.storage.clone();
    tokio::join!(scheduler.run(shutdown), async move {
        for _ in 0..100 {
            tokio::task::yield_now().await;
            if storage.commits() == commits {
                break;
            }
        }
        stop.request();
    });
}

#[tokio::test]
async fn what_cannot_start_before_a_person_does_something_is_missed() {
    let before = in_status(CampaignStatus::Scheduled);
    let mut missing = locking(Some(before.clone()));
    saving(
        &mut missing,
        Campaign {
            state: CampaignState::Missed {
                schedule: schedule(),
                problem: StartProblem::ProviderMissing,
            },
            updated_at: now(),
            ..before.clone()
        },
    );
    let bench = bench(
        ScriptedStorage::new()
            .then_read(due())
            .then_read(nothing_next())
            // A user without a key.
            .then_read(of_user(Some(user())))
            .then_read(finding_to_send(Some(before.clone())))
            .then_begin(taking_a_turn(before))
            .then_begin(missing),
    );
    run_until(&bench, 2).await;
    assert_eq!(bench.storage.commits(), 2);
    assert!(!bench.woken());
}

#[tokio::test]
async fn what_may_pass_is_noted_and_left_for_the_next_try() {
    let before = Campaign {
        state: in_status(CampaignStatus::Scheduled).state,
        ..with_template()
    };
    let mut noting = locking(Some(before.clone()));
    noting
        .campaigns
        .expect_save()
        .withf(|saved| {
            saved.status() == CampaignStatus::Scheduled
                && saved.state.start_problem() == Some(StartProblem::ProviderUnavailable)
        })
        .times(1)
        .returning(|_| Ok(()));
    let bench = bench_with(
        ScriptedStorage::new()
            .then_read(due())
            .then_read(nothing_next())
            .then_read(of_user(Some(ready())))
            .then_read(finding_to_send(Some(before.clone())))
            .then_begin(taking_a_turn(before))
            .then_begin(keeping_templates())
            .then_begin(noting),
        [answering(Err(ChannelError::NotConnected))],
    );
    run_until(&bench, 3).await;
    // Its turn, that the provider did not answer, and what is shown of it.
    assert_eq!(bench.storage.commits(), 3);
    assert!(!bench.woken());
}

#[tokio::test]
async fn one_that_was_moved_while_it_was_being_checked_does_not_start() {
    let before = in_status(CampaignStatus::Scheduled);
    let moved = scheduled(Schedule {
        at: now() + TimeDelta::hours(1),
        ..schedule()
    });
    let mut starting = locking(Some(moved));
    starting
        .senders
        .expect_ensure()
        .times(1)
        .returning(|_| Ok(account()));
    let bench = bench(
        ScriptedStorage::new()
            .then_read(of_user(Some(ready())))
            .then_read(finding_to_send(Some(before)))
            .then_begin(starting),
    );
    let outcome = bench
        .campaigns
        .send_by(&actor(), campaign_id(), &schedule())
        .await;
    assert!(matches!(
        outcome,
        Err(SendCampaignError::NotSendable {
            status: CampaignStatus::Scheduled
        })
    ));
    assert!(bench.unchanged());
}
