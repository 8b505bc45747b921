//! Time zones.

use chrono::{DateTime, NaiveDate, Utc};

use super::Problem;

/// A zone of the IANA time zone database: `America/Mexico_City`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeZone(chrono_tz::Tz);

impl TimeZone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self(chrono_tz::UTC);

    /// Accepts the zone's name in any case.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let trimmed = raw.trim();
        trimmed
            .parse()
            .or_else(|_| chrono_tz::Tz::from_str_insensitive(trimmed))
            .map(Self)
            .map_err(|_| Problem::UnknownTimeZone)
    }

    /// The zone's name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The calendar day that `at` falls on for people in this zone.
    pub fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.0).date_naive()
    }

    /// The zone for calendar arithmetic.
    pub fn tz(&self) -> chrono_tz::Tz {
        self.0
    }
}

impl std::fmt::Display for TimeZone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
