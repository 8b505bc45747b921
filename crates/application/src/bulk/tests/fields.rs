use nexus_domain::mocks::MockUnitOfWork;
use nexus_domain::values::{FieldName, FieldValue, MessageText, ShortText};
use nexus_domain::{
    Campaign, CampaignContent, CampaignCounters, CampaignId, CampaignState, ChannelKind, JobWork,
    OutsideWindow,
};

use super::*;
use crate::bulk::{BulkOutcome, DeleteFieldError};
use crate::fixtures::actor;

fn name(label: &str) -> FieldName {
    FieldName::parse(label).expect("a name")
}

fn saying(text: &str) -> Campaign {
    Campaign {
        id: CampaignId::new(now(), entropy().as_ref()),
        user_id: user().id,
        name: ShortText::parse("Rebajas").expect("a name"),
        channel: ChannelKind::Whatsapp,
        subject: None,
        content: CampaignContent::Text(MessageText::from_stored(text).expect("a text")),
        audience: None,
        send_window: None,
        outside_window: OutsideWindow::default(),
        sender_id: None,
        state: CampaignState::Draft,
        counters: CampaignCounters::default(),
        created_at: now(),
        updated_at: now(),
    }
}

/// A transaction in which the user has the field Ciudad, and these campaigns are unfinished.
fn deleting(campaigns: Vec<Campaign>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.fields
        .expect_delete()
        .withf(|asked, gone| *asked == user().id && *gone == name("ciudad"))
        .times(1)
        .returning(|_, _| Ok(Some(name("Ciudad"))));
    unit.campaigns
        .expect_unfinished_with_placeholders()
        .times(1)
        .return_once(move |_| Ok(campaigns));
    unit
}

fn with_city(count: u32) -> Vec<Contact> {
    let mut contacts = contacts(count);
    for contact in &mut contacts {
        let value = FieldValue::parse("Lima").expect("a value");
        contact.custom_fields = CustomFields::from_stored([(name("Ciudad"), value)]);
    }
    contacts
}

fn having_it(selection: &ContactSelection) -> bool {
    let ContactSelection::Filter(filter) = selection else {
        return false;
    };
    filter.has_field.as_ref().map(FieldName::label) == Some("Ciudad")
}

#[tokio::test]
async fn a_deleted_field_goes_from_every_contact_in_the_same_transaction() {
    let mut unit = deleting(vec![saying("Hola {nombre}"), saying("{Zona}")]);
    unit.contacts
        .expect_lock_selected()
        .withf(|_, selection, _, _| having_it(selection))
        .return_once(|_, _, _, _| Ok(with_city(2)));
    unit.contacts
        .expect_save_many()
        .withf(|_, saved| saved.len() == 2 && saved.iter().all(|c| c.custom_fields.is_empty()))
        .times(1)
        .returning(|_, _| Ok(()));
    let storage = Arc::new(ScriptedStorage::new().then_begin(unit));
    let outcome = changes(&storage).delete_field(&actor(), "CIUDAD").await;
    let done = BulkOutcome::Done {
        matched: 2,
        changed: 2,
    };
    assert_eq!(outcome.expect("deleted"), done);
    assert_eq!(storage.commits(), 1);
}

#[tokio::test]
async fn of_very_many_contacts_the_worker_takes_it_and_the_name_is_gone_already() {
    let mut unit = deleting(vec![]);
    unit.contacts
        .expect_lock_selected()
        .return_once(|_, _, _, most| Ok(with_city(most)));
    unit.contacts.expect_count().returning(|_, _| Ok(2_500));
    unit.bulk_changes
        .expect_insert()
        .withf(|change| {
            change.action == BulkAction::Edit(ContactEdit::RemoveField(name("Ciudad")))
                && having_it(&change.selection)
        })
        .times(1)
        .returning(|_| Ok(()));
    unit.jobs
        .expect_enqueue()
        .withf(|job| matches!(job.work, JobWork::ChangeContacts { .. }))
        .times(1)
        .returning(|_| Ok(()));
    let storage = Arc::new(ScriptedStorage::new().then_begin(unit));
    let outcome = changes(&storage).delete_field(&actor(), "Ciudad").await;
    let Ok(BulkOutcome::Queued(change)) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(change.matched, 2_500);
    assert_eq!(storage.commits(), 1);
}

#[tokio::test]
async fn a_field_that_a_campaign_uses_stays() {
    let using = saying("Hola {nombre}, {ciudad}");
    let storage = ScriptedStorage::new().then_begin(deleting(vec![using.clone()]));
    let storage = Arc::new(storage);
    let outcome = changes(&storage).delete_field(&actor(), "Ciudad").await;
    let Err(DeleteFieldError::InUse { campaigns }) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(campaigns[0].id, using.id);
    assert_eq!(campaigns[0].name, "Rebajas");
    assert_eq!(storage.commits(), 0, "its name too");
}

#[tokio::test]
async fn an_unknown_field_is_not_deleted() {
    let mut unit = MockUnitOfWork::default();
    unit.fields.expect_delete().returning(|_, _| Ok(None));
    let storage = Arc::new(ScriptedStorage::new().then_begin(unit));
    let outcome = changes(&storage).delete_field(&actor(), "¿?").await;
    assert!(matches!(outcome, Err(DeleteFieldError::NotFound)));
}
