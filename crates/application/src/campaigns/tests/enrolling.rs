use std::collections::HashSet;

use nexus_domain::SkipReason;

use super::enrolment::Enrolment;
use super::*;

/// Enrols `contacts` as recipients of `campaign`, read in so many pages. The rows of each
/// statement, and what they add up to.
async fn enrolled(
    campaign: Campaign,
    contacts: Vec<Contact>,
    pages: usize,
) -> (Vec<Vec<CampaignContact>>, CampaignCounters) {
    let written = Arc::new(Mutex::new(Vec::new()));
    let mut unit = MockUnitOfWork::default();
    let audience = campaign
        .audience
        .as_ref()
        .and_then(|audience| audience.filter(None));
    reaching(&mut unit, audience.clone(), contacts, pages);
    let pen = written.clone();
    unit.recipients.expect_insert().returning(move |rows| {
        pen.lock().expect("a lock").push(rows.to_vec());
        Ok(())
    });
    let enrolled = Enrolment::new(&campaign, audience, sender_id(), entropy().as_ref(), now())
        .write(&mut unit)
        .await
        .expect("enrolled");
    let written = written.lock().expect("a lock").clone();
    assert_eq!(enrolled.outside, 0);
    (written, enrolled.counted)
}

async fn enrolled_once(contacts: Vec<Contact>) -> (Vec<CampaignContact>, CampaignCounters) {
    let (mut written, counted) = enrolled(campaign(), contacts, 1).await;
    assert_eq!(written.len(), 1, "one statement");
    (written.remove(0), counted)
}

fn counted(pending: i64, skipped: i64) -> CampaignCounters {
    CampaignCounters {
        total: pending + skipped,
        pending,
        skipped,
        ..CampaignCounters::default()
    }
}

fn with_status(number: u32, status: ContactStatus) -> Contact {
    Contact {
        status,
        ..contact(number)
    }
}

fn without_phone(number: u32) -> Contact {
    Contact {
        phone: None,
        ..contact(number)
    }
}

fn with_phone_of(number: u32, other: u32) -> Contact {
    Contact {
        phone: contact(other).phone,
        ..contact(number)
    }
}

/// Contact, address and reason of each row.
fn outcomes(rows: &[CampaignContact]) -> Vec<(ContactId, Option<String>, Option<SkipReason>)> {
    rows.iter()
        .map(|row| {
            (
                row.contact_id.expect("a contact"),
                row.address.clone(),
                row.delivery.skipped,
            )
        })
        .collect()
}

#[tokio::test]
async fn a_contact_that_can_be_reached_waits_for_its_turn() {
    let (rows, count) = enrolled_once(vec![contact(1)]).await;
    let [row] = rows.as_slice() else {
        panic!("unexpected: {rows:?}");
    };
    let expected = CampaignContact {
        id: row.id,
        created_at: now(),
        updated_at: now(),
        ..recipient(1)
    };
    assert_eq!(*row, expected);
    assert_eq!(count, counted(1, 0));
}

#[tokio::test]
async fn a_contact_that_cant_be_reached_is_passed_over_with_the_reason() {
    for (contact, reason) in [
        (
            with_status(1, ContactStatus::Unsubscribed),
            SkipReason::OptedOut,
        ),
        (
            with_status(1, ContactStatus::Inactive),
            SkipReason::Inactive,
        ),
        (without_phone(1), SkipReason::NoAddress),
    ] {
        let (rows, count) = enrolled_once(vec![contact]).await;
        let [row] = rows.as_slice() else {
            panic!("unexpected: {rows:?}");
        };
        let expected = CampaignContact {
            id: row.id,
            address: None,
            delivery: Delivery::skipped(reason),
            created_at: now(),
            updated_at: now(),
            ..recipient(1)
        };
        assert_eq!(*row, expected);
        assert_eq!(count, counted(0, 1));
    }
}

#[tokio::test]
async fn of_contacts_with_one_address_the_first_gets_the_message() {
    let contacts = vec![contact(1), with_phone_of(2, 1), with_phone_of(3, 1)];
    let (rows, count) = enrolled_once(contacts).await;
    let twice = Some(SkipReason::DuplicateAddress);
    assert_eq!(
        outcomes(&rows),
        [
            (contact_id(1), Some(phone(1)), None),
            (contact_id(2), None, twice),
            (contact_id(3), None, twice),
        ]
    );
    assert_eq!(count, counted(1, 2));
}

#[tokio::test]
async fn a_contact_that_is_passed_over_takes_no_address_from_another() {
    let unsubscribed = with_status(1, ContactStatus::Unsubscribed);
    let (rows, count) = enrolled_once(vec![unsubscribed, with_phone_of(2, 1)]).await;
    assert_eq!(
        outcomes(&rows),
        [
            (contact_id(1), None, Some(SkipReason::OptedOut)),
            (contact_id(2), Some(phone(1)), None),
        ]
    );
    assert_eq!(count, counted(1, 1));
}

#[tokio::test]
async fn everyone_is_counted_where_they_are() {
    let contacts = vec![
        contact(1),
        with_status(2, ContactStatus::Unsubscribed),
        with_status(3, ContactStatus::Inactive),
        without_phone(4),
        with_phone_of(5, 1),
        contact(6),
    ];
    let (rows, count) = enrolled_once(contacts).await;
    assert_eq!(rows.len(), 6);
    assert_eq!(count, counted(2, 4));
    let ids: HashSet<_> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), 6, "each has an id of its own");
}

#[tokio::test]
async fn recipients_are_written_page_by_page() {
    // Read on after the last of a page; a page that is not full is the last.
    for (count, sizes, pages) in [
        (0, &[][..], 1),
        (499, &[499][..], 1),
        (500, &[500][..], 2),
        (501, &[500, 1][..], 2),
        (1_001, &[500, 500, 1][..], 3),
    ] {
        let campaign = Campaign {
            audience: Some(vips()),
            ..campaign()
        };
        let contacts = (1..=count).map(contact).collect();
        let (written, total) = enrolled(campaign, contacts, pages).await;
        let written_sizes: Vec<_> = written.iter().map(Vec::len).collect();
        assert_eq!(written_sizes, sizes);
        assert_eq!(total, counted(i64::from(count), 0));
        let enrolled: Vec<_> = written.iter().flatten().map(|row| row.contact_id).collect();
        let expected: Vec<_> = (1..=count).map(|number| Some(contact_id(number))).collect();
        assert_eq!(enrolled, expected);
    }
}

#[tokio::test]
async fn an_address_is_known_again_on_a_later_page() {
    let mut contacts: Vec<_> = (1..=500).map(contact).collect();
    contacts.push(with_phone_of(501, 1));
    let (written, count) = enrolled(campaign(), contacts, 2).await;
    assert_eq!(
        written[1][0].delivery.skipped,
        Some(SkipReason::DuplicateAddress)
    );
    assert_eq!(count, counted(500, 1));
}

#[tokio::test]
async fn emails_go_to_addresses_that_differ_in_more_than_case() {
    let with_email = |number: u32, email: &str| Contact {
        email: Some(EmailAddress::from_stored(email.to_owned())),
        ..contact(number)
    };
    let without_email = Contact {
        email: None,
        ..contact(3)
    };
    let contacts = vec![
        with_email(1, "Luis@example.com"),
        with_email(2, "LUIS@example.com"),
        without_email,
    ];
    let (written, count) = enrolled(for_gmail(), contacts, 1).await;
    assert_eq!(
        outcomes(&written[0]),
        [
            (contact_id(1), Some("luis@example.com".to_owned()), None),
            (contact_id(2), None, Some(SkipReason::DuplicateAddress)),
            (contact_id(3), None, Some(SkipReason::NoAddress)),
        ]
    );
    assert_eq!(count, counted(1, 2));
}
