//! Refusals that several operations on campaigns have in common. Their sentences have words of the
//! person's language in them, so errors become theirs together with the language.

use chrono::TimeDelta;
use nexus_application::campaigns::{FileProblem, TemplateProblem};
use nexus_domain::CampaignStatus;
use nexus_domain::ports::ChannelError;
use nexus_domain::values::Language;

use super::words::{explain_files, explain_template, name_profile_field, name_status};
use crate::errors::{ApiError, Code};

/// When to try again where the provider did not say.
const RETRY_AFTER_SECONDS: u64 = 60;

/// The campaign's status does not allow it.
pub(super) fn not_while(status: CampaignStatus, language: Language) -> ApiError {
    ApiError::new(Code::CampaignStatus)
        .with("status", name_status(status, language))
        .with_member("campaign_status", status.as_str())
}

/// The profile lacks what the channel needs.
pub(in crate::routes) fn provider_missing(
    missing: Vec<&'static str>,
    language: Language,
) -> ApiError {
    let names: Vec<_> = missing
        .iter()
        .map(|field| name_profile_field(field, language))
        .collect();
    let and = match language {
        Language::Es => " y ",
        Language::En => " and ",
    };
    ApiError::new(Code::ProviderMissing)
        .with("missing", listed(&names, and))
        .with_member("missing", missing)
}

/// Words as people list them: commas, and the last after `and`.
fn listed(words: &[&str], and: &str) -> String {
    match words {
        [words @ .., last] if !words.is_empty() => format!("{}{and}{last}", words.join(", ")),
        words => words.join(", "),
    }
}

/// The files don't go with the message.
pub(super) fn files_unusable(problem: &FileProblem, language: Language) -> ApiError {
    let word = match problem {
        FileProblem::NothingToSend => "nothing_to_send",
        FileProblem::TooMany { .. } => "too_many_files",
        FileProblem::TextBesideSound => "text_beside_sound",
        FileProblem::CaptionTooLong { .. } => "caption_too_long",
        FileProblem::TooLarge { .. } => "too_large",
        FileProblem::Missing { .. } => "missing",
    };
    ApiError::new(Code::FilesUnusable)
        .with("reason", explain_files(problem, language))
        .with_member("reason", word)
}

/// The template can't be sent.
pub(super) fn template_unusable(problem: &TemplateProblem, language: Language) -> ApiError {
    ApiError::new(Code::TemplateUnusable).with("reason", explain_template(problem, language))
}

/// It was asked a moment ago, and asking costs calls that the provider counts.
pub(in crate::routes) fn asked_a_moment_ago(wait: TimeDelta) -> ApiError {
    let seconds = u64::try_from(wait.num_seconds()).unwrap_or_default() + 1;
    ApiError::new(Code::AskedAMomentAgo)
        .with("seconds", seconds)
        .retry_after(seconds)
}

/// The provider did not answer what it was asked: it refused the account, or it is to be asked
/// again later.
pub(in crate::routes) fn provider_failed(reason: &ChannelError) -> ApiError {
    tracing::warn!(error = %reason, "the provider could not be asked");
    match reason {
        ChannelError::Refused(failure)
        | ChannelError::CampaignRefused(failure)
        | ChannelError::AccountRefused(failure) => ApiError::new(Code::ProviderRefused)
            .with_member("reason", failure.code.as_str())
            .with_member("provider_code", failure.provider_code),
        ChannelError::Throttled { retry_after, .. } => ApiError::new(Code::ProviderUnavailable)
            .retry_after(retry_after.map_or(RETRY_AFTER_SECONDS, |wait| wait.as_secs().max(1))),
        ChannelError::NotConnected | ChannelError::InDoubt { .. } => {
            ApiError::new(Code::ProviderUnavailable).retry_after(RETRY_AFTER_SECONDS)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_of_several_words_follows_an_and() {
        for (words, said) in [
            (&["a"][..], "a"),
            (&["a", "b"], "a y b"),
            (&["a", "b", "c"], "a, b y c"),
        ] {
            assert_eq!(listed(words, " y "), said);
        }
    }
}
