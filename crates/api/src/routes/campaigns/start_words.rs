//! Why a campaign did not start at its time, in the person's language.

use nexus_domain::StartProblem;
use nexus_domain::values::Language;

/// Why a campaign did not start at its time and what to do, for a person. One that `goes_on` is tried
/// again by itself.
pub(super) fn explain_start_problem(
    problem: StartProblem,
    goes_on: bool,
    language: Language,
) -> String {
    let (what, step) = (kept_from_starting(problem), step_to_start(problem, goes_on));
    match language {
        Language::Es => format!("{} {}", what.0, step.0),
        Language::En => format!("{} {}", what.1, step.1),
    }
}

/// In Spanish and English.
fn kept_from_starting(problem: StartProblem) -> (&'static str, &'static str) {
    use StartProblem as P;
    match problem {
        P::NobodyWasThere => (
            "El servicio no estuvo en marcha entre la hora programada y la hora límite.",
            "The service was not running between the scheduled time and the latest start.",
        ),
        P::Interrupted => (
            "El envío no se pudo empezar antes de la hora límite.",
            "Sending could not be begun before the latest start.",
        ),
        P::ProviderMissing => ("Falta conectar WhatsApp.", "WhatsApp is not connected."),
        P::ChannelUnavailable => (
            "Su canal todavía no está disponible.",
            "Its channel is not available yet.",
        ),
        P::NoRecipients => (
            "No había nadie a quien se le pudiera escribir.",
            "There was nobody who could be written to.",
        ),
        P::FilesUnusable => (
            "El archivo adjunto no va con el mensaje o ya no está guardado.",
            "The attached file does not go with the message or is no longer stored.",
        ),
        P::TemplateUnusable => (
            "WhatsApp no tiene aprobada la plantilla, o la plantilla cambió.",
            "WhatsApp has not approved the template, or the template was changed.",
        ),
        P::ProviderRefused => (
            "WhatsApp rechazó tu cuenta o tu clave.",
            "WhatsApp refused your account or your key.",
        ),
        P::ProviderUnavailable => ("WhatsApp no respondió.", "WhatsApp did not answer."),
        P::StoreUnavailable => (
            "Tuvimos un problema para guardar los datos.",
            "We had trouble storing the data.",
        ),
        P::TagBeingRenamed => (
            "Se estaba cambiando el nombre de una etiqueta de sus destinatarios.",
            "A tag of its audience was being renamed.",
        ),
        P::OutsideWindow => (
            "Algunos destinatarios no te escribieron en las últimas 24 horas y WhatsApp solo les entrega plantillas aprobadas.",
            "Some recipients have not written to you within the last 24 hours, and WhatsApp delivers only approved templates to them.",
        ),
    }
}

/// In Spanish and English.
fn step_to_start(problem: StartProblem, goes_on: bool) -> (&'static str, &'static str) {
    use StartProblem as P;
    match problem {
        _ if goes_on => (
            "Lo seguimos intentando hasta la hora límite.",
            "We keep trying until the latest start.",
        ),
        P::NobodyWasThere
        | P::Interrupted
        | P::ProviderUnavailable
        | P::StoreUnavailable
        | P::TagBeingRenamed => (
            "Envíala ahora o vuelve a programarla.",
            "Send it now or schedule it again.",
        ),
        P::ProviderMissing => (
            "Completa los datos en tu perfil y vuelve a programarla.",
            "Fill in what your profile lacks and schedule it again.",
        ),
        P::ChannelUnavailable => (
            "Haz una campaña para WhatsApp y prográmala.",
            "Make a campaign for WhatsApp and schedule that.",
        ),
        P::NoRecipients => (
            "Elige a otros destinatarios y vuelve a programarla.",
            "Choose other recipients and schedule it again.",
        ),
        P::FilesUnusable => (
            "Revísalo en la campaña y vuelve a programarla.",
            "Check it in the campaign and schedule it again.",
        ),
        P::TemplateUnusable => (
            "Revísala en la campaña y en el administrador de WhatsApp de Meta, y vuelve a programarla.",
            "Check it in the campaign and in Meta's WhatsApp Manager, and schedule it again.",
        ),
        P::ProviderRefused => (
            "Revísalas en tu perfil y en el panel de Meta, y vuelve a programarla.",
            "Check them in your profile and in Meta's dashboard, and schedule it again.",
        ),
        P::OutsideWindow => (
            "Usa una plantilla, o deja que se omitan, y vuelve a programarla.",
            "Use a template, or let them be passed over, and schedule it again.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kept_a_campaign_from_starting_is_told_with_the_next_step() {
        for problem in StartProblem::ALL {
            for (language, again, meanwhile) in [
                (
                    Language::Es,
                    ["vuelve a programarla", "prográmala"],
                    "intentando",
                ),
                (
                    Language::En,
                    ["schedule it again", "schedule that"],
                    "keep trying",
                ),
            ] {
                let missed = explain_start_problem(problem, false, language);
                let tells = again.iter().any(|step| missed.contains(step));
                assert!(tells && !missed.contains(meanwhile), "{missed}");
                let goes_on = explain_start_problem(problem, true, language);
                let tells = again.iter().any(|step| goes_on.contains(step));
                assert!(!tells && goes_on.contains(meanwhile), "{goes_on}");
            }
        }
    }
}
