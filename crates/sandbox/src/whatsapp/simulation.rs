//! Everything the simulated provider knows, and the events that change it.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::time::Instant;

use super::accounts::{AccountRegistration, Accounts};
use super::content::Send;
use super::media::MediaShelf;
use super::news::Ratings;
use super::numbers::{self, Answer, Reply, Script, Status, StatusPlan};
use super::phones::Phones;
use super::schedule::{Due, Schedule};
use super::templates::TemplateShelves;
use super::throughput::Throughput;
use super::webhooks::{Notice, Outboxes, Redelivery};
use crate::behaviour::Behaviour;
use crate::entropy;
use crate::journal::{
    AcceptedMessage, Event, InboundContent, InboundMessage, Journal, JournalEntry, JournalError,
};
use crate::locks::{lock, read, write};

/// Why a customer's message can't be received.
#[derive(Debug, thiserror::Error)]
pub enum InboundError {
    #[error("the customer's number must have 7 to 15 digits")]
    Number,
    #[error("no account has this phone number id")]
    UnknownAccount,
    #[error("no business has written to this phone, so phone_number_id is needed")]
    NoConversation,
    #[error(transparent)]
    Journal(#[from] JournalError),
}

pub(crate) struct Simulation {
    base_url: String,
    run_id: String,
    mexican_wa_id: bool,
    redelivery: Redelivery,
    http: reqwest::Client,
    accounts: Accounts,
    journal: Journal,
    phones: Phones,
    media: MediaShelf,
    templates: TemplateShelves,
    ratings: Ratings,
    behaviour: RwLock<Behaviour>,
    throughput: Throughput,
    /// How often a "first times" script has refused, by business number and customer.
    refusals: Mutex<HashMap<(String, String), u32>>,
    schedule: Schedule,
    outboxes: Outboxes,
    draws: AtomicU64,
    stopping: watch::Sender<bool>,
}

/// What [`Simulation::open`] needs.
pub(crate) struct Setting<'a> {
    pub(crate) base_url: String,
    pub(crate) journal: Option<&'a Path>,
    pub(crate) behaviour: Behaviour,
    pub(crate) redelivery: Redelivery,
    pub(crate) mexican_wa_id: bool,
    pub(crate) http: reqwest::Client,
}

impl Simulation {
    /// Starts from an empty world, or from what the journal remembers.
    pub(crate) fn open(setting: Setting<'_>) -> Result<Arc<Self>, JournalError> {
        let (journal, accounts, media) = match setting.journal {
            Some(path) => {
                let (journal, accounts) = Journal::open(path)?;
                (journal, accounts, MediaShelf::beside(path))
            }
            None => (Journal::in_memory(), Vec::new(), MediaShelf::in_memory()),
        };
        let simulation = Arc::new(Self {
            base_url: setting.base_url,
            run_id: entropy::run_id(),
            mexican_wa_id: setting.mexican_wa_id,
            redelivery: setting.redelivery,
            http: setting.http,
            accounts: Accounts::default(),
            journal,
            phones: Phones::default(),
            media,
            templates: TemplateShelves::seeded(),
            ratings: Ratings::default(),
            behaviour: RwLock::new(setting.behaviour),
            throughput: Throughput::default(),
            refusals: Mutex::default(),
            schedule: Schedule::default(),
            outboxes: Outboxes::default(),
            draws: AtomicU64::new(0),
            stopping: watch::Sender::new(false),
        });
        for account in accounts {
            simulation.accounts.upsert(account);
        }
        simulation.remember();
        Ok(simulation)
    }

    /// Rebuilds the world from the journal and takes up what was cut short: statuses and
    /// inbound messages whose webhook was never answered 200.
    fn remember(self: &Arc<Self>) {
        let entries = self.journal.entries();
        let mut told: HashMap<&str, HashSet<Option<&str>>> = HashMap::new();
        for entry in &entries {
            match &entry.event {
                Event::Accepted(_) | Event::Inbound(_) => self.phones.show(entry),
                Event::Webhook(attempt) => {
                    for notice in &attempt.notices {
                        if let Some(status) = notice.status.as_deref() {
                            let status = Status::of(status, notice.code);
                            self.phones.mark(&notice.id, status);
                        }
                        if attempt.delivered() {
                            let statuses = told.entry(&notice.id).or_default();
                            statuses.insert(notice.status.as_deref());
                        }
                    }
                }
                Event::Media(record) => self.media.remember(record.clone()),
                Event::MediaDeleted { media_id } => {
                    self.media.remove(media_id);
                }
                Event::Refused(refused) => {
                    if let Some(to) = &refused.to
                        && let Answer::Refusal {
                            code,
                            times: Some(_),
                        } = numbers::script(to, true).answer
                        && code == refused.code
                    {
                        self.count_refusal(&refused.phone_number_id, to);
                    }
                }
                Event::Unanswered(_) | Event::ReadReceipt { .. } => {}
            }
        }
        let untold = |id: &str, status: Option<&str>| {
            !told
                .get(id)
                .is_some_and(|statuses| statuses.contains(&status))
        };
        let now = entropy::now();
        for entry in &entries {
            let age = (now - entry.at).to_std().unwrap_or_default();
            if age > self.redelivery.give_up_after {
                continue;
            }
            match &entry.event {
                Event::Accepted(message) if !message.silent => {
                    self.plan(entry, Instant::now(), age, false, &|status| {
                        untold(&message.wamid, Some(status.word()))
                    });
                }
                Event::Inbound(message) if untold(&message.id, None) => {
                    self.schedule.plan(
                        Instant::now(),
                        Due::Notice(Notice::Inbound(Arc::clone(entry))),
                    );
                }
                _ => {}
            }
        }
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    pub(crate) fn run_id(&self) -> &str {
        &self.run_id
    }

    pub(crate) fn redelivery(&self) -> Redelivery {
        self.redelivery
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn phones(&self) -> &Phones {
        &self.phones
    }

    pub(crate) fn media(&self) -> &MediaShelf {
        &self.media
    }

    pub(crate) fn templates(&self) -> &TemplateShelves {
        &self.templates
    }

    pub(crate) fn ratings(&self) -> &Ratings {
        &self.ratings
    }

    pub(crate) fn throughput(&self) -> &Throughput {
        &self.throughput
    }

    pub(crate) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    pub(crate) fn outboxes(&self) -> &Outboxes {
        &self.outboxes
    }

    pub(crate) fn behaviour(&self) -> Behaviour {
        read(&self.behaviour).clone()
    }

    pub(crate) fn change_behaviour<E>(
        &self,
        change: impl FnOnce(&mut Behaviour) -> Result<(), E>,
    ) -> Result<Behaviour, E> {
        let mut behaviour = write(&self.behaviour);
        change(&mut behaviour)?;
        Ok(behaviour.clone())
    }

    pub(crate) fn register(&self, account: &AccountRegistration) -> Result<(), JournalError> {
        if self.accounts.upsert(account.clone()) {
            self.journal.record_account(account)?;
        }
        Ok(())
    }

    /// WhatsApp's id for a number written as digits.
    pub(crate) fn wa_id(&self, digits: &str) -> String {
        numbers::wa_id(digits, self.mexican_wa_id)
    }

    /// Draws a number 0..100 from the behaviour's series.
    pub(crate) fn draw(&self, seed: u64) -> u8 {
        entropy::percent_draw(seed, self.draws.fetch_add(1, Ordering::Relaxed))
    }

    /// Counts one more refusal of a "first times" script; returns how many there were before.
    pub(crate) fn count_refusal(&self, phone_number_id: &str, to: &str) -> u32 {
        let mut refusals = lock(&self.refusals);
        let count = refusals
            .entry((phone_number_id.to_owned(), to.to_owned()))
            .or_default();
        *count += 1;
        *count - 1
    }

    /// Takes charge of a message: when this returns, the journal has it and its future is
    /// planned. `answer_in` is how long the answer to the request will still take.
    pub(crate) fn accept(
        &self,
        phone_number_id: &str,
        send: Send,
        behaviour: &Behaviour,
        answer_in: Duration,
        hold: &dyn Fn(Status) -> bool,
    ) -> Result<Arc<JournalEntry>, JournalError> {
        let entry = self.journal.record(Event::Accepted(AcceptedMessage {
            wamid: entropy::message_id(),
            phone_number_id: phone_number_id.to_owned(),
            wa_id: self.wa_id(&send.to),
            to: send.to,
            message_type: send.content.kind,
            text: send.content.text,
            template: send.content.template,
            language: send.content.language,
            buttons: send.content.buttons,
            media: send.content.media,
            context: send.context,
            opaque: send.opaque,
            category: send.content.category,
            silent: !behaviour.statuses,
        }))?;
        self.phones.show(&entry);
        self.plan(
            &entry,
            Instant::now() + answer_in,
            Duration::ZERO,
            true,
            &|status| behaviour.statuses && !hold(status),
        );
        Ok(entry)
    }

    /// Plans an accepted message's statuses that `wanted` names, and the reply. `from` is the
    /// moment it counts from, `age` how much of the waiting is already over. A message taken up
    /// again (not `fresh`) is answered only if a status was still to come.
    fn plan(
        &self,
        entry: &Arc<JournalEntry>,
        from: Instant,
        age: Duration,
        fresh: bool,
        wanted: &dyn Fn(Status) -> bool,
    ) {
        let Event::Accepted(message) = &entry.event else {
            return;
        };
        let behaviour = self.behaviour();
        let script = numbers::script(&message.to, behaviour.scripted_numbers);
        let delay = Duration::from_millis(behaviour.status_delay_ms);
        let after = |steps: u32| from + (delay * steps).saturating_sub(age);
        let timetable = numbers::timetable(script.statuses, &message.wa_id);
        let last_step = timetable.last().map_or(0, |(step, _)| *step);
        let mut planned = fresh;
        for (step, status) in timetable {
            if wanted(status) {
                planned = true;
                let notice = Notice::Status {
                    message: Arc::clone(entry),
                    status,
                    at: entry.at,
                };
                self.schedule.plan(after(step), Due::Notice(notice));
            }
        }
        if planned
            && self
                .answers(entry.at, message, script, &behaviour)
                .is_some()
        {
            let due = Due::Reply(Arc::clone(entry));
            self.schedule.plan(after(last_step + 1), due);
        }
    }

    /// What the person holding the phone answers. Free-form messages within a running
    /// conversation get no automatic answer: an assistant would talk to it for ever.
    fn answers(
        &self,
        at: DateTime<Utc>,
        message: &AcceptedMessage,
        script: Script,
        behaviour: &Behaviour,
    ) -> Option<InboundContent> {
        let quiet = if message.template.is_some() {
            chrono::Duration::zero()
        } else {
            chrono::Duration::hours(24)
        };
        if self
            .phones
            .last_inbound(&message.wa_id, &message.phone_number_id)
            .is_some_and(|inbound| inbound >= at - quiet)
        {
            return None;
        }
        let text = |text: &str| Some(InboundContent::Text(text.to_owned()));
        match script.reply {
            Reply::Text(words) => text(words),
            Reply::StopsMarketing => Some(InboundContent::StopMarketing),
            Reply::TapsButton => message.buttons.first().cloned().map(InboundContent::Button),
            Reply::Sometimes if behaviour.replies && script.statuses == StatusPlan::Everyday => {
                numbers::everyday_reply(&message.wa_id).and_then(text)
            }
            Reply::Sometimes | Reply::Never => None,
        }
    }

    /// Does what is due.
    pub(crate) fn carry_out(self: &Arc<Self>, due: Vec<Due>) {
        let mut notices = Vec::new();
        for due in due {
            match due {
                Due::Notice(mut notice) => {
                    self.happen(&mut notice);
                    notices.push(notice);
                }
                Due::Redelivery(account, parcel) => self.outboxes.post(self, account, parcel),
                Due::Reply(entry) => self.reply(&entry),
            }
        }
        self.outboxes.send(self, notices);
    }

    /// A status happens now: it gets its time, and the phone's ticks move.
    pub(crate) fn happen(&self, notice: &mut Notice) {
        if let Notice::Status {
            message,
            status,
            at,
        } = notice
        {
            *at = entropy::now();
            if let Event::Accepted(message) = &message.event {
                self.phones.mark(&message.wamid, *status);
            }
        }
    }

    fn reply(self: &Arc<Self>, entry: &Arc<JournalEntry>) {
        let Event::Accepted(message) = &entry.event else {
            return;
        };
        let behaviour = self.behaviour();
        let script = numbers::script(&message.to, behaviour.scripted_numbers);
        let Some(content) = self.answers(entry.at, message, script, &behaviour) else {
            return;
        };
        let quoted = matches!(content, InboundContent::Button(_)).then(|| message.wamid.clone());
        let received = self.receive(&message.wa_id, &message.phone_number_id, content, quoted);
        if let Err(error) = received {
            tracing::warn!(%error, "a simulated reply was lost");
        }
    }

    /// A customer does something; the business hears of it by webhook. Returns the message id.
    pub(crate) fn receive(
        self: &Arc<Self>,
        from: &str,
        phone_number_id: &str,
        content: InboundContent,
        quoted: Option<String>,
    ) -> Result<String, InboundError> {
        let digits = numbers::digits(from).ok_or(InboundError::Number)?;
        let account = self
            .accounts
            .get(phone_number_id)
            .ok_or(InboundError::UnknownAccount)?;
        let from = self.wa_id(&digits);
        let id = entropy::message_id();
        let entry = self.journal.record(Event::Inbound(InboundMessage {
            id: id.clone(),
            phone_number_id: account.phone_number_id.clone(),
            name: numbers::profile_name(&from),
            from,
            content,
            context: quoted,
        }))?;
        self.phones.show(&entry);
        self.outboxes.send(self, vec![Notice::Inbound(entry)]);
        Ok(id)
    }

    /// Records what must not hold anything up.
    pub(crate) fn record_or_log(&self, event: Event) {
        match self.journal.record(event) {
            Ok(_) | Err(JournalError::Closed) => {}
            Err(error) => tracing::error!(%error, "the journal lost an entry"),
        }
    }

    /// Ends what waits, and closes the journal.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
        self.journal.close();
    }

    /// Resolves when the sandbox stops.
    pub(crate) async fn stopped(&self) {
        // An error means that the sender is gone, which is a stop too.
        let _ = self
            .stopping
            .subscribe()
            .wait_for(|stopping| *stopping)
            .await;
    }
}
