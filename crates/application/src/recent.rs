//! What was read within the last second, so that requests that follow each other closely don't ask
//! the store again.

use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use tokio::time::Instant;

/// How old what is kept may be, counted from before it was read: what another instance took back is
/// gone here as soon.
pub const OLDEST: Duration = Duration::from_secs(1);

/// So many are kept at most.
const MOST: u64 = 10_000;

/// What was read of each `K` within the last second. What isn't there is not kept.
pub struct Recent<K, V> {
    kept: Cache<K, Kept<V>>,
    /// How often something was forgotten: what was read before that may be what had to be.
    forgotten: AtomicU64,
}

#[derive(Clone)]
struct Kept<V> {
    value: V,
    read_at: Instant,
}

impl<K, V> Default for Recent<K, V>
where
    K: Copy + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn default() -> Self {
        Self {
            kept: Cache::builder()
                .max_capacity(MOST)
                .time_to_live(OLDEST)
                .build(),
            forgotten: AtomicU64::new(0),
        }
    }
}

impl<K, V> Recent<K, V>
where
    K: Copy + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// What was read of `key` lately, else what `read` finds now.
    pub async fn get_or_read<E>(
        &self,
        key: K,
        read: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<V>, E> {
        let read_at = Instant::now();
        if let Some(kept) = self.kept.get(&key)
            && read_at.duration_since(kept.read_at) < OLDEST
        {
            return Ok(Some(kept.value));
        }
        let forgotten = self.forgotten.load(Ordering::SeqCst);
        let found = read.await?;
        if let Some(value) = &found {
            let value = value.clone();
            self.kept.insert(key, Kept { value, read_at });
            if self.forgotten.load(Ordering::SeqCst) != forgotten {
                self.kept.invalidate(&key);
            }
        }
        Ok(found)
    }

    /// Forgets `key`, and what is being read of it just now.
    pub fn forget(&self, key: &K) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.kept.invalidate(key);
    }

    /// Forgets everything of which `is_meant` holds, and what is being read just now.
    pub fn forget_where(&self, is_meant: impl Fn(&V) -> bool) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        for (key, kept) in &self.kept {
            if is_meant(&kept.value) {
                self.kept.invalidate(&*key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{Ready, ready};

    use super::*;

    fn found(value: u32) -> Ready<Result<Option<u32>, Infallible>> {
        ready(Ok(Some(value)))
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_is_kept_for_less_than_a_second() {
        let recent = Recent::default();
        assert_eq!(recent.get_or_read(1, found(7)).await, Ok(Some(7)));
        tokio::time::advance(OLDEST.mul_f32(0.999)).await;
        assert_eq!(recent.get_or_read(1, found(8)).await, Ok(Some(7)));
        tokio::time::advance(OLDEST.mul_f32(0.001)).await;
        assert_eq!(recent.get_or_read(1, found(8)).await, Ok(Some(8)));
        assert_eq!(recent.get_or_read(2, found(9)).await, Ok(Some(9)));
    }

    #[tokio::test(start_paused = true)]
    async fn its_age_counts_from_before_it_was_read() {
        let recent = Recent::default();
        let slow = async {
            tokio::time::sleep(OLDEST).await;
            found(7).await
        };
        assert_eq!(recent.get_or_read(1, slow).await, Ok(Some(7)));
        assert_eq!(recent.get_or_read(1, found(8)).await, Ok(Some(8)));
    }

    #[tokio::test]
    async fn what_is_forgotten_is_read_again() {
        let recent = Recent::default();
        for key in 1..=3 {
            recent.get_or_read(key, found(key)).await.unwrap();
        }
        recent.forget(&1);
        recent.forget_where(|value| *value == 2);
        for (key, expected) in [(1, 7), (2, 7), (3, 3)] {
            assert_eq!(recent.get_or_read(key, found(7)).await, Ok(Some(expected)));
        }
    }

    #[tokio::test]
    async fn what_is_forgotten_while_it_is_read_is_not_kept() {
        let recent = Recent::default();
        let read = async {
            recent.forget(&1);
            found(7).await
        };
        assert_eq!(recent.get_or_read(1, read).await, Ok(Some(7)));
        assert_eq!(recent.get_or_read(1, found(8)).await, Ok(Some(8)));
    }

    #[tokio::test]
    async fn what_is_not_there_is_looked_for_each_time() {
        let recent = Recent::default();
        let nothing = ready(Ok::<_, Infallible>(None));
        assert_eq!(recent.get_or_read(1, nothing).await, Ok(None::<u32>));
        assert_eq!(recent.get_or_read(1, found(8)).await, Ok(Some(8)));
    }
}
