//! Following campaigns live.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::event_stream::{EventStream, Received};
use crate::process::ServerProcess;
use crate::shop::Shop;
use crate::support::{App, Browser, ORIGIN, PASSWORD, journeys};

/// Runs each named journey on each database, in a shop whose campaigns take some seconds.
macro_rules! in_slow_shops {
    ($($name:ident),+ $(,)?) => {
        mod slow_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let database = nexus_testing::TestDatabase::sqlite().await;
                super::$name(crate::shop::Shop::on(database, super::SLOW).await).await;
            })+
        }
        mod slow_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let database = nexus_testing::TestDatabase::postgres().await;
                super::$name(crate::shop::Shop::on(database, super::SLOW).await).await;
            })+
        }
    };
}

const SLOW: &[(&str, &str)] = &[("DISPATCH_PER_SECOND", "15")];

in_slow_shops! {
    a_bar_reaches_its_end_with_the_counters_of_the_campaign,
    whoever_comes_back_is_told,
}

journeys! {
    what_another_instance_does_is_told,
    nothing_is_told_of_other_people,
    it_ends_with_the_session_at_every_instance,
    a_user_has_ten_streams_and_those_that_were_left_are_free,
    it_is_for_a_browser_on_another_origin_and_for_no_proxy_to_keep,
    it_outlives_a_database_that_is_away,
}

/// Longer than it takes to notice that a session is over.
const SOON: Duration = Duration::from_secs(6);

/// Long enough for several looks.
const A_WHILE: Duration = Duration::from_secs(3);

fn is_of(id: &str) -> impl Fn(&Received) -> bool + '_ {
    move |event| event.name == "campaign" && event.data["id"] == id
}

fn id_of(path: &str) -> String {
    path.rsplit('/').next().expect("an id").to_owned()
}

/// That what was told of a campaign is what it says itself.
fn assert_told(told: &Value, campaign: &Value) {
    let told = told.as_object().expect("an object");
    assert!(told.len() >= 20, "{told:?}");
    for (field, value) in told {
        assert_eq!(value, &campaign["campaign"][field], "{field}: {campaign}");
    }
}

async fn a_bar_reaches_its_end_with_the_counters_of_the_campaign(mut shop: Shop) {
    shop.contacts(60).await;
    let refused = shop.contact("Nadie", "5512349126").await;
    assert!(!refused.is_empty());
    let mut stream = EventStream::open(&shop.browser, None).await;
    let path = shop.send(json!({"message": "Hola {nombre}"})).await;
    let id = id_of(&path);
    let mut told = Vec::new();
    loop {
        let event = stream.until(is_of(&id)).await;
        let is_last = event.data["status"] == "completed"
            && event.data["delivered_count"] == event.data["sent_count"];
        told.push(event);
        if is_last {
            break;
        }
    }
    let last = &told.last().expect("events").data;
    assert_eq!(last["total_recipients"], 61, "{last}");
    assert_eq!(last["pending_count"], 0, "{last}");
    assert_eq!(last["sent_count"], 60, "{last}");
    assert_eq!(last["failed_count"], 1, "{last}");
    // Read receipts may follow; what is told last is what the campaign says.
    let (more, goes_on) = stream.within(A_WHILE).await;
    assert!(goes_on);
    told.extend(more.into_iter().filter(is_of(&id)));
    let campaign = shop.browser.get(&path).await.body;
    assert_told(&told.last().expect("events").data, &campaign);
    let sent: Vec<_> = told
        .iter()
        .map(|event| event.data["sent_count"].as_i64())
        .collect();
    assert!(sent.is_sorted(), "{sent:?}");
    let on_its_way = told.iter().filter(|event| event.data["status"] == "active");
    assert!(on_its_way.count() >= 2, "{sent:?}");
    let mut ids: Vec<_> = told.iter().map(|event| number(&event.id)).collect();
    let all = ids.len();
    assert!(ids.is_sorted(), "{told:?}");
    ids.dedup();
    assert_eq!(ids.len(), all, "each has an id of its own");
}

/// An id as what it is compared by.
fn number(id: &str) -> (u64, u64) {
    let (mark, number) = id.split_once('-').expect("an id");
    (
        mark.parse().expect("a mark"),
        number.parse().expect("a number"),
    )
}

async fn whoever_comes_back_is_told(mut shop: Shop) {
    shop.contacts(60).await;
    let mut stream = EventStream::open(&shop.browser, None).await;
    let path = shop.send(json!({"message": "Hola {nombre}"})).await;
    let id = id_of(&path);
    let event = stream
        .until(|event| is_of(&id)(event) && event.data["status"] == "active")
        .await;
    drop(stream);
    let campaign = shop
        .until(&path, |answer| {
            answer["campaign"]["status"] == "completed"
                && answer["campaign"]["delivered_count"] == 60
        })
        .await;
    let mut stream = EventStream::open(&shop.browser, Some(&event.id)).await;
    let first = stream.next().await.expect("it goes on");
    assert_eq!(first.name, "campaign", "there is nothing to look at again");
    assert_eq!(first.data["id"], id.as_str());
    assert_eq!(first.data["status"], "completed");
    assert_eq!(first.data["delivered_count"], 60, "{campaign}");
    assert!(number(&first.id) > number(&event.id));
    drop(stream);
    let mut stream = EventStream::open(&shop.browser, Some("of another server")).await;
    let first = stream.next().await.expect("it goes on");
    assert_eq!((first.name.as_str(), &first.data), ("reset", &json!({})));
    let next = stream.next().await.expect("it goes on");
    assert_eq!(next.data["id"], id.as_str(), "it changed last");
}

/// The path of a campaign that is active, and that nobody sends.
async fn active_campaign(browser: &mut Browser) -> String {
    browser.configure_sender().await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    let campaign = browser
        .campaign(json!({
            "name": "Rebajas", "channel": "whatsapp", "message": "Hola", "audience": {}
        }))
        .await;
    let path = crate::campaigns::path_of(&campaign);
    let answer = browser.steer(&path, "send").await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    path
}

async fn what_another_instance_does_is_told(app: App) {
    let other = app.another_instance().await;
    let mut browser = app.signed_in("ana@example.mx").await;
    let path = active_campaign(&mut browser).await;
    let id = id_of(&path);
    let mut there = other.browser();
    there.cookie.clone_from(&browser.cookie);
    let (mut here, mut there) = (
        EventStream::open(&browser, None).await,
        EventStream::open(&there, None).await,
    );
    for stream in [&mut here, &mut there] {
        let event = stream.next().await.expect("it goes on");
        assert!(is_of(&id)(&event), "{event:?}");
        assert_eq!(event.data["status"], "active");
    }
    for (action, status) in [
        ("pause", "paused"),
        ("resume", "active"),
        ("cancel", "cancelled"),
    ] {
        let answer = browser.steer(&path, action).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        for stream in [&mut here, &mut there] {
            let began = Instant::now();
            let event = stream.next().await.expect("it goes on");
            assert_eq!(event.data["status"], status);
            assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        }
    }
    // An id of one is an id to the other.
    let last = there.last_id.clone().expect("an id");
    let mut again = EventStream::open(&browser, Some(&last)).await;
    let event = again.next().await.expect("it goes on");
    assert_eq!(event.name, "campaign");
    let campaign = browser.get(&path).await.body;
    assert_told(&event.data, &campaign);
}

async fn nothing_is_told_of_other_people(app: App) {
    let mut ana = app.signed_in("ana@example.mx").await;
    let eva = app.signed_in("eva@example.mx").await;
    let mut stream = EventStream::open(&eva, None).await;
    let path = active_campaign(&mut ana).await;
    let mut own = EventStream::open(&ana, None).await;
    let told = own.next().await.expect("it goes on");
    assert!(is_of(&id_of(&path))(&told));
    ana.steer(&path, "pause").await;
    let (events, goes_on) = stream.within(A_WHILE).await;
    assert_eq!((events, goes_on), (Vec::new(), true));
    // Nor with an id that is another's.
    let mut stream = EventStream::open(&eva, Some(&told.id)).await;
    let (events, goes_on) = stream.within(A_WHILE).await;
    assert!(goes_on);
    assert!(
        events.iter().all(|event| event.name == "reset"),
        "{events:?}"
    );
}

async fn it_ends_with_the_session_at_every_instance(app: App) {
    let other = app.another_instance().await;
    let mut browser = app.signed_in("ana@example.mx").await;
    let account = json!({"email": "ana@example.mx", "password": PASSWORD});
    let mut second = app.browser();
    let answer = second.post("/api/auth/login", account).await;
    assert_eq!(answer.status, 200);
    let streams_of = async |browser: &Browser| {
        let mut there = other.browser();
        there.cookie.clone_from(&browser.cookie);
        [
            EventStream::open(browser, None).await,
            EventStream::open(&there, None).await,
        ]
    };
    let mut first_streams = streams_of(&browser).await;
    let mut second_streams = streams_of(&second).await;
    let before = browser.clone();
    assert_eq!(
        browser.post("/api/auth/logout", json!({})).await.status,
        200
    );
    assert_ended(&mut first_streams).await;
    let refused = EventStream::ask(&before, None);
    before
        .clone()
        .send(refused)
        .await
        .assert_problem(401, "not_signed_in");
    for stream in &mut second_streams {
        let (_, goes_on) = stream.within(Duration::from_millis(100)).await;
        assert!(goes_on, "the other session goes on");
    }
    let passwords = json!({"current_password": PASSWORD, "new_password": "cuatro lunas en mayo"});
    let answer = second.post("/api/profile/change-password", passwords).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_ended(&mut second_streams).await;
    let mut second_streams = streams_of(&second).await;
    let request = second
        .request(Method::DELETE, "/api/profile")
        .json(&json!({"password": "cuatro lunas en mayo"}));
    assert_eq!(second.clone().send(request).await.status, 200);
    assert_ended(&mut second_streams).await;
}

async fn assert_ended(streams: &mut [EventStream]) {
    let began = Instant::now();
    for stream in streams {
        let (events, goes_on) = stream.within(SOON).await;
        assert_eq!((events, goes_on), (Vec::new(), false));
    }
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

async fn a_user_has_ten_streams_and_those_that_were_left_are_free(app: App) {
    let browser = app.signed_in("ana@example.mx").await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(EventStream::open(&browser, None).await);
    }
    let refused = |browser: &Browser| {
        let (mut browser, request) = (browser.clone(), EventStream::ask(browser, None));
        async move { browser.send(request).await }
    };
    let answer = refused(&browser).await;
    answer.assert_problem(429, "stream_limit");
    assert!(answer.headers.contains_key("retry-after"));
    assert!(
        answer.body["error"]
            .as_str()
            .is_some_and(|text| text.contains("10"))
    );
    let other = app.signed_in("eva@example.mx").await;
    EventStream::open(&other, None).await;
    streams.truncate(7);
    // The server does not know yet that three are gone.
    for _ in 0..3 {
        streams.push(EventStream::open(&browser, None).await);
    }
    refused(&browser).await.assert_problem(429, "stream_limit");
    for stream in &mut streams {
        let (_, goes_on) = stream.within(Duration::from_millis(10)).await;
        assert!(goes_on);
    }
}

async fn it_is_for_a_browser_on_another_origin_and_for_no_proxy_to_keep(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let path = active_campaign(&mut browser).await;
    let request = EventStream::ask(&browser, None).header("accept-encoding", "gzip, br");
    let began = Instant::now();
    let mut response = request.send().await.expect("it answers");
    assert_eq!(response.status(), StatusCode::OK);
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
        ("access-control-allow-origin", ORIGIN),
        ("access-control-allow-credentials", "true"),
    ] {
        assert_eq!(response.headers()[name], value, "{name}");
    }
    assert!(!response.headers().contains_key("content-encoding"));
    let mut text = String::new();
    while !text.contains(&id_of(&path)) {
        let chunk = response
            .chunk()
            .await
            .expect("it goes on")
            .expect("it goes on");
        text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
    }
    assert!(began.elapsed() < Duration::from_secs(2), "it is held back");
    assert!(text.starts_with("retry: "), "{text}");
    let preflight = browser
        .request(Method::OPTIONS, "/api/events")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "last-event-id");
    let allowed = preflight.send().await.expect("it answers");
    assert_eq!(allowed.status(), StatusCode::OK);
    let head = browser.request(Method::HEAD, "/api/events").send().await;
    let head = head.expect("it answers");
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.bytes().await.expect("it ends").len(), 0);
    let answer = app.browser().get("/api/events").await;
    answer.assert_problem(401, "not_signed_in");
    let mut stranger = app.browser();
    stranger.cookie = Some("nexus_session=abc".to_owned());
    stranger
        .get("/api/events")
        .await
        .assert_problem(401, "not_signed_in");
}

async fn it_outlives_a_database_that_is_away(app: App) {
    let browser = app.signed_in("ana@example.mx").await;
    let mut stream = EventStream::open(&browser, None).await;
    app.lose_database().await;
    let (events, goes_on) = stream.within(Duration::from_secs(18)).await;
    assert_eq!((events, goes_on), (Vec::new(), true));
    assert!(stream.comments > 0, "it is alive");
    let request = EventStream::ask(&browser, None);
    browser
        .clone()
        .send(request)
        .await
        .assert_problem(503, "unavailable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_has_so_many_streams() {
    let app = App::on_sqlite_with(&[("EVENT_STREAMS", "2")]).await;
    let (ana, eva) = (
        app.signed_in("ana@example.mx").await,
        app.signed_in("eva@example.mx").await,
    );
    let _open = (
        EventStream::open(&ana, None).await,
        EventStream::open(&ana, None).await,
    );
    let request = EventStream::ask(&eva, None);
    eva.clone()
        .send(request)
        .await
        .assert_problem(503, "streams_full");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_told_to_end_lets_its_streams_go_and_they_come_back_to_the_next() {
    nexus_infrastructure::install_tls_provider();
    let mut server = ServerProcess::start(vec![
        ("SANDBOX", "on".to_owned()),
        ("SANDBOX_LATENCY_MS", "20".to_owned()),
        ("DISPATCH_PER_SECOND", "20".to_owned()),
    ])
    .await;
    let mut browser = Browser::at(&server.url);
    let account = json!({"name": "Ana", "email": "ana@example.mx", "password": PASSWORD});
    assert_eq!(
        browser.post("/api/auth/register", account).await.status,
        201
    );
    for number in 0..60 {
        let phone = format!("55{:08}", 12_340_000 + number);
        browser
            .contact(json!({"name": format!("Persona {number}"), "phone": phone}))
            .await;
    }
    let campaign = browser
        .campaign(json!({
            "name": "Rebajas", "channel": "whatsapp", "message": "Hola", "audience": {}
        }))
        .await;
    let path = crate::campaigns::path_of(&campaign);
    let id = id_of(&path);
    assert_eq!(browser.steer(&path, "send").await.status, 202);
    let cookie = browser.cookie.clone();
    // Connections that a client keeps for later requests are not what is tried here.
    drop(browser);
    let mut browser = Browser::at(&server.url);
    browser.cookie = cookie;
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(EventStream::open(&browser, None).await);
    }
    let event = streams[0]
        .until(|event| is_of(&id)(event) && event.data["sent_count"].as_i64() >= Some(5))
        .await;
    let began = Instant::now();
    let (status, ended) = tokio::join!(server.terminate(), async {
        for stream in &mut streams {
            while stream.next().await.is_some() {}
        }
        began.elapsed()
    });
    assert!(status.success(), "{status}");
    assert!(
        ended < Duration::from_secs(2),
        "streams end at once: {ended:?}"
    );
    let took = began.elapsed();
    assert!(
        took < Duration::from_secs(8),
        "streams hold nothing up: {took:?}"
    );
    server.restart().await;
    let last = streams[0].last_id.clone().unwrap_or(event.id);
    let mut stream = EventStream::open(&browser, Some(&last)).await;
    let first = stream.next().await.expect("it goes on");
    assert_eq!(first.name, "campaign");
    let over = stream
        .until(|event| {
            is_of(&id)(event)
                && event.data["status"] == "completed"
                && event.data["delivered_count"] == 60
        })
        .await;
    assert_eq!(over.data["pending_count"], 0);
}
