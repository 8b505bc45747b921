//! What happened to an import, in the person's language.

use nexus_domain::ImportFailure;
use nexus_domain::values::Language;

use crate::errors::{ApiError, Code, number, size};

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
