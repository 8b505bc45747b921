//! Which column of a table is what, by its header in Spanish or English.

use nexus_domain::values::fold;

use super::cell::{content, shown};

/// The most columns of a header that are shown when it is not understood.
const SHOWN: usize = 50;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Name,
    LastName,
    Phone,
    Email,
    Tags,
    Notes,
    Status,
}

impl Meaning {
    /// Reads a header, whatever its accents, case, spaces and signs. The words of the address
    /// books of Google and Outlook are among them.
    fn of(header: &str) -> Option<Self> {
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
    meaning: Meaning,
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
                    Meaning::of(text).map(|meaning| Column {
                        meaning,
                        index,
                        header: shown(text),
                    })
                })
                .collect(),
        );
        let named = columns.has(Meaning::Name) || columns.has(Meaning::LastName);
        let reachable = columns.has(Meaning::Phone) || columns.has(Meaning::Email);
        (named && reachable).then_some(columns)
    }

    fn has(&self, meaning: Meaning) -> bool {
        self.0.iter().any(|column| column.meaning == meaning)
    }

    /// The cell of a row with this meaning: of several such columns the first that is filled, of
    /// empty ones the first.
    pub(super) fn cell<'a>(&'a self, meaning: Meaning, cells: &'a [String]) -> Cell<'a> {
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

/// A header that was not understood, for show.
pub(super) fn shown_header(header: &[String]) -> Vec<String> {
    header.iter().take(SHOWN).map(|text| shown(text)).collect()
}
