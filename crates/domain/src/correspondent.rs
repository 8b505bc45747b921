//! A person as the user's number knows them: by their address, whether they are a contact or not.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{ChannelKind, OptOut, UserId};

/// How long after a person wrote a business may write to them freely (WhatsApp's customer service
/// window).
const WINDOW: TimeDelta = TimeDelta::hours(24);

/// What is known of a person by their address: when they last wrote, and whether they may be
/// written to. It is there before they become a contact and stays when the contact is deleted, so
/// that neither brings back somebody who asked not to be written to.
///
/// Wishes may be heard of in any order and more than once; the newest by the person's own time
/// holds, and of two of the same time the one not to be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correspondent {
    /// Whose customer it is.
    pub user_id: UserId,
    /// The channel of the address.
    pub channel: ChannelKind,
    /// A phone number in E.164, or the provider's id of a person without one.
    pub address: String,
    /// When they last wrote.
    pub last_inbound_at: Option<DateTime<Utc>>,
    /// To which of the user's senders: the phone number id. Unknown of messages of old.
    pub last_inbound_to: Option<String>,
    /// Their wish not to be written to, while it holds.
    pub opt_out: Option<OptOut>,
    /// When they last said that they don't want messages.
    pub stopped_at: Option<DateTime<Utc>>,
    /// When they last said that they want messages, or their user decided it.
    pub resumed_at: Option<DateTime<Utc>>,
}

/// What hearing a wish came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A newer wish says otherwise.
    Stale,
    /// It was so already.
    Known,
    /// It is so from now on.
    New,
}

impl Correspondent {
    /// A person of whom nothing is known yet.
    pub fn new(user_id: UserId, channel: ChannelKind, address: String) -> Self {
        Self {
            user_id,
            channel,
            address,
            last_inbound_at: None,
            last_inbound_to: None,
            opt_out: None,
            stopped_at: None,
            resumed_at: None,
        }
    }

    /// Who wrote after this may be written to freely at `now`.
    pub fn window_began(now: DateTime<Utc>) -> DateTime<Utc> {
        now - WINDOW
    }

    /// They wrote at `at` to this sender of the user's.
    pub fn wrote(&mut self, at: DateTime<Utc>, sender_external_id: &str) {
        if self.last_inbound_at.is_none_or(|known| known <= at) {
            self.last_inbound_at = Some(at);
            self.last_inbound_to = Some(sender_external_id.to_owned());
        }
    }

    /// Until when this sender may write to them freely. `None` when they never wrote to it.
    pub fn window_ends_at(&self, sender_external_id: &str) -> Option<DateTime<Utc>> {
        let to_it = self
            .last_inbound_to
            .as_ref()
            .is_none_or(|to| to == sender_external_id);
        self.last_inbound_at.filter(|_| to_it).map(|at| at + WINDOW)
    }

    /// Whether this sender may write to them freely now.
    pub fn is_within_window(&self, sender_external_id: &str, now: DateTime<Utc>) -> bool {
        self.window_ends_at(sender_external_id)
            .is_some_and(|end| now < end)
    }

    /// They don't want to be written to. The first wish that holds stays, as proof.
    pub fn stop(&mut self, wish: OptOut) -> Heard {
        if self.resumed_at.is_some_and(|resumed| resumed > wish.at) {
            return Heard::Stale;
        }
        self.stopped_at = self.stopped_at.max(Some(wish.at));
        if self.opt_out.is_some() {
            return Heard::Known;
        }
        self.opt_out = Some(wish);
        Heard::New
    }

    /// They want to be written to again.
    pub fn resume(&mut self, at: DateTime<Utc>) -> Heard {
        self.resumed_at = self.resumed_at.max(Some(at));
        if self.stopped_at.is_some_and(|stopped| stopped >= at) {
            return Heard::Stale;
        }
        match self.opt_out.take() {
            Some(_) => Heard::New,
            None => Heard::Known,
        }
    }
}
