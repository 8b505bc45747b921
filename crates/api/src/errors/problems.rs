//! What is wrong with a value, in the person's language.

use nexus_domain::values::{Language, Problem};

use super::number;

/// One sentence about `problem`.
pub fn describe(problem: &Problem, language: Language) -> String {
    match language {
        Language::Es => spanish(problem),
        Language::En => english(problem),
    }
}

/// The parser's name of a JSON type, in Spanish and English. What it says of our own types is nobody's
/// business.
fn shape(expected: &str) -> Option<(&'static str, &'static str)> {
    let expected = expected.trim_end_matches('.');
    Some(match expected {
        "a string" | "a borrowed string" | "string or map" => ("un texto", "a text"),
        "a boolean" => ("true o false", "true or false"),
        "a sequence" | "a list" => ("una lista", "a list"),
        "a map" | "an object" => ("un objeto", "an object"),
        "another type" => ("otro tipo de dato", "another type"),
        "another contact" => ("otro contacto", "another contact"),
        "5 to 20 digits" => ("de 5 a 20 dígitos", "5 to 20 digits"),
        "ASCII" => (
            "letras sin acentos, números y signos comunes (ASCII)",
            "letters without accents, digits and common signs (ASCII)",
        ),
        "the whole key" => ("la clave completa", "the whole key"),
        "contact_ids | filter" => ("contact_ids o filter", "contact_ids or filter"),
        _ if expected.starts_with("struct ") => ("un objeto", "an object"),
        _ if ["u8", "u16", "u32", "u64", "i32", "i64", "f64"].contains(&expected) => {
            ("un número", "a number")
        }
        _ => return None,
    })
}

/// Two parts of a sentence; an example may end in an ellipsis, which ends the sentence too.
fn sentence(beginning: &str, end: &str) -> String {
    let stop = if end.ends_with('…') { "" } else { "." };
    format!("{beginning}: {end}{stop}")
}

fn spanish(problem: &Problem) -> String {
    match problem {
        Problem::Required => "Este dato es obligatorio.".into(),
        Problem::TooLong { max } => format!(
            "Es demasiado largo; el máximo es de {} caracteres.",
            number(*max)
        ),
        Problem::TooMany { max } => format!("Son demasiados; el máximo es de {}.", number(*max)),
        Problem::TooShort { min } => format!(
            "Es demasiado corto; el mínimo es de {} caracteres.",
            number(*min)
        ),
        Problem::ControlCharacter => "Contiene caracteres que no se pueden mostrar.".into(),
        Problem::InvalidPhone => {
            "No es un número de teléfono válido; escribe también la lada o el prefijo del país."
                .into()
        }
        Problem::InvalidEmail => "No es un correo electrónico válido.".into(),
        Problem::UnknownTimeZone => {
            "No es una zona horaria conocida; un ejemplo es America/Mexico_City.".into()
        }
        Problem::UnknownLanguage => "El idioma debe ser es (español) o en (inglés).".into(),
        Problem::UnknownCountry => {
            "No es un país conocido; escribe su código, por ejemplo MX.".into()
        }
        Problem::TagWithComma => "Una etiqueta no puede contener comas ni punto y coma.".into(),
        Problem::InvalidFieldName => {
            "El nombre de un campo empieza con una letra o un número y solo lleva letras, números, espacios y guion bajo.".into()
        }
        Problem::ReservedFieldName => {
            "Este nombre ya es de un dato que todo contacto tiene; elige otro.".into()
        }
        Problem::TooManyFields { max } => {
            format!("Un contacto puede tener {max} campos personalizados como máximo.")
        }
        Problem::TooManyFieldNames { max } => format!(
            "Puedes tener {max} campos personalizados como máximo; elimina los que no uses."
        ),
        Problem::FieldBeingDeleted { name } => format!(
            "El campo «{name}» se está eliminando de tus contactos; podrás usarlo de nuevo cuando termine."
        ),
        Problem::UnknownPlaceholder { name } => {
            format!(
                "No existe el dato «{name}»; puedes usar {{nombre}}, {{telefono}}, {{email}} y tus campos personalizados."
            )
        }
        Problem::CommonPassword => {
            "Esta contraseña es fácil de adivinar; elige otra, por ejemplo una frase.".into()
        }
        Problem::NotOneOf { accepted } => format!("Debe ser uno de: {}.", accepted.join(", ")),
        Problem::PhoneOrEmailRequired => "Escribe al menos un teléfono o un correo.".into(),
        Problem::Duplicate => "Ya existe otro contacto con este dato.".into(),
        Problem::UnknownContacts { count: 1 } => {
            "Uno de los contactos elegidos ya no existe.".into()
        }
        Problem::UnknownContacts { count } => {
            format!(
                "{} de los contactos elegidos ya no existen.",
                number(*count)
            )
        }
        Problem::MeetsTwoContacts { .. } => {
            "El teléfono es de un contacto y el correo es de otro; deja solo el dato correcto."
                .into()
        }
        Problem::UnknownSegment => "Este segmento no existe.".into(),
        Problem::SegmentOfSegment => {
            "Un segmento no puede basarse en otro: repite aquí sus condiciones.".into()
        }
        Problem::MeansBothWishes => {
            "Una misma palabra no puede dar de baja y de alta.".into()
        }
        Problem::NoSuchColumn => "La tabla no tiene esta columna.".into(),
        Problem::MappedTwice => "Ya se asignó a otra columna.".into(),
        Problem::OtherHeader { header } => {
            format!("En el archivo, el encabezado de esta columna es «{header}».")
        }
        Problem::InThePast => "Esta hora ya pasó; elige una más adelante.".into(),
        Problem::TooFarAhead { days } => format!(
            "Falta demasiado para esa fecha; el máximo es de {} días.",
            number(*days)
        ),
        Problem::SkippedByClocks => {
            "Esta hora no existe ese día: los relojes se adelantan y la saltan. Elige otra.".into()
        }
        Problem::NotAfterStart => "La hora límite debe ser posterior a la de inicio.".into(),
        Problem::NeverOpens => {
            "Este horario nunca se abre: elige al menos un día y una hora de cierre distinta de la de apertura.".into()
        }
        Problem::Malformed { expected } => {
            let shape = shape(expected).map_or(expected.as_str(), |(es, _)| es);
            sentence("No tiene la forma esperada", shape)
        }
    }
}

fn english(problem: &Problem) -> String {
    match problem {
        Problem::Required => "This is required.".into(),
        Problem::TooLong { max } => format!(
            "This is too long; the limit is {} characters.",
            number(*max)
        ),
        Problem::TooMany { max } => format!("These are too many; the limit is {}.", number(*max)),
        Problem::TooShort { min } => format!(
            "This is too short; it needs at least {} characters.",
            number(*min)
        ),
        Problem::ControlCharacter => "This has characters that can't be shown.".into(),
        Problem::InvalidPhone => {
            "This is not a valid phone number; include the area or country code.".into()
        }
        Problem::InvalidEmail => "This is not a valid e-mail address.".into(),
        Problem::UnknownTimeZone => {
            "This is not a known time zone; an example is America/Mexico_City.".into()
        }
        Problem::UnknownLanguage => "The language must be es (Spanish) or en (English).".into(),
        Problem::UnknownCountry => {
            "This is not a known country; write its code, such as MX.".into()
        }
        Problem::TagWithComma => "A tag can't contain commas or semicolons.".into(),
        Problem::InvalidFieldName => {
            "The name of a field begins with a letter or a digit and has only letters, digits, spaces and underscores.".into()
        }
        Problem::ReservedFieldName => {
            "This name already means something that every contact has; choose another.".into()
        }
        Problem::TooManyFields { max } => {
            format!("A contact can have {max} custom fields at most.")
        }
        Problem::TooManyFieldNames { max } => format!(
            "You can have {max} custom fields at most; delete those that you don't use."
        ),
        Problem::FieldBeingDeleted { name } => format!(
            "The field “{name}” is being deleted from your contacts; you can use it again once that is done."
        ),
        Problem::UnknownPlaceholder { name } => format!(
            "There is no placeholder “{name}”; you can use {{name}}, {{phone}}, {{email}} and your custom fields."
        ),
        Problem::CommonPassword => {
            "This password is easy to guess; choose another, such as a phrase.".into()
        }
        Problem::NotOneOf { accepted } => format!("This must be one of: {}.", accepted.join(", ")),
        Problem::PhoneOrEmailRequired => "Give a phone number or an e-mail address.".into(),
        Problem::Duplicate => "Another contact already has this.".into(),
        Problem::UnknownContacts { count: 1 } => {
            "One of the chosen contacts no longer exists.".into()
        },
        Problem::UnknownContacts { count } => {
            format!("{} of the chosen contacts no longer exist.", number(*count))
        }
        Problem::MeetsTwoContacts { .. } => {
            "The phone number belongs to one contact and the e-mail address to another; keep only the right one.".into()
        }
        Problem::UnknownSegment => "This segment does not exist.".into(),
        Problem::SegmentOfSegment => {
            "A segment can't be made of another: repeat its conditions here.".into()
        }
        Problem::MeansBothWishes => {
            "One word can't both stop messages and bring them back.".into()
        }
        Problem::NoSuchColumn => "The table does not have this column.".into(),
        Problem::MappedTwice => "This was assigned to another column.".into(),
        Problem::OtherHeader { header } => {
            format!("In the file, the header of this column is “{header}”.")
        }
        Problem::InThePast => "This time has passed; choose a later one.".into(),
        Problem::TooFarAhead { days } => format!(
            "This is too far ahead; the limit is {} days.",
            number(*days)
        ),
        Problem::SkippedByClocks => {
            "This time does not exist on that day: clocks are put forward over it. Choose another."
                .into()
        }
        Problem::NotAfterStart => "The latest start must be after the start.".into(),
        Problem::NeverOpens => {
            "This window never opens: choose a day at least, and a closing time other than the opening time.".into()
        }
        Problem::Malformed { expected } => {
            let shape = shape(expected).map_or(expected.as_str(), |(_, en)| en);
            sentence("This does not have the expected form", shape)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_names_in_the_persons_language() {
        let said = |expected: &str, language| {
            let expected = expected.to_owned();
            describe(&Problem::Malformed { expected }, language)
        };
        for (expected, es, en) in [
            ("a string", "un texto", "a text"),
            ("a boolean", "true o false", "true or false"),
            ("struct CreateContactBody", "un objeto", "an object"),
            ("u32", "un número", "a number"),
            ("the whole key", "la clave completa", "the whole key"),
            (
                "2026-11-23T10:00:00Z",
                "2026-11-23T10:00:00Z",
                "2026-11-23T10:00:00Z",
            ),
        ] {
            assert!(said(expected, Language::Es).ends_with(&format!(": {es}.")));
            assert!(said(expected, Language::En).ends_with(&format!(": {en}.")));
        }
    }
}
