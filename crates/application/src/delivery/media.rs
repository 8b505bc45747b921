//! Files of campaigns on their way to the provider: each content is handed over once for an account,
//! before anything that carries it is claimed, and used as long as its id lives.
//!
//! A hand-over runs beside the driver, so that nothing waits for it but the campaigns that carry the
//! file. It reaches nobody: whatever becomes of it, and however the process ends, it is tried again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{CarriedFile, HandOverError, OutgoingFile, StorageError, UnitOfWork};
use nexus_domain::{
    CampaignId, FailureCode, MediaContent, MediaFile, MediaId, MediaUpload, RefusedId, SenderLease,
};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Desk;
use super::consequences::Consequences;
use super::flights::Exit;
use super::outcome::{Landed, Outcome};
use super::outcomes::{Recorded, pause_all};
use crate::fault::{self, Point};

/// A campaign that may be claimed from, with the file that its messages carry.
pub(super) type Ready = (CampaignId, Option<Arc<CarriedFile>>);

/// What looking after files came to.
pub(super) enum Looked {
    /// These may be claimed from; of the others the first is tried again then.
    Ready(Vec<Ready>, Option<Instant>),
    /// Campaigns were paused: there may be others now.
    Paused(Recorded),
}

/// Where a content is.
enum State {
    /// On its way, for this time in a row.
    Leaving { tries: u32, since: Instant },
    /// Not taken so far.
    Rests {
        until: Instant,
        tries: u32,
        since: Instant,
    },
    /// The provider has it, and that is not in the store.
    Taken { id: String, at: DateTime<Utc> },
    /// The provider has it until then.
    Kept { id: String, until: DateTime<Utc> },
    /// It can't be sent.
    Refused { pause: Pause },
}

/// What is to be paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// The campaigns that carry the content.
    Carriers(FailureCode),
    /// The one whose own copy of the content is gone. Others have theirs.
    OwnerOf(MediaId),
    /// Every campaign of the account.
    Account(FailureCode),
}

/// How a hand-over ended.
type HandedOver = Result<String, NotTaken>;

/// Why it came to nothing.
enum NotTaken {
    /// The provider or the way to it.
    Error(HandOverError),
    /// The file is not in the store of files.
    Missing,
    /// The store of files does not work, or the hand-over broke down.
    Here,
}

/// The hand-over of a content has ended, of which this file was the copy.
type Ended = (MediaContent, MediaId, HandedOver);

/// Tells how a hand-over ended, whatever happens to it.
struct Ending {
    content: MediaContent,
    file: MediaId,
    handed_over: HandedOver,
    ended: mpsc::UnboundedSender<Ended>,
    wake: Arc<Notify>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let handed_over = std::mem::replace(&mut self.handed_over, Err(NotTaken::Here));
        // Without a driver nobody wants to know.
        let _ = self.ended.send((self.content, self.file, handed_over));
        self.wake.notify_one();
    }
}

/// The files of one account's campaigns.
pub(super) struct Files {
    wake: Arc<Notify>,
    /// What goes with each campaign that is being sent; once it has started, that does not change.
    of_campaigns: BTreeMap<CampaignId, Option<MediaFile>>,
    contents: HashMap<MediaContent, State>,
    /// Dropped, and so given up, with the driver.
    hand_overs: JoinSet<()>,
    ended: mpsc::UnboundedReceiver<Ended>,
    ending: mpsc::UnboundedSender<Ended>,
}

impl Files {
    /// `wake` is notified when a hand-over ends.
    pub(super) fn new(wake: Arc<Notify>) -> Self {
        let (ending, ended) = mpsc::unbounded_channel();
        Self {
            wake,
            of_campaigns: BTreeMap::new(),
            contents: HashMap::new(),
            hand_overs: JoinSet::new(),
            ended,
            ending,
        }
    }

    /// Which of these campaigns may be claimed from, and begins to hand over what others lack.
    pub(super) async fn look_after(
        &mut self,
        exit: &Exit,
        lease: &SenderLease,
        active: &[CampaignId],
    ) -> Result<Looked, StorageError> {
        self.learn(&exit.desk, lease, active).await?;
        if self.of_campaigns.values().all(Option::is_none) {
            let none_carries = active.iter().map(|id| (*id, None)).collect();
            return Ok(Looked::Ready(none_carries, None));
        }
        self.take_in(&exit.desk);
        let (mut ready, mut next) = (Vec::with_capacity(active.len()), None);
        for id in active {
            let Some(file) = self.of_campaigns.get(id).cloned().flatten() else {
                ready.push((*id, None));
                continue;
            };
            let content = MediaContent::from(&file);
            self.advance(exit, lease, &file, &content).await?;
            match self.contents.get(&content) {
                Some(State::Kept {
                    id: provider_id, ..
                }) => {
                    let carried = CarriedFile {
                        id: provider_id.clone(),
                        kind: file.kind(),
                        name: file.sent_name(),
                    };
                    ready.push((*id, Some(Arc::new(carried))));
                }
                Some(State::Rests { until, .. }) => {
                    next = Some(next.map_or(*until, |known: Instant| known.min(*until)));
                }
                Some(State::Refused { pause }) => {
                    let paused = self.pause(&exit.desk, lease, &content, *pause).await?;
                    self.contents.remove(&content);
                    return Ok(Looked::Paused(paused));
                }
                _ => {}
            }
        }
        Ok(Looked::Ready(ready, next))
    }

    /// The provider refused the ids of these: they are not used any more.
    pub(super) fn forget_refused(&mut self, landed: &[Landed]) {
        for landed in landed {
            if let Outcome::FileRefused { id, .. } = &landed.outcome {
                self.contents.retain(
                    |_, state| !matches!(state, State::Kept { id: kept, .. } if kept == id),
                );
            }
        }
    }

    async fn learn(
        &mut self,
        desk: &Desk,
        lease: &SenderLease,
        active: &[CampaignId],
    ) -> Result<(), StorageError> {
        self.of_campaigns.retain(|id, _| active.contains(id));
        let is_new = |id: &&CampaignId| !self.of_campaigns.contains_key(*id);
        let new: Vec<CampaignId> = active.iter().filter(is_new).copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut store = desk.storage.read();
        let files = store.media().of_campaigns(lease.user_id, &new).await?;
        for id in new {
            // A message carries one; more keep a campaign from starting.
            let file = files.iter().find(|file| file.campaign_id == id).cloned();
            self.of_campaigns.insert(id, file);
        }
        let carried: HashSet<MediaContent> = self
            .of_campaigns
            .values()
            .flatten()
            .map(MediaContent::from)
            .collect();
        self.contents.retain(|content, state| {
            carried.contains(content) || matches!(state, State::Leaving { .. })
        });
        Ok(())
    }

    /// Takes in the hand-overs that have ended.
    fn take_in(&mut self, desk: &Desk) {
        while self.hand_overs.try_join_next().is_some() {}
        while let Ok((content, file, handed_over)) = self.ended.try_recv() {
            let (tries, since) = match self.contents.get(&content) {
                Some(State::Leaving { tries, since }) => (*tries, *since),
                _ => (1, Instant::now()),
            };
            let state = match handed_over {
                Ok(id) => State::Taken {
                    id,
                    at: desk.clock.now(),
                },
                Err(reason) => not_taken(desk, file, &content, reason, tries, since),
            };
            self.contents.insert(content, state);
        }
    }

    /// Brings the content nearer to being carried.
    async fn advance(
        &mut self,
        exit: &Exit,
        lease: &SenderLease,
        file: &MediaFile,
        content: &MediaContent,
    ) -> Result<(), StorageError> {
        let now = exit.desk.clock.now();
        match self.contents.get(content) {
            Some(State::Leaving { .. } | State::Refused { .. }) => {}
            Some(State::Kept { until, .. }) if now < *until => {}
            Some(State::Rests { until, .. }) if Instant::now() < *until => {}
            Some(State::Rests { tries, since, .. }) => {
                let (tries, since) = (tries.saturating_add(1), *since);
                self.begin(exit, file, content, tries, since);
            }
            Some(State::Taken { id, at }) => {
                let (id, at) = (id.clone(), *at);
                let kept = keep(&exit.desk, lease, content, id, at).await?;
                self.note_kept(content, &kept, now);
            }
            Some(State::Kept { .. }) | None => {
                let mut store = exit.desk.storage.read();
                let known = store
                    .media()
                    .upload(lease.user_id, lease.sender_id, content)
                    .await?;
                match known {
                    Some(known) if known.usable(now).is_some() => {
                        self.note_kept(content, &known, now);
                    }
                    _ => self.begin(exit, file, content, 1, Instant::now()),
                }
            }
        }
        Ok(())
    }

    fn note_kept(&mut self, content: &MediaContent, kept: &MediaUpload, now: DateTime<Utc>) {
        if let Some((id, until)) = kept.usable(now) {
            let id = id.to_owned();
            let kept = State::Kept { id, until };
            self.contents.insert(*content, kept);
        }
    }

    fn begin(
        &mut self,
        exit: &Exit,
        file: &MediaFile,
        content: &MediaContent,
        tries: u32,
        since: Instant,
    ) {
        let leaving = State::Leaving { tries, since };
        self.contents.insert(*content, leaving);
        let ending = Ending {
            content: *content,
            file: file.id,
            handed_over: Err(NotTaken::Here),
            ended: self.ending.clone(),
            wake: Arc::clone(&self.wake),
        };
        let (exit, file) = (exit.clone(), file.clone());
        self.hand_overs.spawn(async move {
            let mut ending = ending;
            ending.handed_over = hand_over(&exit, &file).await;
        });
    }

    /// Pauses what can't be sent with the file, or from the account.
    async fn pause(
        &self,
        desk: &Desk,
        lease: &SenderLease,
        content: &MediaContent,
        pause: Pause,
    ) -> Result<Recorded, StorageError> {
        let (code, gone) = match pause {
            Pause::Account(code) => return pause_all(desk, lease, code).await,
            Pause::Carriers(code) => (code, None),
            Pause::OwnerOf(file) => (FailureCode::MediaMissing, Some(file)),
        };
        let is_meant = |file: &MediaFile| match gone {
            Some(gone) => file.id == gone,
            None => MediaContent::from(file) == *content,
        };
        let mut unit = desk.storage.begin().await?;
        if !unit.senders().hold(lease).await? {
            return Ok(Recorded::LeaseLost);
        }
        let mut consequences = Consequences::new(lease.user_id);
        for (campaign, file) in &self.of_campaigns {
            if file.as_ref().is_some_and(is_meant) {
                consequences.pause(*campaign, code);
            }
        }
        consequences.store(unit.as_mut(), desk.clock.now()).await?;
        unit.commit().await?;
        Ok(Recorded::Done)
    }
}

/// Hands the file over.
async fn hand_over(exit: &Exit, file: &MediaFile) -> HandedOver {
    let local = exit
        .desk
        .files
        .local_copy(file.user_id, file.id.as_uuid())
        .await;
    // There as long as this is held.
    let copy = match local {
        Ok(Some(copy)) => copy,
        Ok(None) => return Err(NotTaken::Missing),
        Err(error) => {
            tracing::warn!(
                media_id = %file.id,
                error = &error as &dyn std::error::Error,
                "a campaign's file waits for the store of files"
            );
            return Err(NotTaken::Here);
        }
    };
    let outgoing = OutgoingFile {
        path: copy.path().to_owned(),
        media_type: file.media_type,
        name: file.sent_name(),
    };
    let id = exit
        .channel
        .hand_over(&exit.credentials, &outgoing)
        .await
        .map_err(NotTaken::Error)?;
    drop(copy);
    fault::at(Point::FileTaken);
    tracing::info!(media_id = %file.id, size = file.size, "a campaign's file is with the provider");
    Ok(id)
}

/// What follows from a hand-over that came to nothing.
fn not_taken(
    desk: &Desk,
    file: MediaId,
    content: &MediaContent,
    reason: NotTaken,
    tries: u32,
    since: Instant,
) -> State {
    let code = match &reason {
        NotTaken::Missing => "missing".to_owned(),
        NotTaken::Here => "here".to_owned(),
        NotTaken::Error(error) => error.to_string(),
    };
    tracing::warn!(
        media_id = %file,
        media_type = content.media_type.as_str(),
        tries,
        reason = code,
        "a campaign's file was not handed over"
    );
    let retry_after = match reason {
        NotTaken::Missing | NotTaken::Error(HandOverError::Missing) => {
            return State::Refused {
                pause: Pause::OwnerOf(file),
            };
        }
        NotTaken::Error(HandOverError::FileRefused(failure)) => {
            return State::Refused {
                pause: Pause::Carriers(failure.code),
            };
        }
        NotTaken::Error(HandOverError::AccountRefused(failure)) => {
            return State::Refused {
                pause: Pause::Account(failure.code),
            };
        }
        NotTaken::Error(HandOverError::Later { retry_after }) => retry_after,
        NotTaken::Here | NotTaken::Error(HandOverError::Unreadable { .. }) => None,
    };
    // As a message is given up for which the account is not connected.
    let is_old = since.elapsed() >= desk.config.retry_max_age;
    if tries >= desk.config.retry_max_attempts && is_old {
        return State::Refused {
            pause: Pause::Carriers(FailureCode::RetriesExhausted),
        };
    }
    let wait = desk.config.backoff.after(tries, desk.entropy.as_ref());
    let wait = wait.max(retry_after.unwrap_or(Duration::ZERO));
    State::Rests {
        until: Instant::now() + wait,
        tries,
        since,
    }
}

/// Keeps the id for whoever drives the account next.
async fn keep(
    desk: &Desk,
    lease: &SenderLease,
    content: &MediaContent,
    id: String,
    at: DateTime<Utc>,
) -> Result<MediaUpload, StorageError> {
    let (user, sender) = (lease.user_id, lease.sender_id);
    let mut store = desk.storage.read();
    let known = store.media().upload(user, sender, content).await?;
    let mut upload = known.unwrap_or_else(|| MediaUpload::never(user, sender, *content));
    upload.taken(id, at);
    store.media().save_upload(&upload).await?;
    Ok(upload)
}

/// The provider refused the ids that these messages carried: they are used no more, and campaigns of
/// which an id was refused again after another are paused. Part of the transaction that records it.
pub(super) async fn note_refused_ids(
    unit: &mut dyn UnitOfWork,
    lease: &SenderLease,
    landed: &[Landed],
    now: DateTime<Utc>,
) -> Result<BTreeMap<CampaignId, FailureCode>, StorageError> {
    let mut refused: BTreeMap<&str, (FailureCode, BTreeSet<CampaignId>)> = BTreeMap::new();
    for landed in landed {
        if let Outcome::FileRefused { id, failure } = &landed.outcome {
            let (_, campaigns) = refused
                .entry(id)
                .or_insert_with(|| (failure.code, BTreeSet::new()));
            campaigns.insert(landed.ticket.campaign);
        }
    }
    let mut pauses = BTreeMap::new();
    for (id, (code, campaigns)) in refused {
        let media = unit.media();
        let known = media
            .lock_upload(lease.user_id, lease.sender_id, id)
            .await?;
        let Some(mut upload) = known else {
            continue;
        };
        match upload.refused(id, now) {
            RefusedId::Replaced => continue,
            RefusedId::HandOverAgain => {}
            RefusedId::GiveUp => pauses.extend(campaigns.into_iter().map(|id| (id, code))),
        }
        media.save_upload(&upload).await?;
        tracing::warn!(
            sender_id = %lease.sender_id,
            media_type = upload.content.media_type.as_str(),
            "the provider refuses the id of a file"
        );
    }
    Ok(pauses)
}
