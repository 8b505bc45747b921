//! What the store is asked, and what it answers.

use mockall::predicate::always;
use nexus_domain::ports::MockFileDownload;
use nexus_domain::values::FieldName;

use super::*;

/// A read of the acting user.
pub(super) fn of_user(found: Option<User>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.users
        .expect_find()
        .with(eq(user().id))
        .times(1)
        .returning(move |_| Ok(found.clone()));
    unit
}

/// The files of the campaign are asked for once, with this outcome. A unit that is committed is
/// gone: they are asked for before.
fn media_are(unit: &mut MockUnitOfWork, outcome: fn() -> Result<Vec<MediaFile>, StorageError>) {
    unit.media
        .expect_of_campaigns()
        .withf(|asked, ids| *asked == user().id && ids == [campaign_id()])
        .times(1)
        .returning(move |_, _| outcome());
}

/// The files of the campaign are read: [`file`].
pub(super) fn reading_media(unit: &mut MockUnitOfWork) {
    media_are(unit, || Ok(vec![file()]));
}

/// The campaign has no files.
pub(super) fn reading_no_media(unit: &mut MockUnitOfWork) {
    media_are(unit, || Ok(Vec::new()));
}

/// The files of the campaign can't be read.
pub(super) fn failing_media(unit: &mut MockUnitOfWork) {
    media_are(unit, || Err(broken()));
}

/// A read in which the campaign is looked for.
pub(super) fn finding(found: Option<Campaign>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.campaigns
        .expect_find()
        .with(eq(user().id), eq(campaign_id()))
        .times(1)
        .returning(move |_, _| Ok(found.clone()));
    knowing_nothing(&mut unit);
    unit
}

/// Nothing is known of the connection or of any template.
fn knowing_nothing(unit: &mut MockUnitOfWork) {
    let whatsapp = &mut unit.whatsapp;
    whatsapp.expect_connection().returning(|_| Ok(None));
    whatsapp.expect_template().returning(|_, _, _, _| Ok(None));
    whatsapp
        .expect_lock_template()
        .returning(|_, _, _, _| Ok(None));
}

/// A read in which the campaign is looked for, to be sent, with its files.
pub(super) fn finding_to_send(found: Option<Campaign>) -> MockUnitOfWork {
    let files = found.as_ref().map(files_with).unwrap_or_default();
    let mut unit = finding(found);
    unit.media
        .expect_of_campaigns()
        .returning(move |_, _| Ok(files.clone()));
    unit
}

/// What goes with the campaign in these tests: [`file`] beside a text, nothing with a template that
/// does not show it.
fn files_with(campaign: &Campaign) -> Vec<MediaFile> {
    match campaign.content {
        CampaignContent::Text(_) => vec![file()],
        _ => Vec::new(),
    }
}

/// A store of files that has each.
pub(super) fn having_all_files() -> MockFileStore {
    let mut files = MockFileStore::new();
    files
        .expect_open()
        .returning(|_, _| Ok(Some(Box::new(MockFileDownload::new()))));
    files
}

/// A transaction in which the provider's templates are kept.
pub(super) fn keeping_templates() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    let whatsapp = &mut unit.whatsapp;
    whatsapp
        .expect_lock_connection()
        .returning(|user| Ok(WhatsAppConnection::new(user)));
    whatsapp.expect_templates().returning(|_, _| Ok(Vec::new()));
    whatsapp.expect_save_templates().returning(|_| Ok(()));
    whatsapp.expect_delete_templates().returning(|_| Ok(()));
    whatsapp.expect_save_connection().returning(|_| Ok(()));
    unit
}

/// A transaction in which the campaign is locked.
pub(super) fn locking(found: Option<Campaign>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.campaigns
        .expect_lock()
        .with(eq(user().id), eq(campaign_id()))
        .times(1)
        .returning(move |_, _| Ok(found.clone()));
    knowing_nothing(&mut unit);
    unit
}

/// The campaign is saved once, as it is expected to be.
pub(super) fn saving(unit: &mut MockUnitOfWork, expected: Campaign) {
    unit.campaigns
        .expect_save()
        .withf(move |saved| *saved == expected)
        .times(1)
        .returning(|_| Ok(()));
}

/// Of the contacts the store has these only.
pub(super) fn having(unit: &mut MockUnitOfWork, numbers: &[u32]) {
    let known: Vec<_> = numbers.iter().map(|number| contact(*number)).collect();
    unit.contacts
        .expect_find_many()
        .withf(|asked, ids| *asked == user().id && !ids.is_empty() && ids.len() <= 500)
        .times(1..)
        .returning(move |_, ids| {
            let found = known.iter().filter(|contact| ids.contains(&contact.id));
            Ok(found.cloned().collect())
        });
}

/// The contacts chosen one by one become these.
pub(super) fn choosing(unit: &mut MockUnitOfWork, numbers: &[u32]) {
    let expected: Vec<_> = numbers.iter().map(|number| contact_id(*number)).collect();
    unit.campaigns
        .expect_choose()
        .withf(move |asked, id, ids| {
            *asked == user().id && *id == campaign_id() && ids == expected.as_slice()
        })
        .times(1)
        .returning(|_, _, _| Ok(()));
}

pub(super) fn setting_total(unit: &mut MockUnitOfWork, total: i64) {
    unit.campaigns
        .expect_set_total()
        .with(eq(user().id), eq(campaign_id()), eq(total))
        .times(1)
        .returning(|_, _, _| Ok(()));
}

/// The campaign is meant for so many, by choice and by this rule.
pub(super) fn counting(unit: &mut MockUnitOfWork, audience: Option<ContactFilter>, count: u64) {
    unit.contacts
        .expect_count_recipients()
        .with(eq(user().id), eq(campaign_id()), eq(audience))
        .times(1)
        .returning(move |_, _, _| Ok(count));
}

/// The campaign is meant for these contacts, which are read in so many pages of 500.
pub(super) fn reaching(
    unit: &mut MockUnitOfWork,
    audience: Option<ContactFilter>,
    contacts: Vec<Contact>,
    pages: usize,
) {
    unit.contacts
        .expect_recipients_of()
        .with(
            eq(user().id),
            eq(campaign_id()),
            eq(audience),
            always(),
            eq(500),
        )
        .times(pages)
        .returning(move |_, _, _, after, most| {
            let rest = contacts
                .iter()
                .filter(|contact| after.is_none_or(|after| contact.id > after));
            Ok(rest.take(most as usize).cloned().collect())
        });
}

pub(super) fn unavailable() -> StorageError {
    StorageError::Unavailable("another transaction is in the way".into())
}

pub(super) fn broken() -> StorageError {
    StorageError::Failed("broken".into())
}

fn names(labels: &[&str]) -> Vec<FieldName> {
    labels
        .iter()
        .map(|label| FieldName::parse(label).expect("a name"))
        .collect()
}

/// A read in which the user's custom fields may be listed.
pub(super) fn having_fields(labels: &[&str]) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    let names = names(labels);
    unit.fields
        .expect_list()
        .with(eq(user().id))
        .returning(move |_| Ok(names.clone()));
    unit
}

/// The user's custom fields may be held.
pub(super) fn holding_fields(unit: &mut MockUnitOfWork, labels: &[&str]) {
    let names = names(labels);
    unit.fields
        .expect_hold()
        .with(eq(user().id))
        .returning(move |_| Ok(names.clone()));
}
