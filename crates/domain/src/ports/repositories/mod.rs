//! What is kept where. Every method on a user's data takes the user's id; a method whose name
//! begins with `lock` keeps others from changing the rows until the transaction ends.

mod bulk_changes;
mod campaigns;
mod contacts;
mod conversations;
mod fields;
mod idempotency;
mod imports;
mod jobs;
mod media;
mod recipients;
mod replies;
mod segments;
mod senders;
mod sessions;
mod statistics;
mod stored_files;
mod users;
mod webhooks;
mod whatsapp;

pub use bulk_changes::BulkChangeRepository;
pub use campaigns::CampaignRepository;
pub use contacts::{
    ContactRepository, CreatedContact, FreeText, KnownAddress, ReachRule, RecipientTally,
};
pub use conversations::{BotActivityRepository, MessageRepository};
pub use fields::FieldRepository;
pub use idempotency::{Effect, IdempotencyRepository, IdempotencyState, StoredAnswer, TakenKey};
pub use imports::ImportRepository;
pub use jobs::JobRepository;
pub use media::MediaRepository;
pub use recipients::CampaignContactRepository;
pub use replies::{CorrespondentRepository, ReplyRepository, ReplyingSender};
pub use segments::SegmentRepository;
pub use senders::SenderRepository;
pub use sessions::SessionRepository;
pub use statistics::StatisticsRepository;
pub use stored_files::{StoredFileRepository, UnneededFile};
pub use users::UserRepository;
pub use webhooks::{ReplayFilter, WebhookRepository};
pub use whatsapp::WhatsAppRepository;

#[cfg(feature = "mocks")]
pub use {
    bulk_changes::MockBulkChangeRepository,
    campaigns::MockCampaignRepository,
    contacts::MockContactRepository,
    conversations::{MockBotActivityRepository, MockMessageRepository},
    fields::MockFieldRepository,
    idempotency::MockIdempotencyRepository,
    imports::MockImportRepository,
    jobs::MockJobRepository,
    media::MockMediaRepository,
    recipients::MockCampaignContactRepository,
    replies::{MockCorrespondentRepository, MockReplyRepository},
    segments::MockSegmentRepository,
    senders::MockSenderRepository,
    sessions::MockSessionRepository,
    statistics::MockStatisticsRepository,
    stored_files::MockStoredFileRepository,
    users::MockUserRepository,
    webhooks::MockWebhookRepository,
    whatsapp::MockWhatsAppRepository,
};
