//! Stand-ins for the ports, for the tests of the crates above. Mockall makes one for each port;
//! the unit of work, which lends others, is here.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::ports::{
    BotActivityRepository, BulkChangeRepository, CampaignContactRepository, CampaignRepository,
    ContactRepository, CorrespondentRepository, FieldRepository, IdempotencyRepository,
    ImportRepository, JobRepository, MediaRepository, MessageRepository, MockBotActivityRepository,
    MockBulkChangeRepository, MockCampaignContactRepository, MockCampaignRepository,
    MockContactRepository, MockCorrespondentRepository, MockFieldRepository,
    MockIdempotencyRepository, MockImportRepository, MockJobRepository, MockMediaRepository,
    MockMessageRepository, MockReplyRepository, MockSegmentRepository, MockSenderRepository,
    MockSessionRepository, MockStatisticsRepository, MockStoredFileRepository, MockUserRepository,
    MockWebhookRepository, MockWhatsAppRepository, ReplyRepository, Repositories,
    SegmentRepository, SenderRepository, SessionRepository, StatisticsRepository, Storage,
    StorageError, StoredFileRepository, UnitOfWork, UserRepository, WebhookRepository,
    WhatsAppRepository,
};

/// A unit of work whose repositories are mocks. What is not expected of a mock panics when it is
/// called.
#[derive(Default)]
pub struct MockUnitOfWork {
    /// The mock of `users`.
    pub users: MockUserRepository,
    /// The mock of `sessions`.
    pub sessions: MockSessionRepository,
    /// The mock of `contacts`.
    pub contacts: MockContactRepository,
    /// The mock of `fields`.
    pub fields: MockFieldRepository,
    /// The mock of `bulk_changes`.
    pub bulk_changes: MockBulkChangeRepository,
    /// The mock of `segments`.
    pub segments: MockSegmentRepository,
    /// The mock of `campaigns`.
    pub campaigns: MockCampaignRepository,
    /// The mock of `recipients`.
    pub recipients: MockCampaignContactRepository,
    /// The mock of `senders`.
    pub senders: MockSenderRepository,
    /// The mock of `media`.
    pub media: MockMediaRepository,
    /// The mock of `stored_files`.
    pub stored_files: MockStoredFileRepository,
    /// The mock of `imports`.
    pub imports: MockImportRepository,
    /// The mock of `messages`.
    pub messages: MockMessageRepository,
    /// The mock of `correspondents`.
    pub correspondents: MockCorrespondentRepository,
    /// The mock of `replies`.
    pub replies: MockReplyRepository,
    /// The mock of `bot_activity`.
    pub bot_activity: MockBotActivityRepository,
    /// The mock of `webhooks`.
    pub webhooks: MockWebhookRepository,
    /// The mock of `whatsapp`.
    pub whatsapp: MockWhatsAppRepository,
    /// The mock of `jobs`.
    pub jobs: MockJobRepository,
    /// The mock of `statistics`.
    pub statistics: MockStatisticsRepository,
    /// The mock of `idempotency`.
    pub idempotency: MockIdempotencyRepository,
    /// How often a unit that shares this was committed.
    pub commits: Arc<AtomicUsize>,
}

impl Repositories for MockUnitOfWork {
    fn users(&mut self) -> &mut dyn UserRepository {
        &mut self.users
    }
    fn sessions(&mut self) -> &mut dyn SessionRepository {
        &mut self.sessions
    }
    fn contacts(&mut self) -> &mut dyn ContactRepository {
        &mut self.contacts
    }
    fn fields(&mut self) -> &mut dyn FieldRepository {
        &mut self.fields
    }
    fn bulk_changes(&mut self) -> &mut dyn BulkChangeRepository {
        &mut self.bulk_changes
    }
    fn segments(&mut self) -> &mut dyn SegmentRepository {
        &mut self.segments
    }
    fn campaigns(&mut self) -> &mut dyn CampaignRepository {
        &mut self.campaigns
    }
    fn recipients(&mut self) -> &mut dyn CampaignContactRepository {
        &mut self.recipients
    }
    fn senders(&mut self) -> &mut dyn SenderRepository {
        &mut self.senders
    }
    fn media(&mut self) -> &mut dyn MediaRepository {
        &mut self.media
    }
    fn stored_files(&mut self) -> &mut dyn StoredFileRepository {
        &mut self.stored_files
    }
    fn imports(&mut self) -> &mut dyn ImportRepository {
        &mut self.imports
    }
    fn messages(&mut self) -> &mut dyn MessageRepository {
        &mut self.messages
    }
    fn correspondents(&mut self) -> &mut dyn CorrespondentRepository {
        &mut self.correspondents
    }
    fn replies(&mut self) -> &mut dyn ReplyRepository {
        &mut self.replies
    }
    fn bot_activity(&mut self) -> &mut dyn BotActivityRepository {
        &mut self.bot_activity
    }
    fn webhooks(&mut self) -> &mut dyn WebhookRepository {
        &mut self.webhooks
    }
    fn whatsapp(&mut self) -> &mut dyn WhatsAppRepository {
        &mut self.whatsapp
    }
    fn jobs(&mut self) -> &mut dyn JobRepository {
        &mut self.jobs
    }
    fn statistics(&mut self) -> &mut dyn StatisticsRepository {
        &mut self.statistics
    }
    fn idempotency(&mut self) -> &mut dyn IdempotencyRepository {
        &mut self.idempotency
    }
}

#[async_trait]
impl UnitOfWork for MockUnitOfWork {
    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// A store that hands out prepared units of work, in order; asking for one more panics.
#[derive(Default)]
pub struct ScriptedStorage {
    begins: Mutex<VecDeque<MockUnitOfWork>>,
    reads: Mutex<VecDeque<MockUnitOfWork>>,
    commits: Arc<AtomicUsize>,
}

impl ScriptedStorage {
    /// A store with nothing prepared.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next transaction is `unit`.
    #[must_use]
    pub fn then_begin(self, mut unit: MockUnitOfWork) -> Self {
        unit.commits = Arc::clone(&self.commits);
        self.begins
            .lock()
            .expect("no test panics while it holds this")
            .push_back(unit);
        self
    }

    /// The next repositories outside a transaction are those of `unit`.
    #[must_use]
    pub fn then_read(self, unit: MockUnitOfWork) -> Self {
        self.reads
            .lock()
            .expect("no test panics while it holds this")
            .push_back(unit);
        self
    }

    /// How many transactions were committed.
    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Storage for ScriptedStorage {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let unit = self
            .begins
            .lock()
            .expect("no test panics while it holds this")
            .pop_front()
            .expect("a transaction that the test did not prepare");
        Ok(Box::new(unit))
    }

    fn read(&self) -> Box<dyn Repositories> {
        let unit = self
            .reads
            .lock()
            .expect("no test panics while it holds this")
            .pop_front()
            .expect("a read that the test did not prepare");
        Box::new(unit)
    }

    async fn check(&self) -> Result<(), StorageError> {
        Ok(())
    }
}
