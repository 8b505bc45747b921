//! How a campaign reads to one of its recipients.

use nexus_domain::ports::{Repositories, StorageError};
use nexus_domain::values::{CustomFields, FieldValue, Language, PlaceholderValues};
use nexus_domain::{
    Campaign, CampaignContent, CampaignId, Contact, ContactId, StoredTemplate, TemplateMessage,
    User,
};

use super::{Campaigns, audience, template};
use crate::Actor;
use crate::delivery::{credentials_for, values_of};

/// A campaign as one person would get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The contact and its name; `None` for an example person.
    pub contact: Option<(ContactId, String)>,
    /// Where it would be sent; `None` when it would not be sent to this contact.
    pub to: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The text.
    pub message: String,
    /// The template's variables and their values.
    pub variables: Vec<(String, String)>,
}

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// The user has no such contact.
    #[error("no such contact")]
    NoSuchContact,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Campaigns {
    /// How the campaign reads to this contact, or to its first recipient, or to an example person
    /// when it has none.
    pub async fn preview(
        &self,
        actor: &Actor,
        id: CampaignId,
        contact: Option<ContactId>,
    ) -> Result<Preview, PreviewError> {
        let user = self.user(actor).await?.ok_or(PreviewError::NotFound)?;
        let mut read = self.ports.storage.read();
        let campaign = read
            .campaigns()
            .find(user.id, id)
            .await?
            .ok_or(PreviewError::NotFound)?;
        let contact = if let Some(contact) = contact {
            let found = read.contacts().find(user.id, contact).await?;
            Some(found.ok_or(PreviewError::NoSuchContact)?)
        } else {
            let filter = audience::resolve(read.as_mut(), &campaign).await?;
            read.contacts()
                .recipients_of(user.id, id, filter, None, 1)
                .await?
                .pop()
        };
        let kept = kept_body(read.as_mut(), &user, &campaign).await?;
        drop(read);
        let (message, variables) = if let Some(contact) = &contact {
            self.render(&user, &campaign, kept, values_of(contact))
                .await
        } else {
            let fields = example_fields(&campaign.content);
            let values = PlaceholderValues {
                custom_fields: Some(&fields),
                ..example(user.language)
            };
            self.render(&user, &campaign, kept, values).await
        };
        Ok(Preview {
            to: contact
                .as_ref()
                .and_then(|contact| contact.reach(campaign.channel).ok()),
            contact: contact.as_ref().map(named),
            subject: campaign
                .subject
                .as_ref()
                .map(|subject| subject.as_str().to_owned()),
            message,
            variables,
        })
    }

    async fn render(
        &self,
        user: &User,
        campaign: &Campaign,
        kept: Option<String>,
        values: PlaceholderValues<'_>,
    ) -> (String, Vec<(String, String)>) {
        match &campaign.content {
            CampaignContent::Text(text) => (text.render(values), Vec::new()),
            CampaignContent::FileOnly => (String::new(), Vec::new()),
            CampaignContent::Template { template, note } => {
                let variables = template.render(values);
                let body = match kept {
                    Some(body) => Some(body),
                    None => self.body_of(user, campaign, template).await,
                };
                let text = match body {
                    Some(body) => template::fill(&body, &variables),
                    None => note
                        .as_ref()
                        .map(|note| note.render(values))
                        .unwrap_or_default(),
                };
                (text, variables)
            }
        }
    }

    /// The template's own text, when it is not kept and the provider can be asked: a preview does
    /// without as well.
    async fn body_of(
        &self,
        user: &User,
        campaign: &Campaign,
        wanted: &TemplateMessage,
    ) -> Option<String> {
        let channel = self.ports.channels.get(campaign.channel)?;
        let credentials =
            credentials_for(campaign.channel, self.ports.sealer.as_ref(), user).ok()?;
        let known = channel
            .templates(&credentials)
            .await
            .inspect_err(|error| {
                tracing::debug!(
                    user_id = %user.id,
                    campaign_id = %campaign.id,
                    %error,
                    "a preview does without the template's text"
                );
            })
            .ok()?;
        template::find(wanted, &known).map(|template| template.body.clone())
    }
}

/// The text of the campaign's template as it is kept.
async fn kept_body(
    repositories: &mut dyn Repositories,
    user: &User,
    campaign: &Campaign,
) -> Result<Option<String>, StorageError> {
    let (Some(wanted), Some(account)) = (
        campaign.content.template(),
        &user.whatsapp_business_account_id,
    ) else {
        return Ok(None);
    };
    let (name, language) = (wanted.name.as_str(), wanted.language.as_str());
    let stored = repositories
        .whatsapp()
        .template(user.id, account.as_str(), name, language)
        .await?;
    Ok(stored.and_then(StoredTemplate::told_body))
}

fn named(contact: &Contact) -> (ContactId, String) {
    (contact.id, contact.name.as_str().to_owned())
}

/// A person who is nobody.
fn example(language: Language) -> PlaceholderValues<'static> {
    PlaceholderValues {
        name: match language {
            Language::Es => "María García",
            Language::En => "Mary Smith",
        },
        phone: Some("+525512345678"),
        email: Some("maria@example.com"),
        custom_fields: None,
    }
}

/// Of a person who is nobody, the names stand for the values: `[Ciudad]`.
fn example_fields(content: &CampaignContent) -> CustomFields {
    CustomFields::from_stored(content.custom_fields().map(|name| {
        let shown = format!("[{}]", name.label());
        (name.clone(), FieldValue::from_stored(shown))
    }))
}
