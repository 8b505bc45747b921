//! What a user chose for an import.

use crate::values::{Country, FieldName, Problem, Tag, Text, Violations, fold};

/// Why the user may write to the contacts of an import: up to 500 characters in several lines.
pub type ConsentNote = Text<500, true>;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// A custom field.
    Custom(FieldName),
    /// Nothing of a contact.
    Ignore,
}

impl ColumnMeaning {
    /// Every meaning but custom fields, of which every user has others.
    const FIXED: [Self; 8] = [
        Self::Name,
        Self::LastName,
        Self::Phone,
        Self::Email,
        Self::Tags,
        Self::Notes,
        Self::Status,
        Self::Ignore,
    ];

    /// The word for custom fields.
    const CUSTOM: &'static str = "custom";

    /// Reads the word of the API; `custom` is the field that `name` names.
    pub fn parse(
        raw: &str,
        name: impl FnOnce() -> Result<FieldName, Problem>,
    ) -> Result<Self, Problem> {
        let wanted = raw.trim();
        if wanted == Self::CUSTOM {
            return name().map(Self::Custom);
        }
        let known = Self::FIXED
            .into_iter()
            .find(|meaning| meaning.as_str() == wanted);
        known.ok_or_else(|| {
            let words = Self::FIXED.iter().map(Self::as_str).chain([Self::CUSTOM]);
            Problem::NotOneOf {
                accepted: words.map(str::to_owned).collect(),
            }
        })
    }

    /// The word in the API and the store.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::LastName => "last_name",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Tags => "tags",
            Self::Notes => "notes",
            Self::Status => "status",
            Self::Custom(_) => Self::CUSTOM,
            Self::Ignore => "ignore",
        }
    }

    /// The custom field, if it is one.
    pub fn custom_field(&self) -> Option<&FieldName> {
        match self {
            Self::Custom(name) => Some(name),
            _ => None,
        }
    }

    /// Reads a header in Spanish or English, whatever its accents, case, spaces and signs. The words
    /// of the address books of Google and Outlook are among them.
    pub fn of_header(header: &str) -> Option<Self> {
        let word: String = fold(header)
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect();
        Some(match word.as_str() {
            "nombre" | "nombres" | "nombrecompleto" | "nombreyapellidos" | "nombreyapellido"
            | "cliente" | "name" | "fullname" | "firstname" | "givenname" => Self::Name,
            "apellido" | "apellidos" | "lastname" | "surname" | "familyname" => Self::LastName,
            "telefono" | "telefonos" | "telefonomovil" | "telefonocelular" | "numerodetelefono"
            | "tel" | "celular" | "cel" | "movil" | "whatsapp" | "phone" | "phonenumber"
            | "mobile" | "mobilephone" | "cellphone" | "cell" | "phone1value" => Self::Phone,
            "correo" | "correos" | "correoelectronico" | "email" | "emailaddress" | "mail"
            | "email1value" => Self::Email,
            "etiqueta" | "etiquetas" | "tag" | "tags" => Self::Tags,
            "nota" | "notas" | "note" | "notes" | "comentario" | "comentarios" | "comments" => {
                Self::Notes
            }
            "estado" | "estatus" | "status" => Self::Status,
            _ => return None,
        })
    }

    /// Whether several columns may have it at once.
    fn is_shared(&self) -> bool {
        matches!(self, Self::Tags | Self::Ignore)
    }
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
            let meaning = &column.meaning;
            if !meaning.is_shared() && before.iter().any(|other| other.meaning == *meaning) {
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
        let wanted = raw.trim();
        Self::ALL
            .into_iter()
            .find(|policy| policy.as_str() == wanted)
            .ok_or_else(|| Problem::NotOneOf {
                accepted: Self::ALL.map(|policy| policy.as_str().to_owned()).to_vec(),
            })
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
    /// Whether a column that nothing is said of becomes the custom field that its header names.
    pub keep_unmapped: bool,
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
    /// Whether it can contradict the file: it says where the table is, or wants custom fields, of
    /// which there may be too many.
    pub fn depends_on_file(&self) -> bool {
        self.sheet.is_some()
            || self.header_line.is_some()
            || self.mapping.is_some()
            || self.keep_unmapped
    }
}
