//! Phone numbers in E.164.

use super::{Country, Problem};

/// A valid phone number in E.164: `+525512345678`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Longest text that is looked at; a number has 15 digits, people add spaces and brackets.
    const MAX_RAW: usize = 64;

    /// Reads a number as people write it. A number without international prefix is read in the
    /// numbering plan of `default`.
    pub fn parse(raw: &str, default: Country) -> Result<Self, Problem> {
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            return Err(Problem::Required);
        }
        if trimmed.len() > Self::MAX_RAW {
            return Err(Problem::InvalidPhone);
        }
        let international = trimmed
            .strip_prefix("00")
            .map_or_else(|| trimmed.to_owned(), |rest| format!("+{rest}"));
        Self::read(&international, default)
            .or_else(|| Self::read_exact(&Self::without_mexican_one(&international)?))
            .or_else(|| Self::read_exact(&Self::without_mexican_prefix(&international, default)?))
            .ok_or(Problem::InvalidPhone)
    }

    /// Reads a `wa_id`, `from` or `recipient_id` of WhatsApp: digits with the country code, no plus.
    pub fn from_wa_id(digits: &str) -> Result<Self, Problem> {
        let digits = digits.trim().trim_start_matches('+');
        if digits.len() > Self::MAX_RAW {
            return Err(Problem::InvalidPhone);
        }
        let international = format!("+{digits}");
        let rewritten = Self::without_mexican_one(&international).unwrap_or(international);
        Self::read_exact(&rewritten).ok_or(Problem::InvalidPhone)
    }

    /// The number that was stored: not parsed again, since the numbering plans change with time.
    pub fn from_stored(e164: String) -> Self {
        Self(e164)
    }

    fn read(text: &str, default: Country) -> Option<Self> {
        let first = text.find(|c: char| c == '+' || c.is_numeric())?;
        if text[first..].starts_with('+') {
            // `+44 (0)20 …`: a national prefix that does not belong there is taken off second.
            Self::read_exact(text).or_else(|| Self::valid(&phonenumber::parse(None, text).ok()?))
        } else {
            Self::valid(&phonenumber::parse(Some(default.id()), text).ok()?)
        }
    }

    /// Reads a number that has its country code, as it is.
    ///
    /// phonenumber 0.3.10 takes the national prefix of the default's plan off such a number:
    /// `+54 11 …` loses a 1 when the default is the United States, and `+7 812 …` an 8 even without
    /// a default. In Spain's plan there is none to take.
    fn read_exact(text: &str) -> Option<Self> {
        Self::valid(&phonenumber::parse(Some(phonenumber::country::ES), text).ok()?)
    }

    fn valid(number: &phonenumber::PhoneNumber) -> Option<Self> {
        number
            .is_valid()
            .then(|| Self(number.format().mode(phonenumber::Mode::E164).to_string()))
    }

    /// Mexico dropped the `1` after its country code in 2019; WhatsApp's ids still carry it.
    fn without_mexican_one(international: &str) -> Option<String> {
        let digits = Self::digits_of(international)?;
        (international.starts_with('+') && digits.len() == 13 && digits.starts_with("521"))
            .then(|| format!("+52{}", &digits[3..]))
    }

    /// What people in Mexico had to dial before the ten digits until 2019, and still have in their
    /// lists: 01, 044, 045; and the prefix of [`Self::without_mexican_one`] without its plus.
    fn without_mexican_prefix(national: &str, default: Country) -> Option<String> {
        let digits = Self::digits_of(national)?;
        let (prefix, ten) = digits.split_at_checked(digits.len().checked_sub(10)?)?;
        (default.code() == "MX" && matches!(prefix, "01" | "044" | "045" | "521"))
            .then(|| format!("+52{ten}"))
    }

    /// The digits of a text that has nothing else but what people put between them.
    fn digits_of(text: &str) -> Option<String> {
        text.chars()
            .all(|c| c.is_ascii_digit() || !c.is_alphanumeric())
            .then(|| text.chars().filter(char::is_ascii_digit).collect())
    }

    /// `+525512345678`
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `525512345678`, as WhatsApp takes it.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }
}

impl std::fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
