//! Requests of the provider, and of others.

use std::time::Duration;

use nexus_domain::ports::StorageError;
use nexus_domain::{SecretField, WebhookSource, WebhookState};

use super::world::{Inbox, sign};
use crate::delivery::tests::world::World;
use crate::webhooks::{ReceiveError, VerifyError};

fn inbox() -> Inbox {
    Inbox::of(World::new())
}

fn key(inbox: &Inbox) -> String {
    let user = inbox.user(inbox.world.business.user);
    user.webhook_key.as_str().to_owned()
}

/// Takes a secret out of the user's profile.
fn forget(inbox: &Inbox, field: SecretField) {
    inbox.world.ledger.with(|tables| {
        let user = tables.users.get_mut(&inbox.world.business.user);
        user.expect("the user").keys.remove(&field);
    });
}

/// Whether a webhook woke the worker.
async fn woken(inbox: &Inbox) -> bool {
    tokio::time::timeout(Duration::from_millis(1), inbox.wake.notified())
        .await
        .is_ok()
}

#[tokio::test(start_paused = true)]
async fn the_address_is_verified_with_the_word_of_its_owner() {
    let inbox = inbox();
    let webhooks = inbox.webhooks();
    let key = key(&inbox);

    assert!(webhooks.verify(&key, "word").await.is_ok());
    // A key is hexadecimal, however it is written.
    let shouted = key.to_uppercase();
    assert!(webhooks.verify(&shouted, "word").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn another_word_or_another_address_is_not_verified() {
    let inbox = inbox();
    let webhooks = inbox.webhooks();
    let unknown = "0".repeat(40);
    for (key, word) in [
        (key(&inbox).as_str(), "Word"),
        (key(&inbox).as_str(), ""),
        (unknown.as_str(), "word"),
        ("no key", "word"),
        ("", ""),
    ] {
        let refused = webhooks.verify(key, word).await;
        assert!(matches!(refused, Err(VerifyError::Refused)), "{key} {word}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_word_in_the_profile_nothing_is_verified() {
    let inbox = inbox();
    forget(&inbox, SecretField::WhatsappVerifyToken);

    for word in ["word", ""] {
        let refused = inbox.webhooks().verify(&key(&inbox), word).await;
        assert!(matches!(refused, Err(VerifyError::Refused)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_webhook_is_stored_as_it_came_and_wakes_the_worker() {
    let inbox = inbox();
    let body = b"{ \"entry\" : [\xff\x00] }\r\n".to_vec();
    let signature = sign("app secret", &body);

    inbox
        .webhooks()
        .receive(&key(&inbox), &signature, body.clone())
        .await
        .expect("taken");

    let [event] = &inbox.events()[..] else {
        panic!("not one event");
    };
    assert_eq!(event.body, body);
    assert_eq!(event.user_id, inbox.world.business.user);
    assert_eq!(event.source, WebhookSource::Whatsapp);
    assert_eq!(event.state, WebhookState::Pending);
    assert_eq!(event.attempts, 0);
    assert_eq!(event.due_at, inbox.world.now());
    assert_eq!(event.received_at, inbox.world.now());
    assert!(woken(&inbox).await);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_the_providers_is_not_stored() {
    let inbox = inbox();
    let body = b"0".to_vec();
    let signed = sign("app secret", &body);
    let of_another_body = sign("app secret", b"1");
    let with_another_secret = sign("word", &body);
    let unknown = "f".repeat(40);
    for (key, signature) in [
        (key(&inbox).as_str(), of_another_body.as_str()),
        (key(&inbox).as_str(), with_another_secret.as_str()),
        (key(&inbox).as_str(), ""),
        (unknown.as_str(), signed.as_str()),
        ("no key", signed.as_str()),
    ] {
        let refused = inbox.webhooks().receive(key, signature, body.clone()).await;
        assert!(matches!(refused, Err(ReceiveError::Forged)), "{signature}");
    }
    assert!(inbox.events().is_empty());
    assert!(!woken(&inbox).await);
}

#[tokio::test(start_paused = true)]
async fn without_an_app_secret_in_the_profile_nothing_is_taken() {
    let inbox = inbox();
    forget(&inbox, SecretField::WhatsappAppSecret);
    let body = b"0".to_vec();

    for signature in [sign("app secret", &body), sign("", &body), String::new()] {
        let refused = inbox
            .webhooks()
            .receive(&key(&inbox), &signature, body.clone())
            .await;
        assert!(matches!(refused, Err(ReceiveError::Forged)));
    }
    assert!(inbox.events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_stored_is_not_acknowledged() {
    let inbox = inbox();
    let body = b"0".to_vec();
    let signature = sign("app secret", &body);
    inbox.connection.cut(true);

    let failed = inbox
        .webhooks()
        .receive(&key(&inbox), &signature, body)
        .await;

    let unavailable = StorageError::Unavailable("".into());
    let ReceiveError::Storage(error) = failed.expect_err("not stored") else {
        panic!("it was not the store");
    };
    assert_eq!(error.to_string(), unavailable.to_string());
    assert!(!woken(&inbox).await);
}
