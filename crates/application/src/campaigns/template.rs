//! Whether a template can be sent, as the provider knows it.

use std::collections::BTreeSet;

use nexus_domain::{
    ApprovedTemplate, HeaderValue, MediaFile, MediaKind, TemplateButton, TemplateHeader,
    TemplateMessage,
};

use super::files::header_format;

/// A part of a template that takes a value, besides its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TemplatePart {
    /// Its header.
    Header,
    /// This button, counted from 0.
    Button(u32),
}

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
    /// Its header shows a file, and the campaign has none for it.
    #[error("the template's header needs a file: {format}")]
    NeedsMedia {
        /// The provider's word for what kind of file: `IMAGE`, `VIDEO`, `DOCUMENT`.
        format: String,
    },
    /// Its header shows a file of another kind than the campaign's.
    #[error("the template's header needs another file: {format}")]
    OtherMedia {
        /// The provider's word for what kind of file: `IMAGE`, `VIDEO`, `DOCUMENT`.
        format: String,
        /// What the campaign has.
        kind: MediaKind,
    },
    /// The campaign has a file, and nothing of the template shows it: it would be lost.
    #[error("the template does not show the campaign's file")]
    FileNotShown,
    /// Its header or buttons take other values than the campaign gives.
    #[error("the template's header and buttons take other values")]
    Parts {
        /// Those that need a value and the campaign gives none.
        missing: Vec<TemplatePart>,
        /// Those that the campaign gives a value and which take none, or not such a one.
        unknown: Vec<TemplatePart>,
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

/// Whether the provider would take the template with these values and the campaign's file, given how
/// it knows it.
pub(super) fn check(
    wanted: &TemplateMessage,
    file: Option<&MediaFile>,
    known: Option<&ApprovedTemplate>,
) -> Result<(), TemplateProblem> {
    let template = known.ok_or(TemplateProblem::Missing)?;
    if !template.is_approved() {
        return Err(TemplateProblem::NotApproved {
            status: template.status.clone(),
        });
    }
    if !template.other_values.is_empty() {
        return Err(TemplateProblem::NeedsMore {
            parts: template.other_values.clone(),
        });
    }
    check_variables(wanted, template)?;
    check_file(wanted, file, template)?;
    check_parts(wanted, template)
}

/// The campaign's file goes into a header that shows one, unless the campaign says what else does.
fn check_file(
    wanted: &TemplateMessage,
    file: Option<&MediaFile>,
    template: &ApprovedTemplate,
) -> Result<(), TemplateProblem> {
    let given = matches!(wanted.parts.header, Some(HeaderValue::Media(_)));
    match (&template.header, file) {
        (Some(TemplateHeader::Media { .. }), None) if given => Ok(()),
        (Some(TemplateHeader::Media { format }), None) => Err(TemplateProblem::NeedsMedia {
            format: format.clone(),
        }),
        (Some(TemplateHeader::Media { format }), Some(file)) if !given => {
            let kind = file.kind();
            if header_format(kind) == Some(format.as_str()) {
                return Ok(());
            }
            let format = format.clone();
            Err(TemplateProblem::OtherMedia { format, kind })
        }
        (_, Some(_)) => Err(TemplateProblem::FileNotShown),
        (_, None) => Ok(()),
    }
}

fn check_variables(
    wanted: &TemplateMessage,
    template: &ApprovedTemplate,
) -> Result<(), TemplateProblem> {
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

fn check_parts(
    wanted: &TemplateMessage,
    template: &ApprovedTemplate,
) -> Result<(), TemplateProblem> {
    let (mut missing, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    match (&template.header, &wanted.parts.header) {
        (Some(TemplateHeader::Media { .. }), Some(HeaderValue::Media(_)) | None) => {}
        (Some(TemplateHeader::Text { variables, .. }), Some(HeaderValue::Text(value)))
            if *variables == [value.key.as_str()] => {}
        (Some(TemplateHeader::Text { variables, .. }), None) if !variables.is_empty() => {
            missing.insert(TemplatePart::Header);
        }
        (_, Some(_)) => {
            unknown.insert(TemplatePart::Header);
        }
        (_, None) => {}
    }
    for (index, button) in (0..).zip(&template.buttons) {
        let given = wanted
            .parts
            .buttons
            .iter()
            .any(|given| given.index == index);
        if button.needs_value() && !given {
            missing.insert(TemplatePart::Button(index));
        }
    }
    for given in &wanted.parts.buttons {
        let button = usize::try_from(given.index)
            .ok()
            .and_then(|index| template.buttons.get(index));
        if button.and_then(TemplateButton::takes) != Some(given.kind) {
            unknown.insert(TemplatePart::Button(given.index));
        }
    }
    if missing.is_empty() && unknown.is_empty() {
        return Ok(());
    }
    Err(TemplateProblem::Parts {
        missing: missing.into_iter().collect(),
        unknown: unknown.into_iter().collect(),
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
