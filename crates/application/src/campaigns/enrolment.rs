//! The recipients of a campaign that starts: one row of the ledger each.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{Entropy, StorageError, UnitOfWork};
use nexus_domain::{
    Campaign, CampaignContact, CampaignContactId, CampaignCounters, Contact, ContactFilter,
    ContactId, Delivery, EmptyRule, SenderId, SkipReason,
};

use super::recipients::PAGE;
use crate::delivery::values_of;

/// The enrolment of a campaign's recipients.
pub(super) struct Enrolment<'a> {
    campaign: &'a Campaign,
    audience: Option<ContactFilter>,
    sender: SenderId,
    entropy: &'a dyn Entropy,
    now: DateTime<Utc>,
    empty: EmptyRule,
    taken: HashSet<String>,
    counted: CampaignCounters,
    enrolled: u32,
}

impl<'a> Enrolment<'a> {
    /// `audience` is the campaign's, as a filter.
    pub(super) fn new(
        campaign: &'a Campaign,
        audience: Option<ContactFilter>,
        sender: SenderId,
        entropy: &'a dyn Entropy,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            empty: campaign.content.empty_rule(),
            campaign,
            audience,
            sender,
            entropy,
            now,
            taken: HashSet::new(),
            counted: CampaignCounters::default(),
            enrolled: 0,
        }
    }

    /// Writes a row for everyone the campaign is meant for, page by page. Returns what they add
    /// up to.
    pub(super) async fn write(
        mut self,
        unit: &mut dyn UnitOfWork,
    ) -> Result<CampaignCounters, StorageError> {
        let mut after: Option<ContactId> = None;
        loop {
            let contacts = unit
                .contacts()
                .recipients_of(
                    self.campaign.user_id,
                    self.campaign.id,
                    self.audience.clone(),
                    after,
                    PAGE,
                )
                .await?;
            let rows: Vec<_> = contacts.iter().map(|contact| self.enrol(contact)).collect();
            if !rows.is_empty() {
                unit.recipients().insert(&rows).await?;
            }
            after = contacts.last().map(|contact| contact.id);
            if contacts.len() < PAGE as usize {
                return Ok(self.counted);
            }
        }
    }

    fn enrol(&mut self, contact: &Contact) -> CampaignContact {
        let reach = contact.reach(self.campaign.channel).and_then(|address| {
            if self.empty.holds_for(values_of(contact)) {
                Err(SkipReason::VariableEmpty)
            } else if self.taken.insert(address.clone()) {
                Ok(address)
            } else {
                Err(SkipReason::DuplicateAddress)
            }
        });
        let (address, delivery) = match reach {
            Ok(address) => (Some(address), Delivery::queued()),
            Err(reason) => (None, Delivery::skipped(reason)),
        };
        self.counted = self.counted.plus(CampaignCounters::of(delivery.status));
        let position = self.enrolled;
        self.enrolled = position.saturating_add(1);
        CampaignContact {
            id: CampaignContactId::in_order(self.now, position, self.entropy),
            user_id: self.campaign.user_id,
            campaign_id: self.campaign.id,
            sender_id: self.sender,
            contact_id: Some(contact.id),
            name: contact.name.as_str().to_owned(),
            address,
            delivery,
            created_at: self.now,
            updated_at: self.now,
        }
    }
}
