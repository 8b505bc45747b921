//! `POST /{version}/{phone_number_id}/messages`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::content::{self, Request, Send};
use super::errors::GraphError;
use super::numbers::{self, Answer, Status};
use super::simulation::Simulation;
use super::webhooks::{self, Notice, Parcel};
use crate::behaviour::Behaviour;
use crate::connection::Cutter;
use crate::entropy;
use crate::journal::{Event, Fault, JournalEntry, RefusedMessage, UnansweredMessage};

pub(super) async fn send(
    State(simulation): State<Arc<Simulation>>,
    ConnectInfo(cutter): ConnectInfo<Cutter>,
    Path((_, phone_number_id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let exchange = Exchange {
        simulation: &simulation,
        phone_number_id: &phone_number_id,
        written_to: body["to"].as_str().map(str::to_owned),
        opaque: body["biz_opaque_callback_data"].as_str().map(str::to_owned),
        behaviour: simulation.behaviour(),
        cutter,
    };
    let authorised = simulation
        .accounts()
        .authorise(&headers, "post", &phone_number_id)
        .and_then(|account| {
            let templates = simulation.templates().of(&account.business_account_id);
            content::read(&body, &templates, simulation.media())
        });
    match authorised {
        Err(error) => exchange.refuse(error),
        Ok(Request::ReadReceipt { message_id }) => exchange.read_receipt(message_id),
        Ok(Request::Send(send)) => exchange.take(*send).await,
    }
}

/// One request and its answer.
struct Exchange<'a> {
    simulation: &'a Arc<Simulation>,
    phone_number_id: &'a str,
    /// `to` as the business wrote it.
    written_to: Option<String>,
    opaque: Option<String>,
    behaviour: Behaviour,
    cutter: Cutter,
}

impl Exchange<'_> {
    async fn take(&self, send: Send) -> Response {
        if let Err(error) = self.within_limits(&send) {
            return self.refuse(error);
        }
        let half = Duration::from_millis(self.behaviour.latency_ms) / 2;
        pause(half).await;
        let answer = self.answer_to(&send.to);
        let response = self.carry_out(answer, send, half).await;
        let response = response.unwrap_or_else(GraphError::into_response);
        pause(half).await;
        response
    }

    /// The answer; an error means that the message could not be recorded.
    async fn carry_out(
        &self,
        answer: Answer,
        send: Send,
        answer_in: Duration,
    ) -> Result<Response, GraphError> {
        let spent = |times: Option<u32>| {
            let simulation = self.simulation;
            times.is_some_and(|times| {
                simulation.count_refusal(self.phone_number_id, &send.to) >= times
            })
        };
        match answer {
            Answer::Refusal { code, times } if !spent(times) => Ok(self.refuse(self.refusal(code))),
            Answer::Normal | Answer::Refusal { .. } => {
                let entry = self.accept(send, answer_in, &|_| false)?;
                Ok(self.accepted(&entry))
            }
            Answer::AfterStatus => {
                // `sent` is told before the answer; the others come in their time.
                let entry = self.accept(send, answer_in, &|status| status == Status::Sent)?;
                if self.behaviour.statuses {
                    self.tell_sent(&entry).await;
                }
                Ok(self.accepted(&entry))
            }
            Answer::FalseRefusal { code } => {
                self.lose(send, Fault::FalseRefusal, true)?;
                Ok(GraphError::of(code).into_response())
            }
            Answer::HtmlPage { status, accepted } => {
                self.lose(send, Fault::HtmlPage, accepted)?;
                Ok(html_page(status))
            }
            Answer::Garbled => {
                self.lose(send, Fault::Garbled, true)?;
                Ok(garbled())
            }
            Answer::Hang { accepted } => {
                self.lose(send, Fault::Hang, accepted)?;
                self.simulation.stopped().await;
                Ok(self.cut())
            }
            Answer::Reset { accepted } => {
                self.lose(send, Fault::Reset, accepted)?;
                Ok(self.cut())
            }
        }
    }

    fn within_limits(&self, send: &Send) -> Result<(), GraphError> {
        let throughput = self.behaviour.throughput;
        let simulation = self.simulation;
        if !simulation
            .throughput()
            .admits(self.phone_number_id, throughput, Instant::now())
        {
            return Err(GraphError::of(130_429));
        }
        if self.behaviour.enforce_window && send.content.template.is_none() {
            let last = simulation
                .phones()
                .last_inbound(&simulation.wa_id(&send.to), self.phone_number_id);
            if last.is_none_or(|last| entropy::now() - last > chrono::Duration::hours(24)) {
                return Err(GraphError::of(131_047));
            }
        }
        Ok(())
    }

    /// What happens to this request: a random fault, or the number's script.
    fn answer_to(&self, to: &str) -> Answer {
        let behaviour = &self.behaviour;
        let script = numbers::script(to, behaviour.scripted_numbers).answer;
        let faults = [
            behaviour.throttle_percent,
            behaviour.server_error_percent,
            behaviour.hang_percent,
            behaviour.reset_percent,
        ];
        if faults == [0; 4] {
            return script;
        }
        let draw = self.simulation.draw(behaviour.seed);
        let mut bound = 0;
        let fault = faults.iter().position(|percent| {
            bound += percent;
            draw < bound
        });
        let accepted =
            || self.simulation.draw(behaviour.seed) < behaviour.accepted_despite_fault_percent;
        match fault {
            Some(0) => Answer::Refusal {
                code: THROTTLED,
                times: None,
            },
            Some(1) => Answer::HtmlPage {
                status: 503,
                accepted: accepted(),
            },
            Some(2) => Answer::Hang {
                accepted: accepted(),
            },
            Some(_) => Answer::Reset {
                accepted: accepted(),
            },
            None => script,
        }
    }

    fn refusal(&self, code: u32) -> GraphError {
        if code == THROTTLED {
            GraphError::throttled(self.behaviour.retry_after_seconds)
        } else {
            GraphError::of(code)
        }
    }

    fn accept(
        &self,
        send: Send,
        answer_in: Duration,
        hold: &dyn Fn(Status) -> bool,
    ) -> Result<Arc<JournalEntry>, GraphError> {
        self.simulation
            .accept(self.phone_number_id, send, &self.behaviour, answer_in, hold)
            .map_err(|error| {
                // What isn't in the journal was not accepted.
                tracing::error!(%error, "a message could not be recorded");
                GraphError::of(131_016)
            })
    }

    /// Records a fault, and the message if it was accepted nevertheless.
    fn lose(&self, send: Send, fault: Fault, accepted: bool) -> Result<(), GraphError> {
        let event = Event::Unanswered(UnansweredMessage {
            phone_number_id: self.phone_number_id.to_owned(),
            to: send.to.clone(),
            opaque: send.opaque.clone(),
            fault,
            accepted,
        });
        if accepted {
            self.accept(send, Duration::ZERO, &|_| false)?;
        }
        self.simulation.record_or_log(event);
        Ok(())
    }

    /// 200; Meta gives `message_status` for templates only.
    fn accepted(&self, entry: &JournalEntry) -> Response {
        let Event::Accepted(message) = &entry.event else {
            return GraphError::of(131_000).into_response();
        };
        let mut told = json!({"id": message.wamid});
        if message.template.is_some() {
            told["message_status"] = "accepted".into();
        }
        let input = self.written_to.as_deref().unwrap_or(&message.to);
        Json(json!({
            "messaging_product": "whatsapp",
            "contacts": [{"input": input, "wa_id": message.wa_id}],
            "messages": [told],
        }))
        .into_response()
    }

    async fn tell_sent(&self, entry: &Arc<JournalEntry>) {
        let mut notice = Notice::Status {
            message: Arc::clone(entry),
            status: Status::Sent,
            at: entry.at,
        };
        self.simulation.happen(&mut notice);
        let simulation = Arc::clone(self.simulation);
        let account = self.phone_number_id.to_owned();
        // A task of its own: a client that goes away must not take the webhook with it.
        let told = tokio::spawn(async move {
            webhooks::deliver(&simulation, &account, Parcel::of(vec![notice])).await;
        });
        // A panic in there is already reported; the answer goes out all the same.
        let _ = told.await;
    }

    fn read_receipt(&self, message_id: String) -> Response {
        let known = self.simulation.journal().entries().iter().any(|entry| {
            matches!(&entry.event, Event::Inbound(message)
                if message.id == message_id && message.phone_number_id == self.phone_number_id)
        });
        if !known {
            return GraphError::with_details(
                131_009,
                "Parameter message_id does not name a received message",
            )
            .into_response();
        }
        self.simulation.record_or_log(Event::ReadReceipt {
            phone_number_id: self.phone_number_id.to_owned(),
            message_id,
        });
        Json(json!({"success": true})).into_response()
    }

    fn refuse(&self, error: GraphError) -> Response {
        let to = self.written_to.as_deref();
        self.simulation
            .record_or_log(Event::Refused(RefusedMessage {
                phone_number_id: self.phone_number_id.to_owned(),
                to: to.map(|to| numbers::digits(to).unwrap_or_else(|| to.to_owned())),
                opaque: self.opaque.clone(),
                http_status: error.status.as_u16(),
                code: error.code,
                details: error.details.clone(),
                retry_after_seconds: error.retry_after_seconds,
            }));
        error.into_response()
    }

    fn cut(&self) -> Response {
        self.cutter.cut();
        StatusCode::BAD_GATEWAY.into_response()
    }
}

/// Stands for HTTP 429 with `Retry-After` inside [`Answer::Refusal`]; not a code of Meta's.
const THROTTLED: u32 = 429;

async fn pause(duration: Duration) {
    // Sleeping for zero still waits for the timer's next millisecond.
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}

fn html_page(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let html = "<!DOCTYPE html><html><head><title>Error</title></head>\
                <body>Sorry, something went wrong.</body></html>";
    let content_type = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, content_type, html).into_response()
}

/// A body that breaks off in the middle of a string.
fn garbled() -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (
        content_type,
        r#"{"messaging_product":"whatsapp","contacts":[{"inp"#,
    )
        .into_response()
}
