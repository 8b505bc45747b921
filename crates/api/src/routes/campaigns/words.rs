//! What campaigns and recipients are called, and why something happened to them, in the person's
//! language.

use nexus_application::campaigns::{FileProblem, TemplatePart, TemplateProblem};
use nexus_domain::values::Language;
use nexus_domain::{CampaignStatus, ChannelKind, FailureCode, MediaKind, SkipReason, StartProblem};

use crate::errors::number;

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
        (SkipReason::VariableEmpty, Language::Es) => {
            "Le falta un dato que el mensaje necesita, y la campaña no tiene un texto de reserva para él."
        }
        (SkipReason::VariableEmpty, Language::En) => {
            "Lacks something that the message needs, and the campaign has no fallback for it."
        }
        (SkipReason::OutsideWindow, Language::Es) => {
            "No te escribió en las últimas 24 horas; WhatsApp solo le entrega plantillas aprobadas."
        }
        (SkipReason::OutsideWindow, Language::En) => {
            "Has not written to you within the last 24 hours; WhatsApp delivers only approved \
             templates."
        }
    }
}

/// What a failure means, for a person.
pub(in crate::routes) fn explain_failure(code: FailureCode, language: Language) -> &'static str {
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
        (F::MediaUnusable, Language::Es) => {
            "WhatsApp no acepta o no puede usar el archivo adjunto; duplica la campaña y adjunta otro."
        }
        (F::MediaUnusable, Language::En) => {
            "WhatsApp does not take or can't use the attached file; duplicate the campaign and attach another."
        }
        (F::MediaMissing, Language::Es) => {
            "El archivo adjunto ya no está guardado; duplica la campaña y adjúntalo otra vez."
        }
        (F::MediaMissing, Language::En) => {
            "The attached file is no longer stored; duplicate the campaign and attach it again."
        }
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
        (F::TemplateQuality, Language::Es) => {
            "WhatsApp califica la plantilla con calidad baja: cámbiala o usa otra antes de seguir."
        }
        (F::TemplateQuality, Language::En) => {
            "WhatsApp rates the template's quality as low: change it or use another before you go on."
        }
        (F::NumberQuality, Language::Es) => {
            "WhatsApp califica tu número con calidad baja: escribe menos, y a quien lo espera, antes de seguir."
        }
        (F::NumberQuality, Language::En) => {
            "WhatsApp rates your number's quality as low: write less, and to people who expect it, before you go on."
        }
        (F::RetriesExhausted, Language::Es) => "WhatsApp estuvo ocupado en todos los intentos.",
        (F::RetriesExhausted, Language::En) => "WhatsApp was busy at every attempt.",
        (F::TooManyFailures, Language::Es) => {
            "WhatsApp rechazó demasiados mensajes de esta campaña; revisa la lista de fallidos y \
             corrige el mensaje o los números antes de reanudarla."
        }
        (F::TooManyFailures, Language::En) => {
            "WhatsApp refused too many messages of this campaign; look at those that failed and put \
             the message or the numbers right before you resume it."
        }
        (F::Other, Language::Es) => "WhatsApp rechazó el mensaje; su código dice más.",
        (F::Other, Language::En) => "WhatsApp refused the message; its code says more.",
    }
}

/// Why a campaign did not start at its time, for a person.
pub(super) fn explain_start_problem(problem: StartProblem, language: Language) -> &'static str {
    use StartProblem as P;
    match (problem, language) {
        (P::NobodyWasThere, Language::Es) => {
            "El servicio no estuvo en marcha entre la hora programada y la hora límite."
        }
        (P::NobodyWasThere, Language::En) => {
            "The service was not running between the scheduled time and the latest start."
        }
        (P::Interrupted, Language::Es) => "El envío no se pudo empezar antes de la hora límite.",
        (P::Interrupted, Language::En) => "Sending could not be begun before the latest start.",
        (P::ProviderMissing, Language::Es) => "Falta configurar WhatsApp en tu perfil.",
        (P::ProviderMissing, Language::En) => "WhatsApp is not configured in your profile.",
        (P::ChannelUnavailable, Language::Es) => "Su canal todavía no está disponible.",
        (P::ChannelUnavailable, Language::En) => "Its channel is not available yet.",
        (P::NoRecipients, Language::Es) => {
            "No había ningún destinatario al que se pudiera escribir."
        }
        (P::NoRecipients, Language::En) => "There was no recipient that could be written to.",
        (P::FilesUnusable, Language::Es) => {
            "El archivo adjunto no va con el mensaje o ya no está guardado; revisa la campaña y prográmala otra vez."
        }
        (P::FilesUnusable, Language::En) => {
            "The attached file does not go with the message or is no longer stored; check the campaign and schedule it again."
        }
        (P::TemplateUnusable, Language::Es) => {
            "WhatsApp no tiene aprobada su plantilla, o la plantilla lleva otras variables."
        }
        (P::TemplateUnusable, Language::En) => {
            "WhatsApp has not approved its template, or the template has other variables."
        }
        (P::ProviderRefused, Language::Es) => {
            "WhatsApp rechazó tu cuenta o tu clave; revísalas en tu perfil y en el panel de Meta."
        }
        (P::ProviderRefused, Language::En) => {
            "WhatsApp refused your account or your key; check them in your profile and in Meta's dashboard."
        }
        (P::ProviderUnavailable, Language::Es) => "WhatsApp no respondió.",
        (P::ProviderUnavailable, Language::En) => "WhatsApp did not answer.",
        (P::StoreUnavailable, Language::Es) => "El servicio tuvo un problema para guardar datos.",
        (P::StoreUnavailable, Language::En) => "The service had trouble storing data.",
        (P::TagBeingRenamed, Language::Es) => {
            "Se estaba renombrando una etiqueta de sus destinatarios."
        }
        (P::TagBeingRenamed, Language::En) => "A tag of its audience was being renamed.",
        (P::OutsideWindow, Language::Es) => {
            "Algunos destinatarios no te escribieron en las últimas 24 horas; WhatsApp solo les entrega plantillas aprobadas."
        }
        (P::OutsideWindow, Language::En) => {
            "Some recipients have not written to you within the last 24 hours; WhatsApp delivers only approved templates to them."
        }
    }
}

/// Why a campaign was paused and what to do, for a person.
pub(super) fn explain_pause(code: FailureCode, language: Language) -> &'static str {
    use FailureCode as F;
    match (code, language) {
        (F::TemplateUnusable, Language::Es) => {
            "WhatsApp pausó, rechazó o deshabilitó la plantilla. Revísala en el administrador de WhatsApp de Meta; cuando vuelva a estar aprobada, continúa la campaña."
        }
        (F::TemplateUnusable, Language::En) => {
            "WhatsApp paused, rejected or disabled the template. Check it in Meta's WhatsApp Manager; once it is approved again, resume the campaign."
        }
        (F::TemplateQuality, Language::Es) => {
            "Muchas personas bloquean o denuncian esta plantilla y WhatsApp está por pausarla. Mejora su texto o a quién se la envías, y continúa la campaña cuando quieras."
        }
        (F::TemplateQuality, Language::En) => {
            "Many people block or report this template and WhatsApp is about to pause it. Improve its text or whom you send it to, and resume the campaign when you like."
        }
        (F::NumberQuality, Language::Es) => {
            "Muchas personas bloquean o denuncian tus mensajes y WhatsApp está por limitar tu número. Espera unos días, escribe solo a quien lo espera y continúa la campaña cuando quieras."
        }
        (F::NumberQuality, Language::En) => {
            "Many people block or report your messages and WhatsApp is about to limit your number. Wait some days, write only to people who expect it, and resume the campaign when you like."
        }
        (F::AccountBlocked, Language::Es) => {
            "WhatsApp restringió tu cuenta. Mira el motivo y apela en el panel de Meta; cuando se levante, continúa la campaña."
        }
        (F::AccountBlocked, Language::En) => {
            "WhatsApp restricted your account. See why and appeal in Meta's dashboard; once that is lifted, resume the campaign."
        }
        (F::MediaUnusable, Language::Es) => {
            "WhatsApp no acepta o no puede usar el archivo adjunto. Continúa la campaña para intentarlo otra vez, o duplícala y adjunta otro archivo."
        }
        (F::MediaUnusable, Language::En) => {
            "WhatsApp does not take or can't use the attached file. Resume the campaign to try again, or duplicate it and attach another file."
        }
        (code, language) => explain_failure(code, language),
    }
}

/// What to do about a provider that reports nothing, for a person.
pub(super) fn explain_silence(language: Language) -> &'static str {
    match language {
        Language::Es => {
            "WhatsApp acepta tus mensajes pero no informa si llegaron: el webhook no está conectado. \
             En el panel de Meta, pon la dirección del webhook y la palabra de verificación de tu \
             perfil, suscribe el campo «messages» y revisa que el secreto de la app sea el correcto."
        }
        Language::En => {
            "WhatsApp takes your messages but does not report whether they arrived: the webhook is \
             not connected. In Meta's dashboard, enter your profile's webhook address and verify \
             token, subscribe to the field “messages”, and check that the app secret is right."
        }
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

/// What kind of files, in the plural, as the beginning of a sentence.
pub(super) fn name_media_kind(kind: MediaKind, language: Language) -> &'static str {
    match (kind, language) {
        (MediaKind::Image, Language::Es) => "Las imágenes",
        (MediaKind::Image, Language::En) => "Pictures",
        (MediaKind::Video, Language::Es) => "Los videos",
        (MediaKind::Video, Language::En) => "Videos",
        (MediaKind::Audio, Language::Es) => "Los audios",
        (MediaKind::Audio, Language::En) => "Sounds",
        (MediaKind::Document, Language::Es) => "Los documentos",
        (MediaKind::Document, Language::En) => "Documents",
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
pub(in crate::routes) fn name_profile_field(
    field: &'static str,
    language: Language,
) -> &'static str {
    match (field, language) {
        ("whatsapp_api_key", Language::Es) => "la clave de API",
        ("whatsapp_api_key", Language::En) => "the API key",
        ("whatsapp_phone_number_id", Language::Es) => "el identificador del número",
        ("whatsapp_phone_number_id", Language::En) => "the phone number's id",
        ("whatsapp_business_account_id", Language::Es) => {
            "el identificador de la cuenta de WhatsApp Business"
        }
        ("whatsapp_business_account_id", Language::En) => "the WhatsApp Business account's id",
        ("whatsapp_app_secret", Language::Es) => "la clave secreta de la app de Meta",
        ("whatsapp_app_secret", Language::En) => "the Meta app secret",
        ("whatsapp_verify_token", Language::Es) => "el token de verificación",
        ("whatsapp_verify_token", Language::En) => "the verify token",
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
        (TemplateProblem::NeedsMedia { format }, language) => {
            let what = name_media(format, language);
            match language {
                Language::Es => format!("su encabezado muestra {what}: adjúntalo a la campaña"),
                Language::En => format!("its header shows {what}: attach it to the campaign"),
            }
        }
        (TemplateProblem::OtherMedia { format, kind }, language) => {
            let (what, other) = (name_media(format, language), name_kind(*kind, language));
            match language {
                Language::Es => {
                    format!("su encabezado muestra {what} y la campaña lleva {other}: cámbialo")
                }
                Language::En => {
                    format!("its header shows {what} and the campaign has {other}: change it")
                }
            }
        }
        (TemplateProblem::FileNotShown, Language::Es) => {
            "no muestra el archivo adjunto, que no llegaría a nadie: quítalo o elige una plantilla cuyo encabezado lo muestre".into()
        }
        (TemplateProblem::FileNotShown, Language::En) => {
            "it does not show the attached file, which would reach nobody: take it away or choose a template whose header shows it".into()
        }
        (TemplateProblem::Parts { missing, unknown }, language) => {
            let names = |parts: &[TemplatePart]| -> Vec<String> {
                parts
                    .iter()
                    .map(|part| name_part(*part, language))
                    .collect()
            };
            differences(&names(missing), &names(unknown), language)
        }
        (TemplateProblem::Variables { missing, unknown }, language) => {
            differences(missing, unknown, language)
        }
    }
}

fn differences(missing: &[String], unknown: &[String], language: Language) -> String {
    let (lacks, has_no) = match language {
        Language::Es => ("falta el valor de", "no lleva"),
        Language::En => ("there is no value for", "it does not have"),
    };
    [(lacks, missing), (has_no, unknown)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(words, names)| format!("{words} {}", names.join(", ")))
        .collect::<Vec<_>>()
        .join("; ")
}

/// A part of a template; people count buttons from 1.
fn name_part(part: TemplatePart, language: Language) -> String {
    match (part, language) {
        (TemplatePart::Header, Language::Es) => "el encabezado".to_owned(),
        (TemplatePart::Header, Language::En) => "the header".to_owned(),
        (TemplatePart::Button(index), Language::Es) => format!("el botón {}", index + 1),
        (TemplatePart::Button(index), Language::En) => format!("button {}", index + 1),
    }
}

/// Why the files of a campaign can't be sent with its message, and what to do.
pub(super) fn explain_files(problem: &FileProblem, language: Language) -> String {
    let megabytes = |bytes: u64| number(bytes / (1_024 * 1_024));
    let characters = |max: usize| number(u64::try_from(max).unwrap_or(u64::MAX));
    match (problem, language) {
        (FileProblem::NothingToSend, Language::Es) => {
            "No tiene texto ni archivo: escribe el mensaje o adjunta un archivo.".into()
        }
        (FileProblem::NothingToSend, Language::En) => {
            "It has neither a text nor a file: write the message or attach a file.".into()
        }
        (FileProblem::TooMany { count, max }, Language::Es) => format!(
            "Lleva {count} archivos y un mensaje de WhatsApp lleva {max}: deja solo uno."
        ),
        (FileProblem::TooMany { count, max }, Language::En) => format!(
            "It has {count} files and a WhatsApp message carries {max}: leave only one."
        ),
        (FileProblem::TextBesideSound, Language::Es) => {
            "WhatsApp no muestra texto junto a un audio: borra el texto, o manda el audio en otra campaña.".into()
        }
        (FileProblem::TextBesideSound, Language::En) => {
            "WhatsApp shows no text beside a sound: clear the text, or send the sound in another campaign.".into()
        }
        (FileProblem::CaptionTooLong { max }, Language::Es) => format!(
            "Junto a un archivo caben {} caracteres: acorta el texto o quita el archivo.",
            characters(*max)
        ),
        (FileProblem::CaptionTooLong { max }, Language::En) => format!(
            "Beside a file {} characters fit: shorten the text or take the file away.",
            characters(*max)
        ),
        (FileProblem::TooLarge { name, max_bytes }, Language::Es) => format!(
            "WhatsApp no acepta «{name}»: el máximo para ese tipo es de {} MB. Adjunta uno más pequeño.",
            megabytes(*max_bytes)
        ),
        (FileProblem::TooLarge { name, max_bytes }, Language::En) => format!(
            "WhatsApp does not take “{name}”: the limit for its type is {} MB. Attach a smaller one.",
            megabytes(*max_bytes)
        ),
        (FileProblem::Missing { name }, Language::Es) => {
            format!("«{name}» ya no está guardado: quítalo y adjúntalo otra vez.")
        }
        (FileProblem::Missing { name }, Language::En) => {
            format!("“{name}” is no longer stored: take it away and attach it again.")
        }
    }
}

fn name_kind(kind: MediaKind, language: Language) -> &'static str {
    match (kind, language) {
        (MediaKind::Image, language) => name_media("IMAGE", language),
        (MediaKind::Video, language) => name_media("VIDEO", language),
        (MediaKind::Document, language) => name_media("DOCUMENT", language),
        (MediaKind::Audio, Language::Es) => "un audio",
        (MediaKind::Audio, Language::En) => "a sound",
    }
}

fn name_media(format: &str, language: Language) -> &'static str {
    match (format, language) {
        ("IMAGE", Language::Es) => "una imagen",
        ("IMAGE", Language::En) => "a picture",
        ("VIDEO", Language::Es) => "un video",
        ("VIDEO", Language::En) => "a video",
        ("DOCUMENT", Language::Es) => "un documento",
        ("DOCUMENT", Language::En) => "a document",
        (_, Language::Es) => "un archivo",
        (_, Language::En) => "a file",
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
