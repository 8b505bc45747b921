//! When a campaign starts by itself, and why it could not.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::values::{EnteredTime, Problem, TimeZone, Violations};

/// How far ahead a campaign can be scheduled.
const FARTHEST: TimeDelta = TimeDelta::days(2 * 365);

/// When a campaign starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// What the clocks of the zone show then, as the person entered it.
    pub local: NaiveDateTime,
    /// The zone.
    pub time_zone: TimeZone,
    /// The instant; fixed when it was entered.
    pub at: DateTime<Utc>,
    /// From then on it is not started any more.
    pub latest_start_at: DateTime<Utc>,
}

impl Schedule {
    /// A start at `entered`, or later until `latest`; without that, until `usual_delay` after it.
    pub fn new(
        entered: EnteredTime,
        latest: Option<EnteredTime>,
        usual_delay: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Self, Violations> {
        let mut violations = Violations::new();
        let too_far = Problem::TooFarAhead {
            days: u32::try_from(FARTHEST.num_days()).unwrap_or(u32::MAX),
        };
        if entered.at <= now {
            violations.add("scheduled_at", Problem::InThePast);
        } else if entered.at > now + FARTHEST {
            violations.add("scheduled_at", too_far.clone());
        }
        let latest_start_at = latest.map_or(entered.at + usual_delay, |latest| latest.at);
        if latest_start_at <= entered.at {
            violations.add("latest_start", Problem::NotAfterStart);
        } else if latest.is_some() && latest_start_at > now + FARTHEST {
            violations.add("latest_start", too_far);
        }
        violations.into_result().map(|()| Self {
            local: entered.local,
            time_zone: entered.time_zone,
            at: entered.at,
            latest_start_at,
        })
    }
}

/// Why a campaign did not start at its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartProblem {
    /// No process ran until its latest start.
    NobodyWasThere,
    /// It was begun, and never came to an end.
    Interrupted,
    /// The profile lacks what the channel needs.
    ProviderMissing,
    /// There is no adapter for its channel.
    ChannelUnavailable,
    /// Nobody it is meant for can be reached.
    NoRecipients,
    /// Its files don't go with its message, or are gone.
    FilesUnusable,
    /// The provider would not take its template.
    TemplateUnusable,
    /// The provider refused the account.
    ProviderRefused,
    /// The provider did not answer.
    ProviderUnavailable,
    /// The store did not answer.
    StoreUnavailable,
    /// A tag of its audience was being renamed.
    TagBeingRenamed,
    /// Some recipients have not written within 24 hours, and it does not start with such.
    OutsideWindow,
}

impl StartProblem {
    /// Every problem.
    pub const ALL: [Self; 12] = [
        Self::NobodyWasThere,
        Self::Interrupted,
        Self::ProviderMissing,
        Self::ChannelUnavailable,
        Self::NoRecipients,
        Self::FilesUnusable,
        Self::TemplateUnusable,
        Self::ProviderRefused,
        Self::ProviderUnavailable,
        Self::StoreUnavailable,
        Self::TagBeingRenamed,
        Self::OutsideWindow,
    ];

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NobodyWasThere => "nobody_was_there",
            Self::Interrupted => "interrupted",
            Self::ProviderMissing => "provider_missing",
            Self::ChannelUnavailable => "channel_unavailable",
            Self::NoRecipients => "no_recipients",
            Self::FilesUnusable => "files_unusable",
            Self::TemplateUnusable => "template_unusable",
            Self::ProviderRefused => "provider_refused",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::StoreUnavailable => "store_unavailable",
            Self::TagBeingRenamed => "tag_being_renamed",
            Self::OutsideWindow => "outside_window",
        }
    }
}

/// A schedule and what came of it so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartPlan {
    /// When it starts.
    pub schedule: Schedule,
    /// How often a process has tried to start it.
    pub tries: u32,
    /// When it is next looked at: at its time, and after a try that failed some time later.
    pub next_try_at: DateTime<Utc>,
    /// Why the last try failed.
    pub problem: Option<StartProblem>,
}

impl StartPlan {
    /// Nothing was tried yet.
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            tries: 0,
            next_try_at: schedule.at,
            problem: None,
        }
    }

    /// Why it was missed when its latest start has passed.
    pub(crate) fn reason_to_miss(&self) -> StartProblem {
        let unknown = if self.tries == 0 {
            StartProblem::NobodyWasThere
        } else {
            StartProblem::Interrupted
        };
        self.problem.unwrap_or(unknown)
    }
}

/// What a process that looks at a scheduled campaign does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartTurn {
    /// Nothing: its time has not come, or another process tries just now.
    NotDue,
    /// Its latest start has passed; it is missed.
    TooLate,
    /// Tries to start it. No other process does before the next try is due.
    Try(Schedule),
}
