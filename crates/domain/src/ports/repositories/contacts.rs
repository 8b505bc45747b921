//! Contacts and their tags.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::values::{ContactSort, EmailAddress, ListRequest, Listing, PhoneNumber, Tag};
use crate::{
    CampaignId, ChannelKind, Contact, ContactFilter, ContactId, ContactSelection, EmptyRule,
    ImportId, UserId,
};

/// The addresses of a contact that is already there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAddress {
    /// The contact.
    pub id: ContactId,
    /// Its phone number.
    pub phone: Option<PhoneNumber>,
    /// Its e-mail address.
    pub email: Option<EmailAddress>,
}

/// A contact that an import created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedContact {
    /// The contact.
    pub contact: Contact,
    /// Whether a campaign or a message has to do with it.
    pub is_used: bool,
}

/// How many contacts a campaign is for, by what would become of them now. A contact is counted
/// once, under the first that applies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecipientTally {
    /// All of them.
    pub total: u64,
    /// Those who asked not to be written to.
    pub opted_out: u64,
    /// Those whom the user set aside.
    pub inactive: u64,
    /// Those without an address on the channel.
    pub no_address: u64,
    /// Those for whom the message would come out empty.
    pub variable_empty: u64,
    /// Those who would be written to and whom a text of the user's own does not reach; not asked for,
    /// nobody.
    pub outside_window: u64,
    /// Whether everybody was counted.
    pub is_exact: bool,
}

impl RecipientTally {
    /// How many of them would be written to when the campaign starts. Those outside of the window are
    /// among them: they may write until their turn comes.
    pub fn reachable(&self) -> u64 {
        let passed_over = self.opted_out + self.inactive + self.no_address + self.variable_empty;
        self.total.saturating_sub(passed_over)
    }
}

/// Whom a text of the user's own reaches: those who wrote to this sender lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeText {
    /// The provider's name for the sender.
    pub sender: String,
    /// After this moment.
    pub written_after: DateTime<Utc>,
}

/// By what recipients are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachRule {
    /// What they need an address on.
    pub channel: ChannelKind,
    /// For whom the message comes out empty.
    pub empty: EmptyRule,
    /// Whom it reaches besides, when it does not reach everybody.
    pub free_text: Option<FreeText>,
}

/// Contacts and their tags.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ContactRepository: Send {
    /// Adds contacts; `Duplicate(ContactPhone | ContactEmail)` when one's address is taken, and
    /// none is added.
    async fn insert(&mut self, contacts: &[Contact]) -> Result<(), StorageError>;
    /// The contact.
    async fn find(&mut self, user: UserId, id: ContactId) -> Result<Option<Contact>, StorageError>;
    /// The contact, kept from change by others.
    async fn lock(&mut self, user: UserId, id: ContactId) -> Result<Option<Contact>, StorageError>;
    /// The contacts with these ids, as far as they are the user's, in no particular order.
    async fn find_many(
        &mut self,
        user: UserId,
        ids: &[ContactId],
    ) -> Result<Vec<Contact>, StorageError>;
    /// The contacts with these ids, as far as they are the user's, kept from change by others, by id.
    async fn lock_many(
        &mut self,
        user: UserId,
        ids: &[ContactId],
    ) -> Result<Vec<Contact>, StorageError>;
    /// Stores every field but the id, the source and `created_at`; `last_message_at` only when it is
    /// later than what is stored.
    async fn save(&mut self, contact: &Contact) -> Result<(), StorageError>;
    /// Stores contacts of the user that were locked before, as [`Self::save`] does each.
    async fn save_many(&mut self, user: UserId, contacts: &[Contact]) -> Result<(), StorageError>;
    /// Deletes the contact. Whether there was one. Its ledger rows and messages stay, without it.
    async fn delete(&mut self, user: UserId, id: ContactId) -> Result<bool, StorageError>;
    /// Deletes the contacts with these ids, as far as they are the user's. How many there were.
    async fn delete_many(&mut self, user: UserId, ids: &[ContactId]) -> Result<u64, StorageError>;
    /// What was sent to and came from `from` belongs to `to` now, and campaigns that chose `from`
    /// choose `to`; both are the user's. Where a campaign sends to both, the row of `from` stays
    /// with it.
    async fn hand_over(
        &mut self,
        user: UserId,
        from: ContactId,
        to: ContactId,
    ) -> Result<(), StorageError>;
    /// The contacts of a selection, by id, after `after`, at most `most`.
    async fn selected(
        &mut self,
        user: UserId,
        selection: &ContactSelection,
        after: Option<ContactId>,
        most: u32,
    ) -> Result<Vec<ContactId>, StorageError>;
    /// The same, kept from change by others. One that leaves the selection meanwhile is not among
    /// them, so there may be fewer than `most` though others follow.
    async fn lock_selected(
        &mut self,
        user: UserId,
        selection: &ContactSelection,
        after: Option<ContactId>,
        most: u32,
    ) -> Result<Vec<Contact>, StorageError>;
    /// Part of the list.
    async fn list(
        &mut self,
        user: UserId,
        filter: &ContactFilter,
        request: &ListRequest<ContactSort>,
    ) -> Result<Listing<Contact>, StorageError>;
    /// How many contacts the filter lets through.
    async fn count(&mut self, user: UserId, filter: &ContactFilter) -> Result<u64, StorageError>;
    /// The contacts that have any of these addresses.
    async fn known(
        &mut self,
        user: UserId,
        phones: &[PhoneNumber],
        emails: &[EmailAddress],
    ) -> Result<Vec<KnownAddress>, StorageError>;
    /// The contacts that an import created, kept from change by others, by id, after `after`, at
    /// most `most`.
    async fn lock_created_by(
        &mut self,
        user: UserId,
        import: ImportId,
        after: Option<ContactId>,
        most: u32,
    ) -> Result<Vec<CreatedContact>, StorageError>;
    /// Every tag in use with the number of contacts that have it, by label.
    async fn tags(&mut self, user: UserId) -> Result<Vec<(Tag, u64)>, StorageError>;
    /// The recipients of a campaign: those chosen one by one and those that the audience lets
    /// through, each once, by id, after `after`, at most `most`.
    async fn recipients_of(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        audience: Option<ContactFilter>,
        after: Option<ContactId>,
        most: u32,
    ) -> Result<Vec<Contact>, StorageError>;
    /// Very many contacts have changed: the store may look at them afresh, so as to find them as
    /// quickly as before. Outside of a transaction.
    async fn many_changed(&mut self) -> Result<(), StorageError>;
    /// How many [`Self::recipients_of`] there are.
    async fn count_recipients(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        audience: Option<ContactFilter>,
    ) -> Result<u64, StorageError>;
    /// The same, by what would become of them, over this channel and by this rule. At most `most`
    /// contacts of the audience are counted, besides those chosen one by one.
    async fn tally_recipients(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        audience: Option<ContactFilter>,
        rule: &ReachRule,
        most: u32,
    ) -> Result<RecipientTally, StorageError>;
    /// Notes that a message went to or came from these contacts.
    async fn note_message(
        &mut self,
        user: UserId,
        ids: &[ContactId],
        at: DateTime<Utc>,
    ) -> Result<(), StorageError>;
}
