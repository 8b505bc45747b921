//! What campaigns and recipients are called, and why something happened to them, in the person's
//! language.

use nexus_application::campaigns::{FileProblem, TemplatePart, TemplateProblem};
use nexus_domain::values::Language;
use nexus_domain::{CampaignStatus, ChannelKind, FailureCode, MediaKind, SkipReason};

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
        (F::InvalidMessage, Language::Es) => {
            "WhatsApp no acepta el mensaje como está; haz una copia de la campaña y cambia el texto."
        }
        (F::InvalidMessage, Language::En) => {
            "WhatsApp does not accept the message as it is; make a copy of the campaign and change the text."
        }
        (F::MessageTooLong, Language::Es) => {
            "El mensaje es demasiado largo para esta persona; acorta sus datos y reintenta los fallidos, o haz una copia de la campaña con un texto más corto."
        }
        (F::MessageTooLong, Language::En) => {
            "The message is too long for this person; shorten their details and retry what failed, or make a copy of the campaign with a shorter text."
        }
        (F::TemplateUnusable, Language::Es) => {
            "La plantilla no existe o no está aprobada; revísala en el administrador de WhatsApp de Meta y, cuando esté aprobada, reintenta los fallidos."
        }
        (F::TemplateUnusable, Language::En) => {
            "The template does not exist or is not approved; check it in Meta's WhatsApp Manager and retry what failed once it is approved."
        }
        (F::TemplateParameters, Language::Es) => {
            "La plantilla de WhatsApp cambió y ya no coincide con la campaña; haz una copia de la campaña y vuelve a llenar sus datos."
        }
        (F::TemplateParameters, Language::En) => {
            "The template at WhatsApp was changed and no longer matches the campaign; make a copy of the campaign and fill it in again."
        }
        (F::MediaUnusable, Language::Es) => {
            "WhatsApp no acepta o no puede usar el archivo adjunto; haz una copia de la campaña y adjunta otro."
        }
        (F::MediaUnusable, Language::En) => {
            "WhatsApp does not take or can't use the attached file; make a copy of the campaign and attach another."
        }
        (F::MediaMissing, Language::Es) => {
            "El archivo adjunto ya no está guardado; haz una copia de la campaña y adjúntalo otra vez."
        }
        (F::MediaMissing, Language::En) => {
            "The attached file is no longer stored; make a copy of the campaign and attach it again."
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
        (F::RetriesExhausted, Language::Es) => {
            "WhatsApp estuvo ocupado en todos los intentos; reintenta los fallidos más tarde."
        }
        (F::RetriesExhausted, Language::En) => {
            "WhatsApp was busy at every attempt; retry what failed later."
        }
        (F::TooManyFailures, Language::Es) => {
            "WhatsApp rechazó demasiados mensajes de esta campaña; revisa la lista de fallidos y \
             corrige el mensaje o los números antes de reanudarla."
        }
        (F::TooManyFailures, Language::En) => {
            "WhatsApp refused too many messages of this campaign; look at those that failed and put \
             the message or the numbers right before you resume it."
        }
        (F::Other, Language::Es) => {
            "WhatsApp rechazó el mensaje; busca el código del error en la ayuda de Meta, corrige lo que diga y reintenta los fallidos."
        }
        (F::Other, Language::En) => {
            "WhatsApp refused the message; look up the error's code in Meta's help, put right what it says and retry what failed."
        }
    }
}

/// Why a campaign was paused and what to do, for a person.
pub(super) fn explain_pause(code: FailureCode, language: Language) -> &'static str {
    use FailureCode as F;
    match (code, language) {
        (F::TemplateUnusable, Language::Es) => {
            "WhatsApp pausó, rechazó o deshabilitó la plantilla. Revísala en el administrador de WhatsApp de Meta; cuando vuelva a estar aprobada, reanuda la campaña."
        }
        (F::TemplateUnusable, Language::En) => {
            "WhatsApp paused, rejected or disabled the template. Check it in Meta's WhatsApp Manager; once it is approved again, resume the campaign."
        }
        (F::TemplateQuality, Language::Es) => {
            "Muchas personas bloquean o denuncian esta plantilla y WhatsApp está por pausarla. Mejora su texto o a quién se la envías, y reanuda la campaña cuando quieras."
        }
        (F::TemplateQuality, Language::En) => {
            "Many people block or report this template and WhatsApp is about to pause it. Improve its text or whom you send it to, and resume the campaign when you like."
        }
        (F::NumberQuality, Language::Es) => {
            "Muchas personas bloquean o denuncian tus mensajes y WhatsApp está por limitar tu número. Espera unos días, escribe solo a quien lo espera y reanuda la campaña cuando quieras."
        }
        (F::NumberQuality, Language::En) => {
            "Many people block or report your messages and WhatsApp is about to limit your number. Wait some days, write only to people who expect it, and resume the campaign when you like."
        }
        (F::AccountBlocked, Language::Es) => {
            "WhatsApp restringió tu cuenta. Mira el motivo y apela en el panel de Meta; cuando se resuelva, reanuda la campaña."
        }
        (F::AccountBlocked, Language::En) => {
            "WhatsApp restricted your account. See why and appeal in Meta's dashboard; once that is lifted, resume the campaign."
        }
        (F::MediaUnusable, Language::Es) => {
            "WhatsApp no acepta o no puede usar el archivo adjunto. Reanuda la campaña para intentarlo otra vez, o haz una copia y adjunta otro archivo."
        }
        (F::MediaUnusable, Language::En) => {
            "WhatsApp does not take or can't use the attached file. Resume the campaign to try again, or make a copy of it and attach another file."
        }
        (F::RetriesExhausted, Language::Es) => {
            "El archivo adjunto no se pudo entregar a WhatsApp en todo un día. Reanuda la campaña para intentarlo otra vez."
        }
        (F::RetriesExhausted, Language::En) => {
            "The attached file could not be handed over to WhatsApp for a whole day. Resume the campaign to try again."
        }
        (code, language) => explain_failure(code, language),
    }
}

/// What to do about a provider that reports nothing, for a person. They see these names at Meta.
pub(in crate::routes) fn explain_silence(language: Language) -> &'static str {
    match language {
        Language::Es => {
            "WhatsApp acepta tus mensajes, pero no nos avisa si llegaron. En el panel de Meta, abre \
             tu app y entra a WhatsApp → Configuración: en «Webhook» pon la dirección y el token de \
             verificación que ves en tu perfil, y activa el aviso «messages». Revisa también que la \
             clave secreta de la app en tu perfil sea la de esa app."
        }
        Language::En => {
            "WhatsApp takes your messages but does not tell us whether they arrived. In Meta's \
             dashboard, open your app and go to WhatsApp → Configuration: under “Webhook” enter the \
             address and the verify token that your profile shows, and turn on “messages”. Check as \
             well that the app secret in your profile is the one of that app."
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
            "tu cuenta de WhatsApp no tiene ninguna con ese nombre y ese idioma; actualiza la lista de plantillas y elige otra".into()
        }
        (TemplateProblem::Missing, Language::En) => {
            "your WhatsApp account has none with this name and language; refresh the list of templates and choose another".into()
        }
        (TemplateProblem::NotApproved { status }, language) => explain_approval(status, language),
        (TemplateProblem::NeedsMore { parts }, language) => {
            let names: Vec<_> = parts
                .iter()
                .map(|part| name_component(part, language))
                .collect();
            match language {
                Language::Es => format!(
                    "lleva un archivo o un dato en {}, y las campañas todavía no los envían; elige otra",
                    names.join(", ")
                ),
                Language::En => format!(
                    "it needs a file or a value in {}, which campaigns don't send yet; choose another",
                    names.join(", ")
                ),
            }
        }
        (TemplateProblem::NeedsMedia { format }, language) => {
            let what = name_media(format, language);
            match language {
                Language::Es => format!("su encabezado muestra {what}: adjunta el archivo a la campaña o elige otra"),
                Language::En => format!("its header shows {what}: attach the file to the campaign or choose another"),
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

/// Why a template that WhatsApp knows can't be sent yet or any more.
fn explain_approval(status: &str, language: Language) -> String {
    let (es, en) = match status.to_ascii_uppercase().as_str() {
        "PENDING" | "IN_APPEAL" | "PENDING_REVIEW" => (
            "WhatsApp todavía la está revisando; espera a que la apruebe o elige otra",
            "WhatsApp is still reviewing it; wait until it is approved or choose another",
        ),
        "REJECTED" => (
            "WhatsApp la rechazó; corrígela en el administrador de WhatsApp de Meta o elige otra",
            "WhatsApp rejected it; correct it in Meta's WhatsApp Manager or choose another",
        ),
        "PAUSED" => (
            "WhatsApp la pausó porque mucha gente la bloquea o denuncia; mejora su texto o elige otra",
            "WhatsApp paused it because many people block or report it; improve its text or choose another",
        ),
        "DISABLED" => (
            "WhatsApp la deshabilitó; elige otra",
            "WhatsApp disabled it; choose another",
        ),
        _ => {
            return match language {
                Language::Es => format!(
                    "WhatsApp no la tiene aprobada (su estado es {status}); revísala en el administrador de WhatsApp de Meta o elige otra"
                ),
                Language::En => format!(
                    "WhatsApp has not approved it (its status is {status}); check it in Meta's WhatsApp Manager or choose another"
                ),
            };
        }
    };
    match language {
        Language::Es => es.to_owned(),
        Language::En => en.to_owned(),
    }
}

/// A part of a template by WhatsApp's word for it.
fn name_component(word: &str, language: Language) -> &'static str {
    match (word.to_ascii_uppercase().as_str(), language) {
        ("HEADER", Language::Es) => "el encabezado",
        ("HEADER", Language::En) => "the header",
        ("BODY", Language::Es) => "el texto",
        ("BODY", Language::En) => "the text",
        ("FOOTER", Language::Es) => "el pie",
        ("FOOTER", Language::En) => "the footer",
        ("BUTTONS", Language::Es) => "los botones",
        ("BUTTONS", Language::En) => "the buttons",
        ("CAROUSEL", Language::Es) => "el carrusel",
        ("CAROUSEL", Language::En) => "the carousel",
        ("LIMITED_TIME_OFFER", Language::Es) => "la oferta por tiempo limitado",
        ("LIMITED_TIME_OFFER", Language::En) => "the limited-time offer",
        (_, Language::Es) => "otra parte",
        (_, Language::En) => "another part",
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

    /// People are told what to do, in the word that the button has.
    #[test]
    fn what_stopped_a_campaign_is_told_with_the_next_step() {
        let steps = [
            "reanuda",
            "elige",
            "reintenta",
            "copia",
            "cámbia",
            "adjunta",
        ];
        let names_step = |said: &str| {
            let said = said.to_lowercase();
            steps.iter().any(|step| said.contains(step))
        };
        for code in FailureCode::ALL {
            for said in [
                explain_pause(code, Language::Es),
                explain_failure(code, Language::Es),
            ] {
                assert!(!said.contains("contin"), "{said}");
            }
        }
        for code in [
            FailureCode::TemplateUnusable,
            FailureCode::TemplateParameters,
            FailureCode::TemplateQuality,
            FailureCode::NumberQuality,
            FailureCode::AccountBlocked,
            FailureCode::CredentialInvalid,
            FailureCode::TooManyFailures,
            FailureCode::MediaUnusable,
            FailureCode::MediaMissing,
            FailureCode::RetriesExhausted,
        ] {
            let said = explain_pause(code, Language::Es);
            assert!(names_step(said), "{said}");
        }
        for problem in [
            TemplateProblem::Missing,
            TemplateProblem::NotApproved {
                status: "PENDING".to_owned(),
            },
            TemplateProblem::NotApproved {
                status: "NEW_WORD".to_owned(),
            },
            TemplateProblem::NeedsMore {
                parts: vec!["HEADER".to_owned(), "BUTTONS".to_owned()],
            },
            TemplateProblem::NeedsMedia {
                format: "IMAGE".to_owned(),
            },
        ] {
            let said = explain_template(&problem, Language::Es);
            assert!(said.contains("elige otra"), "{said}");
            for raw in ["PENDING", "HEADER", "BUTTONS"] {
                assert!(!said.contains(raw), "{said}");
            }
        }
    }

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
