//! Sends the automatic replies of all users.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::{
    Accepted, ChannelError, MessageChannel, OutgoingContent, OutgoingMessage, ReplyingSender,
    SenderCredentials, StorageError, UnitOfWork,
};
use nexus_domain::{
    AttemptId, AutomaticReply, Direction, FailureCode, Message, MessageBody, MessageId, ReplyId,
};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{ReplyConfig, ReplyPorts};
use crate::Shutdown;
use crate::delivery::credentials_for;

/// How often replies are looked for.
const PATROL: Duration = Duration::from_secs(1);
/// How long a sender rests whose profile has no working credentials, or that the provider refuses.
const UNTIL_A_PERSON_ACTS: Duration = Duration::from_mins(1);
/// How many replies are given up with one statement.
const BATCH: u32 = 100;

/// Sends automatic replies. Any number of processes may run one.
#[derive(Clone)]
pub struct ReplyWorker {
    ports: ReplyPorts,
    config: ReplyConfig,
}

/// A reply whose intent is committed.
struct Begun {
    attempt: AttemptId,
    reply: AutomaticReply,
}

/// What is next of a sender's replies.
enum Next {
    Send(Box<Begun>),
    /// One was over before it could be sent.
    Expired,
    /// None is due.
    Nothing,
    /// One is due, and the sender can't send.
    CantSend,
}

/// What became of a reply that was sent.
enum Outcome {
    Accepted(String),
    Refused(FailureCode),
    /// Certainly not sent.
    Postponed {
        wait: Option<Duration>,
        /// The whole sender is to wait.
        of_sender: bool,
    },
    InDoubt,
}

impl From<Result<Accepted, ChannelError>> for Outcome {
    fn from(answer: Result<Accepted, ChannelError>) -> Self {
        match answer {
            Ok(Accepted { message_id }) => Self::Accepted(message_id),
            Err(ChannelError::Refused(failure) | ChannelError::CampaignRefused(failure)) => {
                Self::Refused(failure.code)
            }
            Err(ChannelError::AccountRefused(_)) => Self::Postponed {
                wait: Some(UNTIL_A_PERSON_ACTS),
                of_sender: true,
            },
            Err(ChannelError::Throttled {
                retry_after,
                recipient_only,
                ..
            }) => Self::Postponed {
                wait: retry_after,
                of_sender: !recipient_only,
            },
            Err(ChannelError::NotConnected) => Self::Postponed {
                wait: None,
                of_sender: true,
            },
            Err(ChannelError::InDoubt { .. }) => Self::InDoubt,
        }
    }
}

/// The senders that this process serves, and until when the others rest.
#[derive(Default)]
struct Served {
    tasks: JoinSet<(ReplyingSender, Duration)>,
    /// `None` while it is served.
    rest: HashMap<ReplyingSender, Option<Instant>>,
}

impl ReplyWorker {
    /// A worker over these ports.
    pub fn new(ports: ReplyPorts, config: ReplyConfig) -> Self {
        Self { ports, config }
    }

    /// Sends whatever is due until the shutdown, then lets what is in flight land.
    pub async fn run(&self, shutdown: Shutdown) {
        let mut served = Served::default();
        while !shutdown.requested() {
            if let Err(error) = self.look(&mut served, &shutdown).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "automatic replies wait for the store"
                );
            }
            let next_look = Instant::now() + PATROL;
            loop {
                tokio::select! {
                    () = shutdown.wait() => break,
                    Some(ended) = served.tasks.join_next() => served.note(ended),
                    () = tokio::time::sleep_until(next_look) => break,
                }
            }
        }
        let landed = async { while served.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.config.drain_timeout, landed)
            .await
            .is_err()
        {
            tracing::warn!("the process ends before the provider has answered a reply");
        }
    }

    async fn look(&self, served: &mut Served, shutdown: &Shutdown) -> Result<(), StorageError> {
        self.give_up().await?;
        let now = self.ports.clock.now();
        let due = self
            .ports
            .storage
            .read()
            .replies()
            .senders_with_due(now)
            .await?;
        for sender in due {
            if served.is_resting(&sender) {
                continue;
            }
            served.rest.insert(sender.clone(), None);
            let (worker, shutdown) = (self.clone(), shutdown.clone());
            served.tasks.spawn(async move {
                let rest = worker.serve(&sender, &shutdown).await;
                (sender, rest)
            });
        }
        Ok(())
    }

    /// Replies that were begun and of which nothing more was heard may have been sent.
    async fn give_up(&self) -> Result<(), StorageError> {
        let now = self.ports.clock.now();
        let after = TimeDelta::from_std(self.config.given_up_after).unwrap_or(TimeDelta::hours(1));
        // Hardly ever there is one: no transaction is begun to see that.
        let mut read = self.ports.storage.read();
        let seen = read.replies().lock_dispatching(now - after, 1).await?;
        if seen.is_empty() {
            return Ok(());
        }
        let mut unit = self.ports.storage.begin().await?;
        let left = unit.replies().lock_dispatching(now - after, BATCH).await?;
        for mut reply in left {
            tracing::warn!(
                user_id = %reply.user_id,
                reply_id = %reply.id,
                "whether an automatic reply was sent is in doubt; it is not sent again"
            );
            // Only those that are dispatching come here.
            let _ = reply.give_up_confirming(now);
            unit.replies().save(&reply).await?;
        }
        unit.commit().await
    }

    /// Sends a sender's replies, one after the other, until none is due. How long it rests then.
    async fn serve(&self, sender: &ReplyingSender, shutdown: &Shutdown) -> Duration {
        while !shutdown.requested() {
            let began_at = Instant::now();
            match self.serve_next(sender).await {
                Ok(None) => {}
                Ok(Some(rest)) => return rest,
                Err(error) => {
                    tracing::warn!(
                        user_id = %sender.user_id,
                        error = &error as &dyn std::error::Error,
                        "automatic replies wait for the store"
                    );
                    return PATROL;
                }
            }
            tokio::select! {
                () = shutdown.wait() => {}
                () = tokio::time::sleep_until(began_at + self.config.spacing) => {}
            }
        }
        Duration::ZERO
    }

    /// The next of a sender's replies, from its claim to its record. How long the sender is to rest,
    /// if it is.
    async fn serve_next(&self, sender: &ReplyingSender) -> Result<Option<Duration>, StorageError> {
        let exit = self.exit(sender).await?;
        let begun = match self.claim(sender, exit.is_some()).await? {
            Next::Send(begun) => *begun,
            Next::Expired => return Ok(None),
            Next::Nothing => return Ok(Some(Duration::ZERO)),
            Next::CantSend => return Ok(Some(UNTIL_A_PERSON_ACTS)),
        };
        let Some((channel, credentials)) = exit else {
            return Ok(Some(UNTIL_A_PERSON_ACTS));
        };
        let message = OutgoingMessage {
            attempt: begun.attempt,
            to: begun.reply.address.clone(),
            subject: None,
            content: OutgoingContent::Text {
                body: begun.reply.text.clone(),
            },
        };
        let answer = tokio::time::timeout(
            self.config.send_timeout,
            channel.send(&credentials, &message),
        )
        .await;
        let outcome = answer.map_or(Outcome::InDoubt, Outcome::from);
        self.record_in_the_end(begun, outcome).await
    }

    async fn exit(
        &self,
        sender: &ReplyingSender,
    ) -> Result<Option<(Arc<dyn MessageChannel>, SenderCredentials)>, StorageError> {
        let user = self
            .ports
            .storage
            .read()
            .users()
            .find(sender.user_id)
            .await?;
        let credentials = user
            .and_then(|user| {
                credentials_for(sender.channel, self.ports.sealer.as_ref(), &user).ok()
            })
            // The profile may name another number by now.
            .filter(|credentials| credentials.external_id == sender.external_id);
        Ok(self
            .ports
            .channels
            .get(sender.channel)
            .cloned()
            .zip(credentials))
    }

    /// Commits the intent to send the sender's next reply.
    async fn claim(&self, sender: &ReplyingSender, can_send: bool) -> Result<Next, StorageError> {
        let now = self.ports.clock.now();
        let mut unit = self.ports.storage.begin().await?;
        let Some(mut reply) = unit.replies().lock_next(sender, now).await? else {
            return Ok(Next::Nothing);
        };
        if !can_send && now < reply.window_ends_at {
            return Ok(Next::CantSend);
        }
        let begun = reply.begin(now);
        unit.replies().save(&reply).await?;
        unit.commit().await?;
        Ok(match begun {
            Ok(attempt) => Next::Send(Box::new(Begun { attempt, reply })),
            Err(_) => Next::Expired,
        })
    }

    /// Records what became of a reply; when the store fails it tries for a while. What is not
    /// recorded in the end counts as possibly sent.
    async fn record_in_the_end(
        &self,
        begun: Begun,
        outcome: Outcome,
    ) -> Result<Option<Duration>, StorageError> {
        const TRIES: u32 = 5;
        let mut tries = 1;
        loop {
            match self.record(&begun, &outcome).await {
                Err(error) if tries < TRIES => {
                    tracing::warn!(
                        reply_id = %begun.reply.id,
                        error = &error as &dyn std::error::Error,
                        "what became of an automatic reply is not recorded yet"
                    );
                    let wait = self
                        .config
                        .backoff
                        .after(tries, self.ports.entropy.as_ref());
                    tokio::time::sleep(wait.min(PATROL)).await;
                    tries += 1;
                }
                recorded => return recorded,
            }
        }
    }

    async fn record(
        &self,
        begun: &Begun,
        outcome: &Outcome,
    ) -> Result<Option<Duration>, StorageError> {
        let now = self.ports.clock.now();
        let user = begun.reply.user_id;
        let mut unit = self.ports.storage.begin().await?;
        let Some(mut reply) = unit
            .replies()
            .lock_many(user, &[begun.reply.id])
            .await?
            .pop()
        else {
            return Ok(None);
        };
        let mut rest = None;
        let attempt = begun.attempt;
        // A report that came first has settled it already.
        let _ = match outcome {
            Outcome::Accepted(message_id) => {
                let accepted = reply.accept(attempt, message_id.clone(), now);
                if accepted.is_ok() {
                    let entropy = self.ports.entropy.as_ref();
                    keep_message(unit.as_mut(), &reply, MessageId::new(now, entropy), now).await?;
                }
                accepted
            }
            Outcome::Refused(code) => reply.refuse(attempt, *code, now),
            Outcome::InDoubt => reply.give_up_confirming(now),
            Outcome::Postponed { wait, of_sender } => {
                let wait = self
                    .config
                    .backoff
                    .after(attempt.number, self.ports.entropy.as_ref())
                    .max(wait.unwrap_or_default());
                rest = of_sender.then_some(wait);
                let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::hours(1));
                reply.postpone(attempt, now + wait, now)
            }
        };
        tracing::info!(
            user_id = %user,
            reply_id = %reply.id,
            status = reply.status.as_str(),
            "an automatic reply has landed"
        );
        unit.replies().save(&reply).await?;
        unit.commit().await?;
        Ok(rest)
    }
}

/// What was sent becomes a message of the conversation.
pub(crate) async fn keep_message(
    unit: &mut dyn UnitOfWork,
    reply: &AutomaticReply,
    id: MessageId,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let Some(provider_id) = reply.message_id.clone() else {
        return Ok(());
    };
    let message = Message {
        id,
        user_id: reply.user_id,
        contact_id: reply.contact_id,
        answers: None,
        channel: reply.channel,
        direction: Direction::Outbound,
        address: reply.address.clone(),
        provider_id,
        body: MessageBody::Text(reply.text.clone()),
        sent_at: now,
        created_at: now,
    };
    unit.messages().insert(&message).await?;
    Ok(())
}

/// The reply that an attempt is of, if it is one: they are numbered as recipients' are.
pub(crate) fn reply_of(attempt: AttemptId) -> ReplyId {
    ReplyId::from_uuid(attempt.recipient.as_uuid())
}

impl Served {
    fn is_resting(&mut self, sender: &ReplyingSender) -> bool {
        let now = Instant::now();
        // Those whose rest is over are forgotten, so that this does not grow.
        self.rest
            .retain(|_, until| until.is_none_or(|until| until > now));
        self.rest.contains_key(sender)
    }

    fn note(&mut self, ended: Result<(ReplyingSender, Duration), tokio::task::JoinError>) {
        match ended {
            Ok((sender, rest)) => {
                self.rest.insert(sender, Some(Instant::now() + rest));
            }
            Err(error) => {
                tracing::error!(%error, "sending automatic replies broke down");
                // Which sender it was is not known: each is looked at anew.
                self.rest.retain(|_, until| until.is_some());
            }
        }
    }
}
