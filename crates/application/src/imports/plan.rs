//! What a user chose for an import, as it was sent.

use nexus_domain::values::{Country, FieldName, Problem, ShortText, Tag, Violations};
use nexus_domain::{
    ColumnMapping, ColumnMeaning, ConsentNote, ImportPlan, KnownContacts, MappedColumn,
};

use crate::field::optional;

/// What one column holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnChoice {
    /// Its place, the first being 0.
    pub column: usize,
    /// The header that the user saw above it.
    pub header: Option<String>,
    /// The word for what it holds.
    pub field: String,
    /// The name of the custom field that it holds; without it, the header's.
    pub custom: Option<String>,
}

/// What a user chose for an import, not looked at yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportChoices {
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The line with the names of the columns, counted from 1.
    pub header_line: Option<u64>,
    /// What the columns hold.
    pub mapping: Option<Vec<ColumnChoice>>,
    /// Whether columns that nothing is said of become custom fields.
    pub keep_unmapped: bool,
    /// What happens to known contacts.
    pub known_contacts: Option<String>,
    /// Given to every contact that is created or updated.
    pub tags: Vec<String>,
    /// For phone numbers without prefix.
    pub default_country: Option<String>,
    /// Why the user may write to these contacts.
    pub consent_note: Option<String>,
}

impl ImportChoices {
    /// Everything that is wrong with the choices, before any file is looked at.
    pub fn parse(&self) -> Result<ImportPlan, Violations> {
        let mut violations = Violations::new();
        let sheet = optional(self.sheet.as_deref(), ShortText::parse);
        let sheet = violations.check("sheet", sheet).flatten();
        if self.header_line == Some(0) {
            let expected = "1, 2, 3…".to_owned();
            violations.add("header_line", Problem::Malformed { expected });
        }
        let mapping = self.mapping(&mut violations);
        let known = optional(self.known_contacts.as_deref(), KnownContacts::parse);
        let known = violations.check("known_contacts", known).flatten();
        let tags = Tag::parse_list(self.tags.iter().map(String::as_str));
        let tags = violations.check("tags", tags);
        let country = optional(self.default_country.as_deref(), Country::parse);
        let country = violations.check("default_country", country).flatten();
        let note = optional(self.consent_note.as_deref(), ConsentNote::parse);
        let note = violations.check("consent_note", note).flatten();
        violations.into_result()?;
        Ok(ImportPlan {
            // As it was sent: the name of a sheet may begin or end with a space.
            sheet: sheet.and_then(|_| self.sheet.clone()),
            header_line: self.header_line,
            mapping,
            keep_unmapped: self.keep_unmapped,
            known: known.unwrap_or_default(),
            tags: tags.unwrap_or_default(),
            default_country: country,
            consent_note: note,
        })
    }

    fn mapping(&self, violations: &mut Violations) -> Option<ColumnMapping> {
        let choices = self.mapping.as_ref()?;
        let mut columns = Vec::with_capacity(choices.len());
        let mut all_known = true;
        for (place, choice) in choices.iter().enumerate() {
            let name = || {
                let given = choice.custom.as_ref().or(choice.header.as_ref());
                FieldName::parse(given.map_or("", String::as_str))
            };
            match ColumnMeaning::parse(&choice.field, name) {
                Ok(meaning) => columns.push(MappedColumn {
                    index: choice.column,
                    header: choice.header.clone(),
                    meaning,
                }),
                Err(problem) => {
                    all_known = false;
                    let part = match problem {
                        Problem::NotOneOf { .. } => "field",
                        _ => "custom",
                    };
                    violations.add(format!("mapping[{place}].{part}"), problem);
                }
            }
        }
        if !all_known {
            return None;
        }
        match ColumnMapping::parse(columns) {
            Ok(mapping) => Some(mapping),
            Err(wrong) => {
                for (field, problem) in wrong.iter() {
                    violations.add(field, problem.clone());
                }
                None
            }
        }
    }
}
