//! Claims: the intent to send, committed before any request is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{
    CarriedFile, OutgoingButton, OutgoingContent, OutgoingHeader, OutgoingMessage, OutgoingParts,
    StorageError, UnitOfWork,
};
use nexus_domain::values::{EmailAddress, PhoneNumber, PlaceholderValues};
use nexus_domain::{
    AttemptId, Campaign, CampaignContact, CampaignContent, CampaignId, CampaignStatus, Contact,
    ContactId, EmptyRule, HeaderMedia, HeaderValue, MediaReference, SenderLease, SkipReason,
    TemplateParts,
};

use super::Desk;
use super::budget::{Within, lock_within_budget};
use super::consequences::Consequences;
use super::outcome::Ticket;
use super::permission::Permissions;
use crate::fault::{self, Bug, Point};

/// A message whose intent is committed.
pub(super) struct Flight {
    pub(super) ticket: Ticket,
    pub(super) message: OutgoingMessage,
    /// The campaign's file, if it goes with the message.
    file: Option<Arc<CarriedFile>>,
}

impl Flight {
    /// The provider's id of the campaign's file, if it goes with the message.
    pub(super) fn file_id(&self) -> Option<&str> {
        self.file.as_deref().map(|file| file.id.as_str())
    }
}

/// What a claim brought.
pub(super) enum Claim {
    /// Another process has the account.
    LeaseLost,
    /// Nobody of this campaign is due.
    Nothing,
    /// The account may write to nobody new before this, and nobody who counts already is due.
    UsedUp(DateTime<Utc>),
    /// These are to be sent; recipients that were passed over are not among them.
    Flights(Vec<Flight>),
}

/// A claim that failed.
pub(super) struct ClaimFailed {
    pub(super) error: StorageError,
    /// Attempts whose intent may be committed or not: the answer to the commit was lost.
    pub(super) uncertain: Vec<Ticket>,
}

impl From<StorageError> for ClaimFailed {
    fn from(error: StorageError) -> Self {
        Self {
            error,
            uncertain: Vec::new(),
        }
    }
}

/// Claims up to `most` recipients of a campaign that are due; within what is left of the `limit` of
/// new people a day, if the account has one. The messages carry `file`.
pub(super) async fn claim(
    desk: &Desk,
    lease: &SenderLease,
    campaign: CampaignId,
    most: u32,
    limit: Option<u32>,
    file: Option<&Arc<CarriedFile>>,
) -> Result<Claim, ClaimFailed> {
    let now = desk.clock.now();
    let user = lease.user_id;
    let mut unit = desk.storage.begin().await?;
    if !unit.senders().hold(lease).await? {
        return Ok(Claim::LeaseLost);
    }
    let Some(campaign) = active(unit.as_mut(), lease, campaign, now).await? else {
        return Ok(Claim::Nothing);
    };
    let (mut recipients, allowance) = match limit {
        None => {
            let due = unit.recipients().lock_due(user, campaign.id, now, most);
            (due.await?, None)
        }
        Some(limit) => {
            let unit = unit.as_mut();
            match lock_within_budget(unit, lease, campaign.id, limit, most, now).await? {
                Within::Allowed(recipients, allowance) => (recipients, Some(allowance)),
                Within::UsedUp(renews_at) => return Ok(Claim::UsedUp(renews_at)),
            }
        }
    };
    if recipients.is_empty() {
        return Ok(Claim::Nothing);
    }
    let contacts = contacts_of(unit.as_mut(), lease, &recipients).await?;
    let empty = campaign.content.empty_rule();
    let permissions =
        Permissions::of(desk, unit.as_mut(), &campaign, &recipients, &contacts, now).await?;
    let mut consequences = Consequences::new(user);
    let mut begun = Vec::with_capacity(recipients.len());
    for recipient in &mut recipients {
        let before = recipient.delivery.status;
        if let Some(next) = begin(recipient, &contacts, &campaign, &empty, &permissions, now) {
            begun.push(next);
        }
        consequences.moved(recipient, before, now);
    }
    permissions.tell(&mut consequences);
    unit.recipients().save(&recipients).await?;
    if let Some(allowance) = allowance {
        let written_to = begun.iter().map(|begun| begun.to.as_str());
        allowance.spend(unit.as_mut(), lease, written_to).await?;
    }
    consequences.store(unit.as_mut(), now).await?;
    let flights: Vec<_> = begun
        .into_iter()
        .map(|begun| begun.flight(&campaign, file))
        .collect();
    if fault::has(Bug::SendBeforeIntent) {
        fault::commit_later(unit);
        return Ok(Claim::Flights(flights));
    }
    fault::at(Point::ClaimCommitting);
    if let Err(error) = unit.commit().await {
        return Err(ClaimFailed {
            error,
            uncertain: flights.into_iter().map(|flight| flight.ticket).collect(),
        });
    }
    fault::at(Point::ClaimCommitted);
    Ok(Claim::Flights(flights))
}

/// The campaign, locked, if it is still being sent and may be now: a pause or a cancellation takes
/// effect here, and so does the end of its window.
async fn active(
    unit: &mut dyn UnitOfWork,
    lease: &SenderLease,
    id: CampaignId,
    now: DateTime<Utc>,
) -> Result<Option<Campaign>, StorageError> {
    let campaign = unit.campaigns().lock(lease.user_id, id).await?;
    Ok(campaign.filter(|campaign| {
        campaign.status() == CampaignStatus::Active
            && campaign.sender_id == Some(lease.sender_id)
            && campaign.waiting_until(now).is_none()
    }))
}

async fn contacts_of(
    unit: &mut dyn UnitOfWork,
    lease: &SenderLease,
    recipients: &[CampaignContact],
) -> Result<BTreeMap<ContactId, Contact>, StorageError> {
    let ids: Vec<_> = recipients
        .iter()
        .filter_map(|recipient| recipient.contact_id)
        .collect();
    let contacts = unit.contacts().find_many(lease.user_id, &ids).await?;
    Ok(contacts
        .into_iter()
        .map(|contact| (contact.id, contact))
        .collect())
}

/// An attempt that is begun and not yet committed.
struct Begun<'a> {
    attempt: AttemptId,
    to: String,
    contact: &'a Contact,
}

/// Begins an attempt, unless the contact is not to be written to any more. What the contact says
/// now decides, not what it said when the campaign started.
fn begin<'a>(
    recipient: &mut CampaignContact,
    contacts: &'a BTreeMap<ContactId, Contact>,
    campaign: &Campaign,
    empty: &EmptyRule,
    permissions: &Permissions,
    now: DateTime<Utc>,
) -> Option<Begun<'a>> {
    let contact = recipient.contact_id.and_then(|id| contacts.get(&id));
    let reachable = match (contact, &recipient.address) {
        (None, _) => Err(SkipReason::ContactDeleted),
        (Some(_), None) => Err(SkipReason::NoAddress),
        (Some(contact), Some(_)) if empty.holds_for(values_of(contact)) => contact
            .reach(campaign.channel)
            .and(Err(SkipReason::VariableEmpty)),
        (Some(contact), Some(address)) => contact
            .reach(campaign.channel)
            .and_then(|_| permissions.check(contact, address))
            .map(|()| (contact, address.clone())),
    };
    match reachable {
        Ok((contact, to)) => {
            // Only queued recipients are claimed.
            let attempt = recipient.begin_attempt(now).ok()?;
            Some(Begun {
                attempt,
                to,
                contact,
            })
        }
        Err(reason) => {
            let _ = recipient.skip(reason, now);
            tracing::debug!(
                recipient_id = %recipient.id,
                reason = reason.as_str(),
                "a recipient is passed over"
            );
            None
        }
    }
}

impl Begun<'_> {
    fn flight(self, campaign: &Campaign, file: Option<&Arc<CarriedFile>>) -> Flight {
        Flight {
            ticket: Ticket {
                attempt: self.attempt,
                campaign: campaign.id,
                contact: Some(self.contact.id),
            },
            message: OutgoingMessage {
                attempt: self.attempt,
                to: self.to,
                subject: campaign
                    .subject
                    .as_ref()
                    .map(|subject| subject.as_str().to_owned()),
                content: content(
                    &campaign.content,
                    file.map(Arc::as_ref),
                    values_of(self.contact),
                ),
            },
            file: file.cloned(),
        }
    }
}

fn content(
    content: &CampaignContent,
    file: Option<&CarriedFile>,
    values: PlaceholderValues<'_>,
) -> OutgoingContent {
    let carrying = |file: &CarriedFile, caption| OutgoingContent::Media {
        file: file.clone(),
        caption,
    };
    match (content, file) {
        (CampaignContent::Text(text), Some(file)) => carrying(file, Some(text.render(values))),
        (CampaignContent::FileOnly, Some(file)) => carrying(file, None),
        (CampaignContent::Text(text), None) => OutgoingContent::Text {
            body: text.render(values),
        },
        // Does not start. Refused by the channel, should it come to that.
        (CampaignContent::FileOnly, None) => OutgoingContent::Text {
            body: String::new(),
        },
        (CampaignContent::Template { template, .. }, file) => OutgoingContent::Template {
            name: template.name.as_str().to_owned(),
            language: template.language.as_str().to_owned(),
            variables: template.render(values),
            parts: parts(&template.parts, file, values),
        },
    }
}

/// A header without a value of its own shows the campaign's file.
fn parts(
    parts: &TemplateParts,
    file: Option<&CarriedFile>,
    values: PlaceholderValues<'_>,
) -> OutgoingParts {
    let header = match (&parts.header, file) {
        (Some(HeaderValue::Text(value)), _) => Some(OutgoingHeader::Text(
            value.key.clone(),
            value.render(values),
        )),
        (Some(HeaderValue::Media(media)), _) => Some(OutgoingHeader::Media(media.clone())),
        (None, Some(file)) => Some(OutgoingHeader::Media(HeaderMedia {
            kind: file.kind,
            reference: MediaReference::Id(file.id.clone()),
            file_name: Some(file.name.clone()),
        })),
        (None, None) => None,
    };
    let buttons = parts.buttons.iter().map(|button| OutgoingButton {
        index: button.index,
        kind: button.kind,
        value: button.value.render(values),
    });
    OutgoingParts {
        header,
        buttons: buttons.collect(),
    }
}

/// What a contact puts in the place of placeholders.
pub(crate) fn values_of(contact: &Contact) -> PlaceholderValues<'_> {
    PlaceholderValues {
        name: contact.name.as_str(),
        phone: contact.phone.as_ref().map(PhoneNumber::as_str),
        email: contact.email.as_ref().map(EmailAddress::as_str),
        custom_fields: Some(&contact.custom_fields),
    }
}
