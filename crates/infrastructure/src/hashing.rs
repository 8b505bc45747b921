//! Passwords hashed with argon2id.

use std::num::NonZeroUsize;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as PhcError, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use nexus_domain::ports::{Entropy, HashingError, PasswordHasher};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::SystemEntropy;

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashingCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for HashingCost {
    /// 19 MiB, two passes, one lane: OWASP Password Storage Cheat Sheet, argon2id.
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
        }
    }
}

/// argon2id (RFC 9106) on the threads for blocking work, a bounded number at once: one hash takes
/// 19 MiB and tens of milliseconds of one core, so a crowd that signs in must queue here rather
/// than take all memory.
#[derive(Debug, Clone)]
pub struct Argon2Hasher {
    argon2: Argon2<'static>,
    turns: Arc<Semaphore>,
}

/// 128 random bits, as RFC 9106 §4 recommends.
const SALT_BYTES: usize = 16;

impl Argon2Hasher {
    /// Hashes at the default cost, as many at once as there are cores.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::from_parts(Params::DEFAULT, cores)
    }

    /// Hashes at another cost, `at_once` at the same time (at least one).
    pub fn with_cost(cost: HashingCost, at_once: usize) -> Result<Self, HashingError> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None)
            .map_err(|error| HashingError(error.to_string()))?;
        Ok(Self::from_parts(params, at_once))
    }

    fn from_parts(params: Params, at_once: usize) -> Self {
        Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            turns: Arc::new(Semaphore::new(at_once.max(1))),
        }
    }

    /// Waits for a turn and does `work` off the async threads. The turn is given back when the work
    /// ends, even when whoever asked for it no longer waits.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T, HashingError> + Send + 'static,
    ) -> Result<T, HashingError> {
        let turn: OwnedSemaphorePermit = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|error| HashingError(error.to_string()))?;
        let argon2 = self.argon2.clone();
        tokio::task::spawn_blocking(move || {
            let result = work(&argon2);
            drop(turn);
            result
        })
        .await
        .map_err(|error| HashingError(error.to_string()))?
    }
}

impl Default for Argon2Hasher {
    fn default() -> Self {
        Self::new()
    }
}

fn hash_with(argon2: &Argon2<'_>, password: &SecretString) -> Result<String, HashingError> {
    let mut salt = [0_u8; SALT_BYTES];
    SystemEntropy.fill(&mut salt);
    argon2
        .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| HashingError(error.to_string()))
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: SecretString) -> Result<String, HashingError> {
        self.in_turn(move |argon2| hash_with(argon2, &password))
            .await
    }

    async fn verify(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, HashingError> {
        self.in_turn(move |argon2| {
            let Some(hash) = hash else {
                // To verify is to hash once and compare: hashing and throwing away takes as long.
                std::hint::black_box(hash_with(argon2, &password)?);
                return Ok(false);
            };
            let stored = PasswordHash::new(&hash).map_err(|error| {
                HashingError(format!("a stored hash is no PHC string: {error}"))
            })?;
            match argon2.verify_password(password.expose_secret().as_bytes(), &stored) {
                Ok(()) => Ok(true),
                // A string without salt or hash verifies nothing, which is not a wrong password.
                Err(PhcError::PasswordInvalid) if stored.hash.is_some() => Ok(false),
                Err(error) => Err(HashingError(format!(
                    "a stored hash can't be used: {error}"
                ))),
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap() -> Argon2Hasher {
        let cost = HashingCost {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
        };
        Argon2Hasher::with_cost(cost, 2).unwrap()
    }

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hasher = cheap();
        let hash = hasher.hash(secret("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        assert_eq!(
            hasher
                .verify(secret("correct horse"), Some(hash.clone()))
                .await,
            Ok(true)
        );
        assert_eq!(
            hasher.verify(secret("correct horsf"), Some(hash)).await,
            Ok(false)
        );
    }

    #[tokio::test]
    async fn one_password_has_two_hashes() {
        let hasher = cheap();
        assert_ne!(
            hasher.hash(secret("correct horse")).await,
            hasher.hash(secret("correct horse")).await
        );
    }

    #[tokio::test]
    async fn a_hash_made_at_another_cost_still_verifies() {
        let hash = cheap().hash(secret("correct horse")).await.unwrap();
        let dearer = HashingCost {
            memory_kib: 128,
            passes: 2,
            lanes: 1,
        };
        let hasher = Argon2Hasher::with_cost(dearer, 1).unwrap();
        assert_eq!(
            hasher.verify(secret("correct horse"), Some(hash)).await,
            Ok(true)
        );
    }

    #[tokio::test]
    async fn without_a_hash_nothing_matches_and_the_work_is_done_all_the_same() {
        let slow = HashingCost {
            memory_kib: 8_192,
            passes: 3,
            lanes: 1,
        };
        let hasher = Argon2Hasher::with_cost(slow, 1).unwrap();
        let hash = hasher.hash(secret("correct horse")).await.unwrap();
        let mut with_hash = Vec::new();
        let mut without = Vec::new();
        for _ in 0..5 {
            let start = std::time::Instant::now();
            assert_eq!(
                hasher.verify(secret("wrong"), Some(hash.clone())).await,
                Ok(false)
            );
            with_hash.push(start.elapsed());
            let start = std::time::Instant::now();
            assert_eq!(hasher.verify(secret("wrong"), None).await, Ok(false));
            without.push(start.elapsed());
        }
        // The fastest of five is what the work itself takes, whatever else the machine does.
        let (known, unknown) = (
            with_hash.iter().min().unwrap(),
            without.iter().min().unwrap(),
        );
        assert!(*unknown * 2 > *known, "{unknown:?} against {known:?}");
    }

    #[tokio::test]
    async fn a_stored_hash_that_cannot_be_read_is_an_error_and_no_wrong_password() {
        for malformed in ["", "plain", "$argon2id$v=19$m=64,t=1,p=1", "$md5$abc$def"] {
            let verified = cheap()
                .verify(secret("correct horse"), Some(malformed.to_owned()))
                .await;
            assert!(verified.is_err(), "{malformed:?} gave {verified:?}");
        }
    }

    #[test]
    fn a_cost_that_argon2_does_not_know_is_refused() {
        let none = HashingCost {
            memory_kib: 0,
            passes: 0,
            lanes: 0,
        };
        assert!(Argon2Hasher::with_cost(none, 1).is_err());
    }
}
