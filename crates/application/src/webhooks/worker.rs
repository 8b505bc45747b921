//! The worker that applies what was received.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::{ChannelEvent, UserId, WebhookEvent, WebhookState};

use super::WebhookPorts;
use super::apply::{Application, Applied};
use crate::Shutdown;
use crate::fault::{self, Point};

/// How many webhooks are looked at with one statement; those of one user among them are applied
/// together.
const BATCH: u32 = 64;
/// How often the worker looks for webhooks that other processes received, or that were held.
const PATROL: Duration = Duration::from_secs(1);
/// How long a report on an unknown message is held: it can come before the answer to the send.
const HELD: TimeDelta = TimeDelta::hours(1);
/// The wait before a held webhook is tried again, in seconds; it doubles with each try.
const FIRST_DELAY: i64 = 1;
/// The longest such wait, in seconds.
const LONGEST_DELAY: i64 = 300;
/// After so many failures of ours a webhook is set aside, so that it holds up no other.
const MOST_TRIES: u32 = 20;

/// Applies webhooks. Any number of them may run, in any number of processes.
#[derive(Clone)]
pub struct WebhookWorker {
    ports: WebhookPorts,
}

impl WebhookWorker {
    /// A worker over these ports.
    pub fn new(ports: WebhookPorts) -> Self {
        Self { ports }
    }

    /// Applies whatever is due until the shutdown, woken by what comes in and by a timer.
    pub async fn run(&self, shutdown: Shutdown) {
        while !shutdown.requested() {
            match self.run_once().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "webhooks wait for the store"
                ),
            }
            tokio::select! {
                () = shutdown.wait() => {}
                () = self.ports.wake.notified() => {}
                () = tokio::time::sleep(PATROL) => {}
            }
        }
    }

    /// Applies the webhooks of one user that are due. Whether there were any. When the store fails
    /// they stay due, except that one which can't be applied is put off by itself.
    pub async fn run_once(&self) -> Result<bool, StorageError> {
        match self.apply_due(BATCH).await {
            Err(StorageError::Unavailable(error)) => Err(StorageError::Unavailable(error)),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "webhooks can't be applied together"
                );
                match self.apply_due(1).await {
                    Err(StorageError::Unavailable(error)) => Err(StorageError::Unavailable(error)),
                    Err(error) => self.put_off(&error).await,
                    Ok(any) => Ok(any),
                }
            }
            Ok(any) => Ok(any),
        }
    }

    async fn apply_due(&self, most: u32) -> Result<bool, StorageError> {
        let now = self.ports.clock.now();
        let mut unit = self.ports.storage.begin().await?;
        let mut due = unit.webhooks().lock_due(now, most).await?;
        let Some(user) = due.first().map(|event| event.user_id) else {
            return Ok(false);
        };
        due.retain(|event| event.user_id == user);
        let events = self.read(&mut due);
        let application =
            Application::new(user, self.ports.clock.as_ref(), self.ports.entropy.as_ref());
        let applied = application.run(unit.as_mut(), &events).await?;
        for (place, event) in due.iter_mut().enumerate() {
            if event.state == WebhookState::Pending {
                settle(event, applied.unmatched.contains(&place), now);
            }
            unit.webhooks().save(event).await?;
        }
        fault::at(Point::WebhookCommitting);
        unit.commit().await?;
        fault::at(Point::WebhookCommitted);
        self.note_confirmed(user, &applied).await;
        Ok(true)
    }

    /// What the webhooks say, each thing with the place of its webhook; those that say nothing
    /// readable are marked.
    fn read(&self, due: &mut [WebhookEvent]) -> Vec<(usize, ChannelEvent)> {
        let mut events = Vec::new();
        for (place, event) in due.iter_mut().enumerate() {
            match self.ports.reader.read(&event.body) {
                Ok(said) => events.extend(said.into_iter().map(|said| (place, said))),
                Err(error) => {
                    tracing::warn!(
                        user_id = %event.user_id,
                        webhook_id = %event.id,
                        %error,
                        "a webhook is not readable; it is kept"
                    );
                    event.state = WebhookState::Unreadable;
                }
            }
        }
        events
    }

    /// Without this note a message in doubt is left to a person instead of being sent again: what
    /// is lost here is no harm.
    async fn note_confirmed(&self, user: UserId, applied: &Applied) {
        for (sender, dispatched_at) in &applied.confirmed {
            let noted = self
                .ports
                .storage
                .read()
                .senders()
                .note_confirmed(user, *sender, *dispatched_at)
                .await;
            if let Err(error) = noted {
                tracing::warn!(
                    sender_id = %sender,
                    error = &error as &dyn std::error::Error,
                    "that statuses come through is not noted"
                );
            }
        }
    }

    /// Puts the first webhook that is due off, for a failure of ours.
    async fn put_off(&self, error: &StorageError) -> Result<bool, StorageError> {
        let now = self.ports.clock.now();
        let mut unit = self.ports.storage.begin().await?;
        let Some(mut event) = unit.webhooks().lock_due(now, 1).await?.pop() else {
            return Ok(false);
        };
        event.attempts += 1;
        event.due_at = now + delay_after(event.attempts);
        if event.attempts >= MOST_TRIES {
            event.state = WebhookState::Unreadable;
        }
        tracing::error!(
            user_id = %event.user_id,
            webhook_id = %event.id,
            attempts = event.attempts,
            state = event.state.as_str(),
            error = error as &dyn std::error::Error,
            "a webhook can't be applied"
        );
        unit.webhooks().save(&event).await?;
        unit.commit().await?;
        Ok(true)
    }
}

/// Where a webhook that was applied is then.
fn settle(event: &mut WebhookEvent, unmatched: bool, now: DateTime<Utc>) {
    if !unmatched {
        event.state = WebhookState::Applied;
    } else if event.received_at + HELD <= now {
        event.state = WebhookState::Unmatched;
    } else {
        event.attempts += 1;
        event.due_at = now + delay_after(event.attempts);
    }
}

fn delay_after(attempts: u32) -> TimeDelta {
    let doubled = FIRST_DELAY << attempts.saturating_sub(1).min(10);
    TimeDelta::seconds(doubled.min(LONGEST_DELAY))
}
