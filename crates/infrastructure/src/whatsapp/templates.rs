//! The list of templates (`GET /{waba_id}/message_templates`).

use nexus_domain::ports::{ApprovedTemplate, ChannelError, SenderCredentials};
use serde::Deserialize;

use super::graph::{Graph, path_segment, unusable};

/// Templates a page; a full one stays well under the limit of an answer's size.
const PAGE: usize = 100;

/// Meta allows an account 6,000 templates at most; a list that goes on beyond this never ends.
const MAX_PAGES: usize = 100;

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    data: Vec<Template>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Template {
    name: String,
    language: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    r#type: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Paging {
    cursors: Option<Cursors>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Cursors {
    after: Option<String>,
}

impl Page {
    /// The cursor of the next page. Meta puts a cursor on the last page too, and leaves out `next`
    /// there; `next` itself is an address and never called.
    fn after(&self) -> Option<String> {
        let paging = self.paging.as_ref()?;
        let goes_on = paging.next.is_some() || self.data.len() >= PAGE;
        let cursor = paging.cursors.as_ref()?.after.clone()?;
        (goes_on && !self.data.is_empty() && !cursor.is_empty()).then_some(cursor)
    }
}

/// Every template of the account.
pub(super) async fn all(
    graph: &Graph,
    sender: &SenderCredentials,
) -> Result<Vec<ApprovedTemplate>, ChannelError> {
    let Some(account) = &sender.business_account_id else {
        return Err(ChannelError::AccountRefused(unusable(
            "the business account id is missing",
        )));
    };
    let path = format!("{}/message_templates", path_segment(account)?);
    let limit = PAGE.to_string();
    let mut templates = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut query = vec![
            ("fields", "name,language,status,category,components"),
            ("limit", limit.as_str()),
        ];
        query.extend(after.as_deref().map(|cursor| ("after", cursor)));
        let page: Page = graph.get(&sender.token, &path, &query).await?.into()?;
        let next = page.after();
        templates.extend(page.data.into_iter().map(ApprovedTemplate::from));
        // A cursor that leads to itself would be the same page again and again.
        if next.is_none() || next == after {
            break;
        }
        after = next;
    }
    Ok(templates)
}

impl From<Template> for ApprovedTemplate {
    fn from(template: Template) -> Self {
        let body = template
            .components
            .into_iter()
            .find(|component| component.r#type.eq_ignore_ascii_case("BODY"))
            .and_then(|component| component.text)
            .unwrap_or_default();
        Self {
            name: template.name,
            language: template.language,
            status: template.status,
            category: template.category,
            variables: variables(&body),
            body,
        }
    }
}

/// The variables of a body, each once, in the order in which they first appear.
fn variables(body: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut rest = body;
    while let Some((_, opened)) = rest.split_once("{{") {
        let Some((inside, closed)) = opened.split_once("}}") else {
            break;
        };
        let name = inside.trim();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if is_name {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
            rest = closed;
        } else {
            rest = opened;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::variables;

    #[test]
    fn variables_are_listed_once_and_in_order() {
        assert_eq!(
            variables("Hola {{1}}, tu pedido {{2}}; adiós {{1}}"),
            ["1", "2"]
        );
        assert_eq!(
            variables("Hola {{ nombre }}: {{fecha_cita}}"),
            ["nombre", "fecha_cita"]
        );
    }

    #[test]
    fn braces_around_anything_else_are_text() {
        assert!(variables("sin variables").is_empty());
        assert!(variables("{{}} {{ }} {{50 %}} {1} {{sin cerrar").is_empty());
        assert_eq!(variables("{{ {{1}}"), ["1"]);
    }
}
