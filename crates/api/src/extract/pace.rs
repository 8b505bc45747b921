//! How slow an upload may be.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::errors::{ApiError, Code};

/// The longest pause within an upload.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// The least pace of uploads.
#[derive(Debug, Clone, Copy)]
pub struct UploadPace {
    /// Until then it does not matter how much has come.
    pub grace: Duration,
    /// From then on, the least average since the beginning.
    pub bytes_per_second: u32,
}

/// An upload that is waited for.
#[derive(Debug)]
pub struct SlowUpload {
    pace: UploadPace,
    began: Instant,
    received: u64,
}

impl UploadPace {
    /// An upload that begins now.
    pub fn begin(self) -> SlowUpload {
        SlowUpload {
            pace: self,
            began: Instant::now(),
            received: 0,
        }
    }
}

impl SlowUpload {
    /// Counts what has come.
    pub fn received(&mut self, bytes: usize) {
        self.received += u64::try_from(bytes).unwrap_or(u64::MAX);
    }

    /// Waits for the next piece, as long as the pace allows. What is there already is never late.
    pub async fn wait_for<T>(&self, piece: impl Future<Output = T>) -> Result<T, ApiError> {
        let earned = self.received / u64::from(self.pace.bytes_per_second.max(1));
        let late = self.began + self.pace.grace + Duration::from_secs(earned);
        let deadline = late.min(Instant::now() + LONGEST_PAUSE);
        timeout_at(deadline, piece)
            .await
            .map_err(|_| ApiError::new(Code::BodyTimeout))
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn upload() -> SlowUpload {
        UploadPace {
            grace: Duration::from_secs(30),
            bytes_per_second: 1_000,
        }
        .begin()
    }

    /// How long it is waited for a piece that never comes.
    async fn waited(upload: &SlowUpload) -> Duration {
        let began = Instant::now();
        assert!(upload.wait_for(pending::<()>()).await.is_err());
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_ends_an_upload_however_fast_it_was() {
        let mut upload = upload();
        upload.received(1_000_000);
        assert_eq!(waited(&upload).await, LONGEST_PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_ends_when_the_grace_is_over_and_a_slow_upload_goes_on() {
        let mut trickle = upload();
        let mut slow = upload();
        for second in 0..600 {
            let piece = tokio::time::sleep(Duration::from_secs(1));
            let came = trickle.wait_for(piece).await;
            assert_eq!(came.is_ok(), second < 30, "{second}");
            if second >= 30 {
                // It was too late at once, without another second.
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            trickle.received(1);
            slow.received(1_001);
            assert!(slow.wait_for(async {}).await.is_ok());
        }
        assert!(waited(&slow).await > Duration::from_secs(19));
    }
}
