//! Which column of a table is what, by its header in Spanish or English.

use nexus_domain::values::fold;
use nexus_domain::{ColumnMapping, ColumnMeaning};

use super::cell::{content, shown};

/// The most columns of a header that are shown when it is not understood.
const SHOWN: usize = 50;

/// Reads a header, whatever its accents, case, spaces and signs. The words of the address books of
/// Google and Outlook are among them.
fn meaning_of(header: &str) -> Option<ColumnMeaning> {
    let word: String = fold(header)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect();
    Some(match word.as_str() {
        "nombre" | "nombres" | "nombrecompleto" | "nombreyapellidos" | "nombreyapellido"
        | "cliente" | "name" | "fullname" | "firstname" | "givenname" => ColumnMeaning::Name,
        "apellido" | "apellidos" | "lastname" | "surname" | "familyname" => ColumnMeaning::LastName,
        "telefono" | "telefonos" | "telefonomovil" | "telefonocelular" | "numerodetelefono"
        | "tel" | "celular" | "cel" | "movil" | "whatsapp" | "phone" | "phonenumber" | "mobile"
        | "mobilephone" | "cellphone" | "cell" | "phone1value" => ColumnMeaning::Phone,
        "correo" | "correos" | "correoelectronico" | "email" | "emailaddress" | "mail"
        | "email1value" => ColumnMeaning::Email,
        "etiqueta" | "etiquetas" | "tag" | "tags" => ColumnMeaning::Tags,
        "nota" | "notas" | "note" | "notes" | "comentario" | "comentarios" | "comments" => {
            ColumnMeaning::Notes
        }
        "estado" | "estatus" | "status" => ColumnMeaning::Status,
        _ => return None,
    })
}

/// A cell and the header above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    /// The header, `None` when the table has no such column.
    pub(super) column: Option<&'a str>,
    /// What the cell holds, trimmed; nothing when the row is too short.
    pub(super) text: &'a str,
}

/// The columns of a table that hold something of a contact. The rest is passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns(Vec<Column>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    meaning: ColumnMeaning,
    index: usize,
    header: String,
}

impl Columns {
    /// Understands a header; `None` when no column is a name, or none a phone or an e-mail.
    pub(super) fn recognise(header: &[String]) -> Option<Self> {
        let columns = Self(
            header
                .iter()
                .enumerate()
                .filter_map(|(index, text)| {
                    meaning_of(text).map(|meaning| Column {
                        meaning,
                        index,
                        header: shown(text),
                    })
                })
                .collect(),
        );
        let named = columns.has(ColumnMeaning::Name) || columns.has(ColumnMeaning::LastName);
        let reachable = columns.has(ColumnMeaning::Phone) || columns.has(ColumnMeaning::Email);
        (named && reachable).then_some(columns)
    }

    /// The columns that the user named, below this header.
    pub(super) fn mapped(mapping: &ColumnMapping, header: &[String]) -> Self {
        let column = |column: &nexus_domain::MappedColumn| Column {
            meaning: column.meaning,
            index: column.index,
            header: header
                .get(column.index)
                .map_or_else(String::new, |text| shown(text)),
        };
        Self(mapping.columns().iter().map(column).collect())
    }

    fn has(&self, meaning: ColumnMeaning) -> bool {
        self.0.iter().any(|column| column.meaning == meaning)
    }

    /// The cell of a row with this meaning: of several such columns the first that is filled, of
    /// empty ones the first.
    pub(super) fn cell<'a>(&'a self, meaning: ColumnMeaning, cells: &'a [String]) -> Cell<'a> {
        let mut first = None;
        for column in self.0.iter().filter(|column| column.meaning == meaning) {
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

/// What each column of a header seems to hold.
pub(super) fn suggested(header: &[String]) -> Vec<ColumnMeaning> {
    let mut seen: Vec<ColumnMeaning> = Vec::new();
    header
        .iter()
        .map(|text| {
            let meaning = meaning_of(text).unwrap_or(ColumnMeaning::Ignore);
            // A suggestion can be sent back as it is: what a contact has once is suggested once.
            if meaning != ColumnMeaning::Tags && seen.contains(&meaning) {
                return ColumnMeaning::Ignore;
            }
            seen.push(meaning);
            meaning
        })
        .collect()
}

/// Every column of a header, as it is shown and compared.
pub(super) fn whole_header(header: &[String]) -> Vec<String> {
    header.iter().map(|text| shown(text)).collect()
}

/// A header that was not understood, for show.
pub(super) fn shown_header(header: &[String]) -> Vec<String> {
    header.iter().take(SHOWN).map(|text| shown(text)).collect()
}
