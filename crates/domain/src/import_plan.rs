//! What a user chose for an import.

use crate::values::{Country, Problem, Tag, Text, Violations};

/// Why the user may write to the contacts of an import: up to 500 characters in several lines.
pub type ConsentNote = Text<500, true>;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnMeaning {
    /// The name, or the first name.
    Name,
    /// The last name, which follows the name.
    LastName,
    /// The phone number.
    Phone,
    /// The e-mail address.
    Email,
    /// Tags, separated by commas, semicolons or pipes.
    Tags,
    /// Notes.
    Notes,
    /// Whether the contact may be written to.
    Status,
    /// Nothing of a contact.
    Ignore,
}

impl ColumnMeaning {
    /// Every meaning.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::LastName,
        Self::Phone,
        Self::Email,
        Self::Tags,
        Self::Notes,
        Self::Status,
        Self::Ignore,
    ];

    /// Reads the word of the API.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        parse_word(raw, Self::ALL, Self::as_str)
    }

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::LastName => "last_name",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Tags => "tags",
            Self::Notes => "notes",
            Self::Status => "status",
            Self::Ignore => "ignore",
        }
    }

    /// Whether several columns may have it at once.
    fn is_shared(self) -> bool {
        matches!(self, Self::Tags | Self::Ignore)
    }
}

fn parse_word<T: Copy, const N: usize>(
    raw: &str,
    all: [T; N],
    as_str: fn(T) -> &'static str,
) -> Result<T, Problem> {
    let wanted = raw.trim();
    all.into_iter()
        .find(|value| as_str(*value) == wanted)
        .ok_or_else(|| Problem::NotOneOf {
            accepted: all.map(|value| as_str(value).to_owned()).to_vec(),
        })
}

/// What one column holds, as the user said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedColumn {
    /// Its place, the first being 0.
    pub index: usize,
    /// The header that the user saw above it; `None` is not compared.
    pub header: Option<String>,
    /// What it holds.
    pub meaning: ColumnMeaning,
}

/// What the columns of a table hold. Some column is a name, some a phone or an e-mail; no column
/// is there twice, and what a contact has once comes from one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMapping(Vec<MappedColumn>);

impl ColumnMapping {
    /// Accepts what the user said; columns that are not mentioned hold nothing.
    pub fn parse(columns: Vec<MappedColumn>) -> Result<Self, Violations> {
        let mut violations = Violations::new();
        for (place, column) in columns.iter().enumerate() {
            let before = &columns[..place];
            if before.iter().any(|other| other.index == column.index) {
                violations.add(format!("mapping[{place}].column"), Problem::MappedTwice);
            }
            let meaning = column.meaning;
            if !meaning.is_shared() && before.iter().any(|other| other.meaning == meaning) {
                violations.add(format!("mapping[{place}].field"), Problem::MappedTwice);
            }
        }
        let has = |meanings: [ColumnMeaning; 2]| {
            let mut all = columns.iter();
            all.any(|column| meanings.contains(&column.meaning))
        };
        if !has([ColumnMeaning::Name, ColumnMeaning::LastName]) {
            violations.add("mapping.name", Problem::Required);
        }
        if !has([ColumnMeaning::Phone, ColumnMeaning::Email]) {
            violations.add("mapping.phone", Problem::PhoneOrEmailRequired);
        }
        violations.into_result()?;
        Ok(Self(columns))
    }

    /// The mapping that was stored.
    pub fn from_stored(columns: Vec<MappedColumn>) -> Self {
        Self(columns)
    }

    /// The columns, in the order in which the user named them.
    pub fn columns(&self) -> &[MappedColumn] {
        &self.0
    }

    /// Whether `header` has every column, with the text that the user saw above it.
    pub fn check(&self, header: &[String]) -> Result<(), Violations> {
        let mut violations = Violations::new();
        for (place, column) in self.0.iter().enumerate() {
            match (header.get(column.index), &column.header) {
                (None, _) => {
                    violations.add(format!("mapping[{place}].column"), Problem::NoSuchColumn);
                }
                (Some(there), Some(seen)) if there.trim() != seen.trim() => violations.add(
                    format!("mapping[{place}].header"),
                    Problem::OtherHeader {
                        header: there.trim().to_owned(),
                    },
                ),
                _ => {}
            }
        }
        violations.into_result()
    }
}

/// What happens to a contact that an import meets again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum KnownContacts {
    /// It stays as it is.
    #[default]
    Skip,
    /// What it lacks is taken from the row.
    UpdateEmpty,
    /// What the row has takes the place of what the contact had.
    Overwrite,
}

impl KnownContacts {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Skip, Self::UpdateEmpty, Self::Overwrite];

    /// Reads the word of the API.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        parse_word(raw, Self::ALL, Self::as_str)
    }

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::UpdateEmpty => "update_empty",
            Self::Overwrite => "overwrite",
        }
    }
}

/// What a user chose for an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportPlan {
    /// The sheet of a workbook; `None` is the first that has content.
    pub sheet: Option<String>,
    /// The line with the names of the columns; `None` is found.
    pub header_line: Option<u64>,
    /// What the columns hold; `None` is read from the header.
    pub mapping: Option<ColumnMapping>,
    /// What happens to contacts that are known.
    pub known: KnownContacts,
    /// Given to every contact that is created or updated.
    pub tags: Vec<Tag>,
    /// For phone numbers without prefix; `None` is the user's.
    pub default_country: Option<Country>,
    /// Why the user may write to these contacts.
    pub consent_note: Option<ConsentNote>,
}

impl ImportPlan {
    /// Whether it says anything of where in the file the table is.
    pub fn says_where(&self) -> bool {
        self.sheet.is_some() || self.header_line.is_some() || self.mapping.is_some()
    }
}
