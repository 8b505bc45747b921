use nexus_domain::values::Language;

use super::*;

/// The first recipient is looked for, of a campaign that is found.
fn first_of(campaign: Campaign, first: Option<Contact>) -> MockUnitOfWork {
    let audience = campaign
        .audience
        .as_ref()
        .and_then(|audience| audience.filter(None));
    let mut read = finding(Some(campaign));
    read.contacts
        .expect_recipients_of()
        .with(
            eq(user().id),
            eq(campaign_id()),
            eq(audience),
            eq(None),
            eq(1),
        )
        .times(1)
        .returning(move |_, _, _, _, _| Ok(first.clone().into_iter().collect()));
    read
}

/// The contact with number 1 is looked for, for a campaign that is found.
fn with_contact(campaign: Campaign, found: Option<Contact>) -> MockUnitOfWork {
    let mut read = finding(Some(campaign));
    read.contacts
        .expect_find()
        .with(eq(user().id), eq(contact_id(1)))
        .times(1)
        .returning(move |_, _| Ok(found.clone()));
    read
}

fn storage(user: User, read: MockUnitOfWork) -> ScriptedStorage {
    ScriptedStorage::new()
        .then_read(of_user(Some(user)))
        .then_read(read)
}

async fn shown(bench: &Bench, contact: Option<ContactId>) -> Preview {
    let preview = bench
        .campaigns
        .preview(&actor(), campaign_id(), contact)
        .await
        .expect("a preview");
    assert!(bench.unchanged());
    preview
}

fn saying(message: &str) -> Campaign {
    Campaign {
        content: CampaignContent::Text(text(message)),
        ..campaign()
    }
}

fn luis() -> (ContactId, String) {
    (contact_id(1), "Luis 1".to_owned())
}

fn variables() -> Vec<(String, String)> {
    [("1", "Luis 1"), ("2", "mañana")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec()
}

#[tokio::test]
async fn a_campaign_reads_as_this_contact_would_get_it() {
    let campaign = Campaign {
        subject: Some(short("Rebajas")),
        ..saying("Hola {nombre}, {telefono}, {email}")
    };
    let read = with_contact(campaign, Some(contact(1)));
    let bench = bench(storage(user(), read));
    let preview = shown(&bench, Some(contact_id(1))).await;
    let expected = Preview {
        contact: Some(luis()),
        to: Some(phone(1)),
        subject: Some("Rebajas".to_owned()),
        message: format!("Hola Luis 1, {}, Luis1@example.com", phone(1)),
        variables: Vec::new(),
    };
    assert_eq!(preview, expected);
}

#[tokio::test]
async fn a_campaign_reads_as_its_first_recipient_would_get_it() {
    let campaign = Campaign {
        audience: Some(vips()),
        ..saying("Hola {nombre}")
    };
    let read = first_of(campaign, Some(contact(1)));
    let preview = shown(&bench(storage(user(), read)), None).await;
    assert_eq!(preview.contact, Some(luis()));
    assert_eq!(preview.to, Some(phone(1)));
    assert_eq!(preview.message, "Hola Luis 1");
}

#[tokio::test]
async fn a_campaign_for_nobody_reads_as_an_example_person_would_get_it() {
    for (language, name) in [(Language::Es, "María García"), (Language::En, "Mary Smith")] {
        let user = User { language, ..user() };
        let read = first_of(saying("Hola {nombre}, {telefono}, {email}"), None);
        let preview = shown(&bench(storage(user, read)), None).await;
        let expected = Preview {
            contact: None,
            to: None,
            subject: None,
            message: format!("Hola {name}, +525512345678, maria@example.com"),
            variables: Vec::new(),
        };
        assert_eq!(preview, expected);
    }
}

#[tokio::test]
async fn to_a_contact_that_would_be_passed_over_it_goes_nowhere() {
    let unsubscribed = Contact {
        status: ContactStatus::Unsubscribed,
        ..contact(1)
    };
    let without_phone = Contact {
        phone: None,
        ..contact(1)
    };
    for contact in [unsubscribed, without_phone] {
        let read = with_contact(saying("Hola {nombre}"), Some(contact));
        let preview = shown(&bench(storage(user(), read)), Some(contact_id(1))).await;
        assert_eq!(preview.to, None);
        assert_eq!(preview.contact, Some(luis()));
        assert_eq!(preview.message, "Hola Luis 1");
    }
}

#[tokio::test]
async fn emails_go_to_the_address_of_the_contact() {
    let read = with_contact(for_gmail(), Some(contact(1)));
    let preview = shown(&bench(storage(user(), read)), Some(contact_id(1))).await;
    assert_eq!(preview.to.as_deref(), Some("luis1@example.com"));
    assert_eq!(preview.subject.as_deref(), Some("Rebajas"));
}

#[tokio::test]
async fn a_template_reads_as_the_provider_has_it() {
    let read = with_contact(with_template(), Some(contact(1)));
    let bench = bench_with(storage(ready(), read), [answering(Ok(vec![approved()]))]);
    let preview = shown(&bench, Some(contact_id(1))).await;
    assert_eq!(preview.message, "Hola Luis 1, su cita es mañana.");
    assert_eq!(preview.variables, variables());
}

#[tokio::test]
async fn without_the_providers_text_a_template_reads_as_its_note() {
    let read = || with_contact(with_template(), Some(contact(1)));
    let failing = bench_with(
        storage(ready(), read()),
        [answering(Err(ChannelError::NotConnected))],
    );
    let not_knowing = bench_with(storage(ready(), read()), [answering(Ok(Vec::new()))]);
    let without_channel = bench_with(storage(ready(), read()), []);
    let without_key = bench(storage(user(), read()));
    for bench in [failing, not_knowing, without_channel, without_key] {
        let preview = shown(&bench, Some(contact_id(1))).await;
        assert_eq!(preview.message, "Cita de Luis 1");
        assert_eq!(preview.variables, variables());
    }
}

#[tokio::test]
async fn without_text_and_note_a_template_reads_empty() {
    let mut campaign = with_template();
    if let CampaignContent::Template { note, .. } = &mut campaign.content {
        *note = None;
    }
    let read = with_contact(campaign, Some(contact(1)));
    let preview = shown(&bench(storage(user(), read)), Some(contact_id(1))).await;
    assert_eq!(preview.message, "");
    assert_eq!(preview.variables, variables());
}

#[tokio::test]
async fn to_an_unknown_contact_nothing_is_shown() {
    let read = with_contact(campaign(), None);
    let bench = bench(storage(user(), read));
    let error = bench
        .campaigns
        .preview(&actor(), campaign_id(), Some(contact_id(1)))
        .await
        .expect_err("refused");
    assert!(matches!(error, PreviewError::NoSuchContact), "{error}");
}

#[tokio::test]
async fn an_unknown_campaign_or_user_shows_nothing() {
    let of_nobody = ScriptedStorage::new().then_read(of_user(None));
    for storage in [of_nobody, storage(user(), finding(None))] {
        let error = bench(storage)
            .campaigns
            .preview(&actor(), campaign_id(), Some(contact_id(1)))
            .await
            .expect_err("refused");
        assert!(matches!(error, PreviewError::NotFound), "{error}");
    }
}
