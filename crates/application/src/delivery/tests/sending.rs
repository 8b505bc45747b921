//! What every campaign goes through when nothing goes wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use nexus_domain::ports::{OutgoingContent, OutgoingParts};
use nexus_domain::values::{EmailAddress, MessageText, ShortText};
use nexus_domain::{
    CampaignContent, CampaignCounters, DeliveryStatus, TemplateMessage, TemplateParts,
    TemplateVariable,
};

use super::provider::Answer;
use super::world::World;

#[tokio::test(start_paused = true)]
async fn every_recipient_is_sent_to_once_and_the_campaign_completes() {
    let world = World::new();
    let campaign = world.campaign(200);
    world.start();

    world.until_completed(campaign).await;
    tokio::time::sleep(Duration::from_mins(1)).await;

    let requests = world.provider.requests();
    let addresses: BTreeSet<_> = requests.iter().map(|r| r.to.clone()).collect();
    assert_eq!((requests.len(), addresses.len()), (200, 200));
    let counters = world.campaign_now(campaign).counters;
    let expected = CampaignCounters {
        total: 200,
        sent: 200,
        ..CampaignCounters::default()
    };
    assert_eq!(counters, expected);
    for recipient in world.recipients(campaign) {
        let attempt = recipient.attempt().expect("one");
        let message_id = format!("wamid.{attempt}");
        assert_eq!(recipient.delivery.status, DeliveryStatus::Accepted);
        assert_eq!(recipient.delivery.message_id, Some(message_id));
        assert_eq!(attempt.number, 1);
    }
    world.ledger.with(|tables| {
        let mut contacts = tables.contacts.values();
        assert!(contacts.all(|contact| contact.last_message_at.is_some()));
    });
    world.check();
}

#[tokio::test(start_paused = true)]
async fn the_intent_is_committed_before_the_request_is_made() {
    let world = World::new();
    let campaign = world.campaign(60);
    for place in (0..60).step_by(3) {
        let throttled = Answer::recipient_throttled(None);
        world
            .provider
            .answers(&world.address(campaign, place), [throttled]);
    }
    world.start();

    world.until_completed(campaign).await;

    let requests = world.provider.requests();
    assert_eq!(requests.len(), 80);
    for request in requests {
        let announced = (DeliveryStatus::Dispatching, request.attempt.number);
        assert_eq!(request.stored, Some(announced));
    }
    world.check();
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_window_is_begun_and_not_recorded() {
    let world = World::new();
    let campaign = world.campaign(100);
    let slow = Answer::accepted().after(Duration::from_secs(5));
    world.provider.always(slow);
    world.process(1).with(|config| config.window = 8).start();

    world.until_completed(campaign).await;

    assert_eq!(world.ledger.most_dispatching(), 8);
    assert_eq!(world.provider.requests().len(), 100);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn messages_leave_at_the_pace_of_the_account() {
    let world = World::new();
    let campaign = world.campaign(40);
    let process = world.process(1);
    process
        .with(|config| config.messages_per_second = 10)
        .start();

    world.until_completed(campaign).await;

    let requests = world.provider.requests();
    for pair in requests.windows(2) {
        let gap = pair[1].at - pair[0].at;
        assert!(gap >= Duration::from_millis(100), "{gap:?}");
    }
    let whole = requests[39].at - requests[0].at;
    assert!(whole >= Duration::from_millis(3_900), "{whole:?}");
    assert!(whole <= Duration::from_millis(4_500), "too slow: {whole:?}");
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_holds_nobody_else_up() {
    let world = World::new();
    let campaign = world.campaign(50);
    let slow = Answer::accepted().after(Duration::from_secs(30));
    world.provider.answers(&world.address(campaign, 0), [slow]);
    world.start();

    tokio::time::sleep(Duration::from_secs(2)).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 49);
    assert_eq!(world.count(campaign, DeliveryStatus::Dispatching), 1);
    world.until_completed(campaign).await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn each_recipient_gets_a_text_of_their_own() {
    let world = World::new();
    let text = "Hola {nombre}: {telefono}, {{ correo }}.";
    let text = CampaignContent::Text(MessageText::from_stored(text).expect("a text"));
    let campaign = world.campaign_of(world.business, text, 3);
    world.ledger.with(|tables| {
        let contact = tables.contacts.values_mut().next().expect("one");
        contact.email = EmailAddress::parse("ana@example.com").ok();
    });
    world.start();

    world.until_completed(campaign).await;

    let texts: BTreeSet<_> = world
        .provider
        .requests()
        .into_iter()
        .map(|request| match request.content {
            OutgoingContent::Text { body } => body,
            OutgoingContent::Template { .. } | OutgoingContent::Media { .. } => {
                panic!("not a text")
            }
        })
        .collect();
    let expected = [
        "Hola Cliente +525510000000: +525510000000, ana@example.com.",
        "Hola Cliente +525510000001: +525510000001, .",
        "Hola Cliente +525510000002: +525510000002, .",
    ];
    assert_eq!(texts, expected.map(String::from).into());
}

#[tokio::test(start_paused = true)]
async fn a_templates_variables_are_filled_for_each_recipient() {
    let world = World::new();
    let variable = |key: &str, text: &str| TemplateVariable {
        key: key.to_owned(),
        text: MessageText::from_stored(text).expect("a text"),
        fallback: None,
    };
    let template = TemplateMessage {
        name: ShortText::parse("rebajas").expect("a name"),
        language: ShortText::parse("es_MX").expect("a language"),
        variables: vec![variable("1", "{nombre}"), variable("2", "20 %")],
        parts: TemplateParts::default(),
    };
    let content = CampaignContent::Template {
        template,
        note: None,
    };
    let campaign = world.campaign_of(world.business, content, 2);
    world.start();

    world.until_completed(campaign).await;

    for request in world.provider.requests() {
        let expected = OutgoingContent::Template {
            name: "rebajas".to_owned(),
            language: "es_MX".to_owned(),
            variables: vec![
                ("1".to_owned(), format!("Cliente {}", request.to)),
                ("2".to_owned(), "20 %".to_owned()),
            ],
            parts: OutgoingParts::default(),
        };
        assert_eq!(request.content, expected);
    }
    assert_eq!(world.provider.requests().len(), 2);
}
