//! Segments: filters of contacts that are saved under a name.

mod browse;
mod create;
mod delete;
#[cfg(test)]
mod tests;
mod update;

use std::sync::Arc;

use nexus_domain::ports::{Clock, Entropy, Storage};
use nexus_domain::{Segment, SegmentId};

pub use browse::{GetSegmentError, SegmentSize};
pub use create::{CreateSegment, CreateSegmentError};
pub use delete::DeleteSegmentError;
pub use update::{UpdateSegment, UpdateSegmentError};

/// The use cases on segments.
#[derive(Clone)]
pub struct Segments {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Segments {
    /// The use cases over these ports.
    pub fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            storage,
            clock,
            entropy,
        }
    }
}

/// The segment of these that has the name of `wanted` and is another.
fn namesake(segments: &[Segment], wanted: &Segment) -> Option<SegmentId> {
    segments
        .iter()
        .find(|segment| segment.id != wanted.id && segment.name_key() == wanted.name_key())
        .map(|segment| segment.id)
}
