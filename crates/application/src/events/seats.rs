//! How many may follow, and who does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nexus_domain::UserId;
use tokio::time::Instant;

use super::feed::Feed;
use super::{EventLimits, FollowError};

/// A follower whose connection takes nothing for so long is let go. Much less than what
/// [`nexus_domain::ports::ChangeMark::settled`] goes back: a feed remembers a change for longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A place to follow from.
struct Seat {
    /// When its follower was last there; `None` once it was given away.
    seen_at: Mutex<Option<Instant>>,
}

impl Seat {
    fn seen_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.seen_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes it from a follower who has not been there for long. Whether it was.
    fn give_away(&self, now: Instant) -> bool {
        let mut seen_at = self.seen_at();
        let is_deserted = seen_at.is_none_or(|at| now.duration_since(at) > PATIENCE);
        if is_deserted {
            *seen_at = None;
        }
        is_deserted
    }
}

/// The seats of one user, and what they look at.
struct Row {
    feed: Arc<Feed>,
    seats: Vec<Arc<Seat>>,
}

#[derive(Default)]
struct Rows {
    by_user: HashMap<UserId, Row>,
    taken: usize,
}

impl Rows {
    fn of(&self, user: UserId) -> usize {
        self.by_user.get(&user).map_or(0, |row| row.seats.len())
    }

    /// Takes back the deserted seats of a user, or of all.
    fn clear(&mut self, user: Option<UserId>, now: Instant) {
        let Self { by_user, taken } = self;
        by_user.retain(|owner, row| {
            if user.is_none_or(|user| user == *owner) {
                let before = row.seats.len();
                row.seats.retain(|seat| !seat.give_away(now));
                *taken -= before - row.seats.len();
            }
            !row.seats.is_empty()
        });
    }
}

/// The seats of this instance.
pub(super) struct Seats {
    limits: EventLimits,
    rows: Mutex<Rows>,
}

impl Seats {
    pub(super) fn new(limits: EventLimits) -> Self {
        Self {
            limits,
            rows: Mutex::default(),
        }
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls those who follow this user's campaigns.
    pub(super) fn call(&self, user: UserId) {
        if let Some(row) = self.rows().by_user.get(&user) {
            row.feed.call();
        }
    }

    /// Takes one for a follower of this user's campaigns.
    pub(super) fn take(self: &Arc<Self>, user: UserId) -> Result<TakenSeat, FollowError> {
        let now = Instant::now();
        let EventLimits { per_user, in_all } = self.limits;
        let mut rows = self.rows();
        if rows.of(user) >= per_user {
            rows.clear(Some(user), now);
            if rows.of(user) >= per_user {
                return Err(FollowError::TooManyOfUser { most: per_user });
            }
        }
        if rows.taken >= in_all {
            rows.clear(None, now);
            if rows.taken >= in_all {
                return Err(FollowError::TooMany);
            }
        }
        let seat = Arc::new(Seat {
            seen_at: Mutex::new(Some(now)),
        });
        rows.taken += 1;
        let row = rows.by_user.entry(user).or_insert_with(|| Row {
            feed: Arc::new(Feed::of(user)),
            seats: Vec::new(),
        });
        row.seats.push(Arc::clone(&seat));
        Ok(TakenSeat {
            feed: Arc::clone(&row.feed),
            seat,
            seats: Arc::clone(self),
        })
    }
}

/// A seat for as long as somebody follows from it.
pub(super) struct TakenSeat {
    seats: Arc<Seats>,
    feed: Arc<Feed>,
    seat: Arc<Seat>,
}

impl TakenSeat {
    pub(super) fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// The follower is there. Not any more, if that was too long ago.
    pub(super) fn keep(&self) -> bool {
        let now = Instant::now();
        if self.seat.give_away(now) {
            return false;
        }
        *self.seat.seen_at() = Some(now);
        true
    }
}

impl Drop for TakenSeat {
    fn drop(&mut self) {
        let mut rows = self.seats.rows();
        let Rows { by_user, taken } = &mut *rows;
        let user = self.feed.user();
        let Some(row) = by_user.get_mut(&user) else {
            return;
        };
        let before = row.seats.len();
        row.seats.retain(|seat| !Arc::ptr_eq(seat, &self.seat));
        *taken -= before - row.seats.len();
        if row.seats.is_empty() {
            by_user.remove(&user);
        }
    }
}
