//! What a browser's `EventSource` is to the API.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::support::Browser;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_mins(1);

/// An event as it was received.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Received {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

/// An open stream of events.
pub(crate) struct EventStream {
    pub(crate) response: reqwest::Response,
    text: String,
    /// How many comments came.
    pub(crate) comments: usize,
    /// When to come back, in milliseconds.
    pub(crate) retry: Option<u64>,
    /// The id of the last event.
    pub(crate) last_id: Option<String>,
}

impl EventStream {
    /// Opens one as `browser`, after the event with the id `last`.
    pub(crate) async fn open(browser: &Browser, last: Option<&str>) -> Self {
        let response = Self::ask(browser, last).send().await;
        let response = response.expect("the server answers");
        assert_eq!(response.status(), StatusCode::OK);
        Self {
            response,
            text: String::new(),
            comments: 0,
            retry: None,
            last_id: None,
        }
    }

    pub(crate) fn ask(browser: &Browser, last: Option<&str>) -> reqwest::RequestBuilder {
        let request = browser
            .request(Method::GET, "/api/events")
            .header("accept", "text/event-stream");
        match last {
            Some(id) => request.header("last-event-id", id),
            None => request,
        }
    }

    /// The next event; `None` when the stream has ended in order.
    pub(crate) async fn next(&mut self) -> Option<Received> {
        tokio::time::timeout(PATIENCE, self.read())
            .await
            .expect("neither an event nor the end came within a minute")
    }

    /// What comes within this time, and whether the stream goes on.
    pub(crate) async fn within(&mut self, time: Duration) -> (Vec<Received>, bool) {
        let mut received = Vec::new();
        let all = async {
            while let Some(event) = self.read().await {
                received.push(event);
            }
        };
        let goes_on = tokio::time::timeout(time, all).await.is_err();
        (received, goes_on)
    }

    /// The first event of which `is_meant` holds.
    pub(crate) async fn until(&mut self, is_meant: impl Fn(&Received) -> bool) -> Received {
        while let Some(event) = self.next().await {
            if is_meant(&event) {
                return event;
            }
        }
        panic!("the stream has ended");
    }

    async fn read(&mut self) -> Option<Received> {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                if let Some(event) = self.block(block.trim_end_matches('\n')) {
                    return Some(event);
                }
            }
            let chunk = self.response.chunk().await.expect("it ends in order");
            let chunk = chunk?;
            self.text
                .push_str(std::str::from_utf8(&chunk).expect("UTF-8, an event at a time"));
        }
    }

    /// The HTML Standard, section 9.2.6, as far as it is used.
    fn block(&mut self, block: &str) -> Option<Received> {
        let (mut name, mut data) = (None, None);
        for line in block.lines() {
            match line.split_once(':') {
                Some(("", _)) => self.comments += 1,
                Some(("retry", value)) => self.retry = value.trim().parse().ok(),
                Some(("id", value)) => self.last_id = Some(value.trim().to_owned()),
                Some(("event", value)) => name = Some(value.trim().to_owned()),
                Some(("data", value)) => data = Some(value.trim().to_owned()),
                _ => panic!("no field of an event: {line}"),
            }
        }
        let data = data?;
        Some(Received {
            name: name.expect("every event has a name"),
            id: self.last_id.clone().expect("every event has an id"),
            data: serde_json::from_str(&data).expect("JSON"),
        })
    }
}
