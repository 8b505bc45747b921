//! A time as a person enters it: by their own clock, or with an offset.

use chrono::{DateTime, Datelike, LocalResult, NaiveDateTime, TimeZone as _, Timelike as _, Utc};

use super::{Problem, TimeZone};

/// What is shown where a time has another form.
const EXAMPLE: &str = "2026-12-24T09:00";

/// Date and time by the clocks of a zone; seconds may be left out.
const LOCAL: [&str; 4] = [
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S%.f",
];

/// A time as it was entered, and the instant that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnteredTime {
    /// What the clocks of the zone show then.
    pub local: NaiveDateTime,
    /// The zone.
    pub time_zone: TimeZone,
    /// The instant.
    pub at: DateTime<Utc>,
}

impl EnteredTime {
    /// Reads `2026-12-24T09:00` by the clocks of `time_zone`, or an RFC 3339 time, whose own offset
    /// counts then.
    ///
    /// Where clocks are put back an hour comes twice, and the first is meant. Where they are put
    /// forward an hour is missing, and a time in it is refused ([`Problem::SkippedByClocks`]).
    pub fn parse(raw: &str, time_zone: TimeZone) -> Result<Self, Problem> {
        let raw = raw.trim();
        let malformed = || Problem::Malformed {
            expected: EXAMPLE.to_owned(),
        };
        let with_offset = DateTime::parse_from_rfc3339(raw)
            .or_else(|_| DateTime::parse_from_str(raw, "%Y-%m-%dT%H:%M%:z"));
        if let Ok(at) = with_offset
            && is_in_our_calendar(&at)
        {
            let at = at.with_timezone(&Utc);
            return Ok(Self {
                local: at.with_timezone(&time_zone.tz()).naive_local(),
                time_zone,
                at,
            });
        }
        let local = LOCAL
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(raw, form).ok())
            .filter(|local| is_in_our_calendar(local) && !is_leap_second(local))
            .ok_or_else(malformed)?;
        let at = match time_zone.tz().from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.with_timezone(&Utc),
            LocalResult::None => return Err(Problem::SkippedByClocks),
        };
        Ok(Self {
            local,
            time_zone,
            at,
        })
    }
}

/// Whether its year is written with four digits: near the ends of what can be computed with, sums of
/// times fail.
fn is_in_our_calendar(time: &impl Datelike) -> bool {
    (1..=9_999).contains(&time.year())
}

/// Written as the 60th second of a minute, which no clock here shows.
fn is_leap_second(local: &NaiveDateTime) -> bool {
    local.nanosecond() >= 1_000_000_000
}
