use nexus_domain::values::Problem;
use nexus_domain::{
    AttemptId, CampaignContact, CampaignCounters, Delivery, DeliveryStatus as Status, FailureCode,
    SkipReason, StaleAttempt, StatusReport,
};

use crate::support::{Said, at, failure, in_status, queued, report};

/// An action of ours on a recipient, with the statuses that allow it and where it leads.
struct Transition {
    name: &'static str,
    from: &'static [Status],
    to: Status,
    act: fn(&mut CampaignContact) -> Result<(), StaleAttempt>,
}

/// The current attempt, or one that never was.
fn attempt(recipient: &CampaignContact) -> AttemptId {
    recipient.attempt().unwrap_or(AttemptId {
        recipient: recipient.id,
        number: 1,
    })
}

const TRANSITIONS: [Transition; 11] = [
    Transition {
        name: "begin",
        from: &[Status::Queued],
        to: Status::Dispatching,
        act: |recipient| recipient.begin_attempt(at(100)).map(|_| ()),
    },
    Transition {
        name: "refuse",
        from: &[Status::Dispatching],
        to: Status::Failed,
        act: |recipient| {
            recipient.refuse(
                attempt(recipient),
                failure(FailureCode::InvalidMessage),
                at(100),
            )
        },
    },
    Transition {
        name: "postpone",
        from: &[Status::Dispatching],
        to: Status::Queued,
        act: |recipient| recipient.postpone(attempt(recipient), at(160), at(100)),
    },
    Transition {
        name: "put off",
        from: &[Status::Dispatching],
        to: Status::Queued,
        act: |recipient| recipient.put_off(attempt(recipient), at(160), at(100)),
    },
    Transition {
        name: "take back",
        from: &[Status::Dispatching],
        to: Status::Queued,
        act: |recipient| recipient.take_back(attempt(recipient), None, at(100)),
    },
    Transition {
        name: "settle as never left",
        from: &[Status::InDoubt],
        to: Status::Queued,
        act: |recipient| recipient.settle_as_never_left(at(100)),
    },
    Transition {
        name: "doubt",
        from: &[Status::Dispatching],
        to: Status::InDoubt,
        act: |recipient| recipient.doubt(attempt(recipient), at(100)),
    },
    Transition {
        name: "settle as not sent",
        from: &[Status::InDoubt],
        to: Status::Queued,
        act: |recipient| recipient.settle_as_not_sent(at(100)),
    },
    Transition {
        name: "give up",
        from: &[Status::InDoubt],
        to: Status::Unconfirmed,
        act: |recipient| recipient.give_up_confirming(at(100)),
    },
    Transition {
        name: "skip",
        from: &[Status::Queued],
        to: Status::Skipped,
        act: |recipient| recipient.skip(SkipReason::ContactDeleted, at(100)),
    },
    Transition {
        name: "cancel",
        from: &[Status::Queued],
        to: Status::Cancelled,
        act: |recipient| recipient.cancel(at(100)),
    },
];

#[test]
fn every_action_in_every_status_leads_where_the_table_says() {
    for transition in TRANSITIONS {
        for status in Status::ALL {
            let before = in_status(status);
            let mut after = before.clone();
            let outcome = (transition.act)(&mut after);
            let case = format!("{} when {status:?}", transition.name);
            if transition.from.contains(&status) {
                assert_eq!(outcome, Ok(()), "{case}");
                assert_eq!(after.delivery.status, transition.to, "{case}");
                assert_eq!(after.updated_at, at(100), "{case}");
            } else {
                assert_eq!(outcome, Err(StaleAttempt), "{case}");
                assert_eq!(after, before, "{case}");
            }
        }
    }
}

#[test]
fn the_providers_acceptance_moves_forward_only() {
    for status in Status::ALL {
        let before = in_status(status);
        let mut after = before.clone();
        let outcome = after.accept(attempt(&before), "wamid.1".to_owned(), at(100));
        if before.attempt().is_none() {
            assert_eq!(outcome, Err(StaleAttempt), "{status:?}");
            assert_eq!(after, before, "{status:?}");
            continue;
        }
        assert_eq!(outcome, Ok(()), "{status:?}");
        assert_eq!(after.delivery.message_id.as_deref(), Some("wamid.1"));
        let further = matches!(status, Status::Delivered | Status::Read | Status::Failed);
        let expected = if further { status } else { Status::Accepted };
        assert_eq!(after.delivery.status, expected, "{status:?}");
    }
}

#[test]
fn attempts_are_counted_from_one() {
    let mut recipient = queued();
    assert_eq!(recipient.attempt(), None);
    let first = recipient.begin_attempt(at(10)).expect("it is queued");
    assert_eq!((first.recipient, first.number), (recipient.id, 1));
    assert_eq!(recipient.attempt(), Some(first));
    assert_eq!(recipient.delivery.dispatched_at, Some(at(10)));
    assert_eq!(recipient.postpone(first, at(60), at(20)), Ok(()));
    assert_eq!(recipient.delivery.not_before, Some(at(60)));
    let second = recipient.begin_attempt(at(60)).expect("it is queued again");
    assert_eq!(second.number, 2);
    assert_eq!(recipient.delivery.not_before, None);
    assert_eq!(recipient.delivery.dispatched_at, Some(at(60)));
}

#[test]
fn the_outcome_of_an_older_attempt_changes_nothing() {
    let mut recipient = queued();
    let first = recipient.begin_attempt(at(10)).expect("it is queued");
    assert_eq!(recipient.postpone(first, at(60), at(20)), Ok(()));
    recipient.begin_attempt(at(60)).expect("it is queued again");
    let before = recipient.clone();
    let refusal = failure(FailureCode::Unreachable);
    assert_eq!(recipient.refuse(first, refusal, at(70)), Err(StaleAttempt));
    assert_eq!(recipient.postpone(first, at(90), at(70)), Err(StaleAttempt));
    assert_eq!(recipient.doubt(first, at(70)), Err(StaleAttempt));
    assert_eq!(
        recipient.accept(first, "wamid.0".to_owned(), at(70)),
        Err(StaleAttempt)
    );
    assert_eq!(recipient, before);
}

#[test]
fn the_outcome_for_another_recipient_changes_nothing() {
    let mut recipient = in_status(Status::Dispatching);
    let before = recipient.clone();
    let other = AttemptId {
        recipient: nexus_domain::CampaignContactId::from_uuid(uuid::Uuid::from_u128(7)),
        number: 1,
    };
    assert_eq!(
        recipient.accept(other, "wamid.1".to_owned(), at(70)),
        Err(StaleAttempt)
    );
    assert_eq!(recipient, before);
}

#[test]
fn a_report_before_the_answer_is_not_undone_by_it() {
    for (said, status) in [
        (Said::Delivered, Status::Delivered),
        (Said::Read, Status::Read),
        (Said::Failed(FailureCode::Unreachable), Status::Failed),
    ] {
        let mut recipient = in_status(Status::Dispatching);
        assert!(recipient.apply(&report(&recipient, said, 15), at(16)));
        let attempt = attempt(&recipient);
        assert_eq!(
            recipient.accept(attempt, "wamid.1".to_owned(), at(20)),
            Ok(())
        );
        assert_eq!(recipient.delivery.status, status);
    }
}

#[test]
fn the_earlier_of_answer_and_report_is_when_it_was_accepted() {
    for (reported, accepted) in [(15, 15), (25, 20)] {
        let mut recipient = in_status(Status::Dispatching);
        recipient.apply(&report(&recipient, Said::Sent, reported), at(16));
        let attempt = attempt(&recipient);
        assert_eq!(
            recipient.accept(attempt, "wamid.1".to_owned(), at(20)),
            Ok(())
        );
        assert_eq!(recipient.delivery.accepted_at, Some(at(accepted)));
    }
}

#[test]
fn each_report_leads_from_each_status_where_the_table_says() {
    for status in Status::ALL {
        for (said, reached, rank) in [
            (Said::Sent, Status::Accepted, 1),
            (Said::Failed(FailureCode::Other), Status::Failed, 2),
            (Said::Delivered, Status::Delivered, 3),
            (Said::Read, Status::Read, 4),
        ] {
            let mut recipient = in_status(status);
            // A recipient that was never tried has no attempt that could be reported on.
            if recipient.attempt().is_none() {
                continue;
            }
            let known = match status {
                Status::Accepted => 1,
                Status::Failed => 2,
                Status::Delivered => 3,
                Status::Read => 4,
                _ => 0,
            };
            recipient.apply(&report(&recipient, said, 40), at(41));
            let expected = if rank > known { reached } else { status };
            assert_eq!(recipient.delivery.status, expected, "{said:?} {status:?}");
        }
    }
}

#[test]
fn a_read_message_was_also_accepted_and_delivered() {
    let mut recipient = in_status(Status::InDoubt);
    assert!(recipient.apply(&report(&recipient, Said::Read, 40), at(41)));
    let delivery = &recipient.delivery;
    assert_eq!(delivery.accepted_at, Some(at(40)));
    assert_eq!(delivery.delivered_at, Some(at(40)));
    assert_eq!(delivery.read_at, Some(at(40)));
    assert_eq!(delivery.message_id.as_deref(), Some("wamid.1"));
    assert_eq!(recipient.updated_at, at(41));
}

#[test]
fn a_report_that_says_nothing_new_changes_nothing() {
    let mut recipient = in_status(Status::Delivered);
    let before = recipient.clone();
    assert!(!recipient.apply(&report(&recipient, Said::Delivered, 30), at(50)));
    assert!(!recipient.apply(&report(&recipient, Said::Sent, 45), at(50)));
    let late = Said::Failed(FailureCode::Other);
    assert!(!recipient.apply(&report(&recipient, late, 45), at(50)));
    assert_eq!(recipient, before);
}

/// A recipient in its second attempt, the first one's doubt having been settled as not sent.
fn in_second_attempt() -> (CampaignContact, AttemptId, AttemptId) {
    let mut recipient = in_status(Status::InDoubt);
    let first = attempt(&recipient);
    recipient
        .settle_as_not_sent(at(30))
        .expect("it is in doubt");
    let second = recipient.begin_attempt(at(40)).expect("it is queued again");
    (recipient, first, second)
}

fn report_on(attempt: AttemptId, message_id: &str, said: Said) -> StatusReport {
    StatusReport {
        attempt: Some(attempt),
        message_id: message_id.to_owned(),
        update: said.update(),
        at: at(50),
    }
}

#[test]
fn a_late_failure_of_an_older_attempt_changes_nothing() {
    let (mut recipient, first, _) = in_second_attempt();
    let before = recipient.clone();
    let late = report_on(first, "wamid.1", Said::Failed(FailureCode::Unreachable));
    assert!(!recipient.apply(&late, at(51)));
    assert_eq!(recipient, before);
}

#[test]
fn a_late_delivery_of_an_older_attempt_counts() {
    let (mut recipient, first, second) = in_second_attempt();
    assert!(recipient.apply(&report_on(first, "wamid.1", Said::Delivered), at(51)));
    assert_eq!(recipient.delivery.status, Status::Delivered);
    // The current attempt may still be on its way; its id is the one shown then.
    assert_eq!(
        recipient.accept(second, "wamid.2".to_owned(), at(52)),
        Ok(())
    );
    assert_eq!(recipient.delivery.status, Status::Delivered);
    assert_eq!(recipient.delivery.message_id.as_deref(), Some("wamid.2"));
}

#[test]
fn the_message_id_shown_is_the_current_attempts_in_either_order() {
    for said in [Said::Sent, Said::Failed(FailureCode::Other)] {
        let (start, first, second) = in_second_attempt();
        let old = report_on(first, "wamid.1", Said::Delivered);
        let new = report_on(second, "wamid.2", said);
        for order in [[&old, &new], [&new, &old]] {
            let mut recipient = start.clone();
            for report in order {
                recipient.apply(report, at(51));
            }
            assert_eq!(recipient.delivery.status, Status::Delivered);
            assert_eq!(recipient.delivery.message_id.as_deref(), Some("wamid.2"));
        }
    }
}

#[test]
fn a_recipient_that_got_the_message_after_all_is_not_sent_it_again() {
    for said in [Said::Sent, Said::Delivered, Said::Read] {
        let mut recipient = in_status(Status::InDoubt);
        recipient
            .settle_as_not_sent(at(30))
            .expect("it is in doubt");
        assert_eq!(recipient.delivery.status, Status::Queued);
        assert!(recipient.apply(&report(&recipient, said, 40), at(41)));
        assert_ne!(recipient.delivery.status, Status::Queued);
        assert_eq!(recipient.begin_attempt(at(50)), Err(StaleAttempt));
    }
}

#[test]
fn what_is_heard_of_a_passed_over_recipient_replaces_the_reason() {
    let cases: [fn(&mut CampaignContact); 3] = [
        |recipient| {
            let attempt = attempt(recipient);
            recipient
                .accept(attempt, "wamid.1".to_owned(), at(60))
                .expect("the attempt is current");
        },
        |recipient| {
            recipient.apply(&report(recipient, Said::Delivered, 50), at(60));
        },
        |recipient| {
            let failed = Said::Failed(FailureCode::Other);
            recipient.apply(&report(recipient, failed, 50), at(60));
        },
    ];
    for hear in cases {
        let mut recipient = in_status(Status::InDoubt);
        recipient
            .settle_as_not_sent(at(30))
            .expect("it is in doubt");
        recipient
            .skip(SkipReason::OptedOut, at(40))
            .expect("it is queued");
        hear(&mut recipient);
        assert_ne!(recipient.delivery.status, Status::Skipped);
        assert_eq!(recipient.delivery.skipped, None);
    }
}

#[test]
fn a_recipient_that_is_not_queued_waits_for_no_time() {
    let leave: [fn(&mut CampaignContact); 3] = [
        |recipient| {
            recipient
                .skip(SkipReason::Inactive, at(40))
                .expect("it is queued");
        },
        |recipient| recipient.cancel(at(40)).expect("it is queued"),
        |recipient| {
            recipient.apply(&report(recipient, Said::Sent, 35), at(40));
        },
    ];
    for leave in leave {
        let mut recipient = in_status(Status::Dispatching);
        let attempt = attempt(&recipient);
        recipient
            .postpone(attempt, at(90), at(30))
            .expect("it is dispatching");
        leave(&mut recipient);
        assert_eq!(recipient.delivery.not_before, None);
    }
}

#[test]
fn a_delivery_takes_a_failure_back() {
    let mut recipient = in_status(Status::Failed);
    assert!(recipient.delivery.failure.is_some());
    assert!(recipient.apply(&report(&recipient, Said::Delivered, 40), at(41)));
    assert_eq!(recipient.delivery.status, Status::Delivered);
    assert_eq!(recipient.delivery.failure, None);
    assert_eq!(recipient.delivery.failed_at, None);
}

#[test]
fn a_failure_reported_without_attempt_is_matched_by_the_message() {
    let unnamed = |message_id: &str| StatusReport {
        attempt: None,
        message_id: message_id.to_owned(),
        update: Said::Failed(FailureCode::Unreachable).update(),
        at: at(50),
    };
    let mut recipient = in_status(Status::Accepted);
    let before = recipient.clone();
    assert!(!recipient.apply(&unnamed("wamid.other"), at(51)));
    assert_eq!(recipient, before);
    assert!(recipient.apply(&unnamed("wamid.1"), at(51)));
    assert_eq!(recipient.delivery.status, Status::Failed);
    assert_eq!(
        recipient.delivery.failure,
        Some(failure(FailureCode::Unreachable))
    );
    assert_eq!(recipient.delivery.failed_at, Some(at(50)));
}

#[test]
fn one_reply_is_counted_and_the_earliest_is_kept() {
    let mut recipient = in_status(Status::Read);
    assert!(recipient.reply(at(90), at(91)));
    assert!(!recipient.reply(at(95), at(96)));
    assert_eq!(recipient.delivery.replied_at, Some(at(90)));
    assert_eq!(recipient.updated_at, at(91));
    assert!(!recipient.reply(at(80), at(97)));
    assert_eq!(recipient.delivery.replied_at, Some(at(80)));
    assert_eq!(recipient.updated_at, at(97));
}

#[test]
fn a_recipient_skipped_from_the_start_has_its_reason() {
    let delivery = Delivery::skipped(SkipReason::NoAddress);
    assert_eq!(delivery.status, Status::Skipped);
    assert_eq!(delivery.skipped, Some(SkipReason::NoAddress));
    assert_eq!(delivery.attempts, 0);
}

#[test]
fn words_of_the_ledger_are_read_back() {
    for status in Status::ALL {
        assert_eq!(Status::parse(status.as_str()), Ok(status));
        let json = serde_json::to_value(status).expect("it serializes");
        assert_eq!(json, status.as_str());
    }
    assert!(matches!(
        Status::parse("sent"),
        Err(Problem::NotOneOf { accepted }) if accepted.len() == 10
    ));
    for reason in SkipReason::ALL {
        let json = serde_json::to_value(reason).expect("it serializes");
        assert_eq!(json, reason.as_str());
    }
    for code in FailureCode::ALL {
        let json = serde_json::to_value(code).expect("it serializes");
        assert_eq!(json, code.as_str());
    }
}

#[test]
fn each_status_is_counted_where_users_look_for_it() {
    let counted = |status| {
        let c = CampaignCounters::of(status);
        assert_eq!((c.total, c.clicked, c.replied), (1, 0, 0));
        [
            c.pending,
            c.sent,
            c.delivered,
            c.opened,
            c.failed,
            c.skipped,
            c.unconfirmed,
        ]
    };
    for (status, expected) in [
        (Status::Queued, [1, 0, 0, 0, 0, 0, 0]),
        (Status::Dispatching, [1, 0, 0, 0, 0, 0, 0]),
        (Status::InDoubt, [1, 0, 0, 0, 0, 0, 0]),
        (Status::Accepted, [0, 1, 0, 0, 0, 0, 0]),
        (Status::Delivered, [0, 1, 1, 0, 0, 0, 0]),
        (Status::Read, [0, 1, 1, 1, 0, 0, 0]),
        (Status::Failed, [0, 0, 0, 0, 1, 0, 0]),
        (Status::Skipped, [0, 0, 0, 0, 0, 1, 0]),
        (Status::Unconfirmed, [0, 0, 0, 0, 0, 0, 1]),
        (Status::Cancelled, [0, 0, 0, 0, 0, 0, 0]),
    ] {
        assert_eq!(counted(status), expected, "{status:?}");
    }
}

#[test]
fn only_what_may_have_left_counts_as_a_try() {
    let mut recipient = queued();
    let begin = |recipient: &mut CampaignContact| recipient.begin_attempt(at(1)).expect("queued");
    let numbers: Vec<u32> = [
        |recipient: &mut CampaignContact, attempt| recipient.take_back(attempt, None, at(2)),
        |recipient: &mut CampaignContact, attempt| recipient.put_off(attempt, at(9), at(2)),
        |recipient: &mut CampaignContact, attempt| recipient.postpone(attempt, at(9), at(2)),
        |recipient: &mut CampaignContact, attempt| {
            recipient.doubt(attempt, at(2))?;
            recipient.settle_as_never_left(at(3))
        },
    ]
    .into_iter()
    .map(|land| {
        let attempt = begin(&mut recipient);
        land(&mut recipient, attempt).expect("it was in flight");
        attempt.number
    })
    .collect();
    // Their numbers tell attempts apart, whether they left or not.
    assert_eq!(numbers, [1, 2, 3, 4]);
    let delivery = &recipient.delivery;
    assert_eq!((delivery.attempts, delivery.tries()), (4, 2));
    assert_eq!((delivery.never_left, delivery.put_off), (2, 1));
}
