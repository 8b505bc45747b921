//! WhatsApp's templates: as the provider tells of them, and as they are kept.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{ButtonKind, UserId};

/// What the header of a template is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateHeader {
    /// A line of text.
    Text {
        /// The text, with `{{1}}` or `{{name}}`.
        text: String,
        /// Its variables, in order; WhatsApp allows one.
        variables: Vec<String>,
    },
    /// A file, of which each message brings its own.
    Media {
        /// The provider's word for what it is: `IMAGE`, `VIDEO`, `DOCUMENT`.
        format: String,
    },
    /// Anything else: `LOCATION`.
    Other {
        /// The provider's word for it.
        format: String,
    },
}

/// One button of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateButton {
    /// The provider's word for its kind: `URL`, `QUICK_REPLY`, `PHONE_NUMBER`, ….
    pub kind: String,
    /// What people read on it.
    pub text: String,
    /// Where it leads, with a variable at the end or none.
    pub url: Option<String>,
    /// The variables of its address.
    pub variables: Vec<String>,
}

impl TemplateButton {
    /// What a message may put into it.
    pub fn takes(&self) -> Option<ButtonKind> {
        if self.kind.eq_ignore_ascii_case("QUICK_REPLY") {
            Some(ButtonKind::ReplyPayload)
        } else {
            (!self.variables.is_empty()).then_some(ButtonKind::UrlSuffix)
        }
    }

    /// Whether a message must put something into it.
    pub fn needs_value(&self) -> bool {
        !self.variables.is_empty()
    }
}

/// A template as the provider knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovedTemplate {
    /// The provider's id of it.
    pub provider_id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// The provider's word for its status: `APPROVED`, `PAUSED`, …; unknown words are kept.
    pub status: String,
    /// The provider's word for its category: `MARKETING`, `UTILITY`, ….
    pub category: String,
    /// The provider's word for its quality: `GREEN`, `YELLOW`, `RED`, `UNKNOWN`.
    pub quality: Option<String>,
    /// Why it was rejected or stopped, in the provider's words.
    pub reason: Option<String>,
    /// The provider's word for how its variables are given: `POSITIONAL`, `NAMED`.
    pub parameter_format: String,
    /// Its header, if it has one.
    pub header: Option<TemplateHeader>,
    /// The text of its body, with `{{1}}` or `{{name}}`.
    pub body: String,
    /// The variables of its body, in order.
    pub variables: Vec<String>,
    /// The line under its body.
    pub footer: Option<String>,
    /// Its buttons, in order.
    pub buttons: Vec<TemplateButton>,
    /// The parts that need a value which no campaign can give, by the provider's names: `HEADER` (a
    /// place on the map), `BUTTONS` (a coupon), `CAROUSEL`.
    pub other_values: Vec<String>,
}

impl ApprovedTemplate {
    /// The provider's word for a template that may be sent.
    pub const APPROVED: &'static str = "APPROVED";
    /// The provider's word for the worst quality.
    pub const WORST_QUALITY: &'static str = "RED";

    /// Whether the provider takes messages of it.
    pub fn is_approved(&self) -> bool {
        self.status == Self::APPROVED
    }

    /// Whether a template with this status is certainly not taken. A word that is not known says
    /// nothing.
    pub fn stops_messages(status: &str) -> bool {
        matches!(
            status,
            "PAUSED"
                | "DISABLED"
                | "REJECTED"
                | "FLAGGED"
                | "LOCKED"
                | "PENDING"
                | "IN_APPEAL"
                | "PENDING_DELETION"
                | "DELETED"
                | "ARCHIVED"
        )
    }
}

/// The provider's clock and ours differ by no more than this.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(1);
/// How long what the provider told of a template is believed.
const BELIEVED: TimeDelta = TimeDelta::hours(1);

/// A template as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTemplate {
    /// Whose template this is.
    pub user_id: UserId,
    /// The business account that owns it, by the provider's id.
    pub account_id: String,
    /// What is known of it.
    pub template: ApprovedTemplate,
    /// When the provider last said, by itself, that its status changed; by the provider's clock.
    pub status_heard_at: Option<DateTime<Utc>>,
    /// The same for its quality.
    pub quality_heard_at: Option<DateTime<Utc>>,
    /// When the provider was last asked; `None` while it was only heard of.
    pub synced_at: Option<DateTime<Utc>>,
}

impl StoredTemplate {
    /// A template that the provider spoke of before it was asked.
    pub fn heard_of(user_id: UserId, account_id: String, name: String, language: String) -> Self {
        Self {
            user_id,
            account_id,
            template: ApprovedTemplate {
                name,
                language,
                ..ApprovedTemplate::default()
            },
            status_heard_at: None,
            quality_heard_at: None,
            synced_at: None,
        }
    }

    /// Whether what is known was asked of the provider lately.
    pub fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.synced_at.is_some_and(|at| at + BELIEVED > now)
    }

    /// The text of its body, if the provider ever told it.
    pub fn told_body(self) -> Option<String> {
        self.synced_at.map(|_| self.template.body)
    }

    /// Whether what the provider says of `at` is newer than what is known, given when it last said
    /// something of the kind. Of two things said at the same time, the one that is heard first
    /// stays, unless the other is `graver`: so their order does not matter.
    fn is_news(&self, heard_at: Option<DateTime<Utc>>, at: DateTime<Utc>, graver: bool) -> bool {
        let after_last = heard_at.is_none_or(|heard| at > heard || (at == heard && graver));
        let after_sync = self
            .synced_at
            .is_none_or(|synced| at + CLOCKS_DIFFER >= synced);
        after_last && after_sync
    }

    /// The provider says that its status has been `status` since `at`. Whether that is news.
    pub fn hear_status(&mut self, status: &str, reason: Option<&str>, at: DateTime<Utc>) -> bool {
        let stops = ApprovedTemplate::stops_messages(status);
        let graver = stops && !ApprovedTemplate::stops_messages(&self.template.status);
        if !self.is_news(self.status_heard_at, at, graver) {
            return false;
        }
        status.clone_into(&mut self.template.status);
        self.template.reason = reason.map(str::to_owned);
        self.status_heard_at = Some(at);
        true
    }

    /// The provider says that its quality has been `quality` since `at`. Whether that is news.
    pub fn hear_quality(&mut self, quality: &str, at: DateTime<Utc>) -> bool {
        let worst = |quality: &str| quality == ApprovedTemplate::WORST_QUALITY;
        let graver = worst(quality) && !self.template.quality.as_deref().is_some_and(worst);
        if !self.is_news(self.quality_heard_at, at, graver) {
            return false;
        }
        self.template.quality = Some(quality.to_owned());
        self.quality_heard_at = Some(at);
        true
    }

    /// The provider, asked at `asked_at`, told this of it. What it said by itself after that stays,
    /// and so does the answer to a later question.
    pub fn refresh(&mut self, told: ApprovedTemplate, asked_at: DateTime<Utc>) {
        if self.synced_at.is_some_and(|synced| synced > asked_at) {
            return;
        }
        let later = |heard: Option<DateTime<Utc>>| heard.is_some_and(|heard| heard > asked_at);
        let before = std::mem::replace(&mut self.template, told);
        if later(self.status_heard_at) {
            self.template.status = before.status;
            self.template.reason = before.reason;
        }
        if later(self.quality_heard_at) {
            self.template.quality = before.quality;
        }
        self.synced_at = Some(asked_at);
    }

    /// Whether a list of `asked_at` in which it is missing means that it is gone.
    pub fn is_gone(&self, asked_at: DateTime<Utc>) -> bool {
        let known_since = self
            .synced_at
            .max(self.status_heard_at)
            .max(self.quality_heard_at);
        known_since.is_none_or(|since| since < asked_at)
    }
}
