//! Numbers and dates as text.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};

const SECONDS_A_DAY: f64 = 86_400.0;

/// 9999-12-31, the last day of a workbook.
const LAST_DAY: f64 = 2_958_465.0;

/// A number as a person would write it: `5215512345678`, never `5.2155E12`.
pub(super) fn plain(raw: &str) -> String {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return raw.to_owned();
    }
    match raw.parse::<f64>() {
        // Writes the shortest digits that are this number, and no exponent: what is stored as
        // 0.10000000000000001 is 0.1.
        Ok(number) if number.is_finite() => number.to_string(),
        _ => raw.to_owned(),
    }
}

/// A number of days as ISO 8601: a date, a time where the number is below one, or both.
pub(super) fn date(raw: &str, counts_from_1904: bool) -> String {
    raw.parse::<f64>()
        .ok()
        .filter(|days| (0.0..LAST_DAY + 1.0).contains(days))
        .and_then(|days| date_of(days, counts_from_1904))
        .unwrap_or_else(|| plain(raw))
}

fn date_of(days: f64, counts_from_1904: bool) -> Option<String> {
    let seconds = (days.fract() * SECONDS_A_DAY).round();
    // 23:59:59.9 is midnight of the next day.
    let (whole, seconds) = if seconds >= SECONDS_A_DAY {
        (days.trunc() + 1.0, 0.0)
    } else {
        (days.trunc(), seconds)
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "both are whole, not negative, and below three million"
    )]
    let (day, second) = (whole as u64, seconds as u32);
    let time = NaiveTime::from_num_seconds_from_midnight_opt(second, 0)?;
    if day == 0 && !counts_from_1904 {
        return Some(time.format("%H:%M:%S").to_string());
    }
    let moment = NaiveDateTime::new(calendar_day(day, counts_from_1904)?, time);
    let form = if second == 0 {
        "%Y-%m-%d"
    } else {
        "%Y-%m-%dT%H:%M:%S"
    };
    Some(moment.format(form).to_string())
}

/// Day 1 is 1900-01-01, and day 60 is a 29th of February that 1900 did not have (§18.17.4.1): days
/// behind it are one more than have passed.
fn calendar_day(day: u64, counts_from_1904: bool) -> Option<NaiveDate> {
    let start = match (counts_from_1904, day) {
        (true, _) => NaiveDate::from_ymd_opt(1904, 1, 1),
        (false, ..60) => NaiveDate::from_ymd_opt(1899, 12, 31),
        (false, _) => NaiveDate::from_ymd_opt(1899, 12, 30),
    };
    start?.checked_add_days(Days::new(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_exponent_and_no_noise() {
        for (raw, written) in [
            ("5215512345678", "5215512345678"),
            ("5.215512345678E12", "5215512345678"),
            ("5512345678.0", "5512345678"),
            ("0.10000000000000001", "0.1"),
            ("-3.50", "-3.5"),
            ("00123", "00123"),
            ("1e3", "1000"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("nan", "nan"),
            ("not a number", "not a number"),
            ("", ""),
        ] {
            assert_eq!(plain(raw), written);
        }
    }

    #[test]
    fn days_become_dates() {
        for (raw, written) in [
            ("1", "1900-01-01"),
            ("59", "1900-02-28"),
            ("61", "1900-03-01"),
            ("46349", "2026-11-23"),
            ("46349.5", "2026-11-23T12:00:00"),
            ("46349.999999", "2026-11-24"),
            ("0.4375", "10:30:00"),
            ("2958465", "9999-12-31"),
        ] {
            assert_eq!(date(raw, false), written, "{raw}");
        }
        assert_eq!(date("44887", true), "2026-11-23");
    }

    #[test]
    fn what_is_no_day_stays_a_number() {
        for raw in ["-1", "2958466", "1e300", "x"] {
            assert_eq!(date(raw, false), plain(raw));
        }
    }
}
