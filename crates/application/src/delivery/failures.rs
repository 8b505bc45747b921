//! When so many messages of a campaign are refused that something must be wrong with it.

use std::collections::VecDeque;

/// How many of the last messages a share is a share of.
const SAMPLE: usize = 100;

/// From when on refusals stop a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureLimits {
    /// So many one after the other.
    pub in_a_row: u32,
    /// So many of the last hundred.
    pub of_last_hundred: u32,
}

/// What became of the last messages of one campaign, in the order of their answers. Only messages
/// that the provider took, or refused for good, are among them.
#[derive(Debug, Default)]
pub(super) struct FailureRun {
    in_a_row: u32,
    /// Whether each was refused.
    last: VecDeque<bool>,
    refused: u32,
}

impl FailureRun {
    pub(super) fn note(&mut self, refused: bool) {
        self.in_a_row = if refused { self.in_a_row + 1 } else { 0 };
        self.last.push_back(refused);
        self.refused += u32::from(refused);
        if self.last.len() > SAMPLE {
            self.refused -= u32::from(self.last.pop_front() == Some(true));
        }
    }

    pub(super) fn is_too_long(&self, limits: FailureLimits) -> bool {
        let of_enough = self.last.len() >= SAMPLE && self.refused >= limits.of_last_hundred;
        self.in_a_row >= limits.in_a_row || of_enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FailureLimits = FailureLimits {
        in_a_row: 20,
        of_last_hundred: 50,
    };

    /// After how many messages it is too long.
    fn too_long_after(refused: impl Fn(u32) -> bool) -> Option<u32> {
        let mut run = FailureRun::default();
        (1..=1_000).find(|number| {
            run.note(refused(*number));
            run.is_too_long(LIMITS)
        })
    }

    #[test]
    fn so_many_in_a_row_are_too_many() {
        assert_eq!(too_long_after(|_| true), Some(20));
        assert_eq!(too_long_after(|number| number != 10), Some(30));
        assert_eq!(
            too_long_after(|number| number % 20 != 0 && number < 40),
            None
        );
    }

    #[test]
    fn half_of_the_last_hundred_are_too_many() {
        assert_eq!(too_long_after(|number| number % 2 == 0), Some(100));
        assert_eq!(too_long_after(|number| number % 3 == 0), None);
        // What is longer ago is forgotten.
        assert_eq!(
            too_long_after(|number| number > 200 && number % 2 == 0),
            Some(300)
        );
    }
}
