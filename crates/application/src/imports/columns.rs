//! Which column of a table is what, by its header in Spanish or English.

use nexus_domain::values::{CustomFields, FieldName, Problem, fold};
use nexus_domain::{ColumnMapping, ColumnMeaning};

use super::cell::{content, shown};
use crate::custom_fields::check_count;

/// The most columns of a header that are shown when it is not understood.
const SHOWN: usize = 50;

/// What is added to a file of ours behind the columns of contacts: what the list of refused rows ends
/// with, and what an export has in the middle. Nobody means to keep these.
const OUR_ENDINGS: [[&str; 2]; 2] = [["linea", "motivo"], ["line", "reason"]];
const OUR_TIMES: [[&str; 3]; 2] = [
    ["baja desde", "ultimo mensaje", "creado"],
    ["unsubscribed since", "last message", "created"],
];

/// A cell and the header above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    /// The header, `None` when the table has no such column.
    pub(super) column: Option<&'a str>,
    /// What the cell holds, trimmed; nothing when the row is too short.
    pub(super) text: &'a str,
}

/// Why a column is passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IgnoredBecause {
    /// The user said so.
    Chosen,
    /// Nothing was said of it, and such columns are not kept.
    Unmapped,
    /// Its header can't be the name of a custom field.
    BadName(Problem),
    /// A column before it has this name.
    Repeated,
    /// We added it to a file that comes back.
    Ours,
}

/// A column that is passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredColumn {
    /// Its place, the first being 0.
    pub column: usize,
    /// Its header, as it is shown.
    pub header: String,
    /// Why.
    pub because: IgnoredBecause,
}

/// The columns of a table: those that hold something of a contact, and those that are passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Columns {
    own: Vec<Column>,
    custom: Vec<CustomColumn>,
    ignored: Vec<IgnoredColumn>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    meaning: ColumnMeaning,
    index: usize,
    header: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct CustomColumn {
    name: FieldName,
    index: usize,
    header: String,
}

impl Columns {
    /// Understands a header; `None` when no column is a name, or none a phone or an e-mail. The rest
    /// becomes custom fields when `keeps` says so.
    pub(super) fn recognise(header: &[String], keeps: bool) -> Option<Self> {
        let mut columns = Self::default();
        let mut rest = Vec::new();
        for (index, text) in header.iter().enumerate() {
            match ColumnMeaning::of_header(text) {
                Some(meaning) => columns.own.push(Column {
                    meaning,
                    index,
                    header: shown(text),
                }),
                None => rest.push(index),
            }
        }
        columns.keep(&rest, header, keeps);
        let named = columns.has(&ColumnMeaning::Name) || columns.has(&ColumnMeaning::LastName);
        let reachable = columns.has(&ColumnMeaning::Phone) || columns.has(&ColumnMeaning::Email);
        (named && reachable).then_some(columns)
    }

    /// The columns that the user named, below this header. The rest becomes custom fields when
    /// `keeps` says so.
    pub(super) fn mapped(mapping: &ColumnMapping, header: &[String], keeps: bool) -> Self {
        let mut columns = Self::default();
        for column in mapping.columns() {
            let index = column.index;
            let header = header
                .get(index)
                .map_or_else(String::new, |text| shown(text));
            match &column.meaning {
                ColumnMeaning::Custom(name) => columns.custom.push(CustomColumn {
                    name: name.clone(),
                    index,
                    header,
                }),
                ColumnMeaning::Ignore => columns.ignore(index, header, IgnoredBecause::Chosen),
                meaning => columns.own.push(Column {
                    meaning: meaning.clone(),
                    index,
                    header,
                }),
            }
        }
        let mentioned = |index: &usize| mapping.columns().iter().any(|c| c.index == *index);
        let rest: Vec<_> = (0..header.len())
            .filter(|index| !mentioned(index))
            .collect();
        columns.keep(&rest, header, keeps);
        columns.ignored.sort_by_key(|column| column.column);
        columns
    }

    /// The columns of which nothing was said.
    fn keep(&mut self, rest: &[usize], header: &[String], keeps: bool) {
        let ours = if keeps { ours(header) } else { Vec::new() };
        for &index in rest {
            let shown = shown(&header[index]);
            let because = if !keeps {
                IgnoredBecause::Unmapped
            } else if ours.contains(&index) {
                IgnoredBecause::Ours
            } else {
                match FieldName::parse(&header[index]) {
                    Err(problem) => IgnoredBecause::BadName(problem),
                    Ok(name) if self.custom.iter().any(|column| column.name == name) => {
                        IgnoredBecause::Repeated
                    }
                    Ok(name) => {
                        self.custom.push(CustomColumn {
                            name,
                            index,
                            header: shown,
                        });
                        continue;
                    }
                }
            };
            self.ignore(index, shown, because);
        }
    }

    fn ignore(&mut self, column: usize, header: String, because: IgnoredBecause) {
        self.ignored.push(IgnoredColumn {
            column,
            header,
            because,
        });
    }

    /// The columns that are passed over, from left to right.
    pub(super) fn ignored(&self) -> &[IgnoredColumn] {
        &self.ignored
    }

    /// Whether some column is a custom field.
    pub(super) fn has_custom_fields(&self) -> bool {
        !self.custom.is_empty()
    }

    /// Whether a user who has these names of custom fields can take these in.
    pub(super) fn check_fields(&self, known: &[FieldName]) -> Result<(), Problem> {
        if self.custom.len() > CustomFields::MAX {
            return Err(Problem::TooManyFields { max: 30 });
        }
        let new = self.custom.iter().filter(|c| !known.contains(&c.name));
        check_count(known.len() + new.count())
    }

    /// The custom fields of a row with their cells, whatever is in them.
    pub(super) fn custom_cells<'a>(
        &'a self,
        cells: &'a [String],
    ) -> impl Iterator<Item = (&'a FieldName, Cell<'a>)> {
        self.custom.iter().map(|column| {
            let cell = Cell {
                column: Some(column.header.as_str()),
                text: cells.get(column.index).map_or("", |cell| content(cell)),
            };
            (&column.name, cell)
        })
    }

    fn has(&self, meaning: &ColumnMeaning) -> bool {
        self.own.iter().any(|column| column.meaning == *meaning)
    }

    /// The cell of a row with this meaning: of several such columns the first that is filled, of
    /// empty ones the first.
    pub(super) fn cell<'a>(&'a self, meaning: &ColumnMeaning, cells: &'a [String]) -> Cell<'a> {
        let mut first = None;
        for column in self.own.iter().filter(|column| column.meaning == *meaning) {
            let cell = Cell {
                column: Some(&column.header),
                text: cells.get(column.index).map_or("", |cell| content(cell)),
            };
            if !cell.text.is_empty() {
                return cell;
            }
            first.get_or_insert(cell);
        }
        first.unwrap_or(Cell {
            column: None,
            text: "",
        })
    }
}

/// What each column of a header seems to hold; what has no meaning is a custom field when `keeps`
/// says so.
pub(super) fn suggested(header: &[String], keeps: bool) -> Vec<ColumnMeaning> {
    let mut rest = Columns::default();
    let unknown: Vec<_> = (0..header.len())
        .filter(|index| ColumnMeaning::of_header(&header[*index]).is_none())
        .collect();
    rest.keep(&unknown, header, keeps);
    let custom = |index| {
        let column = rest.custom.iter().find(|column| column.index == index);
        column.map(|column| ColumnMeaning::Custom(column.name.clone()))
    };
    let mut seen: Vec<ColumnMeaning> = Vec::new();
    header
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let meaning = ColumnMeaning::of_header(text).or_else(|| custom(index));
            let meaning = meaning.unwrap_or(ColumnMeaning::Ignore);
            // A suggestion can be sent back as it is: what a contact has once is suggested once.
            if meaning != ColumnMeaning::Tags && seen.contains(&meaning) {
                return ColumnMeaning::Ignore;
            }
            seen.push(meaning.clone());
            meaning
        })
        .collect()
}

/// The places of the columns that we added to a file of ours.
fn ours(header: &[String]) -> Vec<usize> {
    let words: Vec<String> = header.iter().map(|text| fold(text.trim())).collect();
    let width = words
        .iter()
        .rposition(|word| !word.is_empty())
        .map_or(0, |last| last + 1);
    let mut ours = Vec::new();
    if OUR_ENDINGS
        .iter()
        .any(|ending| words[..width].ends_with(&ending.map(str::to_owned)))
    {
        ours.extend([width - 2, width - 1]);
    }
    for (place, window) in words.windows(3).enumerate() {
        if OUR_TIMES.iter().any(|times| window == times) {
            ours.extend(place..place + 3);
        }
    }
    ours
}

/// Every column of a header, as it is shown and compared.
pub(super) fn whole_header(header: &[String]) -> Vec<String> {
    header.iter().map(|text| shown(text)).collect()
}

/// A header that was not understood, for show.
pub(super) fn shown_header(header: &[String]) -> Vec<String> {
    header.iter().take(SHOWN).map(|text| shown(text)).collect()
}
