//! What people call the fields of the API.

use nexus_domain::values::Language;

/// The field's name for a person; one that people never see under another name keeps its own.
///
/// A part of a field goes by the whole: `mapping[2].field` is a column, `template.variables` belongs to
/// the template.
pub(super) fn label(field: &str, language: Language) -> &str {
    // People named these themselves.
    if let Some(name) = field.strip_prefix("custom_fields.") {
        return name;
    }
    let first = field.split(['.', '[']).next().unwrap_or(field);
    let last = field.rsplit('.').next().unwrap_or(field);
    let last = last.split('[').next().unwrap_or(last);
    let whole = match first {
        // Parts of these have names of their own, which are those of other fields.
        "audience" | "filter" => last,
        _ => first,
    };
    match named(whole) {
        Some((es, en)) => match language {
            Language::Es => es,
            Language::En => en,
        },
        None => field,
    }
}

/// In Spanish and English.
fn named(field: &str) -> Option<(&'static str, &'static str)> {
    Some(match field {
        "name" => ("Nombre", "Name"),
        "email" => ("Correo", "E-mail"),
        "phone" => ("Teléfono", "Phone"),
        "company" => ("Empresa", "Company"),
        "password" => ("Contraseña", "Password"),
        "current_password" => ("Contraseña actual", "Current password"),
        "new_password" => ("Contraseña nueva", "New password"),
        "language" => ("Idioma", "Language"),
        "timezone" => ("Zona horaria", "Time zone"),
        "theme" => ("Tema", "Theme"),
        "default_country" => ("País", "Country"),
        "whatsapp_api_key" => ("Clave de API de WhatsApp", "WhatsApp API key"),
        "gmail_api_key" => ("Clave de API de Gmail", "Gmail API key"),
        "gemini_api_key" => ("Clave de API de Gemini", "Gemini API key"),
        "whatsapp_phone_number_id" => (
            "Identificador del número de WhatsApp",
            "WhatsApp phone number id",
        ),
        "whatsapp_business_account_id" => (
            "Identificador de la cuenta de WhatsApp Business",
            "WhatsApp Business account id",
        ),
        "whatsapp_daily_limit" => ("Límite diario de WhatsApp", "WhatsApp daily limit"),
        "whatsapp_app_secret" => ("Clave secreta de la app de Meta", "Meta app secret"),
        "whatsapp_verify_token" => ("Token de verificación", "Verify token"),
        "gemini_knowledge_base" => ("Base de conocimiento", "Knowledge base"),
        "tags" | "tag" => ("Etiquetas", "Tags"),
        "notes" => ("Notas", "Notes"),
        "status" => ("Estado", "Status"),
        "channel" => ("Canal", "Channel"),
        "subject" => ("Asunto", "Subject"),
        "message" => ("Mensaje", "Message"),
        "template" => ("Plantilla", "Template"),
        "audience" | "recipient_ids" => ("Destinatarios", "Recipients"),
        "contact_ids" | "ids" => ("Contactos", "Contacts"),
        "custom_fields" => ("Campos personalizados", "Custom fields"),
        "segment" | "segment_id" => ("Segmento", "Segment"),
        "keep_unmapped" => ("Conservar las demás columnas", "Keep other columns"),
        "other_id" => ("Otro contacto", "Other contact"),
        "filter" => ("Filtro", "Filter"),
        "search" => ("Búsqueda", "Search"),
        "action" => ("Acción", "Action"),
        "sheet" => ("Hoja", "Sheet"),
        "header_line" => ("Línea del encabezado", "Header line"),
        "mapping" => ("Columnas", "Columns"),
        "known_contacts" => ("Contactos que ya existen", "Contacts that exist already"),
        "consent_note" => ("Nota de consentimiento", "Consent note"),
        "scheduled_at" => ("Hora de inicio", "Start"),
        "latest_start" => ("Hora límite de inicio", "Latest start"),
        "send_window" => ("Horario de envío", "Send window"),
        "outside_window" => ("Fuera de las 24 horas", "Outside of the 24 hours"),
        "opt_out_words" => ("Palabras de baja", "Opt-out words"),
        "opt_in_words" => ("Palabras de alta", "Opt-in words"),
        "opt_out_reply" => ("Respuesta a la baja", "Answer to an opt-out"),
        "opt_in_reply" => ("Respuesta al alta", "Answer to an opt-in"),
        "decision" => ("Decisión", "Decision"),
        "body" => ("Contenido", "Content"),
        "page" => ("Página", "Page"),
        "per_page" => ("Elementos por página", "Items per page"),
        "sort" => ("Orden", "Order"),
        "created_after" => ("Creado desde", "Created after"),
        "created_before" => ("Creado hasta", "Created before"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_go_by_the_names_that_people_see() {
        for (field, es, en) in [
            ("phone", "Teléfono", "Phone"),
            ("mapping[2].field", "Columnas", "Columns"),
            ("template.variables", "Plantilla", "Template"),
            ("audience.tags", "Etiquetas", "Tags"),
            ("audience.tags[0]", "Etiquetas", "Tags"),
            ("audience", "Destinatarios", "Recipients"),
            ("Idempotency-Key", "Idempotency-Key", "Idempotency-Key"),
        ] {
            assert_eq!(label(field, Language::Es), es);
            assert_eq!(label(field, Language::En), en);
        }
    }
}
