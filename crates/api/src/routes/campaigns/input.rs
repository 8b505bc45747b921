//! What clients send of a campaign. Its status and counters are not here: nobody sets them.

use std::collections::BTreeMap;

use nexus_application::Field;
use nexus_application::campaigns::{
    AudienceInput, ButtonInput, CreateCampaign, HeaderInput, SendWindowInput, TemplateInput,
    UpdateCampaign,
};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::extract::{Patch, blank};

/// An approved template with a value for each of its variables.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TemplateBody {
    /// Its name, as WhatsApp has it.
    #[schema(example = "promocion_mensual")]
    name: Option<String>,
    /// Its language, as WhatsApp writes it.
    #[schema(example = "es_MX")]
    language: Option<String>,
    /// Value by variable: its name, or its number from 1. Placeholders are allowed. A value is a
    /// text, or an object with `text` and `fallback`; or all of it is a list of objects with `key`,
    /// `text` and `fallback`.
    #[schema(example = json!({"1": "{nombre}", "2": "20 %"}))]
    variables: Option<VariablesBody>,
    /// By variable, what is put there when the value comes out empty for a recipient. Without it
    /// that recipient is passed over.
    #[schema(example = json!({"1": "cliente"}))]
    fallbacks: Option<BTreeMap<String, Option<String>>>,
    /// The value of its header's variable.
    #[serde(default, deserialize_with = "blank::object")]
    #[schema(value_type = Option<HeaderBody>)]
    header: Patch<HeaderBody>,
    /// What goes into its buttons: those whose address ends with a variable need it, quick replies
    /// may have it.
    #[serde(default, deserialize_with = "blank::list")]
    #[schema(value_type = Option<Vec<ButtonBody>>)]
    buttons: Patch<Vec<ButtonBody>>,
}

/// Values of a template's variables.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
pub enum VariablesBody {
    /// By variable.
    ByKey(BTreeMap<String, ValueBody>),
    /// One after the other.
    Listed(Vec<KeyedBody>),
}

/// A value, with a fallback or without.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
pub enum ValueBody {
    /// The value alone.
    Text(String),
    /// With what is put there when it comes out empty for a recipient.
    Full(FullValueBody),
}

/// A value with its fallback.
#[derive(Debug, Deserialize, ToSchema)]
pub struct FullValueBody {
    #[schema(example = "{nombre}")]
    text: String,
    /// What is put there when the value comes out empty for a recipient.
    #[serde(default)]
    #[schema(example = "cliente")]
    fallback: Option<String>,
}

// By hand, so that what is wrong within is named by its own path.
impl<'de> Deserialize<'de> for VariablesBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = VariablesBody;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object or a list")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(VariablesBody::ByKey)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(VariablesBody::Listed)
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

impl<'de> Deserialize<'de> for ValueBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = ValueBody;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(ValueBody::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                FullValueBody::deserialize(MapAccessDeserializer::new(map)).map(ValueBody::Full)
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

/// A variable with its value.
#[derive(Debug, Deserialize, ToSchema)]
pub struct KeyedBody {
    /// Its name, or its number from 1.
    #[schema(example = "1")]
    key: String,
    #[schema(example = "{nombre}")]
    text: String,
    /// What is put there when the value comes out empty for a recipient.
    #[serde(default)]
    #[schema(example = "cliente")]
    fallback: Option<String>,
}

/// The value of a header's variable.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct HeaderBody {
    /// The variable: its name, or its number; without it `1`.
    key: Option<String>,
    #[schema(example = "{nombre}")]
    text: Option<String>,
    fallback: Option<String>,
}

/// What goes into one button.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct ButtonBody {
    /// Which one, counted from 0.
    index: u32,
    /// `url` (the end of its address) or `quick_reply` (what comes back when it is tapped); without
    /// it `url`.
    kind: Option<String>,
    #[schema(example = "{Código}")]
    text: Option<String>,
    fallback: Option<String>,
}

impl VariablesBody {
    /// Values and fallbacks by variable. Of a variable that is listed twice the last value counts, as
    /// in an object.
    fn take_apart(self) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let (mut values, mut fallbacks) = (BTreeMap::new(), BTreeMap::new());
        let mut add = |key: String, text: String, fallback: Option<String>| {
            fallbacks.extend(fallback.map(|fallback| (key.clone(), fallback)));
            values.insert(key, text);
        };
        match self {
            Self::ByKey(variables) => {
                for (key, value) in variables {
                    match value {
                        ValueBody::Text(text) => add(key, text, None),
                        ValueBody::Full(value) => add(key, value.text, value.fallback),
                    }
                }
            }
            Self::Listed(variables) => {
                for variable in variables {
                    add(variable.key, variable.text, variable.fallback);
                }
            }
        }
        (values, fallbacks)
    }
}

impl From<HeaderBody> for HeaderInput {
    fn from(body: HeaderBody) -> Self {
        Self {
            key: body.key.filter(|key| !key.trim().is_empty()),
            text: body.text.unwrap_or_default(),
            fallback: body.fallback,
        }
    }
}

impl From<ButtonBody> for ButtonInput {
    fn from(body: ButtonBody) -> Self {
        Self {
            index: body.index,
            kind: body.kind,
            text: body.text.unwrap_or_default(),
            fallback: body.fallback,
        }
    }
}

impl From<TemplateBody> for TemplateInput {
    fn from(body: TemplateBody) -> Self {
        let (variables, mut fallbacks) = body
            .variables
            .map(VariablesBody::take_apart)
            .unwrap_or_default();
        let others = body.fallbacks.unwrap_or_default().into_iter();
        fallbacks.extend(others.filter_map(|(key, fallback)| Some((key, fallback?))));
        fallbacks.retain(|_, fallback| !fallback.trim().is_empty());
        Self {
            name: body.name.unwrap_or_default(),
            language: body.language.unwrap_or_default(),
            variables,
            fallbacks,
            header: body.header.value().map(Into::into),
            buttons: body
                .buttons
                .value()
                .unwrap_or_default()
                .into_iter()
                .map(Into::into)
                .collect(),
        }
    }
}

/// Recipients chosen by a rule, all of whose conditions must hold. `{}` is everyone; conditions that
/// are all blank are no rule, unless `everyone` is true. Other members are refused: a condition that
/// is misspelled would let everyone through.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AudienceBody {
    /// Without any condition, whether everyone is meant.
    everyone: Option<bool>,
    /// In this segment, as it is when the campaign starts.
    #[schema(value_type = Option<uuid::Uuid>)]
    segment_id: Option<String>,
    /// With all of these tags.
    #[schema(example = json!(["clientes"]))]
    tags: Option<Vec<String>>,
    /// With this status: `active`, `inactive` or `unsubscribed`.
    #[schema(example = "active")]
    status: Option<String>,
    /// Found by this search.
    search: Option<String>,
}

impl AudienceBody {
    /// The rule, if one is meant: a form sends its empty fields too, and who empties the last of them
    /// does not mean everyone.
    fn rule(self) -> Option<AudienceInput> {
        let is_blank =
            |text: &Option<String>| text.as_ref().is_none_or(|text| text.trim().is_empty());
        let tags = self.tags.clone().unwrap_or_default();
        let has_condition = !(is_blank(&self.segment_id)
            && is_blank(&self.status)
            && is_blank(&self.search)
            && tags.is_empty());
        let is_empty_object = self.segment_id.is_none()
            && self.status.is_none()
            && self.search.is_none()
            && self.tags.is_none();
        let everyone = self.everyone.unwrap_or(is_empty_object);
        (has_condition || everyone).then_some(AudienceInput {
            segment_id: self.segment_id,
            tags,
            status: self.status,
            search: self.search,
        })
    }
}

/// Hours of some days of the week in which a campaign may be sent, by the clock on the wall. Where clocks
/// are put forward or back its hours stay what they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct SendWindowBody {
    /// `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`: those on which it opens, one at least.
    #[schema(example = json!(["mon", "tue", "wed", "thu", "fri"]))]
    days: Option<Vec<String>>,
    #[schema(example = "09:00")]
    from: Option<String>,
    /// Up to `24:00`. Before `from`, it closes on the next day: `22:00` to `06:00`.
    #[schema(example = "20:00")]
    to: Option<String>,
    /// An IANA zone; the user's own without it, as it is now.
    #[schema(example = "America/Mexico_City")]
    timezone: Option<String>,
}

impl From<SendWindowBody> for SendWindowInput {
    fn from(body: SendWindowBody) -> Self {
        Self {
            days: body.days.unwrap_or_default(),
            from: body.from.unwrap_or_default(),
            to: body.to.unwrap_or_default(),
            timezone: body.timezone,
        }
    }
}

/// A new campaign: a draft. It needs a name, a channel, and a message or a template.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CreateCampaignBody {
    /// Up to 255 characters.
    #[schema(example = "Promoción de primavera")]
    name: Option<String>,
    /// `whatsapp` or `gmail`.
    #[schema(example = "whatsapp")]
    channel: Option<String>,
    /// The subject of its e-mails; needed for `gmail`.
    subject: Option<String>,
    /// Up to 4,096 characters, with `{nombre}`, `{telefono}` and `{email}` in the place of what
    /// differs by contact. With a template, a note of what that says.
    #[schema(example = "Hola {nombre}, esta semana tenemos 20 % de descuento.")]
    message: Option<String>,
    /// An approved template in place of a text; only for `whatsapp`.
    #[serde(default, deserialize_with = "blank::object")]
    #[schema(value_type = Option<TemplateBody>)]
    template: Patch<TemplateBody>,
    /// Recipients chosen one by one: ids of contacts.
    #[serde(default, deserialize_with = "blank::list")]
    #[schema(value_type = Option<Vec<String>>, example = json!(["01980c5e-7d2b-7c3a-9a55-1f0e6f3f2b11"]))]
    contact_ids: Patch<Vec<String>>,
    /// Recipients chosen by a rule, besides those chosen one by one.
    #[serde(default, deserialize_with = "blank::object")]
    #[schema(value_type = Option<AudienceBody>)]
    audience: Patch<AudienceBody>,
    /// When it may be sent; at any time without one.
    #[serde(default, deserialize_with = "blank::object")]
    #[schema(value_type = Option<SendWindowBody>)]
    send_window: Patch<SendWindowBody>,
    /// `skip` (as without) or `refuse`: what becomes of recipients who have not written to you within
    /// 24 hours, whom WhatsApp lets only approved templates reach. `skip` passes them over when their
    /// turn comes; with `refuse` the campaign does not start while there are any. Without meaning for
    /// templates and e-mails. A development server whose sandbox does not enforce the window passes
    /// nobody over.
    #[schema(example = "skip")]
    outside_window: Option<String>,
}

impl From<CreateCampaignBody> for CreateCampaign {
    fn from(body: CreateCampaignBody) -> Self {
        Self {
            name: body.name.unwrap_or_default(),
            channel: body.channel.unwrap_or_default(),
            subject: body.subject,
            message: body.message,
            template: body.template.value().map(Into::into),
            contact_ids: body.contact_ids.value().unwrap_or_default(),
            audience: body.audience.value().and_then(AudienceBody::rule),
            send_window: body.send_window.value().map(Into::into),
            outside_window: body.outside_window,
        }
    }
}

/// Changes of a campaign that has not started. An absent field is unchanged; `null` or `""` clears
/// an optional one.
#[derive(Debug, Deserialize, ToSchema)]
pub struct UpdateCampaignBody {
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Promoción de verano")]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "whatsapp")]
    channel: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    subject: Patch<String>,
    /// Can be cleared while there is a template or a file.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    message: Patch<String>,
    /// Replaces the whole template.
    #[serde(default, deserialize_with = "blank::object")]
    #[schema(value_type = Option<TemplateBody>)]
    template: Patch<TemplateBody>,
    /// Replaces all that were chosen one by one.
    #[serde(default, deserialize_with = "blank::list")]
    #[schema(value_type = Option<Vec<String>>)]
    contact_ids: Patch<Vec<String>>,
    /// Replaces the whole rule.
    #[serde(default, deserialize_with = "blank::object")]
    #[schema(value_type = Option<AudienceBody>)]
    audience: Patch<AudienceBody>,
    /// Replaces the whole window.
    #[serde(default, deserialize_with = "blank::object")]
    #[schema(value_type = Option<SendWindowBody>)]
    send_window: Patch<SendWindowBody>,
    /// `skip` or `refuse`; cleared, `skip`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "skip")]
    outside_window: Patch<String>,
}

impl From<UpdateCampaignBody> for UpdateCampaign {
    fn from(body: UpdateCampaignBody) -> Self {
        Self {
            name: body.name.into(),
            channel: body.channel.into(),
            subject: body.subject.into(),
            message: body.message.into(),
            template: field_of(body.template),
            contact_ids: body.contact_ids.into_field(),
            outside_window: body.outside_window.into(),
            audience: match body.audience {
                Patch::Absent => Field::Keep,
                Patch::Null => Field::Clear,
                Patch::Value(audience) => audience.rule().map_or(Field::Clear, Field::Set),
            },
            send_window: field_of(body.send_window),
        }
    }
}

fn field_of<Sent, Typed: From<Sent>>(patch: Patch<Sent>) -> Field<Typed> {
    match patch {
        Patch::Absent => Field::Keep,
        Patch::Null => Field::Clear,
        Patch::Value(value) => Field::Set(value.into()),
    }
}
