//! Faults on purpose, for the tests that kill and stop real processes (`crates/api/tests/faults`).
//!
//! A [`Point`] is a named moment at which a process can be made to end or to stop; a [`Bug`] is a
//! mistake that it can be made to commit, so that those tests are seen to fail. Both are for debug
//! builds: in a release build nothing is left of them but functions that do nothing.

use std::str::FromStr;
#[cfg(debug_assertions)]
use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use nexus_domain::ports::UnitOfWork;
use nexus_domain::{CampaignContact, DeliveryStatus, StatusReport, StatusUpdate};

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$of])* $variant,)+
        }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl FromStr for $name {
            type Err = Unknown;

            fn from_str(word: &str) -> Result<Self, Unknown> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|known| known.as_str() == word)
                    .ok_or(Unknown)
            }
        }
    };
}

/// No fault or bug has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no fault has this name")]
pub struct Unknown;

named! {
    /// A moment between two steps, of each of which only the whole may happen.
    Point {
        /// A sender account's lease is about to be committed.
        LeaseTaking = "lease.taking",
        /// It is taken; nothing was done under it.
        LeaseTaken = "lease.taken",
        /// Its renewal is about to be committed.
        LeaseRenewing = "lease.renewing",
        /// It is renewed.
        LeaseRenewed = "lease.renewed",
        /// It is about to be given back.
        LeaseReleasing = "lease.releasing",
        /// It is given back.
        LeaseReleased = "lease.released",
        /// What a dead process left in flight is about to be noted as in doubt.
        DoubtCommitting = "doubt.committing",
        /// It is noted.
        DoubtCommitted = "doubt.committed",
        /// Doubts whose grace time is over are about to be settled.
        SettleCommitting = "settle.committing",
        /// They are settled.
        SettleCommitted = "settle.committed",
        /// The intent to send is about to be committed.
        ClaimCommitting = "claim.committing",
        /// It is committed; nothing has left.
        ClaimCommitted = "claim.committed",
        /// A message is about to leave.
        SendLeaving = "send.leaving",
        /// Its request is on the wire, and no answer has come.
        SendInFlight = "send.in_flight",
        /// The answer is there, and not recorded.
        SendAnswered = "send.answered",
        /// The provider has a campaign's file, and its id is not kept.
        FileTaken = "file.taken",
        /// Outcomes are about to be committed.
        RecordCommitting = "record.committing",
        /// They are committed.
        RecordCommitted = "record.committed",
        /// A webhook is about to be stored.
        WebhookStoring = "webhook.storing",
        /// It is stored and not acknowledged.
        WebhookStored = "webhook.stored",
        /// What webhooks say is about to be committed.
        WebhookCommitting = "webhook.committing",
        /// It is committed.
        WebhookCommitted = "webhook.committed",
        /// A new campaign is about to be committed.
        CreateCommitting = "create.committing",
        /// It is committed and not answered.
        CreateCommitted = "create.committed",
        /// A campaign's start, with all recipients, is about to be committed.
        StartCommitting = "start.committing",
        /// It is committed and not answered.
        StartCommitted = "start.committed",
        /// A pause is about to be committed.
        PauseCommitting = "pause.committing",
        /// It is committed and not answered.
        PauseCommitted = "pause.committed",
        /// A paused campaign is about to go on.
        ResumeCommitting = "resume.committing",
        /// It goes on, which is not answered.
        ResumeCommitted = "resume.committed",
        /// A cancellation is about to be committed.
        CancelCommitting = "cancel.committing",
        /// It is committed and not answered.
        CancelCommitted = "cancel.committed",
        /// A request with an `Idempotency-Key` had its effect, and its answer is not kept.
        AnswerKeeping = "answer.keeping",
        /// The answer is kept and not given.
        AnswerKept = "answer.kept",
    }
}

named! {
    /// A mistake that the tests must find.
    Bug {
        /// Messages leave before the intent to send them is committed.
        SendBeforeIntent = "send_before_intent",
        /// What a dead process left in flight is sent again at once.
        RequeueInsteadOfDoubt = "requeue_instead_of_doubt",
        /// One outcome of each transaction is forgotten.
        DropOutcome = "drop_outcome",
        /// A process sends on although its lease is over.
        IgnoreLease = "ignore_lease",
        /// A report is believed although a later state is known.
        StatusBackwards = "status_backwards",
        /// Webhooks are taken whoever signed them.
        SkipSignature = "skip_signature",
        /// A request that was answered is carried out again.
        AnswerKeyAnew = "answer_key_anew",
        /// What a request did is not noted in the transaction that does it.
        ForgetEffect = "forget_effect",
    }
}

/// What happens at a [`Point`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The process ends at once (SIGABRT).
    Abort,
    /// The process stops (SIGSTOP) until somebody lets it go on.
    Stop,
}

/// A fault that happens once: `claim.committed`, `claim.committed:3` at the third time, or
/// `claim.committed:3:stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub point: Point,
    /// At which time the point is reached, from 1.
    pub nth: u32,
    /// What.
    pub action: Action,
}

impl FromStr for Fault {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        let mut parts = text.split(':');
        let point = parts.next().unwrap_or_default().parse()?;
        let nth = match parts.next() {
            None => 1,
            Some(number) => number.parse().ok().filter(|nth| *nth > 0).ok_or(Unknown)?,
        };
        let action = match parts.next() {
            None => Action::Abort,
            Some("stop") => Action::Stop,
            Some(_) => return Err(Unknown),
        };
        parts
            .next()
            .is_none()
            .then_some(Self { point, nth, action })
            .ok_or(Unknown)
    }
}

/// What a process does wrong on purpose; nothing by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Where it ends or stops.
    pub fault: Option<Fault>,
    /// What it gets wrong.
    pub bug: Option<Bug>,
}

#[cfg(debug_assertions)]
struct Planted {
    faults: Faults,
    passed: AtomicU32,
}

#[cfg(debug_assertions)]
static PLANTED: OnceLock<Planted> = OnceLock::new();

/// Has this process do these things wrong from now on. The first call counts.
pub fn plant(faults: Faults) {
    #[cfg(debug_assertions)]
    {
        let passed = AtomicU32::new(0);
        let _ = PLANTED.set(Planted { faults, passed });
    }
    #[cfg(not(debug_assertions))]
    let _ = faults;
}

/// The process is at this point.
#[inline]
pub fn at(point: Point) {
    #[cfg(debug_assertions)]
    {
        let Some(planted) = PLANTED.get() else {
            return;
        };
        let Some(fault) = planted.faults.fault.filter(|fault| fault.point == point) else {
            return;
        };
        if planted.passed.fetch_add(1, Ordering::SeqCst) + 1 == fault.nth {
            strike(fault.action);
        }
    }
    #[cfg(not(debug_assertions))]
    let _ = point;
}

/// The process is at this point while `future` runs: some time after it began, if it still does.
#[cfg(debug_assertions)]
pub(crate) async fn amid<F: Future>(point: Point, future: F) -> F::Output {
    /// Longer than a request takes to be written, shorter than the tests' provider takes.
    const LATER: std::time::Duration = std::time::Duration::from_millis(25);
    let mut future = std::pin::pin!(future);
    let awaited = |planted: &Planted| planted.faults.fault.is_some_and(|f| f.point == point);
    if PLANTED.get().is_some_and(awaited) {
        tokio::select! {
            biased;
            output = &mut future => return output,
            () = tokio::time::sleep(LATER) => at(point),
        }
    }
    future.await
}

/// The process is at this point while `future` runs.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn amid<F: Future>(_: Point, future: F) -> F {
    future
}

#[cfg(debug_assertions)]
fn strike(action: Action) {
    match action {
        Action::Abort => std::process::abort(),
        // The signal comes before the program that sends it has ended.
        Action::Stop => {
            let process = std::process::id().to_string();
            let _ = std::process::Command::new("kill")
                .args(["-STOP", &process])
                .status();
        }
    }
}

/// Whether the process makes this mistake.
#[inline]
pub fn has(bug: Bug) -> bool {
    #[cfg(debug_assertions)]
    return PLANTED
        .get()
        .is_some_and(|planted| planted.faults.bug == Some(bug));
    #[cfg(not(debug_assertions))]
    {
        let _ = bug;
        false
    }
}

/// [`Bug::SendBeforeIntent`]: the caller goes on as if this were committed.
pub(crate) fn commit_later(unit: Box<dyn UnitOfWork>) {
    tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        let _ = unit.commit().await;
    });
}

/// [`Bug::StatusBackwards`]: the recipient is where the report says, whatever is known.
pub(crate) fn set_back(recipient: &mut CampaignContact, report: &StatusReport) {
    recipient.delivery.status = match report.update {
        StatusUpdate::Sent => DeliveryStatus::Accepted,
        StatusUpdate::Delivered => DeliveryStatus::Delivered,
        StatusUpdate::Read => DeliveryStatus::Read,
        StatusUpdate::Failed(_) => DeliveryStatus::Failed,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_a_point_a_number_and_an_action() {
        let fault = |point, nth, action| Ok(Fault { point, nth, action });
        for (text, expected) in [
            (
                "claim.committed",
                fault(Point::ClaimCommitted, 1, Action::Abort),
            ),
            (
                "send.leaving:3",
                fault(Point::SendLeaving, 3, Action::Abort),
            ),
            (
                "send.leaving:2:stop",
                fault(Point::SendLeaving, 2, Action::Stop),
            ),
            ("", Err(Unknown)),
            ("claim", Err(Unknown)),
            ("claim.committed:0", Err(Unknown)),
            ("claim.committed:x", Err(Unknown)),
            ("claim.committed:1:go", Err(Unknown)),
            ("claim.committed:1:stop:1", Err(Unknown)),
        ] {
            assert_eq!(text.parse::<Fault>(), expected, "{text}");
        }
    }

    #[test]
    fn every_name_is_read_back() {
        for point in Point::ALL {
            assert_eq!(point.as_str().parse(), Ok(*point));
        }
        for bug in Bug::ALL {
            assert_eq!(bug.as_str().parse(), Ok(*bug));
        }
    }

    #[test]
    fn a_process_without_faults_makes_none() {
        for point in Point::ALL {
            at(*point);
        }
        assert!(Bug::ALL.iter().all(|bug| !has(*bug)));
    }
}
