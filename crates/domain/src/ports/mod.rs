//! The ports: by capability, implemented by technology in the infrastructure.

mod channel;
mod clock;
mod files;
mod hand_over;
mod hashing;
mod media;
mod progress;
mod provisioning;
mod repositories;
mod sealing;
mod storage;
mod tables;
mod webhooks;

pub use crate::ApprovedTemplate;
pub use channel::{
    Accepted, ChannelError, MessageChannel, OutgoingButton, OutgoingContent, OutgoingHeader,
    OutgoingMessage, OutgoingParts, SenderCredentials, SenderProfile,
};
pub use clock::{Clock, Entropy};
pub use files::{FileDownload, FileStore, FileStoreError, FileUpload, LocalCopy};
pub use hand_over::{CarriedFile, HandOverError, OutgoingFile};
pub use hashing::{HashingError, PasswordHasher};
pub use media::{MediaRecogniser, MediaRefusal, RecognisedMedia};
pub use progress::{ChangeMark, MarkedCampaign, ProgressSource};
pub use provisioning::{ProvisionedSender, ProvisioningError, SenderProvisioner};
pub use repositories::{
    BotActivityRepository, BulkChangeRepository, CampaignContactRepository, CampaignRepository,
    ContactRepository, CorrespondentRepository, CreatedContact, Effect, FieldRepository, FreeText,
    IdempotencyRepository, IdempotencyState, ImportRepository, JobRepository, KnownAddress,
    MediaRepository, MessageRepository, ReachRule, RecipientTally, ReplayFilter, ReplyRepository,
    ReplyingSender, SegmentRepository, SenderRepository, SessionRepository, StatisticsRepository,
    StoredAnswer, StoredFileRepository, TakenKey, UnneededFile, UserRepository, WebhookRepository,
    WhatsAppRepository,
};
pub use sealing::{SealError, SecretSealer};
pub use storage::{DuplicateKey, Repositories, Storage, StorageError, UnitOfWork};
pub use tables::{TableChoice, TableError, TableOutline, TableReader, TableRow, TableSource};
pub use webhooks::{UnreadableWebhook, WebhookReader};

#[cfg(feature = "mocks")]
pub use {
    channel::MockMessageChannel,
    clock::{MockClock, MockEntropy},
    files::{MockFileDownload, MockFileStore, MockFileUpload},
    hashing::MockPasswordHasher,
    media::MockMediaRecogniser,
    progress::MockProgressSource,
    provisioning::MockSenderProvisioner,
    repositories::{
        MockBotActivityRepository, MockBulkChangeRepository, MockCampaignContactRepository,
        MockCampaignRepository, MockContactRepository, MockCorrespondentRepository,
        MockFieldRepository, MockIdempotencyRepository, MockImportRepository, MockJobRepository,
        MockMediaRepository, MockMessageRepository, MockReplyRepository, MockSegmentRepository,
        MockSenderRepository, MockSessionRepository, MockStatisticsRepository,
        MockStoredFileRepository, MockUserRepository, MockWebhookRepository,
        MockWhatsAppRepository,
    },
    sealing::MockSecretSealer,
    storage::MockStorage,
    tables::{MockTableReader, MockTableSource},
    webhooks::MockWebhookReader,
};
