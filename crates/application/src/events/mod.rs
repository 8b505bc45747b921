//! Pages that stay open hear of it when campaigns get on.
//!
//! Nothing is pushed from where campaigns are changed: each user's [`feed::Feed`] looks at what is
//! committed, at most once a second for all who follow, and not at all when nobody does. So it does not
//! matter which instance changed something, and sending costs nothing more.

mod event;
mod feed;
mod follower;
mod seats;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use nexus_domain::ports::{
    ChangeMark, Clock, Entropy, MarkedCampaign, ProgressSource, StorageError,
};
use nexus_domain::{SessionKeyHash, UserId};
use tokio::sync::Semaphore;

use self::feed::{Feed, Known, MOST_CAMPAIGNS};
use self::follower::Beginning;
use self::seats::{Seats, TakenSeat};
use crate::{Actor, Shutdown};

pub use event::{CampaignProgress, Event, EventId};
pub use follower::Follower;

/// So many looks of all users go on at once, so that requests find free connections to the database.
const LOOKS_AT_ONCE: usize = 3;

/// A look that takes longer is given up, and the next one tries again.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

/// How long a connection whose page has gone takes to say so when something is sent.
const CALL_WAIT: Duration = Duration::from_millis(150);

/// What is needed to follow campaigns.
#[derive(Clone)]
pub struct EventPorts {
    /// What is committed.
    pub source: Arc<dyn ProgressSource>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness: not all pages come back at the same moment.
    pub entropy: Arc<dyn Entropy>,
}

/// How many may follow at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventLimits {
    /// Of one user.
    pub per_user: usize,
    /// Of all users, at this instance.
    pub in_all: usize,
}

/// Why campaigns can't be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The session is over.
    #[error("the session is over")]
    SignedOut,
    /// The user has as many open as may be.
    #[error("the user follows {most} times already")]
    TooManyOfUser {
        /// So many.
        most: usize,
    },
    /// The instance has as many open as may be.
    #[error("too many follow at this instance")]
    TooMany,
    /// The process is about to end.
    #[error("the process is about to end")]
    Stopping,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The use case of following one's campaigns.
#[derive(Clone)]
pub struct Events {
    shared: Arc<Shared>,
}

struct Shared {
    ports: EventPorts,
    seats: Arc<Seats>,
    looks: Semaphore,
    shutdown: Shutdown,
}

impl Events {
    /// The use case over these ports. Whoever follows is let go at the shutdown.
    pub fn new(ports: EventPorts, limits: EventLimits, shutdown: Shutdown) -> Self {
        Self {
            shared: Arc::new(Shared {
                ports,
                seats: Arc::new(Seats::new(limits)),
                looks: Semaphore::new(LOOKS_AT_ONCE),
                shutdown,
            }),
        }
    }

    /// Follows the user's campaigns for as long as the session lasts. `last` is the id of the last event
    /// that the page received, if it received any: it gets the newest state of every campaign that has
    /// changed since, or, when that can't be told, [`Event::Reset`] and the unfinished campaigns.
    pub async fn follow(
        &self,
        actor: &Actor,
        session: SessionKeyHash,
        last: Option<&str>,
    ) -> Result<Follower, FollowError> {
        let shared = Arc::clone(&self.shared);
        if shared.shutdown.requested() {
            return Err(FollowError::Stopping);
        }
        let taken = shared.take_seat(actor.user_id()).await?;
        let feed = Arc::clone(taken.feed());
        // What is read under this lock is newer than what the feed knows.
        let mut known = feed.known().await;
        if known.is_stale() || !known.has_session(session) {
            shared.look(&feed, &mut known).await?;
        }
        if !known.has_session(session) {
            return Err(FollowError::SignedOut);
        }
        let beginning = shared.begin(&feed, last).await?;
        Ok(Follower::new(
            Arc::clone(&shared),
            taken,
            session,
            &known,
            beginning,
        ))
    }
}

impl Shared {
    /// A seat. When the user has none left, those whose pages have gone may be free: the server learns of
    /// it only when it sends something, the first time to no avail.
    async fn take_seat(&self, user: UserId) -> Result<TakenSeat, FollowError> {
        for _ in 0..2 {
            match self.seats.take(user) {
                Err(FollowError::TooManyOfUser { .. }) => self.seats.call(user),
                outcome => return outcome,
            }
            tokio::time::sleep(CALL_WAIT).await;
        }
        self.seats.take(user)
    }

    /// Brings up to date what the feed knows.
    async fn look(&self, feed: &Feed, known: &mut Known) -> Result<(), StorageError> {
        let now = self.ports.clock.now();
        self.in_time(feed.look(known, self.ports.source.as_ref(), now))
            .await
    }

    async fn in_time<T>(
        &self,
        reading: impl Future<Output = Result<T, StorageError>>,
    ) -> Result<T, StorageError> {
        let reading = async {
            let _permit = self.looks.acquire().await;
            reading.await
        };
        tokio::time::timeout(LOOK_WITHIN, reading)
            .await
            .unwrap_or_else(|late| Err(StorageError::Unavailable(Box::new(late))))
    }

    /// What a follower is told first.
    async fn begin(&self, feed: &Feed, last: Option<&str>) -> Result<Beginning, StorageError> {
        let told = last.map(EventId::parse);
        let number = told.flatten().map_or(0, |id| id.number);
        if let Some(Some(id)) = told
            && id.mark > ChangeMark::default()
        {
            let since = id.mark.settled();
            let changed = self.changed_since(feed, since).await?;
            // Nothing, not even what the id came with: it is not of this database, or that campaign is
            // gone. Too much: some of it is missing.
            if !changed.is_empty() && changed.len() < MOST_CAMPAIGNS as usize {
                return Ok(Beginning {
                    campaigns: changed,
                    is_reset: false,
                    position: id.mark,
                    number,
                });
            }
        }
        let reading = self.ports.source.unfinished(feed.user(), MOST_CAMPAIGNS);
        // Whoever has not received the first events to their end has nothing that could be wrong.
        let has_begun = told.is_some_and(|id| id.is_none_or(|id| id.mark > ChangeMark::default()));
        Ok(Beginning {
            campaigns: self.in_time(reading).await?,
            is_reset: has_begun,
            position: ChangeMark::default(),
            number,
        })
    }

    async fn changed_since(
        &self,
        feed: &Feed,
        since: ChangeMark,
    ) -> Result<Vec<MarkedCampaign>, StorageError> {
        let source = self.ports.source.as_ref();
        self.in_time(source.changed_since(feed.user(), since, MOST_CAMPAIGNS))
            .await
    }
}
