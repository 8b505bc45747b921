//! A provider on a loopback port that does as it is told, good or bad.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nexus_domain::ports::{OutgoingContent, OutgoingMessage, SenderCredentials};
use nexus_domain::{AttemptId, CampaignContactId};
use nexus_infrastructure::whatsapp::{WhatsAppChannel, WhatsAppConfig};
use secrecy::SecretString;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

pub(crate) const TOKEN: &str = "EAAG-planted-token";

/// What the provider does with a request that it has read to its end.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Answer {
        status: u16,
        headers: &'static str,
        body: String,
    },
    /// As 200, but not at once.
    Late { after: Duration, body: String },
    /// Closes the connection without a word.
    Close,
    /// Says nothing and keeps the connection open.
    Silence,
    /// Begins an answer and closes before its end.
    CutOff,
    /// Begins an answer and stops in the middle.
    Stall,
    /// An answer without end.
    Endless,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Answer {
            status,
            headers: "content-type: application/json\r\n",
            body: body.to_string(),
        }
    }

    pub(crate) fn html(status: u16) -> Self {
        Self::Answer {
            status,
            headers: "content-type: text/html\r\n",
            body: "<html><h1>Sorry, something went wrong.</h1></html>".to_owned(),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) struct Provider {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Provider {
    /// Answers the first request with the first reply and so on; the last one stays.
    pub(crate) async fn with(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let replies = Arc::new(replies);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&replies), Arc::clone(&seen)));
            }
        });
        Self { address, requests }
    }

    pub(crate) async fn always(reply: Reply) -> Self {
        Self::with(vec![reply]).await
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn channel(&self) -> WhatsAppChannel {
        channel_at(self.address)
    }
}

/// A port where nobody listens.
pub(crate) async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

pub(crate) fn channel_at(address: SocketAddr) -> WhatsAppChannel {
    WhatsAppChannel::new(&WhatsAppConfig {
        base_url: format!("http://{address}"),
        connect_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_millis(500),
        ..WhatsAppConfig::default()
    })
    .unwrap()
}

pub(crate) fn sender() -> SenderCredentials {
    SenderCredentials {
        token: SecretString::from(TOKEN),
        external_id: "106540352242922".to_owned(),
        business_account_id: Some("419561257915477".to_owned()),
    }
}

pub(crate) fn attempt() -> AttemptId {
    AttemptId {
        recipient: CampaignContactId::from_uuid(Uuid::from_u128(0x0193_5a2b)),
        number: 2,
    }
}

pub(crate) fn message(content: OutgoingContent) -> OutgoingMessage {
    OutgoingMessage {
        attempt: attempt(),
        to: "+525512345678".to_owned(),
        subject: None,
        content,
    }
}

pub(crate) fn text(body: &str) -> OutgoingMessage {
    message(OutgoingContent::Text {
        body: body.to_owned(),
    })
}

async fn serve(mut stream: TcpStream, replies: Arc<Vec<Reply>>, seen: Arc<Mutex<Vec<Request>>>) {
    while let Some(request) = read_request(&mut stream).await {
        let reply = {
            let mut seen = seen.lock().unwrap();
            seen.push(request);
            replies[(seen.len() - 1).min(replies.len() - 1)].clone()
        };
        match reply {
            Reply::Answer {
                status,
                headers,
                body,
            } => {
                let answer = format!(
                    "HTTP/1.1 {status} Whatever\r\n{headers}content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
            Reply::Late { after, body } => {
                tokio::time::sleep(after).await;
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                if stream.write_all((head + &body).as_bytes()).await.is_err() {
                    return;
                }
            }
            Reply::Close => return,
            Reply::Silence => std::future::pending().await,
            Reply::CutOff => {
                let half = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"messages\":[";
                let _ = stream.write_all(half).await;
                return;
            }
            Reply::Stall => {
                let half = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"messages\":[";
                let _ = stream.write_all(half).await;
                std::future::pending::<()>().await;
            }
            Reply::Endless => {
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                    .await;
                let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
                while stream.write_all(chunk.as_bytes()).await.is_ok() {}
                return;
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let (line, headers) = head.split_once("\r\n").unwrap();
    let length = headers
        .lines()
        .filter_map(|header| header.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = bytes.split_off(head_end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request {
        line: line.to_owned(),
        headers: headers.to_owned(),
        body: String::from_utf8(body).unwrap(),
    })
}
