//! The ports: by capability, implemented by technology in the infrastructure.

mod channel;
mod clock;
mod files;
mod hashing;
mod provisioning;
mod repositories;
mod sealing;
mod storage;
mod tables;
mod webhooks;

pub use channel::{
    Accepted, ApprovedTemplate, ChannelError, MessageChannel, OutgoingContent, OutgoingMessage,
    SenderCredentials, SenderProfile,
};
pub use clock::{Clock, Entropy};
pub use files::{FileStore, FileStoreError, FileUpload};
pub use hashing::{HashingError, PasswordHasher};
pub use provisioning::{ProvisionedSender, ProvisioningError, SenderProvisioner};
pub use repositories::{
    BotActivityRepository, BulkChangeRepository, CampaignContactRepository, CampaignRepository,
    ContactRepository, CreatedContact, Effect, FieldRepository, IdempotencyRepository,
    IdempotencyState, ImportRepository, JobRepository, KnownAddress, MediaRepository,
    MessageRepository, SegmentRepository, SenderRepository, SessionRepository,
    StatisticsRepository, StoredAnswer, TakenKey, UserRepository, WebhookRepository,
};
pub use sealing::{SealError, SecretSealer};
pub use storage::{DuplicateKey, Repositories, Storage, StorageError, UnitOfWork};
pub use tables::{TableChoice, TableError, TableOutline, TableReader, TableRow, TableSource};
pub use webhooks::{UnreadableWebhook, WebhookReader};

#[cfg(feature = "mocks")]
pub use {
    channel::MockMessageChannel,
    clock::{MockClock, MockEntropy},
    files::{MockFileStore, MockFileUpload},
    hashing::MockPasswordHasher,
    provisioning::MockSenderProvisioner,
    repositories::{
        MockBotActivityRepository, MockBulkChangeRepository, MockCampaignContactRepository,
        MockCampaignRepository, MockContactRepository, MockFieldRepository,
        MockIdempotencyRepository, MockImportRepository, MockJobRepository, MockMediaRepository,
        MockMessageRepository, MockSegmentRepository, MockSenderRepository, MockSessionRepository,
        MockStatisticsRepository, MockUserRepository, MockWebhookRepository,
    },
    sealing::MockSecretSealer,
    storage::MockStorage,
    tables::{MockTableReader, MockTableSource},
    webhooks::MockWebhookReader,
};
