use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use nexus_domain::{
    AttemptId, CampaignContact, CampaignContactId, CampaignCounters, Delivery,
    DeliveryStatus as Status, Failure, FailureCode, MessageDelta, SkipReason, StatusReport,
    StatusUpdate,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{at, in_status, queued};

fn any_failure() -> impl Strategy<Value = Failure> {
    (
        select(FailureCode::ALL.to_vec()),
        prop::option::of(131_000_i64..131_003),
        prop::option::of("[ab]"),
    )
        .prop_map(|(code, provider_code, detail)| Failure {
            code,
            provider_code,
            detail,
        })
}

fn any_update() -> impl Strategy<Value = StatusUpdate> {
    prop_oneof![
        Just(StatusUpdate::Sent),
        Just(StatusUpdate::Delivered),
        Just(StatusUpdate::Read),
        any_failure().prop_map(StatusUpdate::Failed),
    ]
}

/// What a report says and when, a few seconds apart so that times coincide.
fn any_said() -> impl Strategy<Value = (StatusUpdate, i64)> {
    (any_update(), 30..36_i64)
}

/// Something heard of one attempt: a report, or the answer to our own request.
#[derive(Debug, Clone)]
enum Heard {
    Report {
        update: StatusUpdate,
        at: i64,
        named: bool,
    },
    Answer {
        at: i64,
    },
}

fn hear(recipient: &mut CampaignContact, heard: &Heard) {
    let attempt = recipient.attempt().expect("it was tried");
    match heard {
        Heard::Report {
            update,
            at: seconds,
            named,
        } => {
            let report = StatusReport {
                attempt: named.then_some(attempt),
                message_id: "wamid.1".to_owned(),
                update: update.clone(),
                at: at(*seconds),
            };
            recipient.apply(&report, at(1_000));
        }
        Heard::Answer { at: seconds } => recipient
            .accept(attempt, "wamid.1".to_owned(), at(*seconds))
            .expect("the attempt is current"),
    }
}

fn heard_in_order(start: &CampaignContact, all: &[Heard]) -> Delivery {
    let mut recipient = start.clone();
    for heard in all {
        hear(&mut recipient, heard);
    }
    recipient.delivery
}

/// A recipient whose one attempt was settled as not sent and that then came to `status`.
fn after_settling(status: Status) -> CampaignContact {
    let mut recipient = in_status(Status::InDoubt);
    let ok = "the entity allows it";
    recipient.settle_as_not_sent(at(25)).expect(ok);
    match status {
        Status::Skipped => recipient.skip(SkipReason::OptedOut, at(26)).expect(ok),
        Status::Cancelled => recipient.cancel(at(26)).expect(ok),
        _ => {}
    }
    recipient
}

/// Every recipient that an attempt's reports can find.
fn any_start() -> impl Strategy<Value = CampaignContact> {
    prop_oneof![
        select(vec![
            Status::Dispatching,
            Status::Accepted,
            Status::InDoubt,
            Status::Unconfirmed,
        ])
        .prop_map(in_status),
        select(vec![Status::Queued, Status::Skipped, Status::Cancelled]).prop_map(after_settling),
    ]
}

/// A set of what is heard, and the same shuffled with repetitions.
fn twice() -> impl Strategy<Value = (Vec<Heard>, Vec<Heard>)> {
    let report = any_said().prop_map(|(update, at)| Heard::Report {
        update,
        at,
        named: true,
    });
    let answer = (30..36_i64).prop_map(|at| Heard::Answer { at });
    let set = (
        prop::collection::vec(report, 1..7),
        prop::option::of(answer),
    )
        .prop_map(|(reports, answer)| reports.into_iter().chain(answer).collect::<Vec<_>>());
    set.prop_flat_map(|set| {
        let repeated = prop::collection::vec(select(set.clone()), 0..6);
        let shuffled = repeated
            .prop_map({
                let set = set.clone();
                move |more| [set.clone(), more].concat()
            })
            .prop_shuffle();
        (Just(set), shuffled)
    })
}

/// Where the reports of one attempt must lead, by what was said and not by its order.
fn furthest(start: &CampaignContact, set: &[Heard]) -> Status {
    let said = |wanted: fn(&StatusUpdate) -> bool| {
        set.iter()
            .any(|heard| matches!(heard, Heard::Report { update, .. } if wanted(update)))
    };
    if said(|update| *update == StatusUpdate::Read) {
        Status::Read
    } else if said(|update| *update == StatusUpdate::Delivered) {
        Status::Delivered
    } else if said(|update| matches!(update, StatusUpdate::Failed(_))) {
        Status::Failed
    } else if set.is_empty() {
        start.delivery.status
    } else {
        Status::Accepted
    }
}

/// How far a status is, as the module's documentation orders them.
fn rank(status: Status) -> u8 {
    match status {
        Status::Accepted => 1,
        Status::Failed => 2,
        Status::Delivered => 3,
        Status::Read => 4,
        _ => 0,
    }
}

fn assert_consistent(delivery: &Delivery) {
    let status = delivery.status;
    assert_eq!(delivery.failure.is_some(), status == Status::Failed);
    assert_eq!(delivery.failed_at.is_some(), status == Status::Failed);
    assert_eq!(delivery.skipped.is_some(), status == Status::Skipped);
    assert!(delivery.not_before.is_none() || status == Status::Queued);
    assert!(delivery.message_id.is_none() || rank(status) > 0);
    if matches!(status, Status::Accepted | Status::Delivered | Status::Read) {
        assert!(delivery.accepted_at.is_some() && delivery.message_id.is_some());
    }
    assert_eq!(
        delivery.delivered_at.is_some(),
        matches!(status, Status::Delivered | Status::Read)
    );
    assert_eq!(delivery.read_at.is_some(), status == Status::Read);
    assert!(delivery.accepted_at <= delivery.delivered_at || delivery.delivered_at.is_none());
    assert!(delivery.delivered_at <= delivery.read_at || delivery.read_at.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn in_whichever_order_and_however_often_reports_come_the_end_is_the_same(
        start in any_start(),
        (set, shuffled) in twice(),
    ) {
        let end = heard_in_order(&start, &set);
        prop_assert_eq!(&heard_in_order(&start, &shuffled), &end);
        prop_assert_eq!(end.status, furthest(&start, &set));
        assert_consistent(&end);
    }

    #[test]
    fn reports_that_name_no_attempt_converge_for_a_message_that_is_known(
        (set, shuffled) in twice(),
        named in prop::collection::vec(any::<bool>(), 14),
    ) {
        let start = in_status(Status::Accepted);
        let unname = |all: Vec<Heard>| -> Vec<Heard> {
            all.into_iter()
                .zip(named.iter().cycle())
                .map(|(heard, named)| match heard {
                    Heard::Report { update, at, .. } => Heard::Report { update, at, named: *named },
                    answer @ Heard::Answer { .. } => answer,
                })
                .collect()
        };
        let end = heard_in_order(&start, &unname(shuffled));
        prop_assert_eq!(end, heard_in_order(&start, &set));
    }

    #[test]
    fn the_earliest_failure_is_the_one_shown(
        failures in prop::collection::vec((any_failure(), 30..36_i64), 1..6),
    ) {
        let set: Vec<Heard> = failures
            .iter()
            .map(|(failure, at)| Heard::Report {
                update: StatusUpdate::Failed(failure.clone()),
                at: *at,
                named: true,
            })
            .collect();
        let end = heard_in_order(&in_status(Status::Dispatching), &set);
        let first = failures.iter().map(|(_, seconds)| *seconds).min();
        prop_assert_eq!(end.failed_at, first.map(at));
        let shown_was_first = failures
            .iter()
            .any(|(failure, at)| Some(*at) == first && Some(failure) == end.failure.as_ref());
        prop_assert!(shown_was_first);
    }

    #[test]
    fn no_report_takes_a_recipient_back(start in any_start(), (_, heard) in twice()) {
        let mut recipient = start;
        for heard in heard {
            let before = recipient.delivery.status;
            hear(&mut recipient, &heard);
            prop_assert!(rank(recipient.delivery.status) >= rank(before));
        }
    }

    #[test]
    fn whether_a_report_changed_anything_is_told_truly(
        start in any_start(),
        all in prop::collection::vec(any_said(), 1..8),
    ) {
        let mut recipient = start;
        for (update, seconds) in all {
            let before = recipient.clone();
            let report = StatusReport {
                attempt: recipient.attempt(),
                message_id: "wamid.1".to_owned(),
                update,
                at: at(seconds),
            };
            if recipient.apply(&report, at(1_000)) {
                prop_assert_ne!(&recipient.delivery, &before.delivery);
                prop_assert_eq!(recipient.updated_at, at(1_000));
            } else {
                prop_assert_eq!(&recipient, &before);
            }
        }
    }
}

/// Anything that can happen to a recipient; `older` attempts are reported on as well.
#[derive(Debug, Clone)]
enum Step {
    Begin,
    Accept,
    Refuse(Failure),
    Postpone,
    Doubt,
    SettleAsNotSent,
    GiveUp,
    Skip,
    Cancel,
    Reply,
    Report {
        update: StatusUpdate,
        at: i64,
        older: u32,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Begin),
        2 => Just(Step::Accept),
        1 => any_failure().prop_map(Step::Refuse),
        3 => Just(Step::Postpone),
        3 => Just(Step::Doubt),
        3 => Just(Step::SettleAsNotSent),
        1 => Just(Step::GiveUp),
        1 => Just(Step::Skip),
        1 => Just(Step::Cancel),
        1 => Just(Step::Reply),
        3 => (any_said(), 0..3_u32).prop_map(|((update, at), older)| Step::Report { update, at, older }),
    ]
}

/// Does `step`; what the entity refuses is left undone, which is its business.
fn take(recipient: &mut CampaignContact, step: Step, now: i64) {
    let now = at(now);
    let attempt = recipient.attempt();
    let _ = match (step, attempt) {
        (Step::Begin, _) => recipient.begin_attempt(now).map(|_| ()),
        (Step::SettleAsNotSent, _) => recipient.settle_as_not_sent(now),
        (Step::GiveUp, _) => recipient.give_up_confirming(now),
        (Step::Skip, _) => recipient.skip(SkipReason::Inactive, now),
        (Step::Cancel, _) => recipient.cancel(now),
        (Step::Reply, _) => {
            recipient.reply(now, now);
            Ok(())
        }
        (Step::Accept, Some(attempt)) => {
            recipient.accept(attempt, format!("wamid.{}", attempt.number), now)
        }
        (Step::Refuse(failure), Some(attempt)) => recipient.refuse(attempt, failure, now),
        (Step::Postpone, Some(attempt)) => recipient.postpone(attempt, at(5_000), now),
        (Step::Doubt, Some(attempt)) => recipient.doubt(attempt, now),
        (
            Step::Report {
                update,
                at: seconds,
                older,
            },
            Some(attempt),
        ) => {
            let number = attempt.number.saturating_sub(older).max(1);
            let report = StatusReport {
                attempt: Some(AttemptId { number, ..attempt }),
                message_id: format!("wamid.{number}"),
                update,
                at: at(seconds),
            };
            recipient.apply(&report, now);
            Ok(())
        }
        (_, None) => Ok(()),
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_happens_a_recipient_stays_consistent_and_is_not_sent_twice(
        steps in prop::collection::vec(any_step(), 0..30),
    ) {
        let mut recipient = queued();
        let mut known_to_be_sent = false;
        for (now, step) in (100..).zip(steps) {
            let attempts = recipient.delivery.attempts;
            take(&mut recipient, step, now);
            assert_consistent(&recipient.delivery);
            if known_to_be_sent {
                prop_assert_eq!(recipient.delivery.attempts, attempts);
            }
            known_to_be_sent |= rank(recipient.delivery.status) > 0;
        }
    }

    #[test]
    fn the_counted_shifts_of_any_walk_add_up_to_its_ends(
        steps in prop::collection::vec(any_step(), 0..30),
    ) {
        let mut recipient = queued();
        let mut counters = CampaignCounters::of(recipient.delivery.status);
        let mut charts: BTreeMap<DateTime<Utc>, MessageDelta> = BTreeMap::new();
        for (now, step) in (100..).zip(steps) {
            let before = recipient.delivery.clone();
            take(&mut recipient, step, now);
            let after = &recipient.delivery;
            counters = counters.plus(CampaignCounters::shift(before.status, after.status));
            let gone = MessageDelta::of(before.status, &before).map(|(at, of)| (at, of.taken_back()));
            for (at, change) in gone.chain(MessageDelta::of(after.status, after)) {
                let bucket = charts.entry(at).or_default();
                *bucket = bucket.plus(change);
            }
            for (at, bucket) in &charts {
                let counts = [bucket.sent, bucket.delivered, bucket.read, bucket.failed];
                prop_assert!(counts.iter().all(|count| *count >= 0), "{at}: {bucket:?}");
            }
        }
        let end = CampaignCounters::of(recipient.delivery.status);
        prop_assert_eq!(counters, end);
        let charted = charts.into_values().fold(MessageDelta::default(), MessageDelta::plus);
        let expected = MessageDelta {
            sent: end.sent,
            delivered: end.delivered,
            read: end.opened,
            failed: end.failed,
            replied: 0,
        };
        prop_assert_eq!(charted, expected);
    }

    #[test]
    fn counted_shifts_add_up_whatever_the_walk(
        walk in prop::collection::vec(select(Status::ALL.to_vec()), 1..30),
    ) {
        let mut counters = CampaignCounters::of(walk[0]);
        for pair in walk.windows(2) {
            counters = counters.plus(CampaignCounters::shift(pair[0], pair[1]));
        }
        prop_assert_eq!(counters, CampaignCounters::of(walk[walk.len() - 1]));
    }

    #[test]
    fn the_id_of_an_attempt_is_read_back(recipient in any::<u128>(), number in 1..=u32::MAX) {
        let attempt = AttemptId {
            recipient: CampaignContactId::from_uuid(uuid::Uuid::from_u128(recipient)),
            number,
        };
        let text = attempt.to_string();
        prop_assert!(text.len() <= 64 && text.is_ascii());
        prop_assert_eq!(text.parse(), Ok(attempt));
    }

    #[test]
    fn only_what_an_attempt_is_shown_as_is_read(text in "[0-9a-f]{30,34}[.]?[+0-9]{0,12}|.{0,50}") {
        if let Ok(attempt) = text.parse::<AttemptId>() {
            prop_assert!(attempt.number > 0);
            prop_assert_eq!(attempt.to_string(), text);
        }
    }
}

#[test]
fn counters_and_messages_add_up_field_by_field() {
    let counters = CampaignCounters {
        total: 1,
        pending: 2,
        sent: 3,
        delivered: 4,
        opened: 5,
        clicked: 6,
        replied: 7,
        failed: 8,
        skipped: 9,
        unconfirmed: 10,
        unconfirmed_left: 11,
    };
    let doubled = CampaignCounters {
        total: 2,
        pending: 4,
        sent: 6,
        delivered: 8,
        opened: 10,
        clicked: 12,
        replied: 14,
        failed: 16,
        skipped: 18,
        unconfirmed: 20,
        unconfirmed_left: 22,
    };
    assert_eq!(counters.plus(counters), doubled);
    let messages = MessageDelta {
        sent: 1,
        delivered: 2,
        read: 3,
        failed: 4,
        replied: 5,
    };
    let twice = MessageDelta {
        sent: 2,
        delivered: 4,
        read: 6,
        failed: 8,
        replied: 10,
    };
    assert_eq!(messages.plus(messages), twice);
}

#[test]
fn what_is_no_attempt_is_refused() {
    let id = "0195f3c8a4e07a6b8c1d2e3f40516273";
    assert!(format!("{id}.1").parse::<AttemptId>().is_ok());
    for junk in [
        String::new(),
        ".".to_owned(),
        id.to_owned(),
        format!("{id}."),
        format!("{id}.0"),
        format!("{id}.01"),
        format!("{id}.+1"),
        format!("{id}.-1"),
        format!("{id}.1.2"),
        format!("{id}.4294967296"),
        format!(" {id}.1"),
        format!("{}.1", id.to_uppercase()),
        "0195f3c8-a4e0-7a6b-8c1d-2e3f40516273.1".to_owned(),
        "zz95f3c8a4e07a6b8c1d2e3f40516273.1".to_owned(),
    ] {
        assert!(junk.parse::<AttemptId>().is_err(), "{junk:?}");
    }
}
