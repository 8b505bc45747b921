//! The worker that applies what was received.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache;
use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::{ChannelEvent, UserId, WebhookEvent, WebhookEventId, WebhookState};

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
    /// When webhooks last came, as far as it was noted within the last minute.
    received: Cache<UserId, ()>,
}

/// How often it is noted that webhooks come.
const NOTED_AGAIN_AFTER: Duration = Duration::from_mins(1);
/// Of so many users at once.
const MOST_NOTED: u64 = 10_000;

impl WebhookWorker {
    /// A worker over these ports.
    pub fn new(ports: WebhookPorts) -> Self {
        Self {
            ports,
            received: Cache::builder()
                .max_capacity(MOST_NOTED)
                .time_to_live(NOTED_AGAIN_AFTER)
                .build(),
        }
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
        let NotApplied { error, webhooks } = match self.apply_due(BATCH).await {
            Ok(any) => return Ok(any),
            Err(failed) => failed,
        };
        if webhooks.is_empty() || matches!(error, StorageError::Unavailable(_)) {
            return Err(error);
        }
        tracing::warn!(
            webhooks = webhooks.len(),
            error = &error as &dyn std::error::Error,
            "webhooks can't be applied together"
        );
        // Each by itself, so that the one that can't be applied is known, and is the one put off.
        for (user, id) in webhooks {
            match self.apply_alone(user, id).await {
                Ok(()) => {}
                Err(StorageError::Unavailable(error)) => {
                    return Err(StorageError::Unavailable(error));
                }
                Err(error) => self.put_off(user, id, &error).await?,
            }
        }
        Ok(true)
    }

    async fn apply_due(&self, most: u32) -> Result<bool, NotApplied> {
        let now = self.ports.clock.now();
        let mut unit = self.ports.storage.begin().await?;
        let mut due = unit.webhooks().lock_due(now, most).await?;
        let Some(user) = due.first().map(|event| event.user_id) else {
            return Ok(false);
        };
        due.retain(|event| event.user_id == user);
        let webhooks = due.iter().map(|event| (user, event.id)).collect();
        match self.apply(unit, user, due, now).await {
            Ok(()) => Ok(true),
            Err(error) => Err(NotApplied { error, webhooks }),
        }
    }

    /// Applies one webhook, unless it is not due any more.
    async fn apply_alone(&self, user: UserId, id: WebhookEventId) -> Result<(), StorageError> {
        let now = self.ports.clock.now();
        let mut unit = self.ports.storage.begin().await?;
        let event = unit.webhooks().lock(user, id).await?;
        match event.filter(|event| is_due(event, now)) {
            Some(event) => self.apply(unit, user, vec![event], now).await,
            None => Ok(()),
        }
    }

    async fn apply(
        &self,
        mut unit: Box<dyn UnitOfWork>,
        user: UserId,
        mut due: Vec<WebhookEvent>,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
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
        if let Some(received_at) = due.iter().map(|event| event.received_at).max() {
            self.note_received(user, received_at).await;
        }
        Ok(())
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

    /// Who looks at the connection sees that webhooks come through. Outside of the transaction: it
    /// locks the connection, which comes first wherever others are locked as well.
    async fn note_received(&self, user: UserId, received_at: DateTime<Utc>) {
        if self.received.contains_key(&user) {
            return;
        }
        let mut read = self.ports.storage.read();
        let noted = read
            .whatsapp()
            .note_webhook(user, None, Some(received_at))
            .await;
        match noted {
            Ok(()) => self.received.insert(user, ()),
            Err(error) => tracing::warn!(
                user_id = %user,
                error = &error as &dyn std::error::Error,
                "that webhooks come is not noted"
            ),
        }
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

    /// Puts a webhook off that can't be applied, for a failure of ours.
    async fn put_off(
        &self,
        user: UserId,
        id: WebhookEventId,
        error: &StorageError,
    ) -> Result<(), StorageError> {
        let now = self.ports.clock.now();
        let mut unit = self.ports.storage.begin().await?;
        let event = unit.webhooks().lock(user, id).await?;
        let Some(mut event) = event.filter(|event| is_due(event, now)) else {
            return Ok(());
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
        unit.commit().await
    }
}

/// Webhooks that were not applied.
struct NotApplied {
    error: StorageError,
    /// Those that were to be applied together, with their user.
    webhooks: Vec<(UserId, WebhookEventId)>,
}

impl From<StorageError> for NotApplied {
    fn from(error: StorageError) -> Self {
        Self {
            error,
            webhooks: Vec::new(),
        }
    }
}

fn is_due(event: &WebhookEvent, now: DateTime<Utc>) -> bool {
    event.state == WebhookState::Pending && event.due_at <= now
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
