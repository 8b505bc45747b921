//! Claims: the intent to send, committed before any request is made.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{OutgoingContent, OutgoingMessage, StorageError, UnitOfWork};
use nexus_domain::values::{EmailAddress, PhoneNumber, PlaceholderValues};
use nexus_domain::{
    AttemptId, Campaign, CampaignContact, CampaignContent, CampaignId, CampaignStatus, Contact,
    ContactId, SenderLease, SkipReason,
};

use super::Desk;
use super::consequences::Consequences;
use super::outcome::Ticket;
use crate::fault::{self, Bug, Point};

/// A message whose intent is committed.
pub(super) struct Flight {
    pub(super) ticket: Ticket,
    pub(super) message: OutgoingMessage,
}

/// What a claim brought.
pub(super) enum Claim {
    /// Another process has the account.
    LeaseLost,
    /// Nobody of this campaign is due.
    Nothing,
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

/// Claims up to `most` recipients of a campaign that are due.
pub(super) async fn claim(
    desk: &Desk,
    lease: &SenderLease,
    campaign: CampaignId,
    most: u32,
) -> Result<Claim, ClaimFailed> {
    let now = desk.clock.now();
    let user = lease.user_id;
    let mut unit = desk.storage.begin().await?;
    if !unit.senders().hold(lease).await? {
        return Ok(Claim::LeaseLost);
    }
    let Some(campaign) = active(unit.as_mut(), lease, campaign).await? else {
        return Ok(Claim::Nothing);
    };
    let mut recipients = unit
        .recipients()
        .lock_due(user, campaign.id, now, most)
        .await?;
    if recipients.is_empty() {
        return Ok(Claim::Nothing);
    }
    let contacts = contacts_of(unit.as_mut(), lease, &recipients).await?;
    let mut consequences = Consequences::new(user);
    let mut begun = Vec::with_capacity(recipients.len());
    for recipient in &mut recipients {
        let before = recipient.delivery.status;
        if let Some(next) = begin(recipient, &contacts, &campaign, now) {
            begun.push(next);
        }
        consequences.moved(recipient, before, now);
    }
    unit.recipients().save(&recipients).await?;
    consequences.store(unit.as_mut(), now).await?;
    let flights: Vec<_> = begun
        .into_iter()
        .map(|begun| begun.flight(&campaign))
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

/// The campaign, locked, if it is still being sent: a pause or a cancellation takes effect here.
async fn active(
    unit: &mut dyn UnitOfWork,
    lease: &SenderLease,
    id: CampaignId,
) -> Result<Option<Campaign>, StorageError> {
    let campaign = unit.campaigns().lock(lease.user_id, id).await?;
    Ok(campaign.filter(|campaign| {
        campaign.status() == CampaignStatus::Active && campaign.sender_id == Some(lease.sender_id)
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
    now: DateTime<Utc>,
) -> Option<Begun<'a>> {
    let contact = recipient.contact_id.and_then(|id| contacts.get(&id));
    let reachable = match (contact, &recipient.address) {
        (None, _) => Err(SkipReason::ContactDeleted),
        (Some(_), None) => Err(SkipReason::NoAddress),
        (Some(contact), Some(address)) => contact
            .reach(campaign.channel)
            .map(|_| (contact, address.clone())),
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
    fn flight(self, campaign: &Campaign) -> Flight {
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
                content: content(&campaign.content, values_of(self.contact)),
            },
        }
    }
}

fn content(content: &CampaignContent, values: PlaceholderValues<'_>) -> OutgoingContent {
    match content {
        CampaignContent::Text(text) => OutgoingContent::Text {
            body: text.render(values),
        },
        CampaignContent::Template { template, .. } => OutgoingContent::Template {
            name: template.name.as_str().to_owned(),
            language: template.language.as_str().to_owned(),
            variables: template.render(values),
        },
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
