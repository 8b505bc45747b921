use nexus_domain::values::{ShortText, TimeZone};
use nexus_domain::{
    AccountStanding, CampaignContent, CampaignId, CampaignState, CampaignStatus, ChannelEvent,
    FailureCode, NewsSubject, ProviderNews, Schedule, StartPlan, TemplateMessage, TemplateParts,
};

use super::world::Inbox;
use crate::delivery::tests::world::World;

const ACCOUNT: &str = "102290129340398";

fn short(text: &str) -> ShortText {
    ShortText::parse(text).expect("a text")
}

fn sending(template: &str) -> CampaignContent {
    CampaignContent::Template {
        template: TemplateMessage {
            name: short(template),
            language: short("es_MX"),
            variables: Vec::new(),
            parts: TemplateParts::default(),
        },
        note: None,
    }
}

/// An inbox of a business with this account, that is sending a campaign with each template.
fn inbox(templates: &[&str]) -> (Inbox, Vec<CampaignId>) {
    let world = World::new();
    world.ledger.with(|tables| {
        let user = tables.users.get_mut(&world.business.user);
        user.expect("the owner").whatsapp_business_account_id = Some(short(ACCOUNT));
    });
    let campaigns = templates
        .iter()
        .map(|template| world.campaign_of(world.business, sending(template), 3))
        .collect();
    (Inbox::of(world), campaigns)
}

/// News of so many seconds after now.
fn news(inbox: &Inbox, seconds: i64, subject: NewsSubject) -> ChannelEvent {
    news_of(inbox, ACCOUNT, seconds, subject)
}

fn news_of(inbox: &Inbox, account: &str, seconds: i64, subject: NewsSubject) -> ChannelEvent {
    ChannelEvent::News(ProviderNews {
        account_id: account.to_owned(),
        at: inbox.world.now() + chrono::TimeDelta::seconds(seconds),
        subject,
    })
}

fn status(template: &str, status: &str) -> NewsSubject {
    NewsSubject::TemplateStatus {
        name: template.to_owned(),
        language: "es_MX".to_owned(),
        status: status.to_owned(),
        reason: None,
    }
}

fn quality(template: &str, quality: &str) -> NewsSubject {
    NewsSubject::TemplateQuality {
        name: template.to_owned(),
        language: "es_MX".to_owned(),
        quality: quality.to_owned(),
    }
}

fn account(standing: AccountStanding) -> NewsSubject {
    NewsSubject::Account {
        standing,
        words: "ACCOUNT_RESTRICTION".to_owned(),
        until: None,
    }
}

fn number(flagged: Option<bool>) -> NewsSubject {
    NewsSubject::Number {
        display_number: "525512345678".to_owned(),
        flagged,
        limit: None,
    }
}

/// Why the provider's news paused the campaign, if it did.
fn paused(inbox: &Inbox, campaign: CampaignId) -> Option<FailureCode> {
    let found = inbox
        .world
        .ledger
        .with(|tables| tables.campaigns[&campaign].clone());
    match found.state {
        CampaignState::Paused { reason, .. } => reason,
        _ => None,
    }
}

fn resume(inbox: &Inbox, campaign: CampaignId) {
    let now = inbox.world.now();
    inbox.world.ledger.with(|tables| {
        let campaign = tables.campaigns.get_mut(&campaign).expect("it is there");
        campaign.resume(now).expect("it is paused");
    });
}

#[tokio::test(start_paused = true)]
async fn a_template_that_is_stopped_pauses_the_campaigns_that_send_it() {
    for word in ["PAUSED", "DISABLED", "REJECTED"] {
        let (inbox, campaigns) = inbox(&["cita", "oferta"]);
        inbox.take(news(&inbox, 0, status("cita", word))).await;
        assert_eq!(
            paused(&inbox, campaigns[0]),
            Some(FailureCode::TemplateUnusable)
        );
        assert_eq!(paused(&inbox, campaigns[1]), None);
        let kept = inbox.world.ledger.with(|tables| tables.templates.clone());
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].template.status, word);
    }
}

#[tokio::test(start_paused = true)]
async fn a_word_that_is_not_known_is_kept_and_pauses_nothing() {
    let (inbox, campaigns) = inbox(&["cita"]);
    inbox
        .take(news(&inbox, 0, status("cita", "A_NEW_WORD")))
        .await;
    assert_eq!(paused(&inbox, campaigns[0]), None);
    let kept = inbox.world.ledger.with(|tables| tables.templates.clone());
    assert_eq!(kept[0].template.status, "A_NEW_WORD");
}

#[tokio::test(start_paused = true)]
async fn the_same_news_again_pauses_nothing_that_a_person_resumed() {
    let (inbox, campaigns) = inbox(&["cita"]);
    let stopped = news(&inbox, 10, status("cita", "PAUSED"));
    inbox.take(stopped.clone()).await;
    resume(&inbox, campaigns[0]);
    inbox.take(stopped).await;
    inbox
        .take(news(&inbox, 5, status("cita", "DISABLED")))
        .await;
    assert_eq!(paused(&inbox, campaigns[0]), None);
    inbox
        .take(news(&inbox, 11, status("cita", "DISABLED")))
        .await;
    assert!(paused(&inbox, campaigns[0]).is_some());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_resumed_when_the_template_is_approved_again() {
    let (inbox, campaigns) = inbox(&["cita"]);
    inbox.take(news(&inbox, 0, status("cita", "PAUSED"))).await;
    inbox
        .take(news(&inbox, 5, status("cita", "APPROVED")))
        .await;
    assert!(paused(&inbox, campaigns[0]).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_low_quality_pauses_what_depends_on_it() {
    let (inbox, campaigns) = inbox(&["cita", "oferta"]);
    inbox.take(news(&inbox, 0, quality("cita", "YELLOW"))).await;
    assert_eq!(paused(&inbox, campaigns[0]), None);
    inbox.take(news(&inbox, 1, quality("cita", "RED"))).await;
    let reason = |campaign| paused(&inbox, campaign);
    assert_eq!(reason(campaigns[0]), Some(FailureCode::TemplateQuality));
    assert_eq!(reason(campaigns[1]), None);
    inbox.take(news(&inbox, 2, number(None))).await;
    assert_eq!(reason(campaigns[1]), None);
    inbox.take(news(&inbox, 3, number(Some(true)))).await;
    assert_eq!(reason(campaigns[1]), Some(FailureCode::NumberQuality));
    // The first reason stays.
    assert_eq!(reason(campaigns[0]), Some(FailureCode::TemplateQuality));
}

#[tokio::test(start_paused = true)]
async fn a_restricted_account_pauses_everything_of_its_number_and_a_warning_nothing() {
    let (inbox, campaigns) = inbox(&["cita"]);
    let text = inbox.world.campaign(2);
    inbox
        .take(news(&inbox, 0, account(AccountStanding::Warned)))
        .await;
    assert_eq!(paused(&inbox, text), None);
    inbox
        .take(news(&inbox, 1, account(AccountStanding::Restricted)))
        .await;
    for campaign in [campaigns[0], text] {
        assert_eq!(paused(&inbox, campaign), Some(FailureCode::AccountBlocked));
    }
    inbox
        .take(news(&inbox, 2, account(AccountStanding::Good)))
        .await;
    assert!(paused(&inbox, text).is_some(), "nothing goes on by itself");
}

#[tokio::test(start_paused = true)]
async fn what_has_not_started_and_what_is_another_accounts_is_left_alone() {
    let (inbox, campaigns) = inbox(&["cita", "cita"]);
    let now = inbox.world.now();
    inbox.world.ledger.with(|tables| {
        let campaign = tables
            .campaigns
            .get_mut(&campaigns[1])
            .expect("it is there");
        campaign.state = CampaignState::Scheduled {
            plan: StartPlan::new(Schedule {
                local: now.naive_utc(),
                time_zone: TimeZone::UTC,
                at: now,
                latest_start_at: now,
            }),
        };
    });
    let foreign = news_of(&inbox, "another account", 0, status("cita", "PAUSED"));
    inbox.take(foreign).await;
    let foreign = news_of(
        &inbox,
        "another account",
        1,
        account(AccountStanding::Disabled),
    );
    inbox.take(foreign).await;
    assert_eq!(paused(&inbox, campaigns[0]), None);
    inbox.take(news(&inbox, 2, status("cita", "PAUSED"))).await;
    assert!(paused(&inbox, campaigns[0]).is_some());
    let scheduled = inbox
        .world
        .ledger
        .with(|tables| tables.campaigns[&campaigns[1]].status());
    assert_eq!(scheduled, CampaignStatus::Scheduled);
}

#[tokio::test(start_paused = true)]
async fn another_business_is_not_touched() {
    let (inbox, campaigns) = inbox(&["cita"]);
    let other = inbox.world.another_business();
    let others = inbox.world.campaign_of(other, sending("cita"), 2);
    let stopped = news(&inbox, 0, status("cita", "PAUSED"));
    inbox.receive_for(other.user, vec![stopped]).await;
    inbox.work().await;
    assert_eq!(paused(&inbox, campaigns[0]), None);
    // Its profile names no account: what its webhooks say is of its own.
    assert!(paused(&inbox, others).is_some());
}

#[tokio::test(start_paused = true)]
async fn that_webhooks_come_is_noted() {
    let (inbox, _) = inbox(&[]);
    inbox.take(ChannelEvent::Other("anything".to_owned())).await;
    let user = inbox.world.business.user;
    let connection = inbox
        .world
        .ledger
        .with(|tables| tables.connections[&user].clone());
    assert!(connection.webhook_received_at.is_some());
}
