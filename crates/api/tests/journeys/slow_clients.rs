//! Clients that take their time, over bare connections. None of it has to do with the database.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::ServerProcess;
use crate::support::{App, Browser, PASSWORD};

/// The beginning of a request with a session.
fn head(browser: &Browser, path: &str, headers: &str) -> String {
    let cookie = browser.cookie.as_deref().expect("a session");
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n{headers}\r\n")
}

const JSON: &str = "Content-Type: application/json\r\nContent-Length: 1000\r\n";
const UPLOAD: &str = "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n";
const FILE: &str =
    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n";

/// Sends a piece every tenth of a second until the server ends the connection. All that it said, and
/// how long that took; an empty text when it did not within `patience`.
async fn trickle(stream: TcpStream, piece: &str, patience: Duration) -> (String, Duration) {
    let began = Instant::now();
    let (mut from, mut to) = stream.into_split();
    let piece = piece.to_owned();
    let sending = tokio::spawn(async move {
        while to.write_all(piece.as_bytes()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let mut said = Vec::new();
    let read = async {
        let mut part = [0; 4_096];
        // A connection that is reset under what is still sent has ended too.
        while let Ok(count @ 1..) = from.read(&mut part).await {
            said.extend_from_slice(&part[..count]);
        }
    };
    let ended = tokio::time::timeout(patience, read).await.is_ok();
    sending.abort();
    let said = if ended { said } else { Vec::new() };
    (String::from_utf8_lossy(&said).into_owned(), began.elapsed())
}

async fn connect(app: &App, begin: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.address).await.expect("it listens");
    stream.write_all(begin.as_bytes()).await.expect("it reads");
    stream
}

const PATIENCE: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_trickles_is_given_up() {
    let app = App::on_sqlite_with(&[("BODY_TIMEOUT_SECONDS", "2")]).await;
    let browser = app.signed_in("ana@example.mx").await;
    for headers in [JSON, &format!("{JSON}Idempotency-Key: k\r\n")] {
        let stream = connect(&app, &head(&browser, "/api/contacts", headers)).await;
        let (said, after) = trickle(stream, " ", PATIENCE).await;
        assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
        assert!(said.contains("\"code\":\"body_timeout\""), "{said}");
        assert!(after > Duration::from_secs(1), "{after:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_trickles_is_given_up_and_a_slow_one_is_not() {
    let variables = [
        ("UPLOAD_GRACE_SECONDS", "2"),
        ("UPLOAD_BYTES_PER_SECOND", "500"),
    ];
    let app = App::on_sqlite_with(&variables).await;
    let browser = app.signed_in("ana@example.mx").await;
    let begin = head(&browser, "/api/contacts/import/file", UPLOAD) + FILE;
    let (said, after) = trickle(connect(&app, &begin).await, "a", PATIENCE).await;
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    assert!(after < Duration::from_secs(8), "{after:?}");
    let row = "Ana,5512345678,una nota que no dice nada y que por eso es larga, muy larga\n";
    let (said, _) = trickle(connect(&app, &begin).await, row, Duration::from_secs(6)).await;
    assert_eq!(said, "", "it was given up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_nobody_wants_is_not_read_on() {
    let app = App::on_sqlite().await;
    let browser = app.signed_in("ana@example.mx").await;
    let chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    for (path, headers, status) in [
        ("/api/nada", chunked, "404"),
        ("/api/auth/me", chunked, "405"),
        ("/api/auth/logout", chunked, "200"),
        ("/api/nada", JSON, "404"),
    ] {
        let stream = connect(&app, &head(&browser, path, headers)).await;
        let piece = if headers == chunked {
            "1\r\n \r\n"
        } else {
            " "
        };
        let (said, _) = trickle(stream, piece, PATIENCE).await;
        assert!(
            said.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {said:?}"
        );
    }
    let browser = app.signed_in("eva@example.mx").await;
    // One that is read leaves the connection to the next.
    let whole = head(&browser, "/api/contacts", chunked) + "2\r\n{}\r\n0\r\n\r\n";
    let mut stream = TcpStream::connect(app.address).await.expect("it listens");
    for _ in 0..3 {
        let mut part = [0; 4_096];
        stream.write_all(whole.as_bytes()).await.expect("it reads");
        let count = stream.read(&mut part).await.expect("it answers");
        let said = String::from_utf8_lossy(&part[..count]);
        assert!(said.starts_with("HTTP/1.1 422 "), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_slow_bodies_are_no_harm_to_the_others() {
    nexus_infrastructure::install_tls_provider();
    let server = ServerProcess::start(vec![("SANDBOX", "off".to_owned())]).await;
    let mut browser = Browser::at(&server.url);
    let account =
        serde_json::json!({"name": "Ana", "email": "ana@example.mx", "password": PASSWORD});
    assert_eq!(
        browser.post("/api/auth/register", account).await.status,
        201
    );
    let address = server.url.trim_start_matches("http://");
    let mut streams = Vec::new();
    for number in 0..1_000 {
        // Not every machine lets a process have as many.
        let Ok(mut stream) = TcpStream::connect(address).await else {
            break;
        };
        let (path, headers, beginning) = match number % 2 {
            0 => ("/api/contacts", JSON, "{"),
            _ => ("/api/contacts/import/file", UPLOAD, FILE),
        };
        let begin = head(&browser, path, headers) + beginning;
        stream.write_all(begin.as_bytes()).await.expect("it reads");
        streams.push(stream);
    }
    assert!(streams.len() > 200, "{} connections", streams.len());
    for round in 0..5 {
        for stream in &mut streams {
            stream.write_all(b" ").await.expect("it waits");
        }
        for path in ["/health", "/api/auth/me"] {
            let began = Instant::now();
            assert_eq!(browser.get(path).await.status, 200);
            let took = began.elapsed();
            assert!(took < Duration::from_secs(1), "{round}, {path}: {took:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_takes_nothing_for_too_long_is_disconnected() {
    let request = "GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (patience, is_kept) in [("2", false), ("60", true)] {
        let app = App::on_sqlite_with(&[("UNREAD_TIMEOUT_SECONDS", patience)]).await;
        let (mut from, mut to) = connect(&app, "").await.into_split();
        // The answers are more than the system takes for a client that does not read.
        let asking = tokio::spawn(async move {
            for _ in 0..200 {
                if to.write_all(request.as_bytes()).await.is_err() {
                    break;
                }
            }
            to
        });
        tokio::time::sleep(Duration::from_secs(7)).await;
        // A client that was given up learns of it when it reads.
        let reading = async {
            let (mut read, mut part) = (0, vec![0; 65_536]);
            while let Ok(count @ 1..) = from.read(&mut part).await {
                read += count;
                if read > 30_000_000 {
                    return true;
                }
            }
            false
        };
        let goes_on = tokio::time::timeout(PATIENCE, reading).await;
        assert_eq!(goes_on, Ok(is_kept), "{patience}");
        asking.abort();
    }
}
