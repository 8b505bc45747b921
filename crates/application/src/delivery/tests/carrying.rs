//! Messages that carry a file: it is handed over once, before them, and again when its id is refused.

use std::time::Duration;

use nexus_domain::ports::{HandOverError, OutgoingContent, OutgoingHeader};
use nexus_domain::values::{MessageText, ShortText};
use nexus_domain::{
    CampaignContent, CampaignId, CampaignState, ContentHash, DeliveryStatus, FailureCode,
    MediaFile, MediaId, MediaReference, MediaType, TemplateMessage, TemplateParts,
};
use tokio::time::Instant;

use super::provider::failure;
use super::world::World;

fn text(text: &str) -> CampaignContent {
    CampaignContent::Text(MessageText::from_stored(text).expect("a text"))
}

/// Adds a file to a campaign whose content is so many times this byte.
fn attach(world: &World, campaign: CampaignId, media_type: MediaType, byte: u8) {
    let file = MediaFile {
        id: MediaId::new(world.now(), world.entropy.as_ref()),
        user_id: world.business.user,
        campaign_id: campaign,
        file_name: ShortText::parse("Oferta v1.2").expect("a name"),
        media_type,
        size: 1_000,
        sha256: ContentHash([byte; 32]),
        created_at: world.now(),
    };
    world.ledger.with(|tables| tables.media.push(file));
}

fn with_picture(world: &World, people: usize) -> CampaignId {
    let campaign = world.campaign_of(world.business, text("Hola {nombre}"), people);
    attach(world, campaign, MediaType::Jpeg, 1);
    campaign
}

/// The ids that the messages of this campaign carried, and what they said beside.
fn carried(world: &World, campaign: CampaignId) -> Vec<(String, Option<String>)> {
    let recipients = world.recipients(campaign);
    let of_it = |request: &super::provider::Request| {
        let mut recipients = recipients.iter();
        recipients.any(|recipient| recipient.id == request.attempt.recipient)
    };
    let requests = world.provider.requests().into_iter().filter(of_it);
    requests
        .map(|request| match request.content {
            OutgoingContent::Media { file, caption } => (file.id, caption),
            other => panic!("it carries nothing: {other:?}"),
        })
        .collect()
}

fn pause_reason(world: &World, id: CampaignId) -> Option<FailureCode> {
    match world.campaign_now(id).state {
        CampaignState::Paused { reason, .. } => reason,
        _ => None,
    }
}

async fn until_paused(world: &World, id: CampaignId) -> FailureCode {
    world
        .until("the campaign pauses", |world| {
            pause_reason(world, id).is_some()
        })
        .await;
    pause_reason(world, id).expect("a reason")
}

#[tokio::test(start_paused = true)]
async fn a_file_is_handed_over_once_and_every_message_carries_it_with_its_text() {
    let world = World::new();
    let campaign = with_picture(&world, 300);
    world.start();

    world.until_completed(campaign).await;

    assert_eq!(world.provider.files().len(), 1);
    let file = &world.provider.files()[0];
    assert_eq!(
        (file.media_type, file.name.as_str()),
        (MediaType::Jpeg, "Oferta v1.2.jpg")
    );
    let carried = carried(&world, campaign);
    assert_eq!(carried.len(), 300);
    for (id, caption) in carried {
        assert_eq!(id, "file 1");
        assert!(caption.expect("a text").starts_with("Hola Cliente +5255"));
    }
    world.check();
}

#[tokio::test(start_paused = true)]
async fn the_same_content_is_not_handed_over_again_for_another_campaign_or_after_a_restart() {
    let world = World::new();
    let first = with_picture(&world, 10);
    let process = world.process(1);
    let task = process.start();
    world.until_completed(first).await;
    let second = with_picture(&world, 10);
    world.until_completed(second).await;
    process.shutdown.request();
    task.await.expect("it ends");

    let third = with_picture(&world, 10);
    world.process(2).start();
    world.until_completed(third).await;

    assert_eq!(world.provider.files().len(), 1);
    assert!(carried(&world, third).iter().all(|(id, _)| id == "file 1"));
    world.check();
}

#[tokio::test(start_paused = true)]
async fn other_contents_and_other_accounts_are_handed_over_by_themselves() {
    let world = World::new();
    let picture = with_picture(&world, 5);
    let sound = world.campaign_of(world.business, CampaignContent::FileOnly, 5);
    attach(&world, sound, MediaType::Mp3, 2);
    let plain = world.campaign(5);
    world.start();
    for campaign in [picture, sound, plain] {
        world.until_completed(campaign).await;
    }

    assert_eq!(world.provider.files().len(), 2);
    assert!(
        carried(&world, sound)
            .iter()
            .all(|(_, text)| text.is_none())
    );
    world.check();
}

#[tokio::test(start_paused = true)]
async fn nobody_is_claimed_before_the_file_is_there_and_other_campaigns_dont_wait() {
    let world = World::new();
    let slow = Duration::from_mins(5);
    world.provider.hand_overs([(slow, Ok(()))]);
    let campaign = with_picture(&world, 20);
    let plain = world.campaign(20);
    let began = Instant::now();
    world.start();

    world.until_completed(plain).await;
    assert!(began.elapsed() < Duration::from_mins(1));
    assert_eq!(world.count(campaign, DeliveryStatus::Queued), 20);
    world.until_completed(campaign).await;

    let arrived = world.provider.files_at()[0];
    let requests = world.provider.requests();
    let with_file = |content: &OutgoingContent| matches!(content, OutgoingContent::Media { .. });
    let mut with_file = requests
        .iter()
        .filter(|request| with_file(&request.content));
    assert!(with_file.all(|request| request.at >= arrived));
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_hand_over_that_fails_is_tried_again_as_late_as_the_provider_asks() {
    let world = World::new();
    let wait = Duration::from_mins(3);
    let at_once = Duration::from_millis(1);
    let later = |retry_after| (at_once, Err(HandOverError::Later { retry_after }));
    world
        .provider
        .hand_overs([later(None), later(Some(wait)), later(None)]);
    let campaign = with_picture(&world, 5);
    let began = Instant::now();
    world.start();

    world.until_completed(campaign).await;

    assert!(began.elapsed() >= wait);
    assert_eq!(world.provider.files().len(), 1);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 5);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_refused_is_replaced_and_everybody_is_reached_once() {
    let world = World::new();
    let first = with_picture(&world, 5);
    world.start();
    world.until_completed(first).await;
    world.provider.forget_files(false);

    let second = with_picture(&world, 300);
    world.until_completed(second).await;

    assert_eq!(world.provider.files().len(), 2);
    assert_eq!(world.count(second, DeliveryStatus::Accepted), 300);
    let refused = carried(&world, second)
        .iter()
        .filter(|(id, _)| id == "file 1")
        .count();
    assert!(refused > 0 && refused < 300, "{refused}");
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_file_whose_new_id_is_refused_as_well_pauses_the_campaign_and_loses_nobody() {
    let world = World::new();
    world.provider.forget_files(true);
    let campaign = with_picture(&world, 50);
    let plain = world.campaign(50);
    world.start();

    assert_eq!(
        until_paused(&world, campaign).await,
        FailureCode::MediaUnusable
    );
    world.until_completed(plain).await;
    world
        .until("everybody is back in the queue", |world| {
            world.count(campaign, DeliveryStatus::Queued) == 50
        })
        .await;
    assert_eq!(world.provider.files().len(), 2);

    world.provider.forget_files(false);
    world.resume(campaign).await;
    world.until_completed(campaign).await;
    assert_eq!(world.provider.files().len(), 3);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 50);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn an_old_id_is_not_used_until_it_is_refused() {
    let world = World::new();
    let first = with_picture(&world, 2);
    world.start();
    world.until_completed(first).await;

    world.clock.move_ahead(29 * 24);
    let second = with_picture(&world, 2);
    world.until_completed(second).await;

    assert_eq!(world.provider.files().len(), 2);
    assert!(carried(&world, second).iter().all(|(id, _)| id == "file 2"));
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_refused_or_gone_pauses_what_carries_it() {
    let refused = HandOverError::FileRefused(failure(FailureCode::MediaUnusable));
    for (error, reason) in [
        (refused, FailureCode::MediaUnusable),
        (HandOverError::Missing, FailureCode::MediaMissing),
    ] {
        let world = World::new();
        world.provider.hand_overs([(Duration::ZERO, Err(error))]);
        let campaign = with_picture(&world, 5);
        let plain = world.campaign(5);
        world.start();
        assert_eq!(until_paused(&world, campaign).await, reason);
        world.until_completed(plain).await;
        assert_eq!(world.count(campaign, DeliveryStatus::Queued), 5);

        world.resume(campaign).await;
        world.until_completed(campaign).await;
        world.check();
    }
    let world = World::new();
    let campaign = with_picture(&world, 5);
    world.ledger.with(|tables| tables.media[0].size = 0);
    world.start();
    assert_eq!(
        until_paused(&world, campaign).await,
        FailureCode::MediaMissing
    );
    assert!(world.provider.files().is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_the_campaign_whose_own_file_is_gone_pauses() {
    let world = World::new();
    let first = with_picture(&world, 5);
    let second = with_picture(&world, 5);
    let third = with_picture(&world, 5);
    world.ledger.with(|tables| {
        for file in &mut tables.media {
            if file.campaign_id != second {
                file.size = 0;
            }
        }
    });
    // The file of the first is tried before that of the second. The third needs none of its own then.
    world.start();
    assert_eq!(until_paused(&world, first).await, FailureCode::MediaMissing);
    for id in [second, third] {
        world.until_completed(id).await;
        assert_eq!(pause_reason(&world, id), None);
    }
    assert_eq!(world.count(first, DeliveryStatus::Queued), 5);

    world.resume(first).await;
    world.until_completed(first).await;
    assert_eq!(world.provider.files().len(), 1);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cant_be_read_for_now_is_tried_again() {
    let world = World::new();
    let unreadable = HandOverError::Unreadable {
        reason: "too many open files".to_owned(),
    };
    let unreadable = [1, 2, 3].map(|_| (Duration::ZERO, Err(unreadable.clone())));
    world.provider.hand_overs(unreadable);
    let campaign = with_picture(&world, 5);
    world.start();
    world.until_completed(campaign).await;
    assert_eq!(world.provider.files().len(), 1);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 5);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_refused_pauses_all_of_its_campaigns() {
    let world = World::new();
    let blocked = HandOverError::AccountRefused(failure(FailureCode::AccountBlocked));
    world.provider.hand_overs([(Duration::ZERO, Err(blocked))]);
    let campaign = with_picture(&world, 5);
    let plain = world.campaign(1_000);
    world.start();

    for id in [campaign, plain] {
        assert_eq!(until_paused(&world, id).await, FailureCode::AccountBlocked);
    }
    assert_eq!(world.count(campaign, DeliveryStatus::Queued), 5);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_process_does_not_wait_for_a_file() {
    let world = World::new();
    world
        .provider
        .hand_overs([(Duration::from_hours(1), Ok(()))]);
    let campaign = with_picture(&world, 5);
    let process = world.process(1);
    let task = process.start();
    tokio::time::sleep(Duration::from_secs(5)).await;

    let asked = Instant::now();
    process.shutdown.request();
    task.await.expect("it ends");
    assert!(asked.elapsed() < Duration::from_secs(2));
    assert!(world.provider.files().is_empty());

    world.process(2).start();
    world.until_completed(campaign).await;
    assert_eq!(world.provider.files().len(), 1);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_template_shows_the_file_in_a_header_that_has_no_value() {
    let world = World::new();
    let name = |text| ShortText::parse(text).expect("a name");
    let template = TemplateMessage {
        name: name("oferta"),
        language: name("es_MX"),
        variables: Vec::new(),
        parts: TemplateParts::default(),
    };
    let content = CampaignContent::Template {
        template,
        note: None,
    };
    let campaign = world.campaign_of(world.business, content, 3);
    attach(&world, campaign, MediaType::Pdf, 3);
    world.start();
    world.until_completed(campaign).await;

    for request in world.provider.requests() {
        let OutgoingContent::Template { parts, .. } = request.content else {
            panic!("not a template");
        };
        let Some(OutgoingHeader::Media(media)) = parts.header else {
            panic!("no file in the header");
        };
        assert_eq!(media.reference, MediaReference::Id("file 1".to_owned()));
        assert_eq!(media.file_name.as_deref(), Some("Oferta v1.2.pdf"));
    }
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 3);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn campaigns_without_files_ask_for_them_once() {
    let world = World::new();
    let campaign = world.campaign(2_000);
    world.start();
    world.until_completed(campaign).await;
    let asked = world.ledger.with(|tables| tables.asked_for_files);
    assert!(asked <= 2, "{asked} times");
}
