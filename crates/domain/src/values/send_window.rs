//! When a campaign may be sent: hours of some days of the week, by the clock on the wall.

use chrono::{
    DateTime, Datelike as _, Days, LocalResult, NaiveDate, Offset as _, TimeDelta, TimeZone as _,
    Timelike as _, Utc, Weekday,
};

use super::{Problem, TimeZone};

/// The days of a week with their words in the API and the store.
const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Mon, "mon"),
    (Weekday::Tue, "tue"),
    (Weekday::Wed, "wed"),
    (Weekday::Thu, "thu"),
    (Weekday::Fri, "fri"),
    (Weekday::Sat, "sat"),
    (Weekday::Sun, "sun"),
];

/// How many minutes a day has on the wall.
const DAY: u16 = 24 * 60;

/// How many days are looked ahead for an opening. A window of one day a week whose hour is missing
/// once, where clocks are put forward, opens within two weeks.
const LOOK_AHEAD: i32 = 15;

/// Hours and minutes on the wall: `00:00` to `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallTime(u16);

impl WallTime {
    /// Reads `09:00`; `24:00` is the end of the day.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let digits = |text: &str, most: usize| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            (is_number && text.len() <= most)
                .then(|| text.parse::<u16>().ok())
                .flatten()
        };
        raw.trim()
            .split_once(':')
            .and_then(|(hours, minutes)| {
                let minutes = digits(minutes, 2).filter(|_| minutes.len() == 2)?;
                Some((digits(hours, 2)?, minutes))
            })
            .filter(|(hours, minutes)| *minutes < 60 && hours * 60 + minutes <= DAY)
            .map(|(hours, minutes)| Self(hours * 60 + minutes))
            .ok_or_else(|| Problem::Malformed {
                expected: "09:00".to_owned(),
            })
    }
}

impl std::fmt::Display for WallTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// Hours of some days of the week in a time zone. It follows the clock on the wall: where that is put
/// forward or back, the window is shorter or longer by as much, and its hours stay what they are.
///
/// A window whose end comes before its beginning goes over midnight, and belongs to the day on which
/// it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendWindow {
    /// A bit for each day, Monday first.
    days: u8,
    from: WallTime,
    to: WallTime,
    time_zone: TimeZone,
}

fn bit(day: Weekday) -> u8 {
    1 << day.num_days_from_monday()
}

impl SendWindow {
    /// A window that opens on `days` at `from` and closes at `to`. [`Problem::NeverOpens`] without a
    /// day, or when it closes as it opens.
    pub fn new(
        days: impl IntoIterator<Item = Weekday>,
        from: WallTime,
        to: WallTime,
        time_zone: TimeZone,
    ) -> Result<Self, Problem> {
        let days = days.into_iter().fold(0, |days, day| days | bit(day));
        // What begins at the end of a day begins at the start of the next one, which has a name.
        if days == 0 || from == to || from.0 == DAY {
            return Err(Problem::NeverOpens);
        }
        Ok(Self {
            days,
            from,
            to,
            time_zone,
        })
    }

    /// Reads `mon`, `tue`, ….
    pub fn parse_day(raw: &str) -> Result<Weekday, Problem> {
        let wanted = raw.trim();
        DAYS.into_iter()
            .find(|(_, word)| word.eq_ignore_ascii_case(wanted))
            .map(|(day, _)| day)
            .ok_or_else(|| Problem::NotOneOf {
                accepted: DAYS.map(|(_, word)| word.to_owned()).to_vec(),
            })
    }

    /// The words of the days on which it opens, Monday first.
    pub fn days(self) -> Vec<&'static str> {
        DAYS.into_iter()
            .filter(|(day, _)| self.has(*day))
            .map(|(_, word)| word)
            .collect()
    }

    /// When it opens.
    pub fn from(self) -> WallTime {
        self.from
    }

    /// When it closes.
    pub fn to(self) -> WallTime {
        self.to
    }

    /// By whose clocks.
    pub fn time_zone(self) -> TimeZone {
        self.time_zone
    }

    fn has(self, day: Weekday) -> bool {
        self.days & bit(day) != 0
    }

    /// Whether it is open at `at`.
    pub fn is_open(self, at: DateTime<Utc>) -> bool {
        let local = at.with_timezone(&self.time_zone.tz());
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(DAY);
        let today = self.has(local.weekday());
        if self.from < self.to {
            return today && (self.from.0..self.to.0).contains(&minute);
        }
        let since_yesterday = self.has(local.weekday().pred());
        (today && minute >= self.from.0) || (since_yesterday && minute < self.to.0)
    }

    /// The first moment from `at` on at which it is open: `at` itself when it is open then.
    pub fn opens_at(self, at: DateTime<Utc>) -> DateTime<Utc> {
        if self.is_open(at) {
            return at;
        }
        (0..LOOK_AHEAD)
            .find_map(|day| self.opens_within_a_day_of(at + TimeDelta::days(i64::from(day))))
            // No calendar that we know of comes here; it is then looked at again.
            .unwrap_or(at + TimeDelta::days(i64::from(LOOK_AHEAD)))
    }

    /// The first opening in the 24 hours after `start`, at which it is closed. It opens at its hour,
    /// or when the clocks are put to a time within it.
    fn opens_within_a_day_of(self, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let end = start + TimeDelta::days(1);
        let first = start.with_timezone(&self.time_zone.tz()).date_naive();
        let mut moments: Vec<_> = [0, 1, 2]
            .into_iter()
            .filter_map(|day| first.checked_add_days(Days::new(day)))
            .flat_map(|date| self.beginnings_on(date))
            .chain(self.clocks_are_put(start, end))
            .filter(|moment| *moment > start && *moment <= end)
            .collect();
        moments.sort_unstable();
        moments.into_iter().find(|moment| self.is_open(*moment))
    }

    /// When the clocks show its hour on this day: once, or twice, or not at all.
    fn beginnings_on(self, date: NaiveDate) -> Vec<DateTime<Utc>> {
        let (hours, minutes) = (self.from.0 / 60, self.from.0 % 60);
        let Some(local) = date.and_hms_opt(hours.into(), minutes.into(), 0) else {
            return Vec::new();
        };
        let moments = match self.time_zone.tz().from_local_datetime(&local) {
            LocalResult::None => vec![],
            LocalResult::Single(at) => vec![at],
            LocalResult::Ambiguous(first, second) => vec![first, second],
        };
        moments
            .into_iter()
            .map(|moment| moment.with_timezone(&Utc))
            .collect()
    }

    /// When the clocks are put forward or back between these two moments, to the second.
    fn clocks_are_put(self, start: DateTime<Utc>, end: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let tz = self.time_zone.tz();
        let offset = |at: DateTime<Utc>| tz.offset_from_utc_datetime(&at.naive_utc()).fix();
        let before = offset(start);
        if offset(end) == before {
            return None;
        }
        let (mut low, mut high) = (start.timestamp(), end.timestamp() + 1);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let at = DateTime::from_timestamp(middle, 0)?;
            if offset(at) == before {
                low = middle;
            } else {
                high = middle;
            }
        }
        DateTime::from_timestamp(high, 0)
    }
}
