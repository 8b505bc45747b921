use chrono::TimeDelta;
use nexus_domain::{
    CampaignContact, CampaignCounters, Decision, DecisionFilter, DeliveryStatus as Status,
    FailureCode, Retry, StaleAttempt, StatusReport,
};

use crate::support::{Said, at, failure, in_status, report};

/// A recipient that the provider took and that failed later, at second 40.
fn failed(code: FailureCode) -> CampaignContact {
    let mut recipient = in_status(Status::Accepted);
    let failed = report(&recipient, Said::Failed(code), 40);
    assert!(recipient.apply(&failed, at(41)));
    assert_eq!(recipient.delivery.status, Status::Failed);
    recipient
}

/// One that failed and waits to be sent to again.
fn retried() -> (CampaignContact, CampaignContact) {
    let before = failed(FailureCode::AccountBlocked);
    let mut recipient = before.clone();
    recipient.retry(at(100)).expect("it can be sent again");
    (before, recipient)
}

fn unconfirmed_again() -> CampaignContact {
    let mut recipient = in_status(Status::Unconfirmed);
    recipient
        .decide(Decision::SendAgain, at(100))
        .expect("it is unconfirmed");
    recipient
}

#[test]
fn each_failure_says_whether_it_can_be_sent_again() {
    use FailureCode as F;
    for code in F::ALL {
        let expected = match code {
            F::Unreachable
            | F::OptedOut
            | F::TemplateRequired
            | F::InvalidMessage
            | F::MediaUnusable
            | F::MediaMissing => Retry::Never,
            F::RecipientLimited => Retry::After(TimeDelta::hours(24)),
            _ => Retry::After(TimeDelta::zero()),
        };
        assert_eq!(code.retry(), expected, "{code:?}");
        let mut recipient = failed(code);
        let before = recipient.clone();
        let outcome = recipient.retry(at(100));
        if expected == Retry::Never {
            assert_eq!(outcome, Err(StaleAttempt));
            assert_eq!(recipient, before);
        } else {
            assert_eq!(outcome, Ok(()));
            assert_eq!(recipient.delivery.status, Status::Queued);
        }
    }
}

#[test]
fn the_late_answer_to_an_attempt_that_failed_changes_nothing() {
    let (before, mut recipient) = retried();
    let attempt = before.attempt().expect("there was one");
    let waiting = recipient.clone();
    let outcome = recipient.accept(attempt, "wamid.LATE".to_owned(), at(120));
    assert_eq!(outcome, Err(StaleAttempt));
    assert_eq!(recipient, waiting);
    let next = recipient.begin_attempt(at(130)).expect("it is queued");
    recipient
        .accept(next, "wamid.NEXT".to_owned(), at(131))
        .expect("this one is under way");
    assert_eq!(recipient.delivery.status, Status::Accepted);
}

#[test]
fn what_was_decided_before_it_failed_says_nothing_of_the_next_attempt() {
    let mut recipient = in_status(Status::Unconfirmed);
    recipient
        .decide(Decision::Leave, at(60))
        .expect("it is unconfirmed");
    let failed = report(&recipient, Said::Failed(FailureCode::AccountBlocked), 70);
    assert!(recipient.apply(&failed, at(71)));
    recipient.retry(at(100)).expect("it can be sent again");
    let attempt = recipient.begin_attempt(at(110)).expect("it is queued");
    recipient.doubt(attempt, at(111)).expect("under way");
    recipient.give_up_confirming(at(900)).expect("in doubt");
    assert!(!recipient.delivery.is_left());
    assert_eq!(recipient.delivery.status, Status::Unconfirmed);
}

#[test]
fn what_failed_forgets_its_failure_and_begins_another_attempt() {
    let (before, mut recipient) = retried();
    let delivery = &recipient.delivery;
    assert_eq!(delivery.failure, None);
    assert_eq!(delivery.failed_at, None);
    assert_eq!(delivery.message_id, None);
    assert_eq!(delivery.accepted_at, None);
    assert_eq!(delivery.not_before, None);
    assert_eq!(delivery.attempts, before.delivery.attempts);
    let attempt = recipient.begin_attempt(at(110)).expect("it is queued");
    assert_eq!(attempt.number, 2);
    assert_eq!(recipient.attempts_since_failure(), 1);
    assert_eq!(recipient.tries_since_failure(), 1);
    recipient.take_back(attempt, None, at(111)).expect("held");
    recipient.begin_attempt(at(112)).expect("it is queued");
    assert_eq!(recipient.attempts_since_failure(), 2);
}

#[test]
fn a_person_to_whom_messages_are_held_back_gets_none_for_a_day_after_the_failure() {
    let mut recipient = failed(FailureCode::RecipientLimited);
    recipient.retry(at(100)).expect("later");
    assert_eq!(recipient.delivery.not_before, Some(at(40 + 86_400)));
    let mut recipient = failed(FailureCode::RecipientLimited);
    recipient.retry(at(40 + 86_400)).expect("now");
    assert_eq!(recipient.delivery.not_before, None);
}

#[test]
fn only_what_failed_is_sent_again() {
    for status in Status::ALL {
        let mut recipient = in_status(status);
        if status == Status::Failed {
            continue;
        }
        assert_eq!(recipient.retry(at(100)), Err(StaleAttempt), "{status:?}");
        assert_eq!(recipient, in_status(status));
    }
}

/// The recipient with the statuses that it goes through while the second attempt is made.
fn through_second_attempt(recipient: &CampaignContact) -> Vec<CampaignContact> {
    let mut begun = recipient.clone();
    let attempt = begun.begin_attempt(at(110)).expect("it is queued");
    let mut accepted = begun.clone();
    accepted
        .accept(attempt, "wamid.2".to_owned(), at(120))
        .expect("it is current");
    vec![recipient.clone(), begun, accepted]
}

#[test]
fn what_is_repeated_of_a_failed_attempt_is_no_news() {
    let (before, recipient) = retried();
    let of_first = |said| report(&before, said, 40);
    let unnamed = |said| StatusReport {
        attempt: None,
        ..report(&before, said, 40)
    };
    for start in through_second_attempt(&recipient) {
        for heard in [
            of_first(Said::Failed(FailureCode::AccountBlocked)),
            of_first(Said::Sent),
            unnamed(Said::Failed(FailureCode::AccountBlocked)),
        ] {
            let mut recipient = start.clone();
            assert!(!recipient.apply(&heard, at(130)), "{heard:?}");
            assert_eq!(recipient, start);
        }
    }
}

#[test]
fn a_message_that_came_after_all_is_not_sent_again() {
    let (before, recipient) = retried();
    for said in [Said::Delivered, Said::Read] {
        let mut recipient = recipient.clone();
        assert!(recipient.apply(&report(&before, said, 50), at(130)));
        assert!(recipient.delivery.status >= Status::Delivered);
        assert!(recipient.begin_attempt(at(140)).is_err());
    }
}

#[test]
fn that_the_second_attempt_failed_is_news() {
    let (_, recipient) = retried();
    for start in &through_second_attempt(&recipient)[1..] {
        let mut recipient = start.clone();
        let heard = StatusReport {
            message_id: "wamid.2".to_owned(),
            ..report(start, Said::Failed(FailureCode::Other), 130)
        };
        assert!(recipient.apply(&heard, at(131)));
        assert_eq!(recipient.delivery.status, Status::Failed);
        assert_eq!(
            recipient.delivery.failure,
            Some(failure(FailureCode::Other))
        );
        assert_eq!(recipient.retry(at(140)), Ok(()));
        assert_eq!(recipient.delivery.failed_through, 2);
    }
}

#[test]
fn what_nobody_could_confirm_begins_another_attempt() {
    let mut recipient = unconfirmed_again();
    assert_eq!(recipient.delivery.status, Status::Queued);
    assert_eq!(recipient.delivery.decision, Some(Decision::SendAgain));
    assert_eq!(recipient.delivery.decided_at, Some(at(100)));
    let attempt = recipient.begin_attempt(at(110)).expect("it is queued");
    assert_eq!(attempt.number, 2);
}

#[test]
fn a_late_word_that_the_first_was_sent_keeps_the_second_from_being_sent() {
    let first = in_status(Status::Unconfirmed);
    for said in [Said::Sent, Said::Delivered, Said::Read] {
        let mut recipient = unconfirmed_again();
        assert!(recipient.apply(&report(&first, said, 50), at(130)));
        assert!(recipient.begin_attempt(at(140)).is_err(), "{said:?}");
    }
    // After which it may fail like any other.
    let mut recipient = unconfirmed_again();
    recipient.apply(&report(&first, Said::Sent, 50), at(130));
    recipient.apply(
        &report(&first, Said::Failed(FailureCode::Other), 60),
        at(131),
    );
    assert_eq!(recipient.delivery.status, Status::Failed);
}

#[test]
fn a_late_word_that_the_first_failed_leaves_the_second_to_be_sent() {
    let first = in_status(Status::Unconfirmed);
    let late = report(&first, Said::Failed(FailureCode::Other), 50);
    let mut recipient = unconfirmed_again();
    recipient.apply(&late, at(130));
    assert_eq!(recipient.delivery.status, Status::Queued);
    assert_eq!(recipient.delivery.failed_through, 1);
    assert!(!recipient.apply(&late, at(131)), "once");
    recipient.apply(&report(&first, Said::Sent, 50), at(132));
    assert_eq!(recipient.delivery.status, Status::Queued, "it failed");
    let attempt = recipient.begin_attempt(at(140)).expect("it is queued");
    recipient.apply(&late, at(141));
    assert_eq!(recipient.delivery.status, Status::Dispatching);
    assert_eq!(attempt.number, 2);
}

#[test]
fn what_is_left_unconfirmed_is_not_asked_about_until_it_is_decided_otherwise() {
    let mut recipient = in_status(Status::Unconfirmed);
    assert!(!recipient.delivery.is_left());
    recipient
        .decide(Decision::Leave, at(100))
        .expect("unconfirmed");
    assert!(recipient.delivery.is_left());
    let left = recipient.clone();
    recipient
        .decide(Decision::Leave, at(200))
        .expect("it is so already");
    assert_eq!(recipient, left, "the first decision counts");
    recipient
        .decide(Decision::SendAgain, at(300))
        .expect("unconfirmed");
    assert_eq!(recipient.delivery.status, Status::Queued);

    // Nobody could confirm the second one either.
    let attempt = recipient.begin_attempt(at(310)).expect("it is queued");
    recipient.doubt(attempt, at(320)).expect("it is current");
    recipient
        .give_up_confirming(at(330))
        .expect("it is in doubt");
    assert!(!recipient.delivery.is_left());
    recipient
        .decide(Decision::SendAgain, at(340))
        .expect("once more");
    assert_eq!(recipient.delivery.status, Status::Queued);

    // And a late status is taken in whatever was decided.
    let mut recipient = left;
    let late = report(&recipient, Said::Delivered, 400);
    assert!(recipient.apply(&late, at(401)));
    assert_eq!(recipient.delivery.status, Status::Delivered);
    assert!(!recipient.delivery.is_left());
}

#[test]
fn nothing_is_decided_about_what_is_known() {
    for status in Status::ALL {
        for decision in Decision::ALL {
            let mut recipient = in_status(status);
            if status == Status::Unconfirmed {
                continue;
            }
            assert_eq!(recipient.decide(decision, at(100)), Err(StaleAttempt));
            assert_eq!(recipient, in_status(status));
        }
    }
}

#[test]
fn words_of_decisions_are_read_back() {
    for decision in Decision::ALL {
        assert_eq!(Decision::parse(decision.as_str()), Ok(decision));
        assert_eq!(
            DecisionFilter::parse(decision.as_str()),
            Ok(DecisionFilter::Made(decision))
        );
    }
    assert_eq!(
        DecisionFilter::parse(" pending "),
        Ok(DecisionFilter::Pending)
    );
    assert!(Decision::parse("pending").is_err());
    assert!(DecisionFilter::parse("").is_err());
}

#[test]
fn counters_tell_how_many_are_in_a_status_where_they_can() {
    for status in Status::ALL {
        let alone = CampaignCounters::of(status);
        for other in Status::ALL {
            if let Some(count) = alone.in_status(other) {
                assert_eq!(count, i64::from(other == status), "{status:?} {other:?}");
            }
        }
        let countless = matches!(
            status,
            Status::Queued | Status::Dispatching | Status::InDoubt | Status::Cancelled
        );
        assert_eq!(alone.in_status(status).is_none(), countless);
    }
}
