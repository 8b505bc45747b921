//! The other side of `scripts/bench-dispatch`: a provider that costs as little as possible, and a
//! bare loop of requests to compare the dispatcher with.
//!
//! ```text
//! bench_provider serve LATENCY_MS          prints its address; GET /figures says what came, and begins anew
//! bench_provider loop URL CONCURRENCY N    sends N messages, CONCURRENCY at once; prints messages a second
//! ```
//!
//! The provider takes every message. It reads requests the way the adapter writes them: HTTP/1.1
//! with `Content-Length`.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Failed = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match arguments.as_slice() {
        ["serve", latency] => runtime.block_on(serve(Duration::from_millis(latency.parse()?))),
        ["loop", url, concurrency, messages] => {
            runtime.block_on(send_all(url, concurrency.parse()?, messages.parse()?))
        }
        _ => Err("bench_provider serve LATENCY_MS | bench_provider loop URL CONCURRENCY N".into()),
    }
}

/// What came, in its order: when, and which attempt.
#[derive(Default)]
struct Received(Mutex<Vec<(Instant, String)>>);

impl Received {
    fn lock(&self) -> MutexGuard<'_, Vec<(Instant, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts, and the rates of the whole and of its first and last tenth.
    fn figures(&self) -> Value {
        let received = std::mem::take(&mut *self.lock());
        let attempts: HashSet<&str> = received.iter().map(|(_, text)| text.as_str()).collect();
        let rate = |part: &[(Instant, String)]| match part {
            [(first, _), .., (last, _)] => {
                let messages = u32::try_from(part.len() - 1).unwrap_or(u32::MAX);
                f64::from(messages) / (*last - *first).as_secs_f64().max(1e-6)
            }
            _ => 0.0,
        };
        let tenth = received.len() / 10;
        json!({
            "messages": received.len(),
            "distinct": attempts.len(),
            "per_second": rate(&received),
            "first_tenth": rate(&received[..tenth]),
            "last_tenth": rate(&received[received.len() - tenth..]),
        })
    }
}

async fn serve(latency: Duration) -> Result<(), Failed> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("http://{}", listener.local_addr()?);
    let received = Arc::new(Received::default());
    loop {
        let (stream, _) = listener.accept().await?;
        let received = Arc::clone(&received);
        tokio::spawn(async move {
            // A connection that breaks is the client's to notice.
            let _ = answer(stream, latency, &received).await;
        });
    }
}

/// Answers request after request on one connection.
async fn answer(
    mut stream: TcpStream,
    latency: Duration,
    received: &Received,
) -> Result<(), Failed> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let head = loop {
            if let Some(end) = find(&buffer, b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let length = content_length(&buffer[..head]);
        while buffer.len() < head + length {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        let body = if buffer.starts_with(b"GET /figures") {
            received.figures().to_string()
        } else if buffer.starts_with(b"GET ") {
            // What a start asks about the number and its templates.
            r#"{"id":"100200300","data":[]}"#.to_owned()
        } else {
            let attempt = opaque(&buffer[head..head + length]);
            received.lock().push((Instant::now(), attempt.clone()));
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            let sent =
                r#"{"messaging_product":"whatsapp","contacts":[{"input":"52","wa_id":"52"}]"#;
            format!(r#"{sent},"messages":[{{"id":"wamid.{attempt}"}}]}}"#)
        };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await?;
        buffer.drain(..head + length);
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head);
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or_default()
}

/// The value of `biz_opaque_callback_data`, as it is written.
fn opaque(body: &[u8]) -> String {
    const NAME: &[u8] = b"\"biz_opaque_callback_data\":\"";
    let value = find(body, NAME).map_or(&b""[..], |at| &body[at + NAME.len()..]);
    let end = value.iter().position(|byte| *byte == b'"');
    String::from_utf8_lossy(&value[..end.unwrap_or_default()]).into_owned()
}

/// What the loop sends: as the adapter does, without a ledger.
async fn send_all(url: &str, concurrency: usize, messages: usize) -> Result<(), Failed> {
    // Fails when there is one already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(20))
        .pool_max_idle_per_host(concurrency)
        .tcp_nodelay(true)
        .http1_only()
        .no_proxy()
        .build()?;
    let url = Arc::new(format!("{url}/v23.0/100200300/messages"));
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..concurrency {
        let (client, url, next) = (client.clone(), Arc::clone(&url), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= messages {
                    return Ok::<(), Failed>(());
                }
                let body = json!({
                    "messaging_product": "whatsapp",
                    "recipient_type": "individual",
                    "to": format!("5255{number:08}"),
                    "type": "text",
                    "text": {"body": format!("Hola Cliente {number}, esta semana hay descuentos."), "preview_url": false},
                    "biz_opaque_callback_data": format!("{number:032x}.1"),
                });
                let answer = client
                    .post(url.as_str())
                    .bearer_auth("a token of the measurement")
                    .json(&body)
                    .send()
                    .await?;
                let answer: Value = answer.json().await?;
                if !answer["messages"][0]["id"].is_string() {
                    return Err(format!("an answer without an id: {answer}").into());
                }
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let messages = u32::try_from(messages).unwrap_or(u32::MAX);
    println!("{}", f64::from(messages) / began.elapsed().as_secs_f64());
    Ok(())
}
