//! The provider: it answers as it was told to, and remembers every request.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use nexus_domain::ports::{
    Accepted, ApprovedTemplate, ChannelError, HandOverError, MessageChannel, OutgoingContent,
    OutgoingFile, OutgoingHeader, OutgoingMessage, SenderCredentials, SenderProfile,
};
use nexus_domain::{AttemptId, ChannelKind, DeliveryStatus, Failure, FailureCode, MediaReference};
use tokio::time::Instant;

use super::Later;
use super::units::Ledger;

/// How the provider answers one request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    takes: Duration,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Accepted,
    Error {
        error: ChannelError,
        /// Whether the message reached the provider nevertheless.
        taken: bool,
    },
    Panic,
}

impl Answer {
    pub(crate) fn accepted() -> Self {
        Self::of(Kind::Accepted)
    }

    /// It breaks down after the request may have left.
    pub(crate) fn panic() -> Self {
        Self::of(Kind::Panic)
    }

    pub(crate) fn refused(code: FailureCode) -> Self {
        Self::error(ChannelError::Refused(failure(code)))
    }

    pub(crate) fn campaign_refused(code: FailureCode) -> Self {
        Self::error(ChannelError::CampaignRefused(failure(code)))
    }

    pub(crate) fn account_refused(code: FailureCode) -> Self {
        Self::error(ChannelError::AccountRefused(failure(code)))
    }

    pub(crate) fn not_connected() -> Self {
        Self::error(ChannelError::NotConnected)
    }

    pub(crate) fn throttled(retry_after: Option<Duration>) -> Self {
        Self::error(ChannelError::Throttled {
            retry_after,
            code: Some(130_429),
            recipient_only: false,
        })
    }

    /// Only this recipient is written to too often.
    pub(crate) fn recipient_throttled(retry_after: Option<Duration>) -> Self {
        Self::error(ChannelError::Throttled {
            retry_after,
            code: Some(131_056),
            recipient_only: true,
        })
    }

    /// No answer, and whether the provider had taken the message.
    pub(crate) fn in_doubt(taken: bool) -> Self {
        Self::of(Kind::Error {
            error: ChannelError::InDoubt {
                reason: "the connection was reset".to_owned(),
            },
            taken,
        })
    }

    fn error(error: ChannelError) -> Self {
        Self::of(Kind::Error {
            error,
            taken: false,
        })
    }

    fn of(kind: Kind) -> Self {
        Self {
            takes: Duration::from_millis(20),
            kind,
        }
    }

    /// It comes after so long.
    pub(crate) fn after(self, takes: Duration) -> Self {
        Self { takes, ..self }
    }
}

pub(crate) fn failure(code: FailureCode) -> Failure {
    Failure {
        code,
        provider_code: Some(131_000),
        detail: None,
    }
}

/// A request that the provider saw.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The process that made it.
    pub(crate) by: usize,
    pub(crate) attempt: AttemptId,
    pub(crate) to: String,
    pub(crate) content: OutgoingContent,
    pub(crate) at: Instant,
    /// What the store said of the recipient when the request was made.
    pub(crate) stored: Option<(DeliveryStatus, u32)>,
}

/// The provider behind the channels of all processes.
pub(crate) struct Provider {
    ledger: Arc<Ledger>,
    state: Mutex<State>,
}

struct State {
    requests: Vec<Request>,
    /// The messages that it really took.
    taken: Vec<AttemptId>,
    answers: HashMap<String, VecDeque<Answer>>,
    otherwise: Answer,
    /// The files that were handed over, and when each arrived.
    files: Vec<(OutgoingFile, Instant)>,
    /// The ids of those that it knows.
    known_files: Vec<String>,
    /// How the next hand-overs end, after so long.
    hand_overs: VecDeque<(Duration, Result<(), HandOverError>)>,
    /// Whether an id is forgotten as soon as it is given.
    forgetful: bool,
}

/// The id of a file that the message carries.
fn carried(content: &OutgoingContent) -> Option<&str> {
    match content {
        OutgoingContent::Text { .. } => None,
        OutgoingContent::Media { file, .. } => Some(&file.id),
        OutgoingContent::Template { parts, .. } => match parts.header.as_ref()? {
            OutgoingHeader::Media(media) => match &media.reference {
                MediaReference::Id(id) => Some(id),
                MediaReference::Link(_) => None,
            },
            OutgoingHeader::Text(..) => None,
        },
    }
}

impl Provider {
    pub(crate) fn new(ledger: Arc<Ledger>) -> Arc<Self> {
        Arc::new(Self {
            ledger,
            state: Mutex::new(State {
                requests: Vec::new(),
                taken: Vec::new(),
                answers: HashMap::new(),
                otherwise: Answer::accepted(),
                files: Vec::new(),
                known_files: Vec::new(),
                hand_overs: VecDeque::new(),
                forgetful: false,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The answers to the next requests for this address, one after the other.
    pub(crate) fn answers(&self, to: &str, answers: impl IntoIterator<Item = Answer>) {
        let mut state = self.state();
        let queue = state.answers.entry(to.to_owned()).or_default();
        queue.extend(answers);
    }

    /// The answer to every request that has none of its own.
    pub(crate) fn always(&self, answer: Answer) {
        self.state().otherwise = answer;
    }

    /// How the next hand-overs end, one after the other, each after so long.
    pub(crate) fn hand_overs(
        &self,
        answers: impl IntoIterator<Item = (Duration, Result<(), HandOverError>)>,
    ) {
        self.state().hand_overs.extend(answers);
    }

    /// The files that arrived so far.
    pub(crate) fn files(&self) -> Vec<OutgoingFile> {
        let state = self.state();
        state.files.iter().map(|(file, _)| file.clone()).collect()
    }

    /// When each arrived.
    pub(crate) fn files_at(&self) -> Vec<Instant> {
        self.state().files.iter().map(|(_, at)| *at).collect()
    }

    /// No id of a file is known any more; from now on each is forgotten as soon as it is given, or not.
    pub(crate) fn forget_files(&self, from_now_on: bool) {
        let mut state = self.state();
        state.known_files.clear();
        state.forgetful = from_now_on;
    }

    async fn take_file(&self, file: &OutgoingFile) -> Result<String, HandOverError> {
        let next = self.state().hand_overs.pop_front();
        let (takes, answer) = next.unwrap_or((Duration::from_millis(20), Ok(())));
        tokio::time::sleep(takes).await;
        answer?;
        let mut state = self.state();
        state.files.push((file.clone(), Instant::now()));
        let id = format!("file {}", state.files.len());
        if !state.forgetful {
            state.known_files.push(id.clone());
        }
        Ok(id)
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// The requests for this address so far.
    pub(crate) fn requests_to(&self, to: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.to == to);
        requests
    }

    /// The messages that it really took, in their order.
    pub(crate) fn taken(&self) -> Vec<AttemptId> {
        self.state().taken.clone()
    }

    fn stored(&self, attempt: AttemptId) -> Option<(DeliveryStatus, u32)> {
        self.ledger.with(|tables| {
            let recipient = tables.recipients.get(&attempt.recipient)?;
            Some((recipient.delivery.status, recipient.delivery.attempts))
        })
    }

    async fn take(&self, by: usize, message: &OutgoingMessage) -> Result<Accepted, ChannelError> {
        let stored = self.stored(message.attempt);
        let answer = {
            let mut state = self.state();
            state.requests.push(Request {
                by,
                attempt: message.attempt,
                to: message.to.clone(),
                content: message.content.clone(),
                at: Instant::now(),
                stored,
            });
            let own = state.answers.get_mut(&message.to);
            let answer = own.and_then(VecDeque::pop_front);
            let mut answer = answer.unwrap_or_else(|| state.otherwise.clone());
            let unknown = carried(&message.content)
                .is_some_and(|id| !state.known_files.iter().any(|known| known == id));
            if unknown {
                answer = Answer::refused(FailureCode::MediaUnusable);
            }
            if matches!(
                answer.kind,
                Kind::Accepted | Kind::Error { taken: true, .. }
            ) {
                state.taken.push(message.attempt);
            }
            answer
        };
        tokio::time::sleep(answer.takes).await;
        match answer.kind {
            Kind::Accepted => Ok(Accepted {
                message_id: format!("wamid.{}", message.attempt),
            }),
            Kind::Error { error, .. } => Err(error),
            Kind::Panic => panic!("the channel breaks down, as the test wants"),
        }
    }
}

/// The way to the provider of one process.
pub(crate) struct ProcessChannel {
    pub(crate) provider: Arc<Provider>,
    pub(crate) process: usize,
}

/// The methods of the ports are written as `async_trait` makes them of `async fn`: the crate itself
/// has no port to implement and does without that macro.
impl MessageChannel for ProcessChannel {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Whatsapp
    }

    fn send<'me, 'sender, 'message, 'all>(
        &'me self,
        _sender: &'sender SenderCredentials,
        message: &'message OutgoingMessage,
    ) -> Later<'all, Result<Accepted, ChannelError>>
    where
        'me: 'all,
        'sender: 'all,
        'message: 'all,
    {
        Box::pin(self.provider.take(self.process, message))
    }

    fn hand_over<'me, 'sender, 'file, 'all>(
        &'me self,
        _sender: &'sender SenderCredentials,
        file: &'file OutgoingFile,
    ) -> Later<'all, Result<String, HandOverError>>
    where
        'me: 'all,
        'sender: 'all,
        'file: 'all,
    {
        Box::pin(self.provider.take_file(file))
    }

    fn check<'me, 'sender, 'all>(
        &'me self,
        _sender: &'sender SenderCredentials,
    ) -> Later<'all, Result<SenderProfile, ChannelError>>
    where
        'me: 'all,
        'sender: 'all,
    {
        unreachable!("delivery does not ask for this")
    }

    fn templates<'me, 'sender, 'all>(
        &'me self,
        _sender: &'sender SenderCredentials,
    ) -> Later<'all, Result<Vec<ApprovedTemplate>, ChannelError>>
    where
        'me: 'all,
        'sender: 'all,
    {
        unreachable!("delivery does not ask for this")
    }
}
