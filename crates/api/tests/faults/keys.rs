//! R9: one `Idempotency-Key`, many requests at once, and a server that dies over them.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::audit::Allowed;
use crate::plan::{Plan, Row};
use crate::support::{Answer, Browser};
use crate::world::{Campaign, Database, Setting, World};

const AT_ONCE: usize = 50;

pub(crate) async fn repeated(database: Database, plan: &Plan) -> Row {
    let mut row = Row::begin(
        "R9",
        format!("{AT_ONCE} requests at once with one key; killed between effect and answer"),
    );
    let setting = Setting::of(plan);
    let mut world = World::start(database, setting).await;
    let label = "campaña R9";
    let draft = World::draft(label);
    let answers = at_once(&world, "/api/campaigns", "crear 1", &draft).await;
    check_same(&answers, 201, &mut row);
    check_made_once(&world, label, &mut row).await;
    let campaign = Campaign::of(label, &answers[0]);
    let other = World::draft("otra campaña R9");
    let answer = post(
        &mut world.browser.clone(),
        "/api/campaigns",
        "crear 1",
        &other,
    )
    .await;
    row.wrong_if(answer.status != 422, || {
        format!("another body with the same key: {}", answer.status)
    });

    let path = format!("{}/send", campaign.path);
    let answers = at_once(&world, &path, "enviar 1", &json!({})).await;
    check_same(&answers, 202, &mut row);
    row.add(
        world
            .settled(&campaign, Allowed::default(), plan.patience)
            .await,
    );
    killed_before_the_answer(&mut world, plan, &mut row).await;
    row.end()
}

async fn post(browser: &mut Browser, path: &str, key: &str, body: &Value) -> Answer {
    let request = browser
        .request(Method::POST, path)
        .header("idempotency-key", key)
        .json(body);
    browser.send(request).await
}

async fn at_once(world: &World, path: &str, key: &str, body: &Value) -> Vec<Answer> {
    let requests = (0..AT_ONCE).map(|_| {
        let mut browser = world.browser.clone();
        async move { post(&mut browser, path, key, body).await }
    });
    join_all(requests).await
}

fn check_same(answers: &[Answer], status: u16, row: &mut Row) {
    for answer in answers {
        row.done_once();
        let same = answer.status.as_u16() == status && answer.body == answers[0].body;
        row.wrong_if(!same, || format!("{} {}", answer.status, answer.body));
    }
}

async fn check_made_once(world: &World, label: &str, row: &mut Row) {
    let made = world.ledger.campaigns(label).await.len();
    row.wrong_if(made != 1, || format!("{made} campaigns were made"));
}

/// The server dies when the request had its effect and nobody was told; the same request then gets
/// the answer, and has no other effect.
async fn killed_before_the_answer(world: &mut World, plan: &Plan, row: &mut Row) {
    let label = "campaña R9 cortada";
    let fault = [("NEXUS_FAULT", "answer.keeping".to_owned())];
    world.servers[0].kill();
    assert!(world.servers[0].restart_with(&fault).await);
    let answer = world
        .insist("/api/campaigns", Some("crear 2"), &World::draft(label))
        .await;
    row.done_once();
    check_answered(&answer, 201, row);
    check_made_once(world, label, row).await;
    if answer.status != 201 {
        return;
    }
    let campaign = Campaign::of(label, &answer);

    world.servers[0].kill();
    assert!(world.servers[0].restart_with(&fault).await);
    let path = format!("{}/send", campaign.path);
    let answer = world.insist(&path, Some("enviar 2"), &json!({})).await;
    row.done_once();
    check_answered(&answer, 202, row);
    let allowed = Allowed::default();
    row.add(world.settled(&campaign, allowed, plan.patience).await);
}

fn check_answered(answer: &Answer, status: u16, row: &mut Row) {
    let replayed = answer.headers.get("idempotency-replayed").is_some();
    row.wrong_if(answer.status != status || !replayed, || {
        format!(
            "after the server died: {} (replayed: {replayed}) {}",
            answer.status, answer.body
        )
    });
}
