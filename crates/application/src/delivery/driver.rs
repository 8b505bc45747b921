//! Driving one sender account under its lease: claim, send, record, until nothing is left to do.
//!
//! One loop does everything that touches the store, one step after the other; the messages
//! themselves are on their way beside it. Nothing is claimed while an outcome of an uncertain claim
//! waits to be recorded, and no more is begun than `window` that is not recorded.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{MessageChannel, SenderCredentials, StorageError};
use nexus_domain::{
    CampaignId, DailyBudget, DailyLimit, FailureCode, InstanceId, SenderAccount, SenderLease, User,
};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::claims::{Claim, ClaimFailed, claim};
use super::doubts::{self, Doubts};
use super::flights::{Exit, Flights};
use super::gate::{Gate, Heard};
use super::lease::KeptLease;
use super::limits::{BELIEVED, Limits};
use super::media::{Files, Looked, Ready};
use super::open_campaigns::{OpenCampaigns, open_campaigns};
use super::outcome::{Landed, Outcome};
use super::outcomes::{Guard, Recorded, pause_all, record};
use super::unrecordable::Unrecordable;
use super::{Desk, credentials_for};
use crate::Shutdown;

/// How far ahead of their moment messages are claimed: what a pause or a cancellation can't stop.
const AHEAD: Duration = Duration::from_millis(250);
/// The longest wait of an account with something to do: campaigns of other processes are seen then.
const PATROL: Duration = Duration::from_secs(1);
/// The wait for recipients that are due and that somebody else holds at the moment.
const HELD_BY_OTHERS: Duration = Duration::from_millis(50);
/// How often doubts are looked at.
const DOUBTS: Duration = Duration::from_secs(2);
/// How long opened credentials are used before the user's profile is read again.
const CREDENTIALS: Duration = Duration::from_secs(5);
/// How long recording may still take at the end, after messages in flight were given up.
const LAST_RECORDING: Duration = Duration::from_secs(5);

/// How driving an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Driven {
    /// Another process has the account.
    NotOurs,
    /// Nothing is left to do, or this process may not go on.
    Over,
}

/// Drives an account until nothing is left to do, the lease is lost, or the process ends.
pub(super) async fn drive(
    desk: Arc<Desk>,
    account: SenderAccount,
    owner: InstanceId,
    shutdown: Shutdown,
    wake: Arc<Notify>,
) -> Result<Driven, StorageError> {
    let ttl = desk.config.lease_ttl;
    let Some(kept) = KeptLease::acquire(&desk.storage, &account, owner, ttl).await? else {
        return Ok(Driven::NotOurs);
    };
    let lease = &kept.lease;
    let storage = Arc::clone(&desk.storage);
    tracing::debug!(sender_id = %account.id, epoch = lease.epoch, "driving a sender account");
    match doubts::doubt_what_was_left(&desk, lease).await {
        Ok(None) => return Ok(Driven::NotOurs),
        Ok(Some(0)) => {}
        Ok(Some(doubted)) => tracing::warn!(
            sender_id = %account.id,
            doubted,
            "messages were left in flight; whether they were sent is in doubt"
        ),
        Err(error) => {
            // Nothing was begun under this lease: the next try need not wait until it expires.
            let _ = kept.release(storage.as_ref()).await;
            return Err(error);
        }
    }
    let kept = Driver::new(desk, account, kept, shutdown, wake).run().await;
    kept.release(storage.as_ref()).await?;
    Ok(Driven::Over)
}

/// What the loop does next.
enum Next {
    /// Goes on at once.
    GoOn,
    /// Waits until then, or until something happens.
    Wait(Instant),
    /// Ends.
    End,
}

struct Driver {
    desk: Arc<Desk>,
    account: SenderAccount,
    kept: KeptLease,
    gate: Arc<Gate>,
    shutdown: Shutdown,
    wake: Arc<Notify>,
    flights: Flights,
    /// Not recorded yet.
    landed: Vec<Landed>,
    /// When the oldest of `landed` did.
    landed_at: Option<Instant>,
    /// How long recording took the last time.
    recording_takes: Duration,
    /// What the store refuses for good.
    unrecordable: Unrecordable,
    /// Attempts that never left and whose claim may be committed or not; see [`ClaimFailed`].
    uncertain: Vec<Landed>,
    credentials: Option<(Arc<SenderCredentials>, Instant)>,
    first_served: Option<CampaignId>,
    limits: Limits,
    files: Files,
    doubts: Doubts,
    doubts_at: Instant,
    /// How often in a row the store failed, and until when it is left alone.
    failures: u32,
    store_rests_until: Option<Instant>,
    /// Since when the process ends.
    ending_since: Option<Instant>,
}

impl Driver {
    fn new(
        desk: Arc<Desk>,
        account: SenderAccount,
        kept: KeptLease,
        shutdown: Shutdown,
        wake: Arc<Notify>,
    ) -> Self {
        let now = Instant::now();
        let watch = Arc::clone(&kept.watch);
        let gate = Gate::new(watch, shutdown.clone(), &desk.config);
        let files = Files::new(Arc::clone(&wake));
        Self {
            gate: Arc::new(gate),
            desk,
            account,
            kept,
            shutdown,
            wake,
            flights: Flights::default(),
            landed: Vec::new(),
            landed_at: None,
            recording_takes: Duration::ZERO,
            unrecordable: Unrecordable::default(),
            uncertain: Vec::new(),
            credentials: None,
            first_served: None,
            limits: Limits::default(),
            files,
            doubts: Doubts::Waiting,
            doubts_at: now,
            failures: 0,
            store_rests_until: None,
            ending_since: None,
        }
    }

    fn lease(&self) -> &SenderLease {
        &self.kept.lease
    }

    async fn run(mut self) -> KeptLease {
        loop {
            let landed = self.flights.landed_already();
            self.note(landed);
            let next = match self.step().await {
                Ok(next) => next,
                Err(error) => {
                    self.rest(&error);
                    continue;
                }
            };
            if self.store_rests(Instant::now()).is_none() {
                self.failures = 0;
            }
            match next {
                Next::GoOn => {}
                Next::Wait(until) => self.wait(until).await,
                Next::End => return self.kept,
            }
        }
    }

    /// The store failed: it is left alone for a while that grows.
    fn rest(&mut self, error: &StorageError) {
        self.failures = self.failures.saturating_add(1);
        let pause = self
            .desk
            .config
            .backoff
            .after(self.failures, self.desk.entropy.as_ref())
            .min(PATROL);
        self.store_rests_until = Some(Instant::now() + pause);
        tracing::warn!(
            sender_id = %self.account.id,
            failures = self.failures,
            error = error as &dyn std::error::Error,
            "delivery waits for the store"
        );
    }

    fn store_rests(&self, now: Instant) -> Option<Instant> {
        self.store_rests_until.filter(|until| *until > now)
    }

    fn note(&mut self, landed: Vec<Landed>) {
        if landed.is_empty() {
            return;
        }
        self.landed_at.get_or_insert_with(Instant::now);
        self.landed.extend(landed);
    }

    async fn wait(&mut self, until: Instant) {
        let ending = self.ending_since.is_some();
        let landed = tokio::select! {
            landed = self.flights.land() => Some(landed),
            () = self.wake.notified() => None,
            () = self.shutdown.wait(), if !ending => None,
            () = tokio::time::sleep_until(until) => None,
        };
        self.note(landed.into_iter().collect());
    }

    async fn step(&mut self) -> Result<Next, StorageError> {
        let now = Instant::now();
        let lost = self.kept.watch.is_lost();
        if lost || self.shutdown.requested() {
            return self.leave(now, lost).await;
        }
        if let Some(until) = self.store_rests(now) {
            return Ok(Next::Wait(until));
        }
        self.record_uncertain().await?;
        if self.is_recording_due(now) {
            self.record_landed().await?;
        }
        if self.doubts_at <= now {
            self.settle_doubts(now).await?;
        }
        if self.kept.watch.is_lost() {
            return Ok(Next::GoOn);
        }
        let next = self.send_more().await?;
        Ok(match next {
            Next::Wait(until) => Next::Wait(self.no_later_than_other_work(until)),
            other => other,
        })
    }

    /// Outcomes wait for others no longer than recording takes: under load that shares the work, and
    /// an account of few messages is not held up.
    fn linger(&self) -> Duration {
        self.recording_takes.min(self.desk.config.linger)
    }

    fn is_recording_due(&self, now: Instant) -> bool {
        let lingered = self
            .landed_at
            .is_some_and(|since| since + self.linger() <= now);
        !self.landed.is_empty()
            && (lingered || self.flights.is_empty() || self.landed.len() >= self.enough())
    }

    fn no_later_than_other_work(&self, until: Instant) -> Instant {
        let recording = self.landed_at.map(|since| since + self.linger());
        let doubts = (self.doubts != Doubts::Settled).then_some(self.doubts_at);
        [recording, doubts]
            .into_iter()
            .flatten()
            .fold(until, Instant::min)
    }

    async fn record_landed(&mut self) -> Result<(), StorageError> {
        if self.landed.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        let heard = self.gate.heard();
        let (desk, lease) = (&self.desk, &self.kept.lease);
        let recorded = record(desk, lease, &self.landed, &heard, Guard::Attempt).await;
        if let Err(error) = recorded {
            // What it refuses again and again must not keep the others from being recorded.
            self.unrecordable
                .tell_apart(desk, lease, &self.gate, &mut self.landed, heard, error)
                .await?;
            self.doubts = Doubts::Waiting;
        } else {
            self.gate.note_stopped(&heard.stopped);
        }
        self.recording_takes = began.elapsed();
        self.unrecordable.forget_failures();
        let doubted = self
            .landed
            .iter()
            .any(|landed| matches!(landed.outcome, Outcome::InDoubt { .. }));
        if doubted {
            self.doubts = Doubts::Waiting;
        }
        self.files.forget_refused(&self.landed);
        self.landed.clear();
        self.landed_at = None;
        Ok(())
    }

    async fn record_uncertain(&mut self) -> Result<(), StorageError> {
        if self.uncertain.is_empty() {
            return Ok(());
        }
        let nothing = Heard::default();
        let recorded = record(
            &self.desk,
            self.lease(),
            &self.uncertain,
            &nothing,
            Guard::Lease,
        )
        .await?;
        self.uncertain.clear();
        self.obey(recorded);
        Ok(())
    }

    fn obey(&self, recorded: Recorded) {
        if recorded == Recorded::LeaseLost {
            self.kept.watch.lose();
        }
    }

    async fn settle_doubts(&mut self, now: Instant) -> Result<(), StorageError> {
        self.unrecordable.doubt(&self.desk, &self.kept.lease).await;
        self.doubts = doubts::settle(&self.desk, self.lease()).await?;
        self.doubts_at = now + DOUBTS.min(self.desk.config.grace / 4);
        if self.doubts == Doubts::LeaseLost {
            self.kept.watch.lose();
        }
        Ok(())
    }

    fn is_idle(&self) -> bool {
        self.flights.is_empty() && self.landed.is_empty() && self.uncertain.is_empty()
    }

    /// How many messages make a claim worth its transaction.
    fn enough(&self) -> usize {
        let most = self.gate.most(Instant::now(), AHEAD);
        let most = most.min(self.desk.config.window);
        most.div_ceil(2).max(1)
    }

    /// Claims what may leave soon, and lets it.
    async fn send_more(&mut self) -> Result<Next, StorageError> {
        let now = Instant::now();
        if self.gate.is_account_refused() {
            // What was refused pauses every campaign when it is recorded; whatever is active
            // after that was resumed by a person.
            if self.is_idle() {
                self.gate.reopen_account();
                self.credentials = None;
                return Ok(Next::GoOn);
            }
            return Ok(Next::Wait(now + PATROL));
        }
        if let Some(until) = self.gate.closed_until() {
            return Ok(Next::Wait(until.min(now + PATROL)));
        }
        let begun = self.flights.len() + self.landed.len();
        let free = self.desk.config.window.saturating_sub(begun);
        let room = free.min(self.gate.room(now, AHEAD));
        if room < self.enough() {
            let roomy_at = self.gate.roomy_at(self.enough(), AHEAD, now);
            let until = if free < self.enough() {
                now + PATROL
            } else {
                roomy_at
            };
            return Ok(Next::Wait(until));
        }
        let OpenCampaigns { ids, next_opening } = open_campaigns(&self.desk, self.lease()).await?;
        let active: Vec<CampaignId> = ids.into_iter().filter(|id| self.may_send(*id)).collect();
        self.gate.remember_only(&active);
        if active.is_empty() && next_opening.is_some() {
            return Ok(Next::Wait(now + self.until(next_opening)));
        }
        if active.is_empty() {
            let nothing_left = self.is_idle() && self.doubts == Doubts::Settled;
            return Ok(if nothing_left {
                Next::End
            } else {
                Next::Wait(now + PATROL)
            });
        }
        self.learn_limits(now).await?;
        if let Some(until) = self.gate.closed_until() {
            return Ok(Next::Wait(until.min(now + PATROL)));
        }
        let active = match self.limits.worth_asking(active, now) {
            Ok(active) => active,
            Err(until) => return Ok(Next::Wait(until.min(now + BELIEVED))),
        };
        let room = self.limits.room(room);
        let Some(exit) = self.exit(now).await? else {
            return Ok(Next::GoOn);
        };
        let files = self.files.look_after(&exit, &self.kept.lease, &active);
        let (ready, next_try) = match files.await? {
            Looked::Ready(ready, next_try) => (ready, next_try),
            Looked::Paused(paused) => {
                self.obey(paused);
                self.credentials = None;
                return Ok(Next::GoOn);
            }
        };
        let next_try = next_try.unwrap_or(now + PATROL).min(now + PATROL);
        if ready.is_empty() {
            return Ok(Next::Wait(next_try));
        }
        if self.claim_in_turn(&ready, &exit, room).await? {
            return Ok(Next::GoOn);
        }
        let sending: Vec<CampaignId> = ready.iter().map(|(id, _)| *id).collect();
        let next_due = self.next_due(now, &sending).await?;
        Ok(Next::Wait(next_due.min(next_try)))
    }

    /// How long it is until then, as far as an account waits at all.
    fn until(&self, at: Option<DateTime<Utc>>) -> Duration {
        at.map_or(PATROL, |at| {
            (at - self.desk.clock.now())
                .to_std()
                .unwrap_or_default()
                .clamp(HELD_BY_OTHERS, PATROL)
        })
    }

    /// Whether a campaign that is active may be claimed from: not while messages that were refused
    /// for it wait to be recorded, which pauses it.
    fn may_send(&self, campaign: CampaignId) -> bool {
        if !self.gate.is_refused(campaign) {
            return true;
        }
        let unrecorded = self
            .landed
            .iter()
            .any(|landed| landed.ticket.campaign == campaign);
        if self.flights.has(campaign) || unrecorded {
            return false;
        }
        self.gate.reopen_campaign(campaign);
        true
    }

    /// Claims from each campaign a fair share. The first gets what does not divide evenly, so the
    /// next turn begins after it. Whether anything was claimed or passed over.
    async fn claim_in_turn(
        &mut self,
        active: &[Ready],
        exit: &Exit,
        mut room: usize,
    ) -> Result<bool, StorageError> {
        let begin = self
            .first_served
            .and_then(|first| active.iter().position(|(id, _)| *id == first))
            .map_or(0, |position| position + 1);
        let mut progress = false;
        for turn in 0..active.len() {
            let (campaign, file) = &active[(begin + turn) % active.len()];
            let campaign = *campaign;
            let share = room.div_ceil(active.len() - turn);
            if share == 0 {
                break;
            }
            let most = u32::try_from(share).unwrap_or(u32::MAX);
            let limit = self.limits.limit();
            match claim(
                &self.desk,
                self.lease(),
                campaign,
                most,
                limit,
                file.as_ref(),
            )
            .await
            {
                Ok(Claim::UsedUp(renews_at)) => {
                    let wait = (renews_at - self.desk.clock.now()).to_std();
                    let now = Instant::now();
                    let until = now + wait.unwrap_or_default();
                    self.limits.use_up(campaign, until, now);
                }
                Ok(Claim::LeaseLost) => {
                    self.kept.watch.lose();
                    return Ok(true);
                }
                Ok(Claim::Nothing) => {}
                Ok(Claim::Flights(flights)) => {
                    if !progress {
                        self.first_served = Some(campaign);
                    }
                    progress = true;
                    room = room.saturating_sub(flights.len());
                    for flight in flights {
                        let leaves_at = self.gate.take(Instant::now());
                        self.flights.launch(exit.clone(), flight, leaves_at);
                    }
                }
                Err(ClaimFailed { error, uncertain }) => {
                    // Another campaign is asked first the next time: the failure may be of this one.
                    self.first_served = Some(campaign);
                    self.uncertain
                        .extend(uncertain.into_iter().map(|ticket| Landed {
                            ticket,
                            outcome: Outcome::HeldBack,
                        }));
                    return Err(error);
                }
            }
        }
        Ok(progress)
    }

    /// What bounds the account is looked at every few seconds, and while it has a daily limit
    /// before every claim.
    async fn learn_limits(&mut self, now: Instant) -> Result<(), StorageError> {
        if self.limits.are_known(now) {
            return Ok(());
        }
        let at = self.desk.clock.now();
        let lease = &self.kept.lease;
        let counting_after = DailyBudget::counting_after(at);
        let mut store = self.desk.storage.read();
        let limits = store
            .senders()
            .limits(lease.user_id, lease.sender_id, counting_after)
            .await?
            .unwrap_or_default();
        let rests = limits.rests_until.map(|until| (until - at).to_std());
        if let Some(Ok(rest)) = rests {
            self.gate.close_until(now + rest);
        }
        let user = store.users().find(lease.user_id).await?;
        let of_user = user.and_then(|user| user.whatsapp_daily_limit);
        let limit = of_user.map_or(self.desk.config.daily_people, DailyLimit::people);
        let budget = limits.budget(limit);
        if limit.is_some() && self.limits.limit().is_none() {
            store
                .senders()
                .forget_people(lease.user_id, lease.sender_id, counting_after)
                .await?;
        }
        self.limits.learn(&budget, at, now);
        Ok(())
    }

    /// When a recipient of these campaigns that waits is due.
    async fn next_due(
        &self,
        now: Instant,
        campaigns: &[CampaignId],
    ) -> Result<Instant, StorageError> {
        let due = self
            .desk
            .storage
            .read()
            .recipients()
            .next_due(self.account.user_id, campaigns)
            .await?;
        Ok(now + self.until(due))
    }

    /// What messages leave through; `None` when the user's profile has no working credentials for
    /// this account, and its campaigns are paused for that.
    async fn exit(&mut self, now: Instant) -> Result<Option<Exit>, StorageError> {
        let channel = self.desk.channels.get(self.account.channel).cloned();
        let credentials = self.credentials(now).await?;
        let (Some(channel), Some(credentials)) = (channel, credentials) else {
            let paused =
                pause_all(&self.desk, self.lease(), FailureCode::CredentialInvalid).await?;
            self.obey(paused);
            return Ok(None);
        };
        Ok(Some(self.exit_through(channel, credentials)))
    }

    fn exit_through(
        &self,
        channel: Arc<dyn MessageChannel>,
        credentials: Arc<SenderCredentials>,
    ) -> Exit {
        Exit {
            desk: Arc::clone(&self.desk),
            gate: Arc::clone(&self.gate),
            channel,
            credentials,
        }
    }

    async fn credentials(
        &mut self,
        now: Instant,
    ) -> Result<Option<Arc<SenderCredentials>>, StorageError> {
        if let Some((known, read_at)) = &self.credentials
            && *read_at + CREDENTIALS > now
        {
            return Ok(Some(Arc::clone(known)));
        }
        let user: Option<User> = self
            .desk
            .storage
            .read()
            .users()
            .find(self.account.user_id)
            .await?;
        // The profile may name another number by now; this account is then nobody's.
        let opened = user
            .and_then(|user| {
                credentials_for(self.account.channel, self.desk.sealer.as_ref(), &user).ok()
            })
            .filter(|credentials| credentials.external_id == self.account.external_id)
            .map(Arc::new);
        self.credentials = opened.clone().map(|credentials| (credentials, now));
        Ok(opened)
    }

    /// Lets what is in flight land, and records it. At the end of the process there is a limit to
    /// that; when only the lease is lost there is none, since an outcome is worth recording still.
    async fn leave(&mut self, now: Instant, lost: bool) -> Result<Next, StorageError> {
        if self.shutdown.requested() {
            self.ending_since.get_or_insert(now);
        }
        let drain = self.desk.config.drain_timeout;
        let is_over = |limit| self.ending_since.is_some_and(|since| since + limit <= now);
        let (drained, ended) = (is_over(drain), is_over(drain + LAST_RECORDING));
        if drained && !self.flights.is_empty() {
            let abandoned = self.flights.abandon().await;
            tracing::warn!(
                sender_id = %self.account.id,
                messages = abandoned.len(),
                "the process ends before the provider has answered"
            );
            self.note(abandoned);
        }
        if lost {
            // Whoever has the account now puts them in doubt, if they were committed.
            self.uncertain.clear();
        }
        if let Some(until) = self.store_rests(now) {
            return Ok(Next::Wait(until));
        }
        let recorded = async {
            self.record_uncertain().await?;
            self.record_landed().await
        }
        .await;
        match recorded {
            Ok(()) if self.is_idle() => Ok(Next::End),
            Ok(()) => Ok(Next::Wait(Instant::now() + self.desk.config.linger)),
            Err(error) if ended => {
                tracing::error!(
                    sender_id = %self.account.id,
                    messages = self.landed.len(),
                    error = &error as &dyn std::error::Error,
                    "outcomes are not recorded; these messages will be in doubt"
                );
                Ok(Next::End)
            }
            Err(error) => Err(error),
        }
    }
}
