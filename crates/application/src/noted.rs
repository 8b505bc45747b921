//! A transaction that notes what it does for the request that asked for it.

use std::future::Future;
use std::pin::Pin;

use nexus_domain::UserId;
use nexus_domain::ports::{
    BotActivityRepository, BulkChangeRepository, CampaignContactRepository, CampaignRepository,
    ContactRepository, CorrespondentRepository, Effect, FieldRepository, IdempotencyRepository,
    ImportRepository, JobRepository, MediaRepository, MessageRepository, ReplyRepository,
    Repositories, SegmentRepository, SenderRepository, SessionRepository, StatisticsRepository,
    StorageError, StoredFileRepository, TakenKey, UnitOfWork, UserRepository, WebhookRepository,
    WhatsAppRepository,
};

use crate::fault::{self, Bug};

/// A unit of work that is committed together with the note of its effect, or not at all: when the
/// process dies before the answer, the same request finds what it did.
pub(crate) struct Noted {
    unit: Box<dyn UnitOfWork>,
    user: UserId,
    key: TakenKey,
    effect: Effect,
}

impl Noted {
    pub(crate) fn new(
        unit: Box<dyn UnitOfWork>,
        user: UserId,
        key: TakenKey,
        effect: Effect,
    ) -> Self {
        Self {
            unit,
            user,
            key,
            effect,
        }
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StorageError> {
        if fault::has(Bug::ForgetEffect) {
            return self.unit.commit().await;
        }
        let keys = self.unit.idempotency();
        if keys.note_effect(self.user, &self.key, self.effect).await? {
            return self.unit.commit().await;
        }
        // This request was given up, and does under another what it would do twice.
        Err(StorageError::Unavailable(
            "another request has taken the Idempotency-Key".into(),
        ))
    }
}

impl UnitOfWork for Noted {
    fn commit<'all>(
        self: Box<Self>,
    ) -> Pin<Box<dyn Future<Output = Result<(), StorageError>> + Send + 'all>>
    where
        Self: 'all,
    {
        Box::pin(Self::commit(self))
    }
}

macro_rules! lend {
    ($($name:ident: $repository:ident,)*) => {
        impl Repositories for Noted {
            $(fn $name(&mut self) -> &mut dyn $repository {
                self.unit.$name()
            })*
        }
    };
}

lend! {
    users: UserRepository,
    sessions: SessionRepository,
    contacts: ContactRepository,
    fields: FieldRepository,
    bulk_changes: BulkChangeRepository,
    campaigns: CampaignRepository,
    recipients: CampaignContactRepository,
    segments: SegmentRepository,
    senders: SenderRepository,
    media: MediaRepository,
    stored_files: StoredFileRepository,
    imports: ImportRepository,
    messages: MessageRepository,
    bot_activity: BotActivityRepository,
    webhooks: WebhookRepository,
    jobs: JobRepository,
    statistics: StatisticsRepository,
    idempotency: IdempotencyRepository,
    correspondents: CorrespondentRepository,
    replies: ReplyRepository,
    whatsapp: WhatsAppRepository,
}
