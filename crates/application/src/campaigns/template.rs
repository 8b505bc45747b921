//! Whether a template can be sent, as the provider knows it.

use std::collections::BTreeSet;

use nexus_domain::TemplateMessage;
use nexus_domain::ports::ApprovedTemplate;

/// The provider's word for a template that may be sent.
const APPROVED: &str = "APPROVED";

/// Why a template can't be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    /// The account has no template with this name and language.
    #[error("the account has no such template")]
    Missing,
    /// The provider has not approved it, or no longer.
    #[error("the template is {status}")]
    NotApproved {
        /// The provider's word for its status.
        status: String,
    },
    /// Parts of it need values that a campaign can't give.
    #[error("the template needs values for {}", .parts.join(", "))]
    NeedsMore {
        /// The provider's names of the parts: `HEADER`, `BUTTONS`.
        parts: Vec<String>,
    },
    /// It has other variables than the campaign gives.
    #[error("the template's variables are others")]
    Variables {
        /// Those it has and the campaign gives no value for.
        missing: Vec<String>,
        /// Those the campaign gives and it does not have.
        unknown: Vec<String>,
    },
}

/// The template of the campaign among those of the account.
pub(super) fn find<'a>(
    wanted: &TemplateMessage,
    known: &'a [ApprovedTemplate],
) -> Option<&'a ApprovedTemplate> {
    known.iter().find(|template| {
        template.name == wanted.name.as_str() && template.language == wanted.language.as_str()
    })
}

/// Whether the provider would take the template with these variables.
pub(super) fn check(
    wanted: &TemplateMessage,
    known: &[ApprovedTemplate],
) -> Result<(), TemplateProblem> {
    let template = find(wanted, known).ok_or(TemplateProblem::Missing)?;
    if template.status != APPROVED {
        return Err(TemplateProblem::NotApproved {
            status: template.status.clone(),
        });
    }
    if !template.other_values.is_empty() {
        return Err(TemplateProblem::NeedsMore {
            parts: template.other_values.clone(),
        });
    }
    let has: BTreeSet<&str> = template.variables.iter().map(String::as_str).collect();
    let given: BTreeSet<&str> = wanted
        .variables
        .iter()
        .map(|variable| variable.key.as_str())
        .collect();
    if has == given {
        return Ok(());
    }
    let words = |difference: BTreeSet<&str>| difference.into_iter().map(str::to_owned).collect();
    Err(TemplateProblem::Variables {
        missing: words(&has - &given),
        unknown: words(&given - &has),
    })
}

/// The template's text with `values` in the place of its variables.
pub(super) fn fill(body: &str, values: &[(String, String)]) -> String {
    let mut filled = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(open) = rest.find("{{") {
        let (before, from) = rest.split_at(open);
        filled.push_str(before);
        let value = from.find("}}").and_then(|close| {
            let key = from[2..close].trim();
            let (_, value) = values.iter().find(|(known, _)| known == key)?;
            Some((close, value))
        });
        if let Some((close, value)) = value {
            filled.push_str(value);
            rest = &from[close + 2..];
        } else {
            filled.push_str("{{");
            rest = &from[2..];
        }
    }
    filled.push_str(rest);
    filled
}
