//! What happens later: statuses, redeliveries and replies, in one queue ordered by time.
//!
//! One task serves the queue, so ten thousand messages cost heap entries and not timers.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::simulation::Simulation;
use super::webhooks::{Notice, Parcel};
use crate::journal::JournalEntry;
use crate::locks::lock;

/// Something that is to happen.
pub(crate) enum Due {
    Notice(Notice),
    Redelivery(String, Parcel),
    /// The person holding the phone answers this accepted message.
    Reply(Arc<JournalEntry>),
}

struct Timed {
    at: Instant,
    /// Keeps what was planned for the same instant in the order of planning.
    order: u64,
    due: Due,
}

impl PartialEq for Timed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Timed {}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timed {
    /// Reversed: the heap's greatest is the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

#[derive(Default)]
struct Queue {
    heap: BinaryHeap<Timed>,
    planned: u64,
}

#[derive(Default)]
pub(crate) struct Schedule {
    queue: Mutex<Queue>,
    changed: Notify,
}

impl Schedule {
    pub(crate) fn plan(&self, at: Instant, due: Due) {
        let first = {
            let mut queue = lock(&self.queue);
            queue.planned += 1;
            let order = queue.planned;
            let first = queue.heap.peek().is_none_or(|earliest| at < earliest.at);
            queue.heap.push(Timed { at, order, due });
            first
        };
        if first {
            self.changed.notify_one();
        }
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.queue).heap.len()
    }

    /// Takes all that is due, and says when the next thing is.
    fn take_due(&self, now: Instant) -> (Vec<Due>, Option<Instant>) {
        let mut queue = lock(&self.queue);
        let mut due = Vec::new();
        while queue.heap.peek().is_some_and(|earliest| earliest.at <= now) {
            due.extend(queue.heap.pop().map(|timed| timed.due));
        }
        (due, queue.heap.peek().map(|earliest| earliest.at))
    }
}

/// Serves the queue until the sandbox stops.
pub(crate) async fn run(simulation: Arc<Simulation>) {
    loop {
        let schedule = simulation.schedule();
        let (due, next) = schedule.take_due(Instant::now());
        simulation.carry_out(due);
        let sleep = async {
            match next {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = sleep => {}
            () = schedule.changed.notified() => {}
            () = simulation.stopped() => return,
        }
    }
}
