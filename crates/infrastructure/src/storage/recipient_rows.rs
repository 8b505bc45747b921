//! Recipients as they are stored.

use chrono::{DateTime, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::{
    CampaignContact, CampaignContactId, CampaignId, ContactId, Decision, Delivery, DeliveryStatus,
    Failure, FailureCode, SenderId, SkipReason, UserId,
};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::Value;
use uuid::Uuid;

use super::rows::Row;
use super::sql::params;

pub(super) const COLUMNS: &str = "r.id, r.user_id, r.campaign_id, r.sender_id, r.contact_id, \
     r.name, r.address, r.status, r.attempts, r.never_left, r.put_off, r.not_before, r.message_id, r.failure_code, \
     r.failure_provider_code, r.failure_detail, r.skip_reason, r.dispatched_at, r.accepted_at, \
     r.delivered_at, r.read_at, r.failed_at, r.replied_at, r.created_at, r.updated_at, \
     r.failed_through, r.decision, r.decided_at";

/// What the ledger changes, after the id: the values of [`ledger_values`].
pub(super) const LEDGER: [&str; 18] = [
    "status",
    "attempts",
    "never_left",
    "put_off",
    "not_before",
    "message_id",
    "failure_code",
    "failure_provider_code",
    "failure_detail",
    "skip_reason",
    "dispatched_at",
    "accepted_at",
    "delivered_at",
    "read_at",
    "failed_at",
    "replied_at",
    "updated_at",
    "failed_through",
];

/// What the user decided, after the ledger: the values of [`decided_values`]. Messages on their way
/// never change it.
pub(super) const DECIDED: [&str; 2] = ["decision", "decided_at"];

#[derive(FromQueryResult)]
pub(super) struct RecipientRow {
    pub(super) id: Uuid,
    user_id: Uuid,
    campaign_id: Uuid,
    sender_id: Uuid,
    contact_id: Option<Uuid>,
    name: String,
    address: Option<String>,
    status: String,
    attempts: i64,
    never_left: i64,
    put_off: i64,
    not_before: Option<DateTime<Utc>>,
    message_id: Option<String>,
    failure_code: Option<String>,
    failure_provider_code: Option<i64>,
    failure_detail: Option<String>,
    skip_reason: Option<String>,
    dispatched_at: Option<DateTime<Utc>>,
    accepted_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    read_at: Option<DateTime<Utc>>,
    failed_at: Option<DateTime<Utc>>,
    replied_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    failed_through: i64,
    decision: Option<String>,
    decided_at: Option<DateTime<Utc>>,
}

impl RecipientRow {
    pub(super) fn recipient(self) -> Result<CampaignContact, StorageError> {
        let row = Row {
            table: "campaign_contacts",
            id: self.id,
        };
        let failure = match &self.failure_code {
            Some(word) => Some(Failure {
                code: row.word("failure_code", word, &FailureCode::ALL, FailureCode::as_str)?,
                provider_code: self.failure_provider_code,
                detail: self.failure_detail,
            }),
            None => None,
        };
        let skipped = match &self.skip_reason {
            Some(word) => {
                Some(row.word("skip_reason", word, &SkipReason::ALL, SkipReason::as_str)?)
            }
            None => None,
        };
        let decision = match &self.decision {
            Some(word) => Some(row.word("decision", word, &Decision::ALL, Decision::as_str)?),
            None => None,
        };
        Ok(CampaignContact {
            id: CampaignContactId::from_uuid(self.id),
            user_id: UserId::from_uuid(self.user_id),
            campaign_id: CampaignId::from_uuid(self.campaign_id),
            sender_id: SenderId::from_uuid(self.sender_id),
            contact_id: self.contact_id.map(ContactId::from_uuid),
            name: self.name,
            address: self.address,
            delivery: Delivery {
                status: row.parse("status", &self.status, DeliveryStatus::parse)?,
                attempts: row.unsigned("attempts", self.attempts)?,
                never_left: row.unsigned("never_left", self.never_left)?,
                put_off: row.unsigned("put_off", self.put_off)?,
                not_before: self.not_before,
                message_id: self.message_id,
                failure,
                skipped,
                dispatched_at: self.dispatched_at,
                accepted_at: self.accepted_at,
                delivered_at: self.delivered_at,
                read_at: self.read_at,
                failed_at: self.failed_at,
                replied_at: self.replied_at,
                failed_through: row.unsigned("failed_through", self.failed_through)?,
                decision,
                decided_at: self.decided_at,
            },
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// The id and what the ledger changes, in the order of [`LEDGER`].
pub(super) fn ledger_values(recipient: &CampaignContact) -> Vec<Value> {
    let delivery = &recipient.delivery;
    let failure = delivery.failure.as_ref();
    params![
        recipient.id,
        delivery.status.as_str(),
        delivery.attempts,
        delivery.never_left,
        delivery.put_off,
        delivery.not_before,
        delivery.message_id.as_deref(),
        failure.map(|failure| failure.code.as_str()),
        failure.and_then(|failure| failure.provider_code),
        failure.and_then(|failure| failure.detail.as_deref()),
        delivery.skipped.map(SkipReason::as_str),
        delivery.dispatched_at,
        delivery.accepted_at,
        delivery.delivered_at,
        delivery.read_at,
        delivery.failed_at,
        delivery.replied_at,
        recipient.updated_at,
        delivery.failed_through,
    ]
}

/// As [`ledger_values`], with those of [`DECIDED`].
pub(super) fn decided_values(recipient: &CampaignContact) -> Vec<Value> {
    let mut values = ledger_values(recipient);
    values.extend(params![
        recipient.delivery.decision.map(Decision::as_str),
        recipient.delivery.decided_at,
    ]);
    values
}

/// Every value of a new row: id, ledger, decision, then what never changes.
pub(super) fn all_values(recipient: &CampaignContact) -> Vec<Value> {
    let mut values = decided_values(recipient);
    values.extend(params![
        recipient.user_id,
        recipient.campaign_id,
        recipient.sender_id,
        recipient.contact_id,
        recipient.name.as_str(),
        recipient.address.as_deref(),
        recipient.created_at,
    ]);
    values
}

/// The columns of [`all_values`] after the decision's.
pub(super) const FIXED: &str =
    "user_id, campaign_id, sender_id, contact_id, name, address, created_at";

/// How many values [`all_values`] are.
pub(super) const ALL_VALUES: usize = 28;
