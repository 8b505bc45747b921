//! The one table from error code to status and sentences. Codes are stable: programs branch on them.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use nexus_domain::values::Language;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $word:literal $es:literal $en:literal;)+) => {
        /// What went wrong, as a program sees it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable word.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// The HTTP status.
            pub fn status(self) -> StatusCode {
                let number: u16 = match self { $(Self::$name => $status,)+ };
                StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }

            /// The sentence, with `{parameters}`.
            pub fn sentence(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::Es) => $es,
                      (Self::$name, Language::En) => $en,)+
                }
            }
        }
    };
}

/// In the API's document, the words.
impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("What went wrong, for a program to branch on."))
            .enum_values(Some(Self::ALL.iter().map(|code| code.word())))
            .into()
    }
}

impl ToSchema for Code {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ProblemCode")
    }
}

codes! {
    /// Values of fields were refused; they are listed.
    InvalidInput = 422 "invalid_input"
        "Hay datos que corregir." "Some values need to be corrected.";
    /// The body is not JSON.
    MalformedJson = 400 "malformed_json"
        "El contenido enviado no es JSON válido (línea {line}, columna {column})."
        "The content sent is not valid JSON (line {line}, column {column}).";
    /// The request as a whole can't be read.
    MalformedRequest = 400 "malformed_request"
        "La solicitud no se puede leer." "The request can't be read.";
    /// The multipart body is not as it should be.
    MalformedUpload = 400 "malformed_upload"
        "No llegó ningún archivo que se pueda leer: envíalo en el campo «file» de un formulario multipart."
        "No file arrived that can be read: send it in the field “file” of a multipart form.";
    /// The body has another type.
    UnsupportedMediaType = 415 "unsupported_media_type"
        "Envía el contenido como {expected}." "Send the content as {expected}.";
    /// The body is too large.
    TooLarge = 413 "too_large"
        "Lo enviado supera el máximo de {max}." "What was sent exceeds the limit of {max}.";
    /// The body did not come in time.
    BodyTimeout = 408 "body_timeout"
        "Lo enviado tardó demasiado en llegar; revisa tu conexión e inténtalo de nuevo."
        "What was sent took too long to arrive; check your connection and try again.";
    /// Nothing there, or not yours.
    NotFound = 404 "not_found" "No lo encontramos." "We could not find it.";
    /// No such path.
    UnknownPath = 404 "unknown_path"
        "Esta dirección no existe en la API." "This address does not exist in the API.";
    /// Another method is needed.
    MethodNotAllowed = 405 "method_not_allowed"
        "Este método no se admite aquí." "This method is not allowed here.";
    /// No session.
    NotSignedIn = 401 "not_signed_in" "Inicia sesión para continuar." "Sign in to continue.";
    /// Unknown e-mail or wrong password.
    WrongCredentials = 401 "wrong_credentials"
        "El correo o la contraseña no son correctos." "The e-mail address or the password is wrong.";
    /// The current password, asked for once more, is wrong.
    WrongPassword = 403 "wrong_password"
        "La contraseña actual no es correcta." "The current password is wrong.";
    /// A write from a page that may not.
    ForeignOrigin = 403 "foreign_origin"
        "Esta página no tiene permiso para usar tu sesión." "This page may not use your session.";
    /// A webhook that is not the provider's.
    ForgedWebhook = 401 "forged_webhook"
        "La firma del webhook no es válida." "The webhook's signature is not valid.";
    /// A webhook's address could not be verified.
    WebhookRefused = 403 "webhook_refused"
        "La verificación del webhook no coincide." "The webhook's verification does not match.";
    /// The e-mail address has an account.
    EmailTaken = 409 "email_taken"
        "Ya existe una cuenta con este correo." "There is already an account with this e-mail address.";
    /// The phone number belongs to another contact.
    DuplicatePhone = 409 "duplicate_phone"
        "Ya tienes un contacto con este teléfono." "You already have a contact with this phone number.";
    /// The e-mail address belongs to another contact.
    DuplicateEmail = 409 "duplicate_email"
        "Ya tienes un contacto con este correo." "You already have a contact with this e-mail address.";
    /// The contact asked not to be written to while a form was open that still has it as active.
    OptedOutMeanwhile = 409 "opted_out_meanwhile"
        "Esta persona pidió no recibir más mensajes mientras la editabas. Vuelve a abrir el contacto antes de cambiarlo."
        "This person asked not to be written to while you were editing. Open the contact again before you change it.";
    /// Another segment has the name.
    SegmentNameTaken = 409 "segment_name_taken"
        "Ya tienes un segmento con este nombre." "You already have a segment with this name.";
    /// As many segments as may be.
    SegmentLimit = 409 "segment_limit"
        "Ya tienes {max} segmentos, que es el máximo: elimina alguno para guardar otro."
        "You already have {max} segments, which is the limit: delete one to save another.";
    /// Campaigns that have not started choose their recipients by the segment.
    SegmentInUse = 409 "segment_in_use"
        "Este segmento elige a los destinatarios de campañas que no han empezado: {campaigns}. Cámbialas o elimínalas primero."
        "This segment chooses the recipients of campaigns that have not started: {campaigns}. Change or delete them first.";
    /// Campaigns that have not started or segments choose contacts by the tag.
    TagInUse = 409 "tag_in_use"
        "Hay campañas que no han empezado o segmentos que eligen contactos por esta etiqueta: {uses}. Quítala de ahí primero."
        "Campaigns that have not started or segments choose contacts by this tag: {uses}. Take it out of them first.";
    /// Some contacts have the tag under its new name, others not yet.
    TagBeingRenamed = 409 "tag_being_renamed"
        "La etiqueta «{tag}» se está renombrando en tus contactos; inténtalo otra vez cuando termine."
        "The tag “{tag}” is being renamed on your contacts; try again once that is done.";
    /// Campaigns that may still be sent use the custom field.
    FieldInUse = 409 "field_in_use"
        "Este campo se usa en el mensaje de campañas sin terminar ({campaigns}); quítalo de ellas primero."
        "The message of unfinished campaigns uses this field ({campaigns}); take it out of them first.";
    /// The campaign's status does not allow it.
    CampaignStatus = 409 "campaign_status"
        "Esto no se puede hacer con una campaña {status}." "This can't be done with a campaign that {status}.";
    /// The campaign was changed while it was being checked.
    CampaignChanged = 409 "campaign_changed"
        "La campaña cambió mientras la revisábamos; envíala otra vez."
        "The campaign was changed while we checked it; send it again.";
    /// The profile names another sender than the one that began the campaign.
    SenderChanged = 409 "sender_changed"
        "Esta campaña empezó con otro número de WhatsApp: vuelve a ponerlo en tu perfil para seguir con ella, o cancélala."
        "This campaign was begun with another WhatsApp number: put that back in your profile to go on, or cancel the campaign.";
    /// No provider configured.
    ProviderMissing = 422 "provider_missing"
        "Falta configurar WhatsApp en tu perfil: {missing}." "WhatsApp is not configured in your profile yet: {missing}.";
    /// The channel has no adapter.
    ChannelUnavailable = 422 "channel_unavailable"
        "El canal {channel} todavía no está disponible." "The channel {channel} is not available yet.";
    /// Nobody to send to.
    NoRecipients = 422 "no_recipients"
        "La campaña no tiene a nadie a quien se le pueda escribir: elige a otros destinatarios."
        "The campaign has nobody who can be written to: choose other recipients.";
    /// Some recipients have not written within 24 hours.
    OutsideWindow = 422 "outside_window"
        "WhatsApp solo entrega textos propios a quien te escribió en las últimas 24 horas, y {who}: usa una plantilla, o deja que se omitan."
        "WhatsApp delivers texts of your own only to people who wrote to you within the last 24 hours, and {who}: use a template, or let them be passed over.";
    /// Its files don't go with its message.
    FilesUnusable = 422 "files_unusable"
        "La campaña no se puede enviar así. {reason}" "The campaign can't be sent like this. {reason}";
    /// The template can't be sent.
    TemplateUnusable = 422 "template_unusable"
        "La plantilla no se puede usar: {reason}." "The template can't be used: {reason}.";
    /// The provider refused the account or its credentials.
    ProviderRefused = 422 "provider_refused"
        "WhatsApp rechazó tu cuenta o tu clave; revísalas en tu perfil y en el panel de Meta."
        "WhatsApp refused your account or your key; check them in your profile and in Meta's dashboard.";
    /// The provider was asked a moment ago, and counts how often it is asked.
    AskedAMomentAgo = 429 "asked_a_moment_ago"
        "Ya se le preguntó a WhatsApp hace un momento; prueba otra vez dentro de {seconds} s."
        "WhatsApp was asked a moment ago; try again in {seconds} s.";
    /// The provider does not answer.
    ProviderUnavailable = 503 "provider_unavailable"
        "WhatsApp no responde en este momento; inténtalo en unos minutos." "WhatsApp does not answer right now; try again in a few minutes.";
    /// The file is empty.
    EmptyFile = 422 "empty_file" "El archivo está vacío." "The file is empty.";
    /// The file is of a type that is not sent.
    MediaType = 422 "media_type"
        "Este archivo no se puede enviar. Sube una imagen JPEG o PNG, un video MP4 o 3GP, un audio AAC, AMR, MP3, M4A u OGG (Opus), o un documento PDF, Word, Excel, PowerPoint o de texto en UTF-8, sin contraseña ni macros."
        "This file can't be sent. Upload a JPEG or PNG picture, an MP4 or 3GP video, AAC, AMR, MP3, M4A or OGG (Opus) sound, or a PDF, Word, Excel, PowerPoint or UTF-8 text document, without password or macros.";
    /// The file is larger than WhatsApp takes of its kind.
    MediaTooLarge = 413 "media_too_large"
        "{kind} pueden tener hasta {max}: sube uno más pequeño." "{kind} may have up to {max}: upload a smaller one.";
    /// The picture has too many pixels to be shown.
    PictureTooLarge = 422 "picture_too_large"
        "La imagen mide {width} × {height} píxeles y muchos teléfonos no podrían mostrarla: redúcela."
        "The picture has {width} × {height} pixels, which many phones could not show: make it smaller.";
    /// The campaign's messages carry no more files.
    MediaLimit = 409 "media_limit"
        "Archivos por mensaje de {channel}: {max} como máximo. Quita uno antes de subir otro."
        "Files per {channel} message: {max} at most. Remove one before you upload another.";
    /// The user's files would be more than they may be.
    MediaQuota = 409 "media_quota"
        "Tus archivos ya ocupan {used} de {quota}, y este no cabe: elimina los de campañas que no necesites."
        "Your files already take {used} of {quota}, and this one does not fit: delete those of campaigns that you don't need.";
    /// The files changed again and again while they were copied.
    MediaChanging = 409 "media_changing"
        "Los archivos de la campaña cambiaron mientras los copiábamos; inténtalo otra vez."
        "The campaign's files changed while we copied them; try again.";
    /// The file is no table.
    NotATable = 422 "not_a_table"
        "El archivo no es una tabla que podamos leer: usa CSV, XLSX, XLS u ODS, sin contraseña." "The file is not a table that we can read: use CSV, XLSX, XLS or ODS, without a password.";
    /// The file, or the part of it that was chosen, can't be imported.
    UnreadableTable = 422 "unreadable_table"
        "No se puede importar. {reason}" "This can't be imported. {reason}";
    /// The import's status does not allow it.
    ImportStatus = 409 "import_status"
        "Esto no se puede hacer con una importación {status}." "This can't be done with an import that {status}.";
    /// A key that another request used.
    IdempotencyMismatch = 422 "idempotency_key_reused"
        "Esta Idempotency-Key ya se usó con otra solicitud." "This Idempotency-Key was already used with another request.";
    /// The same request is being handled.
    IdempotencyInProgress = 409 "request_in_progress"
        "Esto mismo se está haciendo ya; espera un momento." "This is being done already; wait a moment.";
    /// Too many requests.
    RateLimited = 429 "rate_limited"
        "Demasiados intentos; prueba otra vez dentro de {seconds} s." "Too many attempts; try again in {seconds} s.";
    /// The user has as many streams open as may be.
    StreamLimit = 429 "stream_limit"
        "Ya sigues tus campañas en vivo desde {max} páginas, que es el máximo; cierra alguna para seguirlas también aquí."
        "You already follow your campaigns live from {max} pages, which is the limit; close one to follow them here as well.";
    /// The instance has as many streams open as may be.
    StreamsFull = 503 "streams_full"
        "En este momento no podemos mostrar el avance en vivo; recarga la página para ver cómo va."
        "We can't show live progress right now; reload the page to see how it is going.";
    /// The database is away.
    Unavailable = 503 "unavailable"
        "El servicio no está disponible en este momento; inténtalo de nuevo." "The service is not available right now; try again.";
    /// Our fault.
    Internal = 500 "internal"
        "Algo falló de nuestro lado; ya quedó registrado." "Something failed on our side; it has been recorded.";
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn parameters(sentence: &str) -> BTreeSet<&str> {
        sentence
            .split('{')
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('}')?.0))
            .collect()
    }

    #[test]
    fn every_code_has_a_word_of_its_own_and_the_same_parameters_in_both_languages() {
        let mut words = BTreeMap::new();
        for code in Code::ALL {
            let known = words.insert(code.word(), code);
            assert!(known.is_none(), "{known:?} and {code:?}");
            assert!(code.status().is_client_error() || code.status().is_server_error());
            let (es, en) = (code.sentence(Language::Es), code.sentence(Language::En));
            assert_ne!(es, en, "{code:?}");
            assert_eq!(parameters(es), parameters(en), "{code:?}");
        }
    }
}
