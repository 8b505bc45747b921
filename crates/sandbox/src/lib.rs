//! A stand-in for Meta's WhatsApp Cloud API over real loopback HTTP: for development,
//! `nexus demo` and tests.
//!
//! It speaks Graph API v23.0 as Meta documents it, keeps a journal of all that happened, sends
//! signed webhooks, and shows on a page what each simulated phone received. It shares no code
//! with the adapters that talk to it, so it can't share a mistake with them. Accounts, access
//! tokens and app secrets are made up by whoever registers them; nothing of it leaves the
//! machine, and it must not run in production.
//!
//! # Test numbers
//!
//! The last four digits of a customer's number select what happens to a message; see
//! [`TEST_NUMBERS`] for the table (also `GET /sandbox/numbers`, and on the page). All such
//! endings start with 9 and work behind any prefix: `+52 55 1234 9026`, `+34 612 349 026`,
//! `+1 415 555 9026` are each accepted and then fail with 131026. Other numbers get `sent`,
//! `delivered` and, seven in ten, `read`; one in ten answers (see [`Behaviour::replies`]).
//!
//! # Statuses
//!
//! When a message is accepted its journal line is written and its statuses are put in a queue
//! ordered by time: step *n* comes *n* × [`Behaviour::status_delay_ms`] after the answer. What
//! is due together travels together, at most [`Redelivery::batch`] in one signed POST. A POST
//! that isn't answered 200 is sent again, later each time. After a restart on the same journal,
//! what was never answered 200 is sent again, so a status may come twice, as Meta's may.
//!
//! # Differences from Meta
//!
//! A business number that writes to itself, groups, flows, business-scoped user ids
//! (`recipient`) and calls are not simulated; links to media are not fetched; messaging limits
//! per day don't exist; `subscribed_apps` is answered but doesn't switch webhooks; templates
//! that were added or changed, and ratings of numbers, are forgotten at a restart.

mod behaviour;
mod connection;
mod control;
mod entropy;
mod journal;
mod locks;
mod server;
mod whatsapp;

pub use behaviour::{Behaviour, BehaviourChange, ImpossibleBehaviour};
pub use journal::{
    AcceptedMessage, Event, Fault, InboundContent, InboundMessage, JournalEntry, JournalError,
    MediaRecord, NoticeReference, QuickReply, RefusedMessage, UnansweredMessage, WebhookAttempt,
};
pub use server::{Sandbox, SandboxConfig, SandboxError};
pub use whatsapp::{
    AccountRegistration, InboundError, NewsError, Redelivery, RegistrationError, TEST_NUMBERS,
    TemplateChange, TestNumber,
};
