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
    /// Of a header: `TEXT`, or what kind of file it shows.
    format: Option<String>,
    #[serde(default)]
    buttons: Vec<Button>,
}

#[derive(Deserialize)]
struct Button {
    #[serde(default)]
    r#type: String,
    /// Where it leads, with a variable at the end or none.
    url: Option<String>,
}

impl Component {
    fn is(&self, kind: &str) -> bool {
        self.r#type.eq_ignore_ascii_case(kind)
    }

    /// Whether a message has to bring a value for it, besides the body's.
    fn needs_value(&self) -> bool {
        let has_variable = |text: &Option<String>| {
            text.as_deref()
                .is_some_and(|text| !variables(text).is_empty())
        };
        if self.is("HEADER") {
            let shows_file = self
                .format
                .as_deref()
                .is_some_and(|format| !format.eq_ignore_ascii_case("TEXT"));
            return shows_file || has_variable(&self.text);
        }
        self.buttons.iter().any(|button| {
            has_variable(&button.url) || button.r#type.eq_ignore_ascii_case("COPY_CODE")
        })
    }
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
        let other_values = template
            .components
            .iter()
            .filter(|component| component.needs_value())
            .map(|component| component.r#type.clone())
            .collect();
        let body = template
            .components
            .into_iter()
            .find(|component| component.is("BODY"))
            .and_then(|component| component.text)
            .unwrap_or_default();
        Self {
            name: template.name,
            language: template.language,
            status: template.status,
            category: template.category,
            variables: variables(&body),
            body,
            other_values,
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
    use super::{ApprovedTemplate, Template, variables};

    fn other_values(components: &str) -> Vec<String> {
        let json = format!(r#"{{"name":"a","language":"es","components":{components}}}"#);
        let template: Template = serde_json::from_str(&json).unwrap();
        ApprovedTemplate::from(template).other_values
    }

    #[test]
    fn parts_that_need_a_value_besides_the_body_are_named() {
        for (components, expected) in [
            (
                r#"[{"type":"HEADER","format":"TEXT","text":"Hoy"}]"#,
                &[][..],
            ),
            (
                r#"[{"type":"HEADER","format":"TEXT","text":"Hoy, {{1}}"}]"#,
                &["HEADER"],
            ),
            (r#"[{"type":"HEADER","format":"IMAGE"}]"#, &["HEADER"]),
            (
                r#"[{"type":"BUTTONS","buttons":[{"type":"QUICK_REPLY","text":"Sí"}]}]"#,
                &[],
            ),
            (
                r#"[{"type":"BUTTONS","buttons":[{"type":"URL","url":"https://a.example"}]}]"#,
                &[],
            ),
            (
                r#"[{"type":"BUTTONS","buttons":[{"type":"URL","url":"https://a.example/{{1}}"}]}]"#,
                &["BUTTONS"],
            ),
            (
                r#"[{"type":"BUTTONS","buttons":[{"type":"COPY_CODE"}]}]"#,
                &["BUTTONS"],
            ),
        ] {
            assert_eq!(other_values(components), expected, "{components}");
        }
    }

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
