//! The end of the process, whatever still hangs.

use std::future::Future;
use std::time::Duration;

use nexus_application::Shutdown;

/// How long everything may take to end in order. Platforms kill after 30 s; messages in flight have
/// their own, shorter limit.
const LONGEST_END: Duration = Duration::from_secs(23);

/// What `work` comes to; but when the end was asked for and `work` does not come to it in time, as
/// with a database that does not answer, it is given up. Nothing is lost with it: what is not recorded
/// is found in flight by the next process.
pub(super) async fn end_in_time(
    work: impl Future<Output = anyhow::Result<()>>,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let too_late = async {
        shutdown.wait().await;
        tokio::time::sleep(LONGEST_END).await;
    };
    tokio::select! {
        ended = work => ended,
        () = too_late => {
            tracing::error!("something does not end; the process ends without it");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_hangs_is_given_up_once_the_end_was_asked_for() {
        let shutdown = Shutdown::new();
        let asked = shutdown.clone();
        let asking = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_hours(1)).await;
            asked.request();
        });
        let began = Instant::now();

        end_in_time(std::future::pending(), shutdown)
            .await
            .expect("it ends in order");

        asking.await.expect("asked");
        let waited = began.elapsed().saturating_sub(Duration::from_hours(1));
        assert!(waited > Duration::from_secs(20), "{waited:?}");
        assert!(waited < Duration::from_secs(25), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_ends_by_itself_is_not_waited_for() {
        let ended = end_in_time(async { anyhow::bail!("its own end") }, Shutdown::new()).await;
        assert_eq!(ended.expect_err("its own").to_string(), "its own end");
    }
}
