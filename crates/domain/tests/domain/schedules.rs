use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::values::{EnteredTime, Problem, TimeZone};
use nexus_domain::{CampaignState, CampaignStatus, Schedule, StartPlan, StartProblem, StartTurn};

use crate::campaign_life::campaign;
use crate::support::{at, schedule};

fn zone(name: &str) -> TimeZone {
    TimeZone::parse(name).expect("a zone")
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn entered(raw: &str, in_zone: &str) -> Result<DateTime<Utc>, Problem> {
    EnteredTime::parse(raw, zone(in_zone)).map(|entered| entered.at)
}

#[test]
fn a_time_is_read_by_the_clocks_of_its_zone() {
    for (raw, in_zone, expected) in [
        (
            "2026-12-24T09:00",
            "America/Mexico_City",
            "2026-12-24T15:00:00Z",
        ),
        (
            " 2026-12-24 09:00:30 ",
            "Europe/Madrid",
            "2026-12-24T08:00:30Z",
        ),
        ("2026-07-01T09:00", "Europe/Madrid", "2026-07-01T07:00:00Z"),
        // With an offset of its own the zone says nothing.
        (
            "2026-12-24T09:00:00-06:00",
            "Europe/Madrid",
            "2026-12-24T15:00:00Z",
        ),
        (
            "2026-12-24T09:00+05:30",
            "Europe/Madrid",
            "2026-12-24T03:30:00Z",
        ),
        ("2026-12-24T09:00:00Z", "Asia/Tokyo", "2026-12-24T09:00:00Z"),
    ] {
        assert_eq!(entered(raw, in_zone), Ok(instant(expected)), "{raw}");
    }
}

#[test]
fn what_was_entered_is_kept() {
    let madrid = zone("Europe/Madrid");
    let local = EnteredTime::parse("2026-12-24T09:00", madrid).expect("a time");
    assert_eq!(local.local.to_string(), "2026-12-24 09:00:00");
    let with_offset = EnteredTime::parse("2026-12-24T08:00:00Z", madrid).expect("a time");
    assert_eq!(with_offset, local);
}

#[test]
fn an_hour_that_comes_twice_is_the_first_and_one_that_is_skipped_is_refused() {
    // Madrid puts its clocks back on 25 October 2026 at 3:00, and forward on 28 March 2027 at 2:00.
    assert_eq!(
        entered("2026-10-25T02:30", "Europe/Madrid"),
        Ok(instant("2026-10-25T00:30:00Z"))
    );
    assert_eq!(
        entered("2027-03-28T02:30", "Europe/Madrid"),
        Err(Problem::SkippedByClocks)
    );
    assert_eq!(
        entered("2027-03-28T03:00", "Europe/Madrid"),
        Ok(instant("2027-03-28T01:00:00Z"))
    );
}

#[test]
fn what_is_no_time_is_refused() {
    for raw in [
        "",
        "mañana",
        "2026-12-24",
        "09:00",
        "2026-13-24T09:00",
        "2026-02-30T09:00",
        "2026-12-24T25:00",
        "2026-12-24T09:00:60",
        "24/12/2026 09:00",
        "+262142-12-31T23:59",
        "-262143-01-01T00:00",
        "+262142-12-31T23:59-12:00",
        "0000-01-01T00:00",
        "2026-12-24T09:00 America/Mexico_City",
    ] {
        assert!(
            matches!(entered(raw, "UTC"), Err(Problem::Malformed { .. })),
            "{raw}"
        );
    }
}

fn problems(start: &str, latest: Option<&str>, now: &str) -> Vec<(String, &'static str)> {
    let read = |raw: &str| EnteredTime::parse(raw, TimeZone::UTC).expect("a time");
    let made = Schedule::new(
        read(start),
        latest.map(read),
        TimeDelta::hours(6),
        instant(now),
    );
    match made {
        Ok(_) => Vec::new(),
        Err(violations) => violations
            .iter()
            .map(|(field, problem)| (field.to_owned(), problem.code()))
            .collect(),
    }
}

#[test]
fn a_start_lies_ahead_and_not_too_far() {
    let now = "2026-12-24T09:00:00Z";
    let start = |code| vec![("scheduled_at".to_owned(), code)];
    let latest = |code| vec![("latest_start".to_owned(), code)];
    for (from, until, expected) in [
        ("2026-12-24T09:00:01", None, vec![]),
        ("2026-12-24T09:00:00", None, start("in_the_past")),
        ("2020-01-01T00:00", None, start("in_the_past")),
        ("2028-12-23T09:00", None, vec![]),
        ("2028-12-24T09:00", None, start("too_far_ahead")),
        ("9999-01-01T09:00", None, start("too_far_ahead")),
        ("2026-12-24T10:00", Some("2026-12-24T10:00:01"), vec![]),
        (
            "2026-12-24T10:00",
            Some("2026-12-24T10:00"),
            latest("not_after_start"),
        ),
        (
            "2026-12-24T10:00",
            Some("2026-12-24T09:59"),
            latest("not_after_start"),
        ),
        (
            "2026-12-24T10:00",
            Some("2029-01-01T00:00"),
            latest("too_far_ahead"),
        ),
    ] {
        assert_eq!(problems(from, until, now), expected, "{from} {until:?}");
    }
}

#[test]
fn a_start_without_a_limit_gets_the_usual_one() {
    let entered = EnteredTime::parse("2026-12-24T10:00", TimeZone::UTC).expect("a time");
    let made = Schedule::new(
        entered,
        None,
        TimeDelta::hours(6),
        instant("2026-12-24T09:00:00Z"),
    );
    let latest = made.expect("a schedule").latest_start_at;
    assert_eq!(latest, instant("2026-12-24T16:00:00Z"));
}

fn minutes(tries: u32) -> TimeDelta {
    TimeDelta::minutes(i64::from(tries) * 10)
}

#[test]
fn whoever_looks_first_has_the_turn_until_the_next_is_due() {
    let mut scheduled = campaign(CampaignStatus::Scheduled);
    let times = schedule(50);
    assert_eq!(scheduled.take_turn(at(49), minutes), StartTurn::NotDue);
    assert_eq!(scheduled.take_turn(at(50), minutes), StartTurn::Try(times));
    assert_eq!(scheduled.take_turn(at(50), minutes), StartTurn::NotDue);
    assert_eq!(scheduled.take_turn(at(649), minutes), StartTurn::NotDue);
    assert_eq!(scheduled.take_turn(at(650), minutes), StartTurn::Try(times));
    assert_eq!(scheduled.take_turn(at(1_849), minutes), StartTurn::NotDue);
    assert_eq!(
        scheduled.take_turn(at(1_850), minutes),
        StartTurn::Try(times)
    );
    // The next would be after the latest start: it is looked at then, and missed.
    assert_eq!(scheduled.take_turn(at(3_649), minutes), StartTurn::NotDue);
    assert_eq!(scheduled.take_turn(at(3_650), minutes), StartTurn::TooLate);
    assert_eq!(
        scheduled.state.start_problem(),
        Some(StartProblem::Interrupted)
    );
    assert_eq!(scheduled.take_turn(at(3_651), minutes), StartTurn::NotDue);
}

#[test]
fn a_start_that_nobody_saw_says_so_and_another_says_what_was_in_its_way() {
    let mut alone = campaign(CampaignStatus::Scheduled);
    assert_eq!(alone.take_turn(at(9_999), minutes), StartTurn::TooLate);
    assert_eq!(
        alone.state,
        CampaignState::Missed {
            schedule: schedule(50),
            problem: StartProblem::NobodyWasThere
        }
    );

    let mut hindered = campaign(CampaignStatus::Scheduled);
    let times = schedule(50);
    hindered.take_turn(at(50), minutes);
    assert!(hindered.note_start_problem(&times, StartProblem::ProviderUnavailable));
    assert!(!hindered.note_start_problem(&times, StartProblem::ProviderUnavailable));
    assert_eq!(hindered.take_turn(at(9_999), minutes), StartTurn::TooLate);
    assert_eq!(
        hindered.state.start_problem(),
        Some(StartProblem::ProviderUnavailable)
    );
}

#[test]
fn what_a_try_finds_out_counts_only_for_the_schedule_that_it_was_of() {
    let (old, new) = (schedule(50), schedule(60));
    let mut moved = campaign(CampaignStatus::Scheduled);
    assert!(moved.may_start_by(&old, at(50)));
    assert!(!moved.may_start_by(&old, at(49)));
    assert!(!moved.may_start_by(&old, at(3_650)));
    moved.schedule(new, at(55)).expect("it can be moved");
    assert!(!moved.may_start_by(&old, at(60)));
    assert!(moved.may_start_by(&new, at(60)));
    assert!(!moved.note_start_problem(&old, StartProblem::StoreUnavailable));
    assert!(!moved.miss(&old, StartProblem::NoRecipients, at(60)));
    let plan = StartPlan::new(new);
    assert_eq!(moved.state, CampaignState::Scheduled { plan });
    assert!(moved.miss(&new, StartProblem::NoRecipients, at(60)));
    assert_eq!(moved.status(), CampaignStatus::Missed);

    for status in CampaignStatus::ALL {
        let mut other = campaign(status);
        if status != CampaignStatus::Scheduled {
            assert!(!other.may_start_by(&old, at(60)), "{status:?}");
            assert!(!other.miss(&old, StartProblem::NoRecipients, at(60)));
            assert_eq!(other.take_turn(at(60), minutes), StartTurn::NotDue);
            assert_eq!(other, campaign(status));
        }
    }
}
