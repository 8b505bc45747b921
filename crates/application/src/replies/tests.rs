//! Replies over the store and the provider of delivery's tests.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use nexus_domain::ports::Clock;
use nexus_domain::{AutomaticReply, ChannelKind, FailureCode, ReplyId, ReplyStatus, Wish};
use tokio::task::JoinHandle;

use super::{ReplyConfig, ReplyPorts, ReplyWorker};
use crate::Shutdown;
use crate::delivery::Channels;
use crate::delivery::tests::provider::{Answer, ProcessChannel};
use crate::delivery::tests::units::Connection;
use crate::delivery::tests::world::World;
use crate::fixtures::PaperSealer;

const ADDRESS: &str = "+525510000001";

fn worker(world: &World) -> ReplyWorker {
    let channel = ProcessChannel {
        provider: Arc::clone(&world.provider),
        process: 1,
    };
    let ports = ReplyPorts {
        storage: Arc::new(Connection::to(&world.ledger)),
        sealer: Arc::new(PaperSealer),
        channels: Channels::new([Arc::new(channel) as Arc<_>]),
        clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
        entropy: Arc::clone(&world.entropy),
    };
    ReplyWorker::new(ports, ReplyConfig::for_pace(80))
}

fn start(world: &World) -> (Shutdown, JoinHandle<()>) {
    let shutdown = Shutdown::new();
    let (worker, until) = (worker(world), shutdown.clone());
    (
        shutdown,
        tokio::spawn(async move { worker.run(until).await }),
    )
}

/// A reply to this person that is to be sent within half an hour.
fn queue(world: &World, address: &str) -> ReplyId {
    let now = world.now();
    let reply = AutomaticReply {
        id: ReplyId::new(now, world.entropy.as_ref()),
        user_id: world.business.user,
        channel: ChannelKind::Whatsapp,
        sender_external_id: format!("number of {}", world.business.user),
        address: address.to_owned(),
        contact_id: None,
        confirms: Wish::Stop,
        text: "Listo.".to_owned(),
        status: ReplyStatus::Queued,
        attempts: 0,
        not_before: now,
        window_ends_at: now + TimeDelta::minutes(30),
        message_id: None,
        failure: None,
        created_at: now,
        updated_at: now,
    };
    let id = reply.id;
    world.ledger.with(|tables| tables.replies.insert(id, reply));
    id
}

fn reply(world: &World, id: ReplyId) -> AutomaticReply {
    world.ledger.with(|tables| tables.replies[&id].clone())
}

async fn until(world: &World, id: ReplyId, status: ReplyStatus) -> AutomaticReply {
    world
        .until("the reply gets there", |world| {
            reply(world, id).status == status
        })
        .await;
    reply(world, id)
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_sent_once_and_becomes_a_message_of_the_conversation() {
    let world = World::new();
    let (shutdown, task) = start(&world);
    let id = queue(&world, ADDRESS);
    let sent = until(&world, id, ReplyStatus::Accepted).await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(world.provider.requests_to(ADDRESS).len(), 1);
    let messages = world.ledger.with(|tables| tables.messages.clone());
    assert_eq!(messages.len(), 1);
    assert_eq!(Some(&messages[0].provider_id), sent.message_id.as_ref());
    assert_eq!(messages[0].direction, nexus_domain::Direction::Outbound);
    shutdown.request();
    task.await.expect("it ends");
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_sent_is_not_sent_again() {
    for taken in [true, false] {
        let world = World::new();
        world.provider.answers(ADDRESS, [Answer::in_doubt(taken)]);
        let (_shutdown, _task) = start(&world);
        let id = queue(&world, ADDRESS);
        until(&world, id, ReplyStatus::Unconfirmed).await;
        tokio::time::sleep(Duration::from_mins(35)).await;
        assert_eq!(world.provider.requests_to(ADDRESS).len(), 1);
        assert_eq!(reply(&world, id).status, ReplyStatus::Unconfirmed);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_process_began_is_given_up_and_not_sent() {
    let world = World::new();
    let id = queue(&world, ADDRESS);
    let mut begun = reply(&world, id);
    begun.begin(world.now()).expect("it is queued");
    world.ledger.with(|tables| tables.replies.insert(id, begun));
    let (_shutdown, _task) = start(&world);
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(reply(&world, id).status, ReplyStatus::Dispatching);
    until(&world, id, ReplyStatus::Unconfirmed).await;
    assert_eq!(world.provider.requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_certainly_not_sent_is_tried_again_later() {
    let world = World::new();
    let wait = Duration::from_secs(30);
    world.provider.answers(
        ADDRESS,
        [
            Answer::throttled(Some(wait)),
            Answer::not_connected(),
            Answer::recipient_throttled(None),
            Answer::account_refused(FailureCode::CredentialInvalid),
        ],
    );
    let (_shutdown, _task) = start(&world);
    let id = queue(&world, ADDRESS);
    let sent = until(&world, id, ReplyStatus::Accepted).await;
    assert_eq!(sent.attempts, 5);
    let requests = world.provider.requests_to(ADDRESS);
    assert!(requests[1].at - requests[0].at >= wait);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_the_end_and_so_is_the_end_of_the_window() {
    let world = World::new();
    world
        .provider
        .answers(ADDRESS, [Answer::refused(FailureCode::TemplateRequired)]);
    let late = "+525510000002";
    world.provider.always(Answer::not_connected());
    let (_shutdown, _task) = start(&world);
    let (id, late_id) = (queue(&world, ADDRESS), queue(&world, late));
    let refused = until(&world, id, ReplyStatus::Failed).await;
    assert_eq!(refused.failure, Some(FailureCode::TemplateRequired));
    tokio::time::sleep(Duration::from_mins(25)).await;
    assert_eq!(reply(&world, late_id).status, ReplyStatus::Queued);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(reply(&world, late_id).status, ReplyStatus::Expired);
}

#[tokio::test(start_paused = true)]
async fn replies_keep_to_a_small_part_of_the_pace_whoever_waits() {
    let world = World::new();
    let (_shutdown, _task) = start(&world);
    let ids: Vec<_> = (0..20)
        .map(|n| queue(&world, &format!("+5255100001{n:02}")))
        .collect();
    for id in ids {
        until(&world, id, ReplyStatus::Accepted).await;
    }
    let requests = world.provider.requests();
    assert_eq!(requests.len(), 20);
    // 5 a second of 80.
    for pair in requests.windows(2) {
        assert!(pair[1].at - pair[0].at >= Duration::from_millis(195));
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_that_the_profile_no_longer_names_answers_nobody() {
    let world = World::new();
    let id = queue(&world, ADDRESS);
    world.ledger.with(|tables| {
        let reply = tables.replies.get_mut(&id).expect("a reply");
        reply.sender_external_id = "another number".to_owned();
    });
    let (_shutdown, _task) = start(&world);
    tokio::time::sleep(Duration::from_mins(25)).await;
    assert_eq!(reply(&world, id).status, ReplyStatus::Queued);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(reply(&world, id).status, ReplyStatus::Expired);
    assert_eq!(world.provider.requests().len(), 0);
}
