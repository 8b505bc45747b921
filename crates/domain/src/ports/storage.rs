//! The store: a unit of work across repositories.

use async_trait::async_trait;

use super::{
    BotActivityRepository, BulkChangeRepository, CampaignContactRepository, CampaignRepository,
    ContactRepository, CorrespondentRepository, FieldRepository, IdempotencyRepository,
    ImportRepository, JobRepository, MediaRepository, MessageRepository, ReplyRepository,
    SegmentRepository, SenderRepository, SessionRepository, StatisticsRepository,
    StoredFileRepository, UserRepository, WebhookRepository, WhatsAppRepository,
};

/// What is unique and was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateKey {
    /// A user with this e-mail address.
    UserEmail,
    /// A contact of this user with this phone number.
    ContactPhone,
    /// A contact of this user with this e-mail address.
    ContactEmail,
    /// A segment of this user with this name.
    SegmentName,
    /// Anything else that is unique.
    Other,
}

/// The store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Something unique was there already; nothing was written.
    #[error("already there: {0:?}")]
    Duplicate(DuplicateKey),
    /// The database can't be reached, or not now; the same may work later.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was written belongs to something that was deleted meanwhile, such as an account; nothing
    /// was written.
    #[error("what this belongs to is gone")]
    Orphaned,
    /// A stored row that can't be what it should be.
    #[error("a stored row is not readable: {0}")]
    Unreadable(String),
    /// Anything else.
    #[error("the database failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The repositories of one transaction, or of none.
pub trait Repositories: Send {
    /// Users.
    fn users(&mut self) -> &mut dyn UserRepository;
    /// Sessions.
    fn sessions(&mut self) -> &mut dyn SessionRepository;
    /// Contacts and their tags.
    fn contacts(&mut self) -> &mut dyn ContactRepository;
    /// The names of custom fields.
    fn fields(&mut self) -> &mut dyn FieldRepository;
    /// Changes of many contacts.
    fn bulk_changes(&mut self) -> &mut dyn BulkChangeRepository;
    /// Saved filters of contacts.
    fn segments(&mut self) -> &mut dyn SegmentRepository;
    /// Campaigns.
    fn campaigns(&mut self) -> &mut dyn CampaignRepository;
    /// Recipients of campaigns: the delivery ledger.
    fn recipients(&mut self) -> &mut dyn CampaignContactRepository;
    /// Sender accounts and their leases.
    fn senders(&mut self) -> &mut dyn SenderRepository;
    /// Media files.
    fn media(&mut self) -> &mut dyn MediaRepository;
    /// Notes of files in the file store that are nobody's.
    fn stored_files(&mut self) -> &mut dyn StoredFileRepository;
    /// Imports and the errors of their rows.
    fn imports(&mut self) -> &mut dyn ImportRepository;
    /// Messages of conversations.
    fn messages(&mut self) -> &mut dyn MessageRepository;
    /// What is known of people by their addresses.
    fn correspondents(&mut self) -> &mut dyn CorrespondentRepository;
    /// The answers that the product gives by itself.
    fn replies(&mut self) -> &mut dyn ReplyRepository;
    /// What the assistant did.
    fn bot_activity(&mut self) -> &mut dyn BotActivityRepository;
    /// The inbox of webhooks.
    fn webhooks(&mut self) -> &mut dyn WebhookRepository;
    /// Connections to WhatsApp and their templates.
    fn whatsapp(&mut self) -> &mut dyn WhatsAppRepository;
    /// Background work.
    fn jobs(&mut self) -> &mut dyn JobRepository;
    /// Figures.
    fn statistics(&mut self) -> &mut dyn StatisticsRepository;
    /// Answers to requests that may be repeated.
    fn idempotency(&mut self) -> &mut dyn IdempotencyRepository;
}

/// A transaction. Dropped without [`UnitOfWork::commit`], it leaves nothing. Never held across a
/// call to a provider.
#[async_trait]
pub trait UnitOfWork: Repositories {
    /// Makes everything done with its repositories lasting, all or nothing.
    async fn commit(self: Box<Self>) -> Result<(), StorageError>;
}

/// The store.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Storage: Send + Sync {
    /// Begins a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError>;
    /// The repositories outside a transaction: each call stands alone.
    fn read(&self) -> Box<dyn Repositories>;
    /// Whether the database answers and its schema is the one that this program needs.
    async fn check(&self) -> Result<(), StorageError>;
}
