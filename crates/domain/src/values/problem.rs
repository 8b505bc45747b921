//! What can be wrong with a value that a person gave us. The texts, in each language, are the
//! API's; here is the reason and what belongs to it.

use serde::{Deserialize, Serialize};

use crate::ContactId;

/// Why a value was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Problem {
    /// A value is needed and there is none.
    Required,
    /// More than `max` characters.
    TooLong {
        /// The most that is accepted.
        max: u32,
    },
    /// More than `max` items of a list.
    TooMany {
        /// The most that is accepted.
        max: u32,
    },
    /// Fewer than `min` characters.
    TooShort {
        /// The least that is accepted.
        min: u32,
    },
    /// A control character, which no name, tag or text may have.
    ControlCharacter,
    /// Not a phone number that exists in its country's numbering plan.
    InvalidPhone,
    /// Not an e-mail address.
    InvalidEmail,
    /// Not a name of the IANA time zone database.
    UnknownTimeZone,
    /// Not one of the languages of the product.
    UnknownLanguage,
    /// Not an ISO 3166-1 alpha-2 country with a numbering plan.
    UnknownCountry,
    /// A tag with a comma, which separates tags in files.
    TagWithComma,
    /// A name of a custom field with other signs than letters, digits, `_` and spaces.
    InvalidFieldName,
    /// A name of a custom field that already means something else.
    ReservedFieldName,
    /// More custom fields than a contact may have.
    TooManyFields {
        /// The most that are accepted.
        max: u32,
    },
    /// More names of custom fields than a user may have.
    TooManyFieldNames {
        /// The most that are accepted.
        max: u32,
    },
    /// A name of a custom field whose values are still being taken from contacts.
    FieldBeingDeleted {
        /// The field as it was spelled.
        name: String,
    },
    /// A placeholder that no contact has.
    UnknownPlaceholder {
        /// Its name as written.
        name: String,
    },
    /// A password that is on the list of the most used ones, or is the person's own e-mail or name.
    CommonPassword,
    /// Not one of the values that the field accepts.
    NotOneOf {
        /// The accepted values.
        accepted: Vec<String>,
    },
    /// A contact needs a phone number or an e-mail address.
    PhoneOrEmailRequired,
    /// The same phone number or e-mail address already belongs to another contact.
    Duplicate,
    /// Ids of contacts that this user does not have.
    UnknownContacts {
        /// How many there are.
        count: u32,
    },
    /// Not the id of a segment of this user.
    UnknownSegment,
    /// A segment that is to be made of another segment.
    SegmentOfSegment,
    /// The phone number belongs to one contact and the e-mail address to another.
    MeetsTwoContacts {
        /// The contact with the phone number.
        phone: ContactId,
        /// The contact with the e-mail address.
        email: ContactId,
    },
    /// A word that would both stop messages and bring them back.
    MeansBothWishes,
    /// A table has no such column.
    NoSuchColumn,
    /// The same column, or the same meaning of a column, was given before.
    MappedTwice,
    /// The column has another header than the one that was meant.
    OtherHeader {
        /// The header that is there.
        header: String,
    },
    /// A time that has passed.
    InThePast,
    /// A time that is too far ahead.
    TooFarAhead {
        /// The most days ahead that are accepted.
        days: u32,
    },
    /// A local time that the clocks skip when they are put forward.
    SkippedByClocks,
    /// A latest start that is not after the start.
    NotAfterStart,
    /// A window without a day, or that closes when it opens.
    NeverOpens,
    /// A value that this field can't have; `hint` names what it takes, in the words of the API.
    Malformed {
        /// What is expected, a format or an example: `2026-11-23T10:00:00Z`.
        expected: String,
    },
}

impl Problem {
    /// The machine word for the problem.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooLong { .. } => "too_long",
            Self::TooMany { .. } => "too_many",
            Self::TooShort { .. } => "too_short",
            Self::ControlCharacter => "control_character",
            Self::InvalidPhone => "invalid_phone",
            Self::InvalidEmail => "invalid_email",
            Self::UnknownTimeZone => "unknown_time_zone",
            Self::UnknownLanguage => "unknown_language",
            Self::UnknownCountry => "unknown_country",
            Self::TagWithComma => "tag_with_comma",
            Self::InvalidFieldName => "invalid_field_name",
            Self::ReservedFieldName => "reserved_field_name",
            Self::TooManyFields { .. } => "too_many_fields",
            Self::TooManyFieldNames { .. } => "too_many_field_names",
            Self::FieldBeingDeleted { .. } => "field_being_deleted",
            Self::UnknownPlaceholder { .. } => "unknown_placeholder",
            Self::CommonPassword => "common_password",
            Self::NotOneOf { .. } => "not_one_of",
            Self::PhoneOrEmailRequired => "phone_or_email_required",
            Self::Duplicate => "duplicate",
            Self::UnknownContacts { .. } => "unknown_contacts",
            Self::UnknownSegment => "unknown_segment",
            Self::SegmentOfSegment => "segment_of_segment",
            Self::MeetsTwoContacts { .. } => "meets_two_contacts",
            Self::MeansBothWishes => "means_both_wishes",
            Self::NoSuchColumn => "no_such_column",
            Self::MappedTwice => "mapped_twice",
            Self::OtherHeader { .. } => "other_header",
            Self::InThePast => "in_the_past",
            Self::TooFarAhead { .. } => "too_far_ahead",
            Self::SkippedByClocks => "skipped_by_clocks",
            Self::NotAfterStart => "not_after_start",
            Self::NeverOpens => "never_opens",
            Self::Malformed { .. } => "malformed",
        }
    }
}

/// Every refused field of one input, in the order in which they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violations(Vec<(String, Problem)>);

impl Violations {
    /// No violation yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A single one.
    pub fn of(field: impl Into<String>, problem: Problem) -> Self {
        Self(vec![(field.into(), problem)])
    }

    /// Adds one.
    pub fn add(&mut self, field: impl Into<String>, problem: Problem) {
        self.0.push((field.into(), problem));
    }

    /// Keeps the value of `result`, or notes its problem under `field`.
    pub fn check<T>(&mut self, field: &str, result: Result<T, Problem>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problem) => {
                self.add(field, problem);
                None
            }
        }
    }

    /// Whether nothing was refused.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Field and problem, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Problem)> {
        self.0
            .iter()
            .map(|(field, problem)| (field.as_str(), problem))
    }

    /// `Err(self)` when anything was refused.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl std::fmt::Display for Violations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (field, problem)) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{field}: {}", problem.code())?;
        }
        Ok(())
    }
}
