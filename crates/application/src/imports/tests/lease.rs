use std::time::Duration;

use nexus_domain::{InstanceId, JobLease};

use super::world::{LEASE, World};
use crate::fixtures::{entropy, now};
use crate::imports::held::HeldJob;
use crate::imports::worker::Stop;

fn held(world: &World) -> HeldJob {
    let job = world.state().job.clone().expect("a job");
    let lease = JobLease {
        job_id: job.id,
        owner: InstanceId::new(now(), entropy().as_ref()),
        epoch: 1,
    };
    HeldJob::new(job, lease, LEASE).expect("an import")
}

#[tokio::test(start_paused = true)]
async fn a_step_longer_than_the_lease_keeps_it() {
    let world = World::new(vec![]);
    let step = tokio::time::sleep(Duration::from_secs(65));

    held(&world)
        .during(&world.storage(), &world.shutdown, step)
        .await
        .expect("done");

    assert_eq!(world.state().renewals, 6);
}

#[tokio::test(start_paused = true)]
async fn many_short_steps_keep_it_too() {
    let world = World::new(vec![]);
    let mut held = held(&world);
    for _ in 0..65 {
        let step = tokio::time::sleep(Duration::from_secs(1));
        held.during(&world.storage(), &world.shutdown, step)
            .await
            .expect("done");
    }
    assert_eq!(world.state().renewals, 6);
}

#[tokio::test(start_paused = true)]
async fn the_shutdown_does_not_wait_for_a_long_step() {
    let world = World::new(vec![]);
    let shutdown = world.shutdown.clone();
    let later = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        shutdown.request();
    });

    let outcome = held(&world)
        .during(
            &world.storage(),
            &world.shutdown,
            std::future::pending::<()>(),
        )
        .await;

    assert!(matches!(outcome, Err(Stop::Shutdown)));
    later.await.expect("asked");
}
