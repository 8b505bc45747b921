//! The list of templates (`GET /{waba_id}/message_templates`).

use nexus_domain::ports::{ChannelError, SenderCredentials};
use nexus_domain::{ApprovedTemplate, TemplateButton, TemplateHeader};
use serde::Deserialize;
use serde_json::Value;

use super::graph::{Graph, path_segment, unusable};
use super::secrets::redacted;

/// Templates a page; a full one stays well under the limit of an answer's size.
const PAGE: usize = 100;

/// What is asked of each template.
const FIELDS: &str = "id,name,language,status,category,parameter_format,quality_score,\
     rejected_reason,components";

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
    /// A text in answers; Meta's description allows a number.
    id: Option<Value>,
    name: String,
    language: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    category: String,
    parameter_format: Option<String>,
    /// `{"score": "GREEN", "date": 1700000000}`
    quality_score: Option<Value>,
    rejected_reason: Option<Value>,
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
    #[serde(default)]
    text: String,
    /// Where it leads, with a variable at the end or none.
    url: Option<String>,
}

/// Kinds of files that a header shows and a message can bring.
const FILES: [&str; 3] = ["IMAGE", "VIDEO", "DOCUMENT"];
/// Parts that a message fills in otherwise than a campaign can.
const UNFILLED: [&str; 3] = ["CAROUSEL", "LIMITED_TIME_OFFER", "ORDER_STATUS"];

impl Component {
    fn is(&self, kind: &str) -> bool {
        self.r#type.eq_ignore_ascii_case(kind)
    }

    fn header(&self) -> TemplateHeader {
        let format = self.format.as_deref().unwrap_or("TEXT");
        if format.eq_ignore_ascii_case("TEXT") {
            let text = self.text.clone().unwrap_or_default();
            TemplateHeader::Text {
                variables: variables(&text),
                text,
            }
        } else if FILES.iter().any(|file| format.eq_ignore_ascii_case(file)) {
            TemplateHeader::Media {
                format: format.to_uppercase(),
            }
        } else {
            TemplateHeader::Other {
                format: format.to_uppercase(),
            }
        }
    }

    /// Whether a message has to bring something that a campaign can't give.
    fn needs_more(&self) -> bool {
        if self.is("HEADER") {
            return matches!(self.header(), TemplateHeader::Other { .. });
        }
        let is_coupon = |button: &Button| button.r#type.eq_ignore_ascii_case("COPY_CODE");
        UNFILLED.iter().any(|kind| self.is(kind)) || self.buttons.iter().any(is_coupon)
    }
}

impl From<Button> for TemplateButton {
    fn from(button: Button) -> Self {
        Self {
            variables: button.url.as_deref().map(variables).unwrap_or_default(),
            kind: button.r#type,
            text: button.text,
            url: button.url,
        }
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
        let mut query = vec![("fields", FIELDS), ("limit", limit.as_str())];
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

fn id_of(id: Value) -> Option<String> {
    match id {
        Value::String(id) => Some(id),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Meta's words are kept for people to read, and no longer than that.
const WORD_CHARACTERS: usize = 100;

/// A word of Meta's; `NONE` is its word for none.
fn word(value: Option<&Value>) -> Option<String> {
    let word = value?.as_str()?.trim();
    let is_word = !word.is_empty() && !word.eq_ignore_ascii_case("NONE");
    is_word.then(|| redacted(word).chars().take(WORD_CHARACTERS).collect())
}

impl From<Template> for ApprovedTemplate {
    fn from(template: Template) -> Self {
        let quality = template.quality_score.as_ref();
        let mut approved = Self {
            provider_id: template.id.and_then(id_of),
            name: template.name,
            language: template.language,
            status: template.status,
            category: template.category,
            quality: word(quality.and_then(|quality| quality.get("score"))),
            reason: word(template.rejected_reason.as_ref()),
            parameter_format: template.parameter_format.unwrap_or_default(),
            ..Self::default()
        };
        for component in template.components {
            if component.needs_more() {
                approved.other_values.push(component.r#type.clone());
            }
            if component.is("HEADER") {
                approved.header = Some(component.header());
            } else if component.is("BODY") {
                approved.body = component.text.unwrap_or_default();
                approved.variables = variables(&approved.body);
            } else if component.is("FOOTER") {
                approved.footer = component.text;
            } else if component.is("BUTTONS") {
                let buttons = component.buttons.into_iter();
                approved.buttons.extend(buttons.map(TemplateButton::from));
            }
        }
        approved
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
    use nexus_domain::ButtonKind;

    use super::{ApprovedTemplate, Template, TemplateButton, TemplateHeader, variables};

    fn with(components: &str) -> ApprovedTemplate {
        let json = format!(r#"{{"name":"a","language":"es","components":{components}}}"#);
        let template: Template = serde_json::from_str(&json).unwrap();
        ApprovedTemplate::from(template)
    }

    #[test]
    fn parts_that_no_campaign_can_fill_in_are_named() {
        for (components, expected) in [
            (
                r#"[{"type":"HEADER","format":"TEXT","text":"Hoy, {{1}}"}]"#,
                &[][..],
            ),
            (r#"[{"type":"HEADER","format":"IMAGE"}]"#, &[]),
            (r#"[{"type":"HEADER","format":"LOCATION"}]"#, &["HEADER"]),
            (
                r#"[{"type":"BUTTONS","buttons":[{"type":"QUICK_REPLY","text":"Sí"}]}]"#,
                &[],
            ),
            (
                r#"[{"type":"BUTTONS","buttons":[{"type":"URL","url":"https://a.example/{{1}}"}]}]"#,
                &[],
            ),
            (
                r#"[{"type":"BUTTONS","buttons":[{"type":"COPY_CODE"}]}]"#,
                &["BUTTONS"],
            ),
            (r#"[{"type":"CAROUSEL"}]"#, &["CAROUSEL"]),
        ] {
            assert_eq!(with(components).other_values, expected, "{components}");
        }
    }

    #[test]
    fn headers_and_buttons_tell_what_they_take() {
        let template = with(
            r#"[{"type":"HEADER","format":"video"},{"type":"buttons","buttons":[
                {"type":"URL","text":"Ver","url":"https://a.example/{{1}}"},
                {"type":"QUICK_REPLY","text":"Sí"},
                {"type":"PHONE_NUMBER","text":"Llamar"}]}]"#,
        );
        let format = "VIDEO".to_owned();
        assert_eq!(template.header, Some(TemplateHeader::Media { format }));
        let takes: Vec<_> = template.buttons.iter().map(TemplateButton::takes).collect();
        assert_eq!(
            takes,
            [
                Some(ButtonKind::UrlSuffix),
                Some(ButtonKind::ReplyPayload),
                None
            ]
        );
        let needs: Vec<_> = template
            .buttons
            .iter()
            .map(TemplateButton::needs_value)
            .collect();
        assert_eq!(needs, [true, false, false]);
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
