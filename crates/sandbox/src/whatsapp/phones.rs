//! What the simulated phones show: a projection of the journal, for the page.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde_json::{Value, json};

use super::errors;
use super::numbers::{self, Status};
use crate::journal::{AcceptedMessage, Event, InboundContent, JournalEntry, QuickReply};
use crate::locks::lock;

/// Conversations by customer.
#[derive(Default)]
pub(crate) struct Phones(Mutex<State>);

#[derive(Default)]
struct State {
    phones: HashMap<String, Phone>,
    /// Phones by their latest change, for listing the newest first.
    by_change: BTreeMap<u64, String>,
    /// Where each message of a business is.
    places: HashMap<String, (String, usize)>,
    changes: u64,
}

#[derive(Default)]
struct Phone {
    bubbles: Vec<Bubble>,
    changed: u64,
}

struct Bubble {
    entry: Arc<JournalEntry>,
    status: &'static str,
    error: Option<u32>,
    changed: u64,
}

/// A page of the list of phones.
#[derive(Serialize)]
pub(crate) struct PhoneList {
    cursor: u64,
    total: usize,
    phones: Vec<Value>,
}

/// A page of one phone's conversation.
#[derive(Serialize)]
pub(crate) struct Conversation {
    cursor: u64,
    number: String,
    name: String,
    bubbles: Vec<Value>,
}

impl Phones {
    /// Shows a new message, sent or received.
    pub(crate) fn show(&self, entry: &Arc<JournalEntry>) {
        let (customer, wamid) = match &entry.event {
            Event::Accepted(message) => (&message.wa_id, Some(&message.wamid)),
            Event::Inbound(message) => (&message.from, None),
            _ => return,
        };
        let mut state = lock(&self.0);
        let change = state.touch(customer);
        let phone = state.phones.entry(customer.clone()).or_default();
        phone.bubbles.push(Bubble {
            entry: Arc::clone(entry),
            status: "accepted",
            error: None,
            changed: change,
        });
        let place = phone.bubbles.len() - 1;
        if let Some(wamid) = wamid {
            state
                .places
                .insert(wamid.clone(), (customer.clone(), place));
        }
    }

    /// Moves a message's ticks forward; late statuses don't move them back.
    pub(crate) fn mark(&self, wamid: &str, status: Status) {
        let mut state = lock(&self.0);
        let Some((customer, place)) = state.places.get(wamid).cloned() else {
            return;
        };
        let change = state.touch(&customer);
        let bubble = state
            .phones
            .get_mut(&customer)
            .and_then(|phone| phone.bubbles.get_mut(place));
        let Some(bubble) = bubble else {
            return;
        };
        if rank(status.word()) > rank(bubble.status) {
            bubble.status = status.word();
            bubble.changed = change;
        }
        if let Status::Failed(code) = status {
            bubble.error = Some(code);
        }
    }

    /// Phones changed after `since`, newest first, whose number, name or last text contains
    /// `search`.
    pub(crate) fn list(&self, since: u64, search: &str, limit: usize) -> PhoneList {
        let needle = search.trim().to_lowercase();
        let digits: String = needle.chars().filter(char::is_ascii_digit).collect();
        let state = lock(&self.0);
        let phones = state
            .by_change
            .range(since.saturating_add(1)..)
            .rev()
            .filter_map(|(_, number)| Some((number, state.phones.get(number)?)))
            .filter(|(number, phone)| {
                needle.is_empty()
                    || (!digits.is_empty() && number.contains(&digits))
                    || numbers::profile_name(number)
                        .to_lowercase()
                        .contains(&needle)
                    || phone.last_text().to_lowercase().contains(&needle)
            })
            .take(limit)
            .map(|(number, phone)| phone.line(number))
            .collect();
        PhoneList {
            cursor: state.changes,
            total: state.phones.len(),
            phones,
        }
    }

    /// The latest `limit` bubbles of a phone changed after `since`.
    pub(crate) fn conversation(
        &self,
        number: &str,
        since: u64,
        limit: usize,
    ) -> Option<Conversation> {
        let state = lock(&self.0);
        let phone = state.phones.get(number)?;
        let mut bubbles: Vec<_> = phone
            .bubbles
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, bubble)| bubble.changed > since)
            .take(limit)
            .map(|(index, bubble)| bubble.json(index))
            .collect();
        bubbles.reverse();
        Some(Conversation {
            cursor: state.changes,
            number: number.to_owned(),
            name: numbers::profile_name(number),
            bubbles,
        })
    }

    /// The latest message a business sent to this phone (to this one of its numbers).
    pub(crate) fn latest_from_business(
        &self,
        number: &str,
        phone_number_id: Option<&str>,
    ) -> Option<AcceptedMessage> {
        let state = lock(&self.0);
        let phone = state.phones.get(number)?;
        phone
            .bubbles
            .iter()
            .rev()
            .find_map(|bubble| match &bubble.entry.event {
                Event::Accepted(message)
                    if phone_number_id.is_none_or(|id| id == message.phone_number_id) =>
                {
                    Some(message.clone())
                }
                _ => None,
            })
    }

    /// When this phone last wrote to this business number.
    pub(crate) fn last_inbound(
        &self,
        number: &str,
        phone_number_id: &str,
    ) -> Option<chrono::DateTime<chrono::Utc>> {
        let state = lock(&self.0);
        let phone = state.phones.get(number)?;
        phone
            .bubbles
            .iter()
            .rev()
            .find_map(|bubble| match &bubble.entry.event {
                Event::Inbound(message)
                    if message.phone_number_id == phone_number_id
                        && message.content.preference().is_none() =>
                {
                    Some(bubble.entry.at)
                }
                _ => None,
            })
    }
}

impl State {
    /// Counts a change to a phone and moves it to the top of the list.
    fn touch(&mut self, number: &str) -> u64 {
        self.changes += 1;
        let phone = self.phones.entry(number.to_owned()).or_default();
        self.by_change.remove(&phone.changed);
        phone.changed = self.changes;
        self.by_change.insert(self.changes, number.to_owned());
        self.changes
    }
}

impl Phone {
    fn last_text(&self) -> &str {
        self.bubbles.last().map_or("", Bubble::text)
    }

    fn line(&self, number: &str) -> Value {
        let last = self.bubbles.last();
        json!({
            "number": number,
            "name": numbers::profile_name(number),
            "text": self.last_text().chars().take(80).collect::<String>(),
            "direction": last.map(Bubble::direction),
            "status": last.map(|bubble| bubble.status),
            "at": last.map(|bubble| bubble.entry.at),
            "count": self.bubbles.len(),
        })
    }
}

impl Bubble {
    fn direction(&self) -> &'static str {
        match self.entry.event {
            Event::Inbound(_) => "in",
            _ => "out",
        }
    }

    fn text(&self) -> &str {
        match &self.entry.event {
            Event::Accepted(message) => message.text.as_deref().unwrap_or_default(),
            Event::Inbound(message) => match &message.content {
                InboundContent::Text(text) | InboundContent::Button(QuickReply { text, .. }) => {
                    text
                }
                InboundContent::StopMarketing => "🚫 marketing",
                InboundContent::ResumeMarketing => "✅ marketing",
            },
            _ => "",
        }
    }

    fn json(&self, index: usize) -> Value {
        let mut shown = json!({
            "index": index,
            "direction": self.direction(),
            "text": self.text(),
            "at": self.entry.at,
            "phone_number_id": self.entry.event.phone_number_id(),
        });
        if let Event::Accepted(message) = &self.entry.event {
            shown["status"] = self.status.into();
            shown["type"] = message.message_type.as_str().into();
            shown["template"] = message.template.as_deref().into();
            shown["media"] = message.media.as_deref().into();
            shown["buttons"] = json!(message.buttons);
            shown["wamid"] = message.wamid.as_str().into();
            if let Some(code) = self.error {
                shown["error"] = json!({"code": code, "title": errors::title(code)});
            }
        }
        shown
    }
}

fn rank(status: &str) -> u8 {
    match status {
        "sent" => 1,
        "delivered" => 2,
        "read" => 3,
        "failed" => 4,
        _ => 0,
    }
}
