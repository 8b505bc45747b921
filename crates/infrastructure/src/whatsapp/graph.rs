//! Requests to the Graph API, and what is certain after each of them.

use std::time::Duration;

use nexus_domain::ports::{ChannelError, SenderCredentials};
use nexus_domain::{Failure, FailureCode};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::multipart::Form;
use reqwest::{Client, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::config::{WhatsAppConfig, WhatsAppConfigError};
use super::errors::GraphError;
use super::secrets::without_key;
use crate::install_tls_provider;

/// More than any answer of Meta's has; what is longer is not read to its end.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Bytes a second: a connection that takes less than this of a file is given up, which makes 100 MB a
/// quarter of an hour.
const SLOWEST_UPLOAD: u64 = 128 * 1024;

/// A wait that a provider asks for is believed up to here.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// The Graph API at one address.
#[derive(Debug, Clone)]
pub(super) struct Graph {
    client: Client,
    root: String,
    request_timeout: Duration,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

#[derive(Deserialize)]
struct ErrorEnvelope {
    error: GraphError,
}

impl Graph {
    pub(super) fn new(config: &WhatsAppConfig) -> Result<Self, WhatsAppConfigError> {
        let root = config.root()?;
        install_tls_provider();
        let client = Client::builder()
            .user_agent(concat!("nexus-communicator/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(config.connect_timeout)
            .timeout(config.request_timeout)
            .pool_max_idle_per_host(config.idle_connections)
            .pool_idle_timeout(config.idle_timeout)
            .tcp_nodelay(true)
            // A connection a send: when a shared HTTP/2 connection breaks, every message on it is
            // in doubt; here it is one.
            .http1_only()
            // Nothing is ever sent a second time, or to an address that an answer names, or
            // through a proxy that happens to be in the environment.
            .retry(reqwest::retry::never())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(WhatsAppConfigError::Client)?;
        Ok(Self {
            client,
            root,
            request_timeout: config.request_timeout,
        })
    }

    pub(super) async fn post<B: Serialize + Sync>(
        &self,
        token: &SecretString,
        path: &str,
        body: &B,
    ) -> Result<Answer, ChannelError> {
        let request = self.client.post(format!("{}/{path}", self.root)).json(body);
        Self::exchange(request, token).await
    }

    /// Sends a form of so many bytes, which has longer than other requests for them.
    pub(super) async fn post_form(
        &self,
        token: &SecretString,
        path: &str,
        form: Form,
        bytes: u64,
    ) -> Result<Answer, ChannelError> {
        let for_its_size = Duration::from_secs(bytes / SLOWEST_UPLOAD);
        let request = self
            .client
            .post(format!("{}/{path}", self.root))
            .timeout(self.request_timeout + for_its_size)
            .multipart(form);
        Self::exchange(request, token).await
    }

    pub(super) async fn get(
        &self,
        token: &SecretString,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer, ChannelError> {
        let request = self
            .client
            .get(format!("{}/{path}", self.root))
            .query(query);
        Self::exchange(request, token).await
    }

    async fn exchange(
        request: RequestBuilder,
        token: &SecretString,
    ) -> Result<Answer, ChannelError> {
        // `bearer_auth` marks the header as sensitive, so that no log of the client shows it.
        let response = request
            .bearer_auth(token.expose_secret())
            .send()
            .await
            .map_err(|error| unanswered(&error))?;
        let mut answer = Answer::read(response).await?;
        if !answer.is_success() {
            without_key(&mut answer.body, token.expose_secret());
        }
        Ok(answer)
    }
}

/// What is certain when there is no answer. The client's own words are not kept: they name the
/// address, and with it the account.
fn unanswered(error: &reqwest::Error) -> ChannelError {
    if error.is_connect() {
        // Name resolution, TCP or TLS: not one byte of the request was written.
        ChannelError::NotConnected
    } else if error.is_builder() {
        // The address was checked before; what is left is a token that no header can carry.
        ChannelError::AccountRefused(unusable("the access token has characters that no key has"))
    } else if error.is_timeout() {
        in_doubt("no answer in time")
    } else {
        in_doubt("the connection broke before the answer")
    }
}

/// Credentials that can't be used for a request.
pub(super) fn unusable(detail: &str) -> Failure {
    Failure {
        code: FailureCode::CredentialInvalid,
        provider_code: None,
        detail: Some(detail.to_owned()),
    }
}

fn in_doubt(reason: impl Into<String>) -> ChannelError {
    ChannelError::InDoubt {
        reason: reason.into(),
    }
}

/// An id as a segment of a path. Ids come from a user's settings: whatever could lead to another
/// path is refused before the call.
pub(super) fn path_segment(id: &str) -> Result<&str, ChannelError> {
    let plain = !id.is_empty()
        && id.len() <= 64
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    plain.then_some(id).ok_or_else(|| {
        ChannelError::AccountRefused(unusable("an id of Meta's has only digits and letters"))
    })
}

/// The phone number id as a segment of a path.
pub(super) fn phone_number(sender: &SenderCredentials) -> Result<&str, ChannelError> {
    path_segment(&sender.external_id)
}

/// Seconds, as Meta sends them; the other form of RFC 9110 §10.2.3, a date, is passed over.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

impl Answer {
    async fn read(mut response: Response) -> Result<Self, ChannelError> {
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > MAX_ANSWER_BYTES => {
                    return Err(in_doubt(format!("HTTP {status} with an endless body")));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) if error.is_timeout() => {
                    return Err(in_doubt(format!("HTTP {status} and no end in time")));
                }
                Err(_) => return Err(in_doubt(format!("HTTP {status} with a broken body"))),
            }
        }
        Ok(Self {
            status,
            retry_after,
            body,
        })
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The answer as `T`, or what its error means.
    pub(super) fn into<T: DeserializeOwned>(self) -> Result<T, ChannelError> {
        if self.is_success()
            && let Ok(answer) = serde_json::from_slice(&self.body)
        {
            return Ok(answer);
        }
        Err(self.error())
    }

    /// Whether the server or what stands before it does not take a body of this size (RFC 9110
    /// §15.5.14), in whatever words.
    pub(super) fn is_too_large(&self) -> bool {
        self.status == 413
    }

    fn error(&self) -> ChannelError {
        if let Ok(ErrorEnvelope { error }) = serde_json::from_slice(&self.body) {
            return error.channel_error(self.status, self.retry_after);
        }
        if self.status == 429 {
            // RFC 6585 §4: refused for their number, whatever the body is.
            return ChannelError::Throttled {
                retry_after: self.retry_after,
                code: None,
                recipient_only: false,
            };
        }
        in_doubt(format!("HTTP {} with an unreadable body", self.status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())])
    }

    #[test]
    fn a_wait_is_read_in_seconds_and_believed_up_to_a_day() {
        assert_eq!(retry_after(&headers("7")), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers("99999999")), Some(MAX_RETRY_AFTER));
        assert_eq!(retry_after(&headers("-1")), None);
        assert_eq!(retry_after(&headers("Wed, 21 Oct 2026 07:28:00 GMT")), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn an_id_cannot_lead_to_another_path() {
        assert!(path_segment("106540352242922").is_ok());
        for id in ["", ".", "..", "1/2", "1?x=1", "1#a", "%2e%2e", "1 2", "ñ"] {
            assert!(
                matches!(path_segment(id), Err(ChannelError::AccountRefused(_))),
                "{id}"
            );
        }
    }
}
