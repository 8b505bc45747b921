//! Message templates: the list every simulated business has, and what a send must fill in.
//!
//! Meta Graph API v23.0, "message_templates" and "Send message templates".

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use serde_json::Value;

use super::errors::GraphError;
use crate::journal::QuickReply;
use crate::locks::{read, write};

/// The templates of one simulated business, in Meta's own form.
#[derive(Clone)]
pub(crate) struct TemplateCatalogue(Vec<Value>);

/// The templates of all businesses: the same for each until somebody changes them.
pub(crate) struct TemplateShelves {
    seeded: Arc<TemplateCatalogue>,
    changed: RwLock<HashMap<String, Arc<TemplateCatalogue>>>,
}

impl TemplateShelves {
    pub(crate) fn seeded() -> Self {
        Self {
            seeded: Arc::new(TemplateCatalogue::seeded()),
            changed: RwLock::default(),
        }
    }

    pub(crate) fn of(&self, business_account_id: &str) -> Arc<TemplateCatalogue> {
        let changed = read(&self.changed);
        Arc::clone(changed.get(business_account_id).unwrap_or(&self.seeded))
    }

    /// Changes the templates of one business.
    pub(crate) fn change<T>(
        &self,
        business_account_id: &str,
        change: impl FnOnce(&mut Vec<Value>) -> T,
    ) -> T {
        let mut changed = write(&self.changed);
        let shelf = changed
            .entry(business_account_id.to_owned())
            .or_insert_with(|| Arc::clone(&self.seeded));
        change(&mut Arc::make_mut(shelf).0)
    }
}

/// A template with its parameters filled in.
#[derive(Debug)]
pub(crate) struct RenderedTemplate {
    pub(crate) text: String,
    pub(crate) buttons: Vec<QuickReply>,
    pub(crate) category: String,
    pub(crate) header_media: Option<Value>,
}

impl TemplateCatalogue {
    pub(crate) fn seeded() -> Self {
        Self(
            serde_json::from_str(include_str!("templates.json"))
                .expect("the catalogue in this crate is JSON, a unit test reads it"),
        )
    }

    pub(crate) fn all(&self) -> &[Value] {
        &self.0
    }

    /// Fills in a send's `template` object, or refuses as Meta does.
    pub(crate) fn render(&self, sent: &Value) -> Result<RenderedTemplate, GraphError> {
        let name = required(sent, "name", "template['name']")?;
        let language = sent
            .pointer("/language/code")
            .and_then(Value::as_str)
            .filter(|code| !code.is_empty())
            .ok_or_else(|| GraphError::missing("template['language']['code']"))?;
        let template = self.usable(name, language)?;
        let parameters = SentComponents::of(sent)?;
        let named = template["parameter_format"] == "NAMED";

        let mut text = Vec::new();
        let mut buttons = Vec::new();
        let mut header_media = None;
        for component in list(&template["components"]) {
            let words = component["text"].as_str().unwrap_or_default();
            match component["type"].as_str().unwrap_or_default() {
                "HEADER" if component["format"] == "TEXT" => {
                    let given = parameters.of_type("header");
                    text.push(fill("header", words, &given, named)?);
                }
                "HEADER" => {
                    let format = component["format"].as_str().unwrap_or_default();
                    header_media = Some(media_header(format, &parameters.of_type("header"))?);
                }
                "BODY" => text.push(fill("body", words, &parameters.of_type("body"), named)?),
                "FOOTER" => text.push(words.to_owned()),
                "BUTTONS" => buttons = fill_buttons(list(&component["buttons"]), &parameters)?,
                _ => {}
            }
        }
        Ok(RenderedTemplate {
            text: text.join("\n"),
            buttons,
            category: template["category"]
                .as_str()
                .unwrap_or("MARKETING")
                .to_lowercase(),
            header_media,
        })
    }

    fn usable(&self, name: &str, language: &str) -> Result<&Value, GraphError> {
        let absent = || {
            GraphError::with_details(
                132_001,
                format!("template name ({name}) does not exist in {language}"),
            )
        };
        let template = self
            .0
            .iter()
            .find(|template| template["name"] == name && template["language"] == language)
            .ok_or_else(absent)?;
        match template["status"].as_str() {
            Some("APPROVED") => Ok(template),
            Some("PAUSED") => Err(GraphError::of(132_015)),
            Some("DISABLED") => Err(GraphError::of(132_016)),
            _ => Err(absent()),
        }
    }
}

/// The `components` of a send.
struct SentComponents<'a>(Vec<&'a Value>);

impl<'a> SentComponents<'a> {
    fn of(sent: &'a Value) -> Result<Self, GraphError> {
        match sent.get("components") {
            None | Some(Value::Null) => Ok(Self(Vec::new())),
            Some(Value::Array(components)) => {
                if components
                    .iter()
                    .any(|component| !component["type"].is_string())
                {
                    return Err(GraphError::missing("template['components'][]['type']"));
                }
                Ok(Self(components.iter().collect()))
            }
            Some(_) => Err(GraphError::invalid(
                "Param template['components'] must be an array.",
            )),
        }
    }

    fn of_type(&self, kind: &str) -> Vec<&'a Value> {
        self.0
            .iter()
            .filter(|component| is_type(component, kind))
            .flat_map(|component| list(&component["parameters"]))
            .collect()
    }

    /// The button component with this index, which Meta takes as a number or as text.
    fn button(&self, index: usize) -> Option<&'a Value> {
        let written = index.to_string();
        self.0.iter().copied().find(|component| {
            is_type(component, "button")
                && (component["index"] == index || component["index"] == written.as_str())
        })
    }
}

fn is_type(component: &Value, kind: &str) -> bool {
    component["type"]
        .as_str()
        .is_some_and(|sent| sent.eq_ignore_ascii_case(kind))
}

fn required<'a>(object: &'a Value, key: &str, shown: &str) -> Result<&'a str, GraphError> {
    object
        .get(key)
        .and_then(Value::as_str)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| GraphError::missing(shown))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The names between double braces, in order, each once.
fn placeholders(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, tail)) = rest.split_once("{{") {
        let Some((name, tail)) = tail.split_once("}}") else {
            break;
        };
        if !names.contains(&name) {
            names.push(name);
        }
        rest = tail;
    }
    names
}

/// Replaces the placeholders of one component.
fn fill(component: &str, text: &str, given: &[&Value], named: bool) -> Result<String, GraphError> {
    let expected = placeholders(text);
    if expected.len() != given.len() {
        return Err(GraphError::with_details(
            132_000,
            format!(
                "{component}: number of localizable_params ({}) does not match the expected number of params ({})",
                given.len(),
                expected.len()
            ),
        ));
    }
    let mut filled = Vec::with_capacity(given.len());
    for (position, parameter) in given.iter().enumerate() {
        let value = parameter_text(component, parameter)?;
        let name = if named {
            let name = required(parameter, "parameter_name", "parameter_name")?;
            if !expected.contains(&name) || filled.iter().any(|(seen, _)| *seen == name) {
                return Err(GraphError::with_details(
                    132_000,
                    format!("{component}: parameter_name ({name}) is not expected"),
                ));
            }
            name
        } else {
            expected[position]
        };
        filled.push((name, value));
    }
    // One pass over the template, so that braces inside a value stay text.
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("{{") {
        let Some((name, after)) = tail.split_once("}}") else {
            break;
        };
        out.push_str(before);
        let value = filled.iter().find(|(known, _)| *known == name);
        out.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn parameter_text(component: &str, parameter: &Value) -> Result<String, GraphError> {
    let value = match parameter["type"].as_str() {
        Some("text") => parameter["text"].as_str(),
        Some(kind @ ("currency" | "date_time")) => parameter[kind]["fallback_value"].as_str(),
        Some(other) => {
            return Err(GraphError::with_details(
                132_012,
                format!(
                    "{component}: Format mismatch, expected TEXT, received {}",
                    other.to_uppercase()
                ),
            ));
        }
        None => return Err(GraphError::missing("parameters[]['type']")),
    };
    let value = value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| GraphError::missing("parameters[]['text']"))?;
    if value.contains(['\n', '\t']) || value.contains("     ") {
        return Err(GraphError::invalid(
            "Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
        ));
    }
    Ok(value.to_owned())
}

fn media_header(format: &str, given: &[&Value]) -> Result<Value, GraphError> {
    let kind = format.to_lowercase();
    match given {
        [parameter] if parameter["type"] == kind => Ok(parameter[&kind].clone()),
        _ => {
            let received = given
                .first()
                .and_then(|parameter| parameter["type"].as_str())
                .unwrap_or("UNKNOWN")
                .to_uppercase();
            Err(GraphError::with_details(
                132_012,
                format!("header: Format mismatch, expected {format}, received {received}"),
            ))
        }
    }
}

fn fill_buttons(
    buttons: &[Value],
    parameters: &SentComponents<'_>,
) -> Result<Vec<QuickReply>, GraphError> {
    let mut replies = Vec::new();
    for (index, button) in buttons.iter().enumerate() {
        let sent = parameters.button(index);
        let text = button["text"].as_str().unwrap_or_default();
        match button["type"].as_str() {
            Some("QUICK_REPLY") => {
                let payload = sent
                    .and_then(|sent| sent.pointer("/parameters/0/payload"))
                    .and_then(Value::as_str)
                    .unwrap_or(text);
                replies.push(QuickReply {
                    text: text.to_owned(),
                    payload: payload.to_owned(),
                });
            }
            Some("URL") => {
                let dynamic = button["url"].as_str().is_some_and(|url| url.contains("{{"));
                let given = sent
                    .and_then(|sent| sent.pointer("/parameters/0/text"))
                    .and_then(Value::as_str)
                    .is_some_and(|text| !text.is_empty());
                if dynamic && !given {
                    return Err(GraphError::with_details(
                        131_008,
                        format!(
                            "buttons: Button at index {index} of type Url requires a parameter"
                        ),
                    ));
                }
            }
            _ => {}
        }
    }
    Ok(replies)
}

#[cfg(test)]
#[expect(
    clippy::needless_pass_by_value,
    reason = "json!(…) arguments read best by value"
)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render(template: Value) -> Result<RenderedTemplate, u32> {
        TemplateCatalogue::seeded()
            .render(&template)
            .map_err(|error| error.code)
    }

    fn body(parameters: Value) -> Value {
        json!([{"type": "body", "parameters": parameters}])
    }

    #[test]
    fn positional_parameters_are_filled_in_order_and_once() {
        let rendered = render(json!({
            "name": "promocion_mensual", "language": {"code": "es_MX"},
            "components": body(json!([{"type": "text", "text": "{{2}}"}, {"type": "text", "text": "10 %"}])),
        }))
        .unwrap();
        assert!(rendered.text.contains("Hola {{2}}, este mes tienes 10 %"));
        assert_eq!(rendered.buttons[1].text, "No más mensajes");
        assert_eq!(rendered.category, "marketing");
    }

    #[test]
    fn named_parameters_need_their_names() {
        let send = |parameters: Value| {
            render(json!({
                "name": "bienvenida", "language": {"code": "es_MX"}, "components": body(parameters),
            }))
        };
        let named = send(json!([{"type": "text", "parameter_name": "nombre", "text": "Ana"}]));
        assert!(named.unwrap().text.starts_with("¡Hola, Ana!"));
        assert_eq!(
            send(json!([{"type": "text", "text": "Ana"}])).unwrap_err(),
            131_008
        );
        let other = send(json!([{"type": "text", "parameter_name": "otro", "text": "Ana"}]));
        assert_eq!(other.unwrap_err(), 132_000);
        assert_eq!(send(json!([])).unwrap_err(), 132_000);
    }

    #[test]
    fn unusable_templates_are_refused_by_their_codes() {
        let code = |name: &str, language: &str| {
            render(json!({"name": name, "language": {"code": language}})).unwrap_err()
        };
        assert_eq!(code("no_existe", "es_MX"), 132_001);
        assert_eq!(code("order_update", "es_MX"), 132_001);
        assert_eq!(code("premio_seguro", "es_MX"), 132_001);
        assert_eq!(code("oferta_relampago", "es_MX"), 132_015);
        assert_eq!(code("promocion_mensual", "es_MX"), 132_000);
    }

    #[test]
    fn a_media_header_and_a_dynamic_link_need_their_parameters() {
        let send = |components: Value| {
            render(json!({
                "name": "oferta_con_imagen", "language": {"code": "es_MX"}, "components": components,
            }))
        };
        let body = json!({"type": "body", "parameters": [{"type": "text", "text": "Ana"}]});
        let header =
            json!({"type": "header", "parameters": [{"type": "image", "image": {"id": "1"}}]});
        let button = json!({"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "abc"}]});
        assert_eq!(send(json!([body])).unwrap_err(), 132_012);
        assert_eq!(send(json!([header, body])).unwrap_err(), 131_008);
        let whole = send(json!([header, body, button])).unwrap();
        assert_eq!(whole.header_media, Some(json!({"id": "1"})));
    }
}
