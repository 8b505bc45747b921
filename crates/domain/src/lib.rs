//! What Nexus Communicator is about: entities, value objects, life cycles, and the ports through
//! which the use cases reach the outside. No I/O and no framework.
//!
//! * [`values`] — types that cannot hold a wrong value (`PhoneNumber`, `MessageText`, …).
//! * The entities — [`User`], [`Contact`], [`Campaign`], [`CampaignContact`], … with their life
//!   cycles as methods.
//! * [`ports`] — traits implemented by the infrastructure; their mocks are behind the feature
//!   `mocks`.
#![deny(missing_docs)]

mod bot_activity;
mod bulk_change;
mod campaign;
mod campaign_contact;
mod contact;
mod contact_details;
mod counters;
mod daily_budget;
mod ids;
mod import;
mod import_plan;
mod job;
mod media;
mod message;
mod segment;
mod sender;
mod session;
mod statistics;
mod user;
mod webhook;

#[cfg(feature = "mocks")]
pub mod mocks;
pub mod ports;
pub mod values;

pub use bot_activity::{BotActivity, BotActivityKind};
pub use bulk_change::{BulkAction, BulkChange, BulkStatus, ContactEdit, ContactSelection};
pub use campaign::{
    Audience, Campaign, CampaignContent, CampaignFilter, CampaignState, CampaignStatus,
    CampaignTransitionError, ChannelKind, TemplateMessage, TemplateVariable,
};
pub use campaign_contact::{
    AttemptId, CampaignContact, Delivery, DeliveryStatus, Failure, FailureCode, SkipReason,
    StaleAttempt, StatusReport, StatusUpdate,
};
pub use contact::{
    Contact, ContactFilter, ContactSource, ContactStatus, OptOut, OptOutSource, Reachability,
};
pub use contact_details::ContactDetails;
pub use counters::{CampaignCounters, CounterDelta, MessageDelta};
pub use daily_budget::{DailyBudget, DailyLimit};
pub use ids::{
    BotActivityId, BulkChangeId, CampaignContactId, CampaignId, ContactId, ImportId, InstanceId,
    JobId, MediaId, MessageId, SegmentId, SenderId, UserId, WebhookEventId,
};
pub use import::{
    ImportFailure, ImportProgress, ImportStatus, ImportTransitionError, ImportUndo, ImportedFile,
    RowError, TableFormat,
};
pub use import_plan::{
    ColumnMapping, ColumnMeaning, ConsentNote, ImportPlan, KnownContacts, MappedColumn,
};
pub use job::{Job, JobKind, JobLease, JobWork};
pub use media::{MediaFile, MediaKind};
pub use message::{Direction, Message, MessageBody};
pub use segment::Segment;
pub use sender::{SenderAccount, SenderLease, SenderLimits};
pub use session::{SessionKeyHash, StoredSession};
pub use statistics::{
    ActivityItem, ActivityKind, ContactTotals, Dashboard, MessageBucket, MessageTotals,
};
pub use user::{
    Automation, NotificationSettings, PrivacySettings, ProviderKeys, SealedSecret, SecretField,
    Theme, User, WebhookKey,
};
pub use webhook::{ChannelEvent, InboundMessage, WebhookEvent, WebhookSource, WebhookState};
