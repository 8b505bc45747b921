//! What a cell says (ODF 1.3 part 3, §9.1.4 and §19.385, `office:value-type`).

use nexus_domain::ports::TableError;
use quick_xml::escape::unescape;
use quick_xml::events::BytesStart;

use crate::tables::limits::unreadable;
use crate::tables::numbers;

/// The attributes of a cell.
#[derive(Debug)]
pub(super) struct CellTag {
    /// How many columns have it.
    pub(super) repeated: usize,
    value: Value,
}

/// What a cell holds, as opposed to what it shows.
#[derive(Debug)]
enum Value {
    /// What it shows.
    Shown,
    Number(String),
    Date(String),
    Time(String),
    Boolean(String),
    Text(String),
}

fn damaged() -> TableError {
    unreadable("a sheet has a damaged cell")
}

/// The number of times that something is there: at least once.
pub(super) fn repeated<N: std::str::FromStr + Ord + From<u8>>(
    number: &str,
) -> Result<N, TableError> {
    let number: N = number.trim().parse().map_err(|_| damaged())?;
    Ok(number.max(N::from(1)))
}

impl CellTag {
    pub(super) fn read(element: &BytesStart<'_>) -> Result<Self, TableError> {
        let mut tag = Self {
            repeated: 1,
            value: Value::Shown,
        };
        for attribute in element.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| damaged())?;
            let value = attribute.value.as_ref();
            let text = || unescape(value).map_err(|_| damaged());
            let value = match attribute.key.local_name().as_ref() {
                "number-columns-repeated" => {
                    tag.repeated = repeated(value)?;
                    continue;
                }
                "value" => Value::Number(text()?.into_owned()),
                "date-value" => Value::Date(text()?.into_owned()),
                "time-value" => Value::Time(text()?.into_owned()),
                "boolean-value" => Value::Boolean(text()?.into_owned()),
                "string-value" => Value::Text(text()?.into_owned()),
                _ => continue,
            };
            tag.value = value;
        }
        Ok(tag)
    }

    /// The cell's text, when it shows `shown`: a number may be shown rounded, or as 5.2155E+11.
    pub(super) fn text(&self, shown: String) -> String {
        match &self.value {
            Value::Number(number) => {
                let number = numbers::plain(number);
                if is_phone(&shown, &number) {
                    shown
                } else {
                    number
                }
            }
            Value::Date(date) => plain_date(date),
            Value::Time(time) => clock_time(time).unwrap_or_else(|| time.clone()),
            Value::Boolean(value) => value.clone(),
            Value::Text(text) if shown.is_empty() => text.clone(),
            Value::Shown | Value::Text(_) => shown,
        }
    }
}

/// Whether a number is shown as a phone: all its digits behind a plus, and maybe a country's.
fn is_phone(shown: &str, number: &str) -> bool {
    let Some(shown) = shown.strip_prefix('+') else {
        return false;
    };
    let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
    shown
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')'))
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && digits.ends_with(number)
}

/// ISO 8601 as the other formats give it: no time at midnight, and whole seconds.
fn plain_date(date: &str) -> String {
    let Some((day, time)) = date.split_once('T') else {
        return date.to_owned();
    };
    let time = time.split(['.', ',']).next().unwrap_or_default();
    if time == "00:00:00" {
        day.to_owned()
    } else {
        format!("{day}T{time}")
    }
}

/// `PT10H30M00S` (XML Schema part 2, `duration`) as `10:30:00`; nothing of a day or more.
fn clock_time(duration: &str) -> Option<String> {
    let (hours, rest) = duration.strip_prefix("PT")?.split_once('H')?;
    let (minutes, seconds) = rest.strip_suffix('S')?.split_once('M')?;
    let seconds = seconds.split(['.', ',']).next()?;
    let [hours, minutes, seconds]: [u8; 3] = [
        hours.parse().ok()?,
        minutes.parse().ok()?,
        seconds.parse().ok()?,
    ];
    (hours < 24 && minutes < 60 && seconds < 60)
        .then(|| format!("{hours:02}:{minutes:02}:{seconds:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_written_as_in_other_formats() {
        for (stored, written) in [
            ("2026-11-23", "2026-11-23"),
            ("2026-11-23T00:00:00", "2026-11-23"),
            ("2026-11-23T12:00:00.500000000", "2026-11-23T12:00:00"),
        ] {
            assert_eq!(plain_date(stored), written);
        }
        assert_eq!(clock_time("PT10H30M00S").as_deref(), Some("10:30:00"));
        assert_eq!(clock_time("PT9H05M07.25S").as_deref(), Some("09:05:07"));
        for odd in ["PT36H00M00S", "P1D", "", "PTxHyMzS"] {
            assert_eq!(clock_time(odd), None, "{odd}");
        }
    }
}
