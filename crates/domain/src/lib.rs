//! What Nexus Communicator is about: entities, value objects, life cycles, and the ports through
//! which the use cases reach the outside. No I/O and no framework.
//!
//! * [`values`] — types that cannot hold a wrong value (`PhoneNumber`, `MessageText`, …).
//! * The entities — [`User`], [`Contact`], [`Campaign`], [`CampaignContact`], … with their life
//!   cycles as methods.
//! * [`ports`] — traits implemented by the infrastructure; their mocks are behind the feature
//!   `mocks`.
#![deny(missing_docs)]

mod automatic_reply;
mod bot_activity;
mod bulk_change;
mod campaign;
mod campaign_contact;
mod campaign_schedule;
mod contact;
mod contact_details;
mod correspondent;
mod counters;
mod daily_budget;
mod ids;
mod import;
mod import_plan;
mod job;
mod media;
mod media_upload;
mod message;
mod opt_out_words;
mod provider_news;
mod schedule;
mod segment;
mod sender;
mod sending_again;
mod session;
mod statistics;
mod template;
mod template_message;
mod user;
mod webhook;
mod whatsapp_connection;

#[cfg(feature = "mocks")]
pub mod mocks;
pub mod ports;
pub mod values;

pub use automatic_reply::{AutomaticReply, ReplyStatus};
pub use bot_activity::{BotActivity, BotActivityKind};
pub use bulk_change::{BulkAction, BulkChange, BulkStatus, ContactEdit, ContactSelection};
pub use campaign::{
    Audience, Campaign, CampaignContent, CampaignFilter, CampaignState, CampaignStatus,
    CampaignTransitionError, ChannelKind, OutsideWindow,
};
pub use campaign_contact::{
    AttemptId, CampaignContact, Delivery, DeliveryStatus, Failure, FailureCode, RecipientFilter,
    SkipReason, StaleAttempt, StatusReport, StatusUpdate,
};
pub use contact::{
    Contact, ContactFilter, ContactSource, ContactStatus, OptOut, OptOutSource, Reachability,
};
pub use contact_details::ContactDetails;
pub use correspondent::{Correspondent, Heard};
pub use counters::{CampaignCounters, CounterDelta, MessageDelta};
pub use daily_budget::{DailyBudget, DailyLimit};
pub use ids::{
    BotActivityId, BulkChangeId, CampaignContactId, CampaignId, ContactId, ImportId, InstanceId,
    JobId, MediaId, MessageId, ReplyId, SegmentId, SenderId, UserId, WebhookEventId,
};
pub use import::{
    ImportFailure, ImportProgress, ImportStatus, ImportTransitionError, ImportUndo, ImportedFile,
    RowError, TableFormat,
};
pub use import_plan::{
    ColumnMapping, ColumnMeaning, ConsentNote, ImportPlan, KnownContacts, MappedColumn,
};
pub use job::{Job, JobKind, JobLease, JobWork};
pub use media::{ContentHash, MAX_CAPTION_CHARS, MediaFile, MediaKind, MediaType};
pub use media_upload::{MediaContent, MediaUpload, RefusedId};
pub use message::{Direction, Message, MessageBody};
pub use opt_out_words::{OptOutSettings, ReplyText, Wish, WordList};
pub use provider_news::{AccountStanding, NewsSubject, ProviderNews};
pub use schedule::{Schedule, StartPlan, StartProblem, StartTurn};
pub use segment::Segment;
pub use sender::{SenderAccount, SenderLease, SenderLimits};
pub use sending_again::{Decision, DecisionFilter, Retry};
pub use session::{SessionKeyHash, StoredSession};
pub use statistics::{
    ActivityItem, ActivityKind, ContactTotals, Dashboard, MessageBucket, MessageTotals,
};
pub use template::{ApprovedTemplate, StoredTemplate, TemplateButton, TemplateHeader};
pub use template_message::{
    ButtonKind, ButtonValue, EmptyRule, HeaderMedia, HeaderValue, MediaReference, TemplateMessage,
    TemplateParts, TemplateValue, TemplateVariable,
};
pub use user::{
    Automation, NotificationSettings, PrivacySettings, ProviderKeys, SealedSecret, SecretField,
    Theme, User, WebhookKey,
};
pub use webhook::{
    ChannelEvent, InboundMessage, PreferenceChange, WebhookEvent, WebhookSource, WebhookState,
};
pub use whatsapp_connection::{
    AccountNotice, Asked, ConnectionState, KnownFailure, KnownNumber, NumberNotice, TooSoon,
    WhatsAppConnection,
};
