//! What campaigns and recipients are called, and why something happened to them, in the person's
//! language.

use nexus_application::campaigns::TemplateProblem;
use nexus_domain::values::Language;
use nexus_domain::{CampaignStatus, ChannelKind, FailureCode, SkipReason};

/// Why a recipient was passed over, for a person.
pub(super) fn explain_skip(reason: SkipReason, language: Language) -> &'static str {
    match (reason, language) {
        (SkipReason::OptedOut, Language::Es) => "Pidió no recibir mensajes.",
        (SkipReason::OptedOut, Language::En) => "Asked not to receive messages.",
        (SkipReason::Inactive, Language::Es) => "El contacto está inactivo.",
        (SkipReason::Inactive, Language::En) => "The contact is inactive.",
        (SkipReason::NoAddress, Language::Es) => "No tiene teléfono o correo para este canal.",
        (SkipReason::NoAddress, Language::En) => {
            "Has no phone number or e-mail address for this channel."
        }
        (SkipReason::DuplicateAddress, Language::Es) => {
            "Otro destinatario de la campaña tiene el mismo número."
        }
        (SkipReason::DuplicateAddress, Language::En) => {
            "Another recipient of the campaign has the same number."
        }
        (SkipReason::ContactDeleted, Language::Es) => "El contacto se eliminó antes de su turno.",
        (SkipReason::ContactDeleted, Language::En) => "The contact was deleted before its turn.",
    }
}

/// What a failure means, for a person.
pub(super) fn explain_failure(code: FailureCode, language: Language) -> &'static str {
    use FailureCode as F;
    match (code, language) {
        (F::Unreachable, Language::Es) => "Este número no recibe mensajes de WhatsApp.",
        (F::Unreachable, Language::En) => "This number does not receive WhatsApp messages.",
        (F::TemplateRequired, Language::Es) => {
            "Pasaron más de 24 horas desde su último mensaje; usa una plantilla aprobada."
        }
        (F::TemplateRequired, Language::En) => {
            "More than 24 hours since their last message; use an approved template."
        }
        (F::OptedOut, Language::Es) => "No quiere recibir mensajes de promoción.",
        (F::OptedOut, Language::En) => "Does not want marketing messages.",
        (F::RecipientLimited, Language::Es) => {
            "WhatsApp no entrega por ahora más promociones a esta persona."
        }
        (F::RecipientLimited, Language::En) => {
            "WhatsApp delivers no more marketing to this person for now."
        }
        (F::InvalidMessage, Language::Es) => "WhatsApp no acepta el mensaje como está.",
        (F::InvalidMessage, Language::En) => "WhatsApp does not accept the message as it is.",
        (F::MessageTooLong, Language::Es) => "El mensaje es demasiado largo para esta persona.",
        (F::MessageTooLong, Language::En) => "The message is too long for this person.",
        (F::TemplateUnusable, Language::Es) => "La plantilla no existe o no está aprobada.",
        (F::TemplateUnusable, Language::En) => "The template does not exist or is not approved.",
        (F::TemplateParameters, Language::Es) => "La plantilla lleva otras variables.",
        (F::TemplateParameters, Language::En) => "The template has other variables.",
        (F::MediaUnusable, Language::Es) => "El archivo adjunto no se puede usar.",
        (F::MediaUnusable, Language::En) => "The attached file can't be used.",
        (F::CredentialInvalid, Language::Es) => {
            "La clave de WhatsApp no es válida o venció; cámbiala en tu perfil."
        }
        (F::CredentialInvalid, Language::En) => {
            "The WhatsApp key is wrong or expired; change it in your profile."
        }
        (F::AccountBlocked, Language::Es) => {
            "WhatsApp bloqueó o limitó tu cuenta; revísala en el panel de Meta."
        }
        (F::AccountBlocked, Language::En) => {
            "WhatsApp blocked or limited your account; check it in Meta's dashboard."
        }
        (F::RetriesExhausted, Language::Es) => "WhatsApp estuvo ocupado en todos los intentos.",
        (F::RetriesExhausted, Language::En) => "WhatsApp was busy at every attempt.",
        (F::TooManyFailures, Language::Es) => {
            "WhatsApp rechazó demasiados mensajes seguidos; revisa la lista de fallidos y corrige \
             el mensaje o los números antes de reanudarla."
        }
        (F::TooManyFailures, Language::En) => {
            "WhatsApp refused too many messages in a row; look at those that failed and put the \
             message or the numbers right before you resume it."
        }
        (F::Other, Language::Es) => "WhatsApp rechazó el mensaje; su código dice más.",
        (F::Other, Language::En) => "WhatsApp refused the message; its code says more.",
    }
}

/// A status as the end of a sentence: «una campaña en pausa», “a campaign that is paused”.
pub(super) fn name_status(status: CampaignStatus, language: Language) -> &'static str {
    match (status, language) {
        (CampaignStatus::Draft, Language::Es) => "en borrador",
        (CampaignStatus::Draft, Language::En) => "is a draft",
        (CampaignStatus::Scheduled, Language::Es) => "programada",
        (CampaignStatus::Scheduled, Language::En) => "is scheduled",
        (CampaignStatus::Active, Language::Es) => "en envío",
        (CampaignStatus::Active, Language::En) => "is being sent",
        (CampaignStatus::Paused, Language::Es) => "en pausa",
        (CampaignStatus::Paused, Language::En) => "is paused",
        (CampaignStatus::Completed, Language::Es) => "completada",
        (CampaignStatus::Completed, Language::En) => "is completed",
        (CampaignStatus::Cancelled, Language::Es) => "cancelada",
        (CampaignStatus::Cancelled, Language::En) => "was cancelled",
        (CampaignStatus::Missed, Language::Es) => "que no se envió a tiempo",
        (CampaignStatus::Missed, Language::En) => "was not sent in time",
    }
}

/// A channel as its makers write it, in either language.
pub(super) fn name_channel(channel: ChannelKind) -> &'static str {
    match channel {
        ChannelKind::Whatsapp => "WhatsApp",
        ChannelKind::Gmail => "Gmail",
    }
}

/// A field of the profile without which nothing can be sent; one that people never see under
/// another name keeps its own.
pub(super) fn name_profile_field(field: &'static str, language: Language) -> &'static str {
    match (field, language) {
        ("whatsapp_api_key", Language::Es) => "la clave de API",
        ("whatsapp_api_key", Language::En) => "the API key",
        ("whatsapp_phone_number_id", Language::Es) => "el identificador del número",
        ("whatsapp_phone_number_id", Language::En) => "the phone number's id",
        ("whatsapp_business_account_id", Language::Es) => {
            "el identificador de la cuenta de WhatsApp Business"
        }
        ("whatsapp_business_account_id", Language::En) => "the WhatsApp Business account's id",
        (other, _) => other,
    }
}

/// Why a template can't be sent, as the end of a sentence.
pub(super) fn explain_template(problem: &TemplateProblem, language: Language) -> String {
    match (problem, language) {
        (TemplateProblem::Missing, Language::Es) => {
            "tu cuenta de WhatsApp no tiene ninguna con ese nombre y ese idioma".into()
        }
        (TemplateProblem::Missing, Language::En) => {
            "your WhatsApp account has none with this name and language".into()
        }
        (TemplateProblem::NotApproved { status }, Language::Es) => {
            format!("WhatsApp no la tiene aprobada (su estado es {status})")
        }
        (TemplateProblem::NotApproved { status }, Language::En) => {
            format!("WhatsApp has not approved it (its status is {status})")
        }
        (TemplateProblem::NeedsMore { parts }, Language::Es) => format!(
            "lleva un archivo o una variable en otra parte ({}), y las campañas todavía no los envían",
            parts.join(", ")
        ),
        (TemplateProblem::NeedsMore { parts }, Language::En) => format!(
            "it needs a file or a variable in another part ({}), which campaigns don't send yet",
            parts.join(", ")
        ),
        (TemplateProblem::Variables { missing, unknown }, language) => {
            let (lacks, has_no) = match language {
                Language::Es => ("falta el valor de", "no lleva"),
                Language::En => ("there is no value for", "it does not have"),
            };
            [(lacks, missing), (has_no, unknown)]
                .into_iter()
                .filter(|(_, variables)| !variables.is_empty())
                .map(|(words, variables)| format!("{words} {}", variables.join(", ")))
                .collect::<Vec<_>>()
                .join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_are_missing_and_unknown_are_both_named() {
        let problem = |missing: &[&str], unknown: &[&str]| TemplateProblem::Variables {
            missing: missing.iter().map(ToString::to_string).collect(),
            unknown: unknown.iter().map(ToString::to_string).collect(),
        };
        let said = explain_template(&problem(&["1", "2"], &["nombre"]), Language::Es);
        assert_eq!(said, "falta el valor de 1, 2; no lleva nombre");
        let said = explain_template(&problem(&[], &["3"]), Language::En);
        assert_eq!(said, "it does not have 3");
    }
}
