//! The system's randomness.

use nexus_domain::ports::Entropy;

/// The random numbers of the operating system (`getrandom(2)`).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// # Panics
    /// When the operating system has no randomness: going on would make guessable keys.
    fn fill(&self, bytes: &mut [u8]) {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the adapter behind the port through which everyone else asks"
        )]
        let filled = getrandom::fill(bytes);
        if let Err(error) = filled {
            panic!("the operating system gives no randomness: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_filled_and_no_two_fills_are_equal() {
        let (mut one, mut other) = ([0_u8; 64], [0_u8; 64]);
        SystemEntropy.fill(&mut one);
        SystemEntropy.fill(&mut other);
        assert_ne!(one, other);
        assert_ne!(one[56..], [0_u8; 8]);
    }
}
