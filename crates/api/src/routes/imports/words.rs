//! What happened to an import, in the person's language.

use nexus_application::imports::IgnoredBecause;
use nexus_domain::ImportFailure;
use nexus_domain::values::Language;

use crate::errors::{ApiError, Code, describe, number, size};

/// The refusal of what an import's status does not allow.
pub(super) fn not_while(status: &'static str, language: Language) -> ApiError {
    let word = match (status, language) {
        ("previewed", Language::Es) => "en vista previa",
        ("queued", Language::Es) => "en espera",
        ("running", Language::Es) => "en marcha",
        ("completed", Language::Es) => "terminada",
        ("failed", Language::Es) => "que falló",
        ("cancelled", Language::Es) => "cancelada",
        ("undoing", Language::Es) => "que se está deshaciendo",
        ("undone", Language::Es) => "deshecha",
        ("previewed", Language::En) => "is only previewed",
        ("queued", Language::En) => "is waiting",
        ("running", Language::En) => "is running",
        ("completed", Language::En) => "is finished",
        ("failed", Language::En) => "has failed",
        ("cancelled", Language::En) => "was cancelled",
        ("undoing", Language::En) => "is being undone",
        ("undone", Language::En) => "was undone",
        (word, _) => word,
    };
    ApiError::new(Code::ImportStatus)
        .with("status", word)
        .with_member("status_of_import", status)
}

/// Why a column is passed over.
pub(super) fn explain_ignored(because: &IgnoredBecause, language: Language) -> String {
    match (because, language) {
        (IgnoredBecause::Chosen, Language::Es) => "Elegiste no importarla.".into(),
        (IgnoredBecause::Chosen, Language::En) => "You chose not to import it.".into(),
        (IgnoredBecause::Unmapped, Language::Es) => {
            "No es de los datos de un contacto, y no elegiste conservarla.".into()
        }
        (IgnoredBecause::Unmapped, Language::En) => {
            "It is nothing that every contact has, and you did not choose to keep it.".into()
        }
        (IgnoredBecause::BadName(problem), language) => describe(problem, language),
        (IgnoredBecause::Repeated, Language::Es) => "Otra columna ya tiene este nombre.".into(),
        (IgnoredBecause::Repeated, Language::En) => "Another column has this name already.".into(),
        (IgnoredBecause::Ours, Language::Es) => {
            "La agregamos nosotros al archivo exportado.".into()
        }
        (IgnoredBecause::Ours, Language::En) => "We added it to the exported file.".into(),
    }
}

/// The refusal of a file, or of the part of it that was chosen.
pub(super) fn unreadable(failure: &ImportFailure, language: Language) -> ApiError {
    ApiError::new(Code::UnreadableTable).with("reason", explain(failure, language))
}

/// Why an import failed.
pub(super) fn explain(failure: &ImportFailure, language: Language) -> String {
    match (failure, language) {
        (ImportFailure::Unreadable { .. }, Language::Es) => {
            "El archivo está dañado o no es una tabla.".into()
        }
        (ImportFailure::Unreadable { .. }, Language::En) => {
            "The file is damaged or is not a table.".into()
        }
        (ImportFailure::PasswordProtected, Language::Es) => {
            "El archivo está protegido con contraseña. Guárdalo sin ella y súbelo de nuevo.".into()
        }
        (ImportFailure::PasswordProtected, Language::En) => {
            "The file is protected by a password. Save it without one and upload it again.".into()
        }
        (ImportFailure::NoSuchSheet { sheet }, Language::Es) => {
            format!("El archivo no tiene una hoja llamada «{sheet}».")
        }
        (ImportFailure::NoSuchSheet { sheet }, Language::En) => {
            format!("The file has no sheet called “{sheet}”.")
        }
        (ImportFailure::NoRows, Language::Es) => {
            "El archivo no tiene filas debajo del encabezado.".into()
        }
        (ImportFailure::NoRows, Language::En) => "The file has no rows below its header.".into(),
        (ImportFailure::NoKnownColumns { header }, Language::Es) => format!(
            "No reconocimos las columnas ({}). Hace falta una de nombre y otra de teléfono o correo.",
            header.join(", ")
        ),
        (ImportFailure::NoKnownColumns { header }, Language::En) => format!(
            "We did not recognise the columns ({}). A name and a phone or e-mail column are needed.",
            header.join(", ")
        ),
        (ImportFailure::TooManyRows { max }, Language::Es) => {
            format!(
                "El archivo tiene más de {} filas, que es el máximo.",
                number(*max)
            )
        }
        (ImportFailure::TooManyRows { max }, Language::En) => {
            format!(
                "The file has more than {} rows, which is the limit.",
                number(*max)
            )
        }
        (ImportFailure::TooManyFields { max }, Language::Es) => {
            format!(
                "Más de {max} columnas serían campos personalizados, que es el máximo de un contacto."
            )
        }
        (ImportFailure::TooManyFields { max }, Language::En) => {
            format!(
                "More than {max} columns would be custom fields, which is the limit of a contact."
            )
        }
        (ImportFailure::TooManyFieldNames { max }, Language::Es) => {
            format!(
                "Con sus columnas tendrías más de {max} campos personalizados, que es el máximo."
            )
        }
        (ImportFailure::TooManyFieldNames { max }, Language::En) => {
            format!(
                "With its columns you would have more than {max} custom fields, which is the limit."
            )
        }
        (ImportFailure::TooManyColumns { max }, Language::Es) => {
            format!(
                "El archivo tiene más de {} columnas, que es el máximo.",
                number(*max)
            )
        }
        (ImportFailure::TooManyColumns { max }, Language::En) => {
            format!(
                "The file has more than {} columns, which is the limit.",
                number(*max)
            )
        }
        (ImportFailure::TooLarge { max }, Language::Es) => {
            format!(
                "El contenido del archivo, descomprimido, supera el máximo de {}.",
                size(*max)
            )
        }
        (ImportFailure::TooLarge { max }, Language::En) => {
            format!(
                "The file's content, uncompressed, exceeds the limit of {}.",
                size(*max)
            )
        }
        (ImportFailure::FileMissing, Language::Es) => {
            "El archivo ya no está en el servidor. Súbelo de nuevo; si vuelve a pasar, avisa a quien administra el servidor.".into()
        }
        (ImportFailure::FileMissing, Language::En) => {
            "The file is no longer on the server. Upload it again; if that happens again, tell whoever runs the server.".into()
        }
        (ImportFailure::Internal, Language::Es) => {
            "Algo falló de nuestro lado; lo ya importado se conserva.".into()
        }
        (ImportFailure::Internal, Language::En) => {
            "Something failed on our side; what was imported is kept.".into()
        }
    }
}
