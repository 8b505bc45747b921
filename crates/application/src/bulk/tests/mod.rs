mod fields;
mod starting;
mod tags;
mod working;

use std::sync::Arc;

use nexus_domain::mocks::ScriptedStorage;
use nexus_domain::values::{CustomFields, PersonName, PhoneNumber, Tag};
use nexus_domain::{
    BulkAction, BulkChange, BulkChangeId, BulkStatus, Contact, ContactEdit, ContactFilter,
    ContactId, ContactSelection, ContactSource, ContactStatus, InstanceId,
};
use tokio::sync::Notify;

use super::{BulkChanges, BulkPorts, BulkWorker};
use crate::fixtures::{clock, entropy, now, user};

fn ports(storage: &Arc<ScriptedStorage>) -> BulkPorts {
    BulkPorts {
        storage: storage.clone(),
        clock: clock(),
        entropy: entropy(),
        wake: Arc::new(Notify::new()),
    }
}

fn changes(storage: &Arc<ScriptedStorage>) -> BulkChanges {
    BulkChanges::new(ports(storage))
}

fn worker(storage: &Arc<ScriptedStorage>) -> BulkWorker {
    let owner = InstanceId::new(now(), entropy().as_ref());
    BulkWorker::new(ports(storage), owner)
}

fn tags(labels: &[&str]) -> Vec<Tag> {
    Tag::parse_list(labels.iter().copied()).expect("tags")
}

/// So many contacts, by id.
fn contacts(count: u32) -> Vec<Contact> {
    let entropy = entropy();
    let contact = |number| Contact {
        id: ContactId::in_order(now(), number, entropy.as_ref()),
        user_id: user().id,
        name: PersonName::parse("Luz").expect("a name"),
        phone: Some(PhoneNumber::from_stored(format!("+5255{number:08}"))),
        email: None,
        tags: Vec::new(),
        notes: None,
        custom_fields: CustomFields::default(),
        status: ContactStatus::Active,
        opt_out: None,
        source: ContactSource::Manual,
        last_message_at: None,
        created_at: now(),
        updated_at: now(),
    };
    (0..count).map(contact).collect()
}

/// A change that tags everybody.
fn change() -> BulkChange {
    BulkChange {
        id: BulkChangeId::new(now(), entropy().as_ref()),
        user_id: user().id,
        action: BulkAction::Edit(ContactEdit::Tag(tags(&["vip"]))),
        selection: ContactSelection::Filter(ContactFilter::default()),
        status: BulkStatus::Queued,
        matched: 3_000,
        changed: 0,
        seen_through: None,
        created_at: now(),
        updated_at: now(),
    }
}
