//! How connections stand, in the person's language.

use nexus_application::integrations::ConnectionStatus;
use nexus_domain::values::Language;
use nexus_domain::{AccountStanding, KnownFailure};

use crate::routes::campaigns::words::explain_failure;

/// How a connection stands, and what to do.
pub(super) fn explain_status(status: ConnectionStatus, language: Language) -> &'static str {
    match (status, language) {
        (ConnectionStatus::Incomplete, Language::Es) => {
            "Faltan datos en tu perfil para enviar por WhatsApp."
        }
        (ConnectionStatus::Incomplete, Language::En) => {
            "Your profile lacks what is needed to send over WhatsApp."
        }
        (ConnectionStatus::Unchecked, Language::Es) => {
            "Los datos están completos; comprueba la conexión para saber si funcionan."
        }
        (ConnectionStatus::Unchecked, Language::En) => {
            "Everything is filled in; check the connection to know whether it works."
        }
        (ConnectionStatus::Connected, Language::Es) => "WhatsApp está conectado.",
        (ConnectionStatus::Connected, Language::En) => "WhatsApp is connected.",
        (ConnectionStatus::Failing, Language::Es) => {
            "WhatsApp rechaza la clave o el número de tu perfil; corrígelos y comprueba la conexión otra vez."
        }
        (ConnectionStatus::Failing, Language::En) => {
            "WhatsApp refuses the key or the number in your profile; correct them and check the connection again."
        }
        (ConnectionStatus::Restricted, Language::Es) => {
            "WhatsApp restringió o cerró tu cuenta; mira el motivo en el panel de Meta."
        }
        (ConnectionStatus::Restricted, Language::En) => {
            "WhatsApp restricted or closed your account; see why in Meta's dashboard."
        }
    }
}

/// A provider that can't be connected yet.
pub(super) fn explain_unavailable(language: Language) -> &'static str {
    match language {
        Language::Es => "Todavía no está disponible.",
        Language::En => "Not available yet.",
    }
}

/// Why the provider did not tell what it was asked.
pub(super) fn explain_known_failure(failure: &KnownFailure, language: Language) -> &'static str {
    match (failure.meaning(), language) {
        (Some(code), language) => explain_failure(code, language),
        (None, Language::Es) => "WhatsApp no respondió.",
        (None, Language::En) => "WhatsApp did not answer.",
    }
}

/// How WhatsApp rates something; a word that is not known is said as it is.
pub(super) fn explain_quality(quality: &str, language: Language) -> Option<&'static str> {
    Some(match (quality, language) {
        ("GREEN", Language::Es) => "Calidad alta.",
        ("GREEN", Language::En) => "High quality.",
        ("YELLOW", Language::Es) => "Calidad media: cuida a quién le escribes.",
        ("YELLOW", Language::En) => "Medium quality: mind whom you write to.",
        ("RED", Language::Es) => {
            "Calidad baja: WhatsApp puede limitar o pausar; escribe solo a quien lo espera."
        }
        ("RED", Language::En) => {
            "Low quality: WhatsApp may limit or pause; write only to people who expect it."
        }
        _ => return None,
    })
}

/// The number's quality is so low that it is at risk.
pub(super) fn explain_flag(language: Language) -> &'static str {
    match language {
        Language::Es => {
            "La calidad de tu número es baja y WhatsApp puede limitarlo: pausamos tus campañas; escribe solo a quien lo espera y reanúdalas cuando quieras."
        }
        Language::En => {
            "Your number's quality is low and WhatsApp may limit it: we paused your campaigns; write only to people who expect it, and resume them when you like."
        }
    }
}

/// How WhatsApp stands towards the account, with its own words.
pub(in crate::routes) fn explain_standing(
    standing: AccountStanding,
    words: &str,
    language: Language,
) -> String {
    match (standing, language) {
        (AccountStanding::Good | AccountStanding::Warned, Language::Es) => {
            format!("WhatsApp advirtió a tu cuenta ({words}); mira el motivo en el panel de Meta.")
        }
        (AccountStanding::Good | AccountStanding::Warned, Language::En) => {
            format!("WhatsApp warned your account ({words}); see why in Meta's dashboard.")
        }
        (AccountStanding::Restricted, Language::Es) => format!(
            "WhatsApp restringió tu cuenta ({words}) y no aceptará mensajes nuevos; apela en el panel de Meta."
        ),
        (AccountStanding::Restricted, Language::En) => format!(
            "WhatsApp restricted your account ({words}) and will take no new messages; appeal in Meta's dashboard."
        ),
        (AccountStanding::Disabled, Language::Es) => {
            format!("WhatsApp cerró tu cuenta ({words}); apela en el panel de Meta o conecta otra.")
        }
        (AccountStanding::Disabled, Language::En) => format!(
            "WhatsApp closed your account ({words}); appeal in Meta's dashboard or connect another."
        ),
    }
}
