//! Outcomes that the store refuses for good, told apart from those that it takes.

use nexus_domain::SenderLease;
use nexus_domain::ports::StorageError;

use super::Desk;
use super::gate::{Gate, Heard};
use super::outcome::{Landed, Outcome};
use super::outcomes::{Guard, record};

/// So often the store is asked again before single outcomes are looked at.
const TRIES: u32 = 3;

/// Outcomes that can't be recorded. Their messages are to be in doubt.
#[derive(Debug, Default)]
pub(super) struct Unrecordable {
    failures: u32,
    /// Not in doubt yet.
    waiting: Vec<Landed>,
}

impl Unrecordable {
    /// Something was recorded.
    pub(super) fn forget_failures(&mut self) {
        self.failures = 0;
    }

    /// The store has refused to record all of `landed`. When it does so again and again and is there,
    /// each is recorded by itself, and those that can't be are put aside. Otherwise the error. What was
    /// heard is recorded with the first of them, and not with the others: whoever resumes a campaign
    /// that it paused has the last word.
    pub(super) async fn tell_apart(
        &mut self,
        desk: &Desk,
        lease: &SenderLease,
        gate: &Gate,
        landed: &mut Vec<Landed>,
        mut heard: Heard,
        error: StorageError,
    ) -> Result<(), StorageError> {
        if !is_for_good(&error) {
            return Err(error);
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures < TRIES {
            return Err(error);
        }
        while let Some(one) = landed.pop() {
            let alone = [one];
            let recorded = record(desk, lease, &alone, &heard, Guard::Attempt).await;
            let [one] = alone;
            match recorded {
                Ok(_) => {
                    gate.note_stopped(&heard.stopped);
                    heard.stopped.clear();
                }
                Err(error) if is_for_good(&error) => {
                    tracing::error!(
                        sender_id = %lease.sender_id,
                        recipient_id = %one.ticket.attempt.recipient,
                        attempt = one.ticket.attempt.number,
                        error = &error as &dyn std::error::Error,
                        "what became of a message can't be recorded; it will be in doubt"
                    );
                    self.waiting.push(Landed {
                        outcome: Outcome::InDoubt {
                            reason: "the outcome can't be recorded".to_owned(),
                        },
                        ..one
                    });
                }
                Err(error) => {
                    landed.push(one);
                    return Err(error);
                }
            }
        }
        self.doubt(desk, lease).await;
        Ok(())
    }

    /// Puts in doubt what was put aside. What can't even be that stays as it is until the next
    /// owner of the account finds it in flight.
    pub(super) async fn doubt(&mut self, desk: &Desk, lease: &SenderLease) {
        let nothing = Heard::default();
        let mut left = Vec::new();
        for one in self.waiting.drain(..) {
            let alone = [one];
            if let Err(error) = record(desk, lease, &alone, &nothing, Guard::Attempt).await {
                tracing::debug!(
                    sender_id = %lease.sender_id,
                    error = &error as &dyn std::error::Error,
                    "a message can't be put in doubt yet"
                );
                left.extend(alone);
            }
        }
        self.waiting = left;
    }
}

/// Whether the store is there and refuses what it is given.
fn is_for_good(error: &StorageError) -> bool {
    !matches!(error, StorageError::Unavailable(_))
}
