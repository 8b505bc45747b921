//! Steering campaigns while they are on their way: windows, sending again, decisions, two servers.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Timelike as _, Utc};
use nexus_domain::ports::Clock as _;
use nexus_infrastructure::SystemClock;
use nexus_testing::TestDatabase;
use serde_json::{Value, json};

use crate::campaigns::path_of;
use crate::shop::{Shop, in_shops};
use crate::support::{Answer, Browser};

in_shops! {
    a_closed_window_holds_and_an_open_one_sends,
    two_servers_start_a_scheduled_campaign_once,
    the_user_decides_about_what_nobody_can_know,
    nothing_is_sent_again_without_the_sender_that_began,
}

const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn now() -> DateTime<Utc> {
    SystemClock.now()
}

fn in_ms(milliseconds: i64) -> String {
    let at = now() + TimeDelta::milliseconds(milliseconds);
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn over(answer: &Value) -> bool {
    answer["campaign"]["status"] == "completed"
}

/// A window of so many hours that opens in so many, in UTC.
fn window(opens_in: i64, hours: i64) -> Value {
    let from = now() + TimeDelta::hours(opens_in);
    let to = from + TimeDelta::hours(hours);
    let shown = |at: DateTime<Utc>| format!("{:02}:{:02}", at.hour(), at.minute());
    json!({"days": WEEK, "from": shown(from), "to": shown(to), "timezone": "UTC"})
}

async fn a_closed_window_holds_and_an_open_one_sends(mut shop: Shop) {
    shop.contacts(3).await;
    let closed = json!({"message": "Hola", "send_window": window(2, 4)});
    let path = shop.send(closed).await;
    let open = json!({"message": "Hola", "send_window": window(-2, 4)});
    let open = shop.send(open).await;
    let sent = shop.until(&open, over).await;
    assert_eq!(sent["campaign"]["sent_count"], 3, "{sent}");
    assert_eq!(sent["campaign"]["waiting_until"], Value::Null);

    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let waiting = shop.browser.get(&path).await.body["campaign"].clone();
    assert_eq!(waiting["status"], "active");
    assert_eq!(waiting["pending_count"], 3);
    let opens: DateTime<Utc> = waiting["waiting_until"]
        .as_str()
        .and_then(|at| at.parse().ok())
        .unwrap_or_else(|| panic!("it waits: {waiting}"));
    let wait = opens - now();
    assert!(
        wait > TimeDelta::minutes(118) && wait <= TimeDelta::hours(2),
        "{wait}"
    );
    assert_eq!(shop.provider.accepted().len(), 3, "only the open one's");
    let listed = shop.browser.get("/api/campaigns").await.body;
    let listed = listed["campaigns"].as_array().expect("a list");
    let held = listed.iter().find(|one| one["id"] == waiting["id"]);
    assert!(held.is_some_and(|one| one["waiting_until"].is_string()));

    // Over midnight it is open in both parts.
    let everything_but_an_hour = window(-1, 23);
    let path = shop
        .send(json!({"message": "Hola", "send_window": everything_but_an_hour}))
        .await;
    shop.until(&path, over).await;
}

async fn two_servers_start_a_scheduled_campaign_once(mut shop: Shop) {
    shop.contacts(25).await;
    let mut other = shop.another_server().await;
    let campaign = shop
        .browser
        .campaign(json!({
            "name": "Rebajas", "channel": "whatsapp", "audience": {},
            "template": {
                "name": "promocion_mensual", "language": "es_MX",
                "variables": {"1": "{nombre}", "2": "20 %"},
            },
        }))
        .await;
    let path = path_of(&campaign);
    let at = in_ms(2_000);
    let body = json!({"scheduled_at": at});
    let (here, there) = (format!("{path}/schedule"), format!("{path}/schedule"));
    let (one, two) = tokio::join!(
        shop.browser.post(&here, body.clone()),
        other.post(&there, body)
    );
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (200, 200));
    let done = shop.until(&path, over).await;
    let campaign = &done["campaign"];
    assert_eq!(campaign["total_recipients"], 25, "{campaign}");
    assert_eq!(campaign["sent_count"], 25, "{campaign}");
    let started: DateTime<Utc> = campaign["started_at"]
        .as_str()
        .and_then(|at| at.parse().ok())
        .expect("a time");
    let due: DateTime<Utc> = at.parse().expect("a time");
    assert!(started >= due, "{started} before {due}");
    assert!(
        started < due + TimeDelta::seconds(20),
        "{started} after {due}"
    );
    for number in 0..25 {
        assert_eq!(shop.accepted(&format!("5255{:08}", 12_340_000 + number)), 1);
    }
    assert_eq!(shop.provider.accepted().len(), 25);
}

/// Reason and count of those who were left out.
fn reasons(list: &Value) -> BTreeMap<String, u64> {
    list.as_array()
        .expect("a list")
        .iter()
        .map(|left| {
            assert!(
                left["reason_text"]
                    .as_str()
                    .is_some_and(|said| said.ends_with('.'))
            );
            let reason = left["reason"].as_str().expect("a word").to_owned();
            (reason, left["count"].as_u64().expect("a count"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_is_sent_again_as_far_as_that_can_help_on_sqlite() {
    some_are_sent_again(TestDatabase::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_is_sent_again_as_far_as_that_can_help_on_postgres() {
    some_are_sent_again(TestDatabase::postgres().await).await;
}

async fn some_are_sent_again(database: TestDatabase) {
    let mut shop = Shop::on(database, &[("DISPATCH_MAX_ATTEMPTS", "1")]).await;
    // Too fast for the pair, twice; held back; unreachable; does not want it; deleted meanwhile.
    shop.contact("Rápida", "5512349056").await;
    shop.contact("Retenida", "5512349049").await;
    shop.contact("Inexistente", "5512349126").await;
    shop.contact("Molesta", "5512349050").await;
    let deleted = shop.contact("Borrada", "5599999056").await;
    shop.contacts(2).await;
    let path = shop.send(json!({"message": "Hola {nombre}"})).await;
    let failed = |answer: &Value| over(answer) && answer["campaign"]["failed_count"] == 5;
    shop.until(&path, failed).await;
    let answer = shop
        .browser
        .delete(&format!("/api/contacts/{deleted}"))
        .await;
    assert_eq!(answer.status, 200);

    let retry = format!("{path}/retry-failed");
    let answer = shop.browser.post(&retry, json!({})).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    assert_eq!(answer.body["requeued"], 2);
    assert_eq!(answer.body["waiting"], 1);
    assert_eq!(answer.body["not_requeued"], 3);
    let left_out = reasons(&answer.body["not_requeued_by_reason"]);
    let expected = [("contact_deleted", 1), ("opted_out", 1), ("unreachable", 1)];
    assert_eq!(
        left_out,
        expected
            .map(|(reason, count)| (reason.to_owned(), count))
            .into()
    );
    assert_eq!(answer.body["campaign"]["status"], "active");
    assert_eq!(answer.body["campaign"]["failed_count"], 3);
    assert_eq!(answer.body["campaign"]["pending_count"], 2);
    assert_eq!(answer.body["campaign"]["completed_at"], Value::Null);

    // The second try was too fast again; the third is not.
    let once_more = |answer: &Value| answer["campaign"]["failed_count"] == 4;
    shop.until(&path, once_more).await;
    check(&mut shop.browser, &path).await;
    let answer = shop.browser.post(&retry, json!({})).await;
    assert_eq!(answer.body["requeued"], 1, "{:?}", answer.body);
    let arrived = |answer: &Value| {
        answer["campaign"]["sent_count"] == 3 && answer["campaign"]["failed_count"] == 3
    };
    shop.until(&path, arrived).await;
    assert_eq!(shop.accepted("525512349056"), 1);
    let fast = shop.recipient(&path, "+525512349056").await;
    assert_eq!(fast["attempts"], 3);

    // One is held back for a day: until then the campaign is not over.
    let held = shop.recipient(&path, "+525512349049").await;
    assert_eq!(held["status"], "queued");
    let before = shop.accepted("525512349049");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(shop.accepted("525512349049"), before);
    let campaign = shop.browser.get(&path).await.body["campaign"].clone();
    assert_eq!(campaign["status"], "active");
    assert_eq!(campaign["pending_count"], 1);
    let dashboard = shop.browser.get("/api/stats/dashboard").await.body;
    assert_eq!(dashboard["messages"]["failed"], 3, "{dashboard}");
    assert_eq!(dashboard["messages"]["sent"], 3, "{dashboard}");
    check(&mut shop.browser, &path).await;

    assert_eq!(shop.browser.steer(&path, "cancel").await.status, 200);
    let answer = shop.browser.post(&retry, json!({})).await;
    answer.assert_problem(409, "campaign_status");
    check(&mut shop.browser, &path).await;
}

async fn the_user_decides_about_what_nobody_can_know(mut shop: Shop) {
    // Reset before it was accepted; accepted, reset, and no status ever comes.
    shop.contact("Nunca llegó", "5512349090").await;
    shop.contact("Nadie sabe", "5512349092").await;
    let gone = shop.contact("Ya no está", "5599999090").await;
    let path = shop.send(json!({"message": "Hola"})).await;
    let done = shop.until(&path, over).await;
    assert_eq!(done["campaign"]["unconfirmed_count"], 3, "{done}");
    assert_eq!(done["campaign"]["undecided_count"], 3);
    let answer = shop.browser.delete(&format!("/api/contacts/{gone}")).await;
    assert_eq!(answer.status, 200);
    let decide = format!("{path}/unconfirmed");

    for (body, field) in [
        (json!({}), "decision"),
        (json!({"decision": "forget"}), "decision"),
        (
            json!({"decision": "leave", "recipient_ids": 7}),
            "recipient_ids",
        ),
    ] {
        let answer = shop.browser.post(&decide, body).await;
        answer.assert_problem(422, "invalid_input");
        assert!(answer.body["fields"][field][0].is_string());
    }
    let unknown = shop.recipient(&path, "+525512349092").await;
    let id = unknown["id"].as_str().expect("an id");
    let body =
        json!({"decision": "leave", "recipient_ids": [id, "no id", crate::campaigns::NOBODY]});
    let answer = shop.browser.post(&decide, body).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["decided"], 1);
    assert_eq!(answer.body["not_unconfirmed"], 2);
    assert_eq!(answer.body["campaign"]["unconfirmed_count"], 3);
    assert_eq!(answer.body["campaign"]["undecided_count"], 2);
    assert_eq!(answer.body["campaign"]["status"], "completed");
    let listed = async |browser: &mut Browser, query: &str| {
        let answer = browser.get(&format!("{path}/recipients?{query}")).await;
        let total = answer.body["pagination"]["total"].clone();
        let items = answer.body["recipients"].as_array().expect("a list").len();
        assert_eq!(total, items, "{query}");
        (items, answer.body["recipients"][0].clone())
    };
    let (count, left) = listed(&mut shop.browser, "decision=leave").await;
    assert_eq!((count, &left["id"]), (1, &unknown["id"]));
    assert_eq!(left["decision"], "leave");
    assert!(left["decided_at"].is_string());
    assert_eq!(listed(&mut shop.browser, "decision=pending").await.0, 2);
    assert_eq!(listed(&mut shop.browser, "status=unconfirmed").await.0, 3);
    check(&mut shop.browser, &path).await;

    // The phone is there now.
    let mut behaviour = shop.provider.behaviour();
    behaviour.scripted_numbers = false;
    shop.provider.set_behaviour(behaviour).expect("it can be");
    let answer = shop
        .browser
        .post(&decide, json!({"decision": "send_again"}))
        .await;
    assert_eq!(answer.body["decided"], 1, "{:?}", answer.body);
    assert_eq!(answer.body["not_sent_again"], 1);
    let left_out = reasons(&answer.body["not_sent_again_by_reason"]);
    assert_eq!(left_out.get("contact_deleted"), Some(&1));
    assert_eq!(answer.body["campaign"]["status"], "active");
    let done = shop
        .until(&path, |answer| {
            over(answer) && answer["campaign"]["delivered_count"] == 1
        })
        .await;
    assert_eq!(done["campaign"]["unconfirmed_count"], 2, "{done}");
    assert_eq!(done["campaign"]["undecided_count"], 1, "{done}");
    let arrived = shop.recipient(&path, "+525512349090").await;
    assert_eq!(arrived["attempts"], 2);
    assert_eq!(arrived["decision"], "send_again");
    assert_eq!(shop.accepted("525512349090"), 1);
    assert_eq!(shop.accepted("525512349092"), 1, "it was left");
    check(&mut shop.browser, &path).await;

    // What was left may still be sent again, when it is named.
    let body = json!({"decision": "send_again", "recipient_ids": [id]});
    let answer = shop.browser.post(&decide, body).await;
    assert_eq!(answer.body["decided"], 1, "{:?}", answer.body);
    let done = shop
        .until(&path, |answer| {
            over(answer) && answer["campaign"]["delivered_count"] == 2
        })
        .await;
    assert_eq!(done["campaign"]["undecided_count"], 1, "{done}");
    assert_eq!(shop.accepted("525512349092"), 2, "as was wished");
    check(&mut shop.browser, &path).await;
    let answer = shop
        .browser
        .post(&decide, json!({"decision": "leave"}))
        .await;
    assert_eq!(answer.body["decided"], 1);
    assert_eq!(answer.body["campaign"]["undecided_count"], 0);
    assert_eq!(listed(&mut shop.browser, "decision=pending").await.0, 0);
}

async fn nothing_is_sent_again_without_the_sender_that_began(mut shop: Shop) {
    shop.contact("Mala", "5512349126").await;
    let draft = shop
        .browser
        .campaign(json!({"name": "A", "channel": "whatsapp", "message": "Hola"}))
        .await;
    let draft = path_of(&draft);
    for action in ["retry-failed", "unconfirmed"] {
        let body = json!({"decision": "leave"});
        let answer = shop.browser.post(&format!("{draft}/{action}"), body).await;
        answer.assert_problem(409, "campaign_status");
    }
    let path = shop.send(json!({"message": "Hola"})).await;
    shop.until(&path, over).await;
    let number = json!({"whatsapp_phone_number_id": "106540352242922"});
    shop.browser.configure(number).await;
    let again = json!({"decision": "send_again"});
    for action in ["retry-failed", "unconfirmed"] {
        let answer = shop
            .browser
            .post(&format!("{path}/{action}"), again.clone())
            .await;
        answer.assert_problem(409, "sender_changed");
    }
    shop.browser
        .configure(json!({"whatsapp_api_key": null}))
        .await;
    for action in ["retry-failed", "unconfirmed"] {
        let answer = shop
            .browser
            .post(&format!("{path}/{action}"), again.clone())
            .await;
        answer.assert_problem(422, "provider_missing");
    }
    // To leave what can't be known as it is needs no sender.
    let leave = json!({"decision": "leave"});
    let answer = shop
        .browser
        .post(&format!("{path}/unconfirmed"), leave)
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
}

/// The recipients of a campaign, counted one by one, by status, with those left unconfirmed and those
/// that answered.
async fn recount(browser: &mut Browser, path: &str) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let part = browser
            .get(&format!("{path}/recipients?per_page=100&cursor={cursor}"))
            .await;
        for recipient in part.body["recipients"].as_array().expect("a list") {
            let mut count = |what: &str| *counts.entry(what.to_owned()).or_default() += 1;
            let status = recipient["status"].as_str().expect("a word");
            count("total");
            count(status);
            if status == "unconfirmed" && recipient["decision"] != "leave" {
                count("undecided");
            }
            if recipient["replied_at"].is_string() {
                count("replied");
            }
        }
        match part.body["pagination"]["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return counts,
        }
    }
}

/// The campaign, but for when it is expected to be done, which is later each time while it waits.
async fn standing(browser: &mut Browser, path: &str) -> Value {
    let mut campaign = browser.get(path).await.body["campaign"].take();
    if let Some(fields) = campaign.as_object_mut() {
        fields.remove("expected_finish_at");
    }
    campaign
}

/// That the counters of a campaign say what its rows say, and the totals of its lists too.
async fn check(browser: &mut Browser, path: &str) {
    for _ in 0..200 {
        let before = standing(browser, path).await;
        let counts = recount(browser, path).await;
        let of = |statuses: &[&str]| -> i64 {
            let count = |status: &&str| counts.get(*status).copied().unwrap_or_default();
            statuses.iter().map(count).sum()
        };
        let mut totals = Vec::new();
        for status in [
            "queued",
            "dispatching",
            "accepted",
            "delivered",
            "read",
            "failed",
            "skipped",
            "in_doubt",
            "unconfirmed",
            "cancelled",
        ] {
            let list = browser
                .get(&format!("{path}/recipients?status={status}&per_page=1"))
                .await;
            totals.push((status, list.body["pagination"]["total"].as_i64()));
        }
        let unmoved =
            standing(browser, path).await == before && recount(browser, path).await == counts;
        if !unmoved {
            // It was on its way meanwhile.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        }
        for (counter, statuses) in [
            ("total_recipients", &["total"][..]),
            ("pending_count", &["queued", "dispatching", "in_doubt"]),
            ("sent_count", &["accepted", "delivered", "read"]),
            ("delivered_count", &["delivered", "read"]),
            ("opened_count", &["read"]),
            ("replied_count", &["replied"]),
            ("failed_count", &["failed"]),
            ("skipped_count", &["skipped"]),
            ("unconfirmed_count", &["unconfirmed"]),
            ("undecided_count", &["undecided"]),
        ] {
            assert_eq!(
                before[counter],
                of(statuses),
                "{counter}: {before} {counts:?}"
            );
        }
        for (status, total) in totals {
            assert_eq!(total, Some(of(&[status])), "{status}: {before} {counts:?}");
        }
        return;
    }
    panic!("the campaign never came to rest");
}

/// Clicks at the same time, in turn at two servers. What each came to, none of them a failure.
async fn race(servers: [&Browser; 2], path: &str, clicks: &[(&str, Value)]) -> Vec<Answer> {
    let mut tasks = Vec::new();
    for (number, (action, body)) in clicks.iter().enumerate() {
        let mut browser = servers[number % 2].clone();
        let (path, body) = (format!("{path}/{action}"), body.clone());
        tasks.push(tokio::spawn(async move { browser.post(&path, body).await }));
    }
    let mut answers = Vec::new();
    for task in tasks {
        let answer = task.await.expect("it ends");
        let status = answer.status.as_u16();
        assert!([200, 201, 202, 409].contains(&status), "{:?}", answer.body);
        answers.push(answer);
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_say_what_the_rows_say_whatever_is_clicked_at_once_on_sqlite() {
    walk(TestDatabase::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_say_what_the_rows_say_whatever_is_clicked_at_once_on_postgres() {
    walk(TestDatabase::postgres().await).await;
}

async fn walk(database: TestDatabase) {
    let variables = [
        ("DISPATCH_MAX_ATTEMPTS", "1"),
        ("DISPATCH_PER_SECOND", "40"),
    ];
    let mut shop = Shop::on(database, &variables).await;
    for ending in [
        "9056", "9049", "9472", "9126", "9050", "9026", "9053", "9090", "9092", "9503", "9190",
    ] {
        shop.contact(ending, &format!("551234{ending}")).await;
    }
    shop.contacts(60).await;
    let other = shop.another_server().await;
    let here = shop.browser.clone();
    let servers = [&here, &other];
    let campaign = shop
        .browser
        .campaign(json!({
            "name": "Todo", "channel": "whatsapp", "message": "Hola {nombre}", "audience": {},
            "send_window": {"days": WEEK, "from": "00:00", "to": "24:00"},
        }))
        .await;
    let path = path_of(&campaign);
    let none = || json!({});
    let soon = json!({"scheduled_at": in_ms(60_000)});
    let clicks = [
        ("schedule", soon.clone()),
        ("unschedule", none()),
        ("schedule", soon.clone()),
        ("duplicate", none()),
        ("unschedule", none()),
        ("schedule", soon),
    ];
    let answers = race(servers, &path, &clicks).await;
    let refused = answers.iter().filter(|answer| answer.status == 409);
    assert!(
        refused.count() <= 2,
        "only what is not scheduled is not unscheduled"
    );
    let soon = json!({"scheduled_at": in_ms(1_200)});
    let moved = shop.browser.post(&format!("{path}/schedule"), soon).await;
    assert_eq!(moved.status, 200, "{:?}", moved.body);
    shop.until(&path, |answer| answer["campaign"]["status"] != "scheduled")
        .await;

    // Started by one of the two, and stopped and let go while it is on its way. A dead key stops it
    // as well, until the contact is gone.
    for _ in 0..6 {
        let clicks = ["pause", "resume", "send", "pause", "resume"].map(|action| (action, none()));
        race(servers, &path, &clicks).await;
        check(&mut shop.browser, &path).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    let contacts = shop.browser.get("/api/contacts?search=5512349190").await;
    let dead = contacts.body["contacts"][0]["id"].as_str().expect("an id");
    let answer = shop.browser.delete(&format!("/api/contacts/{dead}")).await;
    assert_eq!(answer.status, 200);
    settle(&mut shop, &path, over).await;
    check(&mut shop.browser, &path).await;

    let again = json!({"decision": "send_again"});
    let leave = json!({"decision": "leave"});
    for _ in 0..3 {
        let clicks = [
            ("retry-failed", none()),
            ("unconfirmed", again.clone()),
            ("retry-failed", none()),
            ("pause", none()),
            ("unconfirmed", leave.clone()),
            ("unconfirmed", again.clone()),
            ("resume", none()),
            ("retry-failed", none()),
        ];
        race(servers, &path, &clicks).await;
        check(&mut shop.browser, &path).await;
        // Two are held back for a day: it is not completed any more.
        settle(&mut shop, &path, |answer| {
            answer["campaign"]["status"] == "active" && answer["campaign"]["pending_count"] == 2
        })
        .await;
        check(&mut shop.browser, &path).await;
    }

    let clicks = [
        ("retry-failed", none()),
        ("cancel", none()),
        ("unconfirmed", again.clone()),
        ("retry-failed", none()),
        ("cancel", none()),
        ("unconfirmed", leave),
    ];
    race(servers, &path, &clicks).await;
    let cancelled = shop
        .until(&path, |answer| answer["campaign"]["pending_count"] == 0)
        .await;
    assert_eq!(cancelled["campaign"]["status"], "cancelled");
    check(&mut shop.browser, &path).await;
    let answers = race(
        servers,
        &path,
        &[("retry-failed", none()), ("unconfirmed", again)],
    )
    .await;
    assert!(answers.iter().all(|answer| answer.status == 409));
    check(&mut shop.browser, &path).await;
}

/// Waits until it is so, letting the campaign go on whenever it is paused.
async fn settle(shop: &mut Shop, path: &str, done: impl Fn(&Value) -> bool) {
    for _ in 0..1_200 {
        let answer = shop.browser.get(path).await.body;
        if done(&answer) {
            return;
        }
        if answer["campaign"]["status"] == "paused" {
            let answer = shop.browser.steer(path, "resume").await;
            assert!([200, 409].contains(&answer.status.as_u16()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let answer = shop.browser.get(path).await.body;
    panic!("this did not happen within a minute: {answer}");
}
