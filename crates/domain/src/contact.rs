//! Contacts: the customers of a user.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::values::{
    CustomFields, EmailAddress, FieldName, LongText, PersonName, PhoneNumber, Problem, ShortText,
    Tag, Violations, fold,
};
use crate::{ChannelKind, ContactId, ImportId, SkipReason, UserId};

/// Whether a contact may be written to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactStatus {
    /// May be written to.
    #[default]
    Active,
    /// Set aside by the user.
    Inactive,
    /// Asked not to be written to: never sent to by any channel.
    Unsubscribed,
}

impl ContactStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::Unsubscribed];

    /// Reads the word of the API.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let wanted = raw.trim();
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == wanted)
            .ok_or_else(|| Problem::NotOneOf {
                accepted: Self::ALL.map(|status| status.as_str().to_owned()).to_vec(),
            })
    }

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Unsubscribed => "unsubscribed",
        }
    }

    /// How a contact that is new at `at` with this status came to be unsubscribed, if it is.
    pub fn opt_out(self, source: OptOutSource, at: DateTime<Utc>) -> Option<OptOut> {
        (self == Self::Unsubscribed).then(|| OptOut::new(source, at))
    }
}

/// By which way the wish not to be written to came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OptOutSource {
    /// Set by the user.
    User,
    /// Said so in an imported file.
    Import,
    /// The person stopped the messages at the provider, which told so or refuses to deliver.
    Provider,
    /// The person wrote a word that means it, or pressed a button that says it.
    Customer,
}

impl OptOutSource {
    /// Every source.
    pub const ALL: [Self; 4] = [Self::User, Self::Import, Self::Provider, Self::Customer];

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Import => "import",
            Self::Provider => "provider",
            Self::Customer => "customer",
        }
    }

    /// Whether the person decided it: then the person can take it back by a word. What the user
    /// decided, the user takes back.
    pub fn is_of_person(self) -> bool {
        matches!(self, Self::Provider | Self::Customer)
    }
}

/// A wish not to be written to, to be shown to whoever asks for proof of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOut {
    /// When it became known; with a correspondent, when the person said it.
    pub at: DateTime<Utc>,
    /// By which way.
    pub source: OptOutSource,
    /// The word that the person wrote, as the user spells it.
    pub word: Option<String>,
    /// The contact's status until then, to which the person's word brings it back.
    pub before: ContactStatus,
}

impl OptOut {
    /// A wish without a word, of a contact that was active.
    pub fn new(source: OptOutSource, at: DateTime<Utc>) -> Self {
        Self {
            at,
            source,
            word: None,
            before: ContactStatus::Active,
        }
    }
}

/// Where a contact came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContactSource {
    /// Typed in by the user.
    Manual,
    /// From an uploaded file.
    File(ImportId),
    /// Wrote to the user first.
    Inbound,
}

impl ContactSource {
    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::File(_) => "file",
            Self::Inbound => "inbound",
        }
    }
}

/// How a contact is reached over a channel, or why it isn't.
pub type Reachability = Result<String, SkipReason>;

/// A customer of a user. It has a phone number or an e-mail address; each is unique per user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The contact's id.
    pub id: ContactId,
    /// Whose contact this is.
    pub user_id: UserId,
    /// The name.
    pub name: PersonName,
    /// The phone number.
    pub phone: Option<PhoneNumber>,
    /// The e-mail address.
    pub email: Option<EmailAddress>,
    /// Labels, each once.
    pub tags: Vec<Tag>,
    /// Free notes.
    pub notes: Option<LongText>,
    /// What the user knows of it besides.
    pub custom_fields: CustomFields,
    /// Whether it may be written to.
    pub status: ContactStatus,
    /// Since when and why it is unsubscribed; also absent for those that were unsubscribed before
    /// this was kept.
    pub opt_out: Option<OptOut>,
    /// Where it came from.
    pub source: ContactSource,
    /// When a message last went to it or came from it.
    pub last_message_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Contact {
    /// Whether it has a phone number or an e-mail address, as every contact must.
    pub fn check_reachable(&self) -> Result<(), Violations> {
        if self.phone.is_none() && self.email.is_none() {
            return Err(Violations::of("phone", Problem::PhoneOrEmailRequired));
        }
        Ok(())
    }

    /// It is not to be written to any more. The first wish counts: a second changes nothing.
    /// Whether it changed.
    pub fn unsubscribe(&mut self, source: OptOutSource, at: DateTime<Utc>) -> bool {
        self.opt_out_as(OptOut::new(source, at))
    }

    /// As [`Self::unsubscribe`], with all that is known of the wish.
    pub fn opt_out_as(&mut self, wish: OptOut) -> bool {
        if self.status == ContactStatus::Unsubscribed {
            return false;
        }
        self.opt_out = Some(OptOut {
            before: self.status,
            ..wish
        });
        self.status = ContactStatus::Unsubscribed;
        true
    }

    /// The person wants to be written to again: the contact goes back to where their own wish took it
    /// from. What the user set, the person can't undo. Whether it changed.
    pub fn return_by_own_wish(&mut self) -> bool {
        let Some(wish) = self.opt_out.take_if(|wish| wish.source.is_of_person()) else {
            return false;
        };
        self.status = wish.before;
        true
    }

    /// It may be written to again; what is known of the wish before goes. Whether it changed.
    pub fn resubscribe(&mut self) -> bool {
        let changed = self.status != ContactStatus::Active;
        self.status = ContactStatus::Active;
        self.opt_out = None;
        changed
    }

    /// Its user gives it this status. Whether it changed.
    pub fn set_status(&mut self, status: ContactStatus, at: DateTime<Utc>) -> bool {
        match status {
            ContactStatus::Unsubscribed => self.unsubscribe(OptOutSource::User, at),
            ContactStatus::Active => self.resubscribe(),
            ContactStatus::Inactive => {
                let changed = self.status != ContactStatus::Inactive;
                self.status = ContactStatus::Inactive;
                self.opt_out = None;
                changed
            }
        }
    }

    /// It gets these tags, all or none: a contact that would have too many keeps those it has.
    /// Whether it changed.
    pub fn tag(&mut self, tags: &[Tag]) -> bool {
        let mut new: Vec<Tag> = Vec::new();
        for tag in tags {
            if !self.tags.contains(tag) && !new.contains(tag) {
                new.push(tag.clone());
            }
        }
        let fits = self.tags.len() + new.len() <= Tag::MAX_PER_CONTACT;
        let changed = fits && !new.is_empty();
        if changed {
            self.tags.append(&mut new);
        }
        changed
    }

    /// It loses these tags. Whether it had one of them.
    pub fn untag(&mut self, tags: &[Tag]) -> bool {
        let before = self.tags.len();
        self.tags.retain(|tag| !tags.contains(tag));
        self.tags.len() < before
    }

    /// The tag is called otherwise, in its place; a contact that has both keeps one. Whether it
    /// changed, be it only the spelling.
    pub fn rename_tag(&mut self, from: &Tag, to: &Tag) -> bool {
        Tag::rename(&mut self.tags, from, to)
    }

    /// Takes over what is known of `other`, who is the same person: what it lacks itself, the tags
    /// and notes besides its own, and the earliest wish not to be written to. What is too much for
    /// one contact is refused; then nothing has changed.
    pub fn absorb(&mut self, other: Self) -> Result<(), Violations> {
        let mut violations = Violations::new();
        let mut tags = self.tags.clone();
        tags.extend(
            other
                .tags
                .into_iter()
                .filter(|tag| !self.tags.contains(tag)),
        );
        if tags.len() > Tag::MAX_PER_CONTACT {
            violations.add("tags", Problem::TooMany { max: 50 });
        }
        let notes = match (&self.notes, other.notes) {
            (Some(own), Some(others)) if *own != others => {
                let both = LongText::parse(&format!("{own}\n{others}"));
                violations.check("notes", both)
            }
            (Some(own), _) => Some(own.clone()),
            (None, others) => others,
        };
        let mut fields = self.custom_fields.clone();
        violations.check("custom_fields", fields.take(&other.custom_fields, false));
        violations.into_result()?;
        self.tags = tags;
        self.notes = notes;
        self.custom_fields = fields;
        self.phone = self.phone.take().or(other.phone);
        self.email = self.email.take().or(other.email);
        self.last_message_at = self.last_message_at.max(other.last_message_at);
        if other.status == ContactStatus::Unsubscribed {
            self.status = ContactStatus::Unsubscribed;
            self.opt_out = match (self.opt_out.take(), other.opt_out) {
                (Some(own), Some(others)) => Some(if others.at < own.at { others } else { own }),
                (own, others) => own.or(others),
            };
        }
        Ok(())
    }

    /// The address that `channel` sends to, or why this contact is passed over.
    pub fn reach(&self, channel: ChannelKind) -> Reachability {
        match self.status {
            ContactStatus::Unsubscribed => return Err(SkipReason::OptedOut),
            ContactStatus::Inactive => return Err(SkipReason::Inactive),
            ContactStatus::Active => {}
        }
        match channel {
            ChannelKind::Whatsapp => self
                .phone
                .as_ref()
                .map(|phone| phone.as_str().to_owned())
                .ok_or(SkipReason::NoAddress),
            ChannelKind::Gmail => self
                .email
                .as_ref()
                .map(|email| email.key().to_owned())
                .ok_or(SkipReason::NoAddress),
        }
    }

    /// What a search looks through: name, phone, e-mail, notes and tags, folded.
    pub fn search_text(&self) -> String {
        let mut text = fold(self.name.as_str());
        let mut add = |part: &str| {
            text.push('\n');
            text.push_str(&fold(part));
        };
        if let Some(phone) = &self.phone {
            add(phone.as_str());
        }
        if let Some(email) = &self.email {
            add(email.as_str());
        }
        for tag in &self.tags {
            add(tag.label());
        }
        if let Some(notes) = &self.notes {
            add(notes.as_str());
        }
        text
    }
}

/// Which contacts are meant; every condition that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactFilter {
    /// A part of name, phone, e-mail, notes or tags; accents and case aside.
    pub search: Option<ShortText>,
    /// All of these tags.
    pub tags: Vec<Tag>,
    /// This status.
    pub status: Option<ContactStatus>,
    /// Has a phone number.
    pub has_phone: bool,
    /// Has an e-mail address.
    pub has_email: bool,
    /// Has a value in this custom field, spelled so.
    pub has_field: Option<FieldName>,
    /// Created at or after.
    pub created_after: Option<DateTime<Utc>>,
    /// Created before.
    pub created_before: Option<DateTime<Utc>>,
    /// Let through by each of these as well: a second search, a second status.
    pub also: Vec<Self>,
}

impl ContactFilter {
    /// Whether it lets every contact through.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Lets through those whom both let through.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        // Taken apart by name, so that no condition that is added can be forgotten here.
        let Self {
            search,
            tags,
            status,
            has_phone,
            has_email,
            has_field,
            created_after,
            created_before,
            also,
        } = other;
        for tag in tags {
            if !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
        self.has_phone |= has_phone;
        self.has_email |= has_email;
        self.created_after = self.created_after.max(created_after);
        self.created_before = match (self.created_before, created_before) {
            (Some(own), Some(others)) => Some(own.min(others)),
            (own, others) => own.or(others),
        };
        // A filter has one search, one status and one field; what both give and is not the same
        // stays apart.
        let mut apart = Self::default();
        if self.search.is_none() {
            self.search = search;
        } else if self.search != search {
            apart.search = search;
        }
        if self.status.is_none() {
            self.status = status;
        } else if self.status != status {
            apart.status = status;
        }
        if self.has_field.is_none() {
            self.has_field = has_field;
        } else if self.has_field != has_field {
            apart.has_field = has_field;
        }
        self.also.extend(also);
        if !apart.is_empty() {
            self.also.push(apart);
        }
        self
    }

    /// Whether who has the tag matters to who is let through.
    pub fn names_tag(&self, tag: &Tag) -> bool {
        self.tags.contains(tag) || self.also.iter().any(|filter| filter.names_tag(tag))
    }

    /// The tag is called otherwise. Whether that made a difference.
    pub fn rename_tag(&mut self, from: &Tag, to: &Tag) -> bool {
        let mut changed = Tag::rename(&mut self.tags, from, to);
        for filter in &mut self.also {
            changed |= filter.rename_tag(from, to);
        }
        changed
    }

    /// Reads what is to be looked for: signs that are nothing without a letter (`´`) are found in
    /// nearly everybody's text.
    pub fn parse_search(raw: &str) -> Result<ShortText, Problem> {
        let search = ShortText::parse(raw)?;
        if fold(search.as_str()).trim().is_empty() {
            return Err(Problem::Required);
        }
        Ok(search)
    }

    /// What to look for in [`Contact::search_text`]. A search that is a phone number with spaces
    /// or dashes is looked for without them.
    pub fn search_needle(&self) -> Option<String> {
        let folded = fold(self.search.as_ref()?.as_str());
        let phone_like = folded.chars().any(|c| c.is_ascii_digit())
            && folded
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '.' | '+'));
        Some(if phone_like {
            folded.chars().filter(char::is_ascii_digit).collect()
        } else {
            folded.trim().to_owned()
        })
    }
}
