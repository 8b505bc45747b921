//! What would become of those whom a campaign is for, counted by the database.

use nexus_domain::ports::{FreeText, ReachRule, RecipientTally};
use nexus_domain::values::Placeholder;
use nexus_domain::{
    ChannelKind, Contact, ContactFilter, ContactId, ContactStatus, Correspondent, EmptyRule, User,
};

use crate::samples::{self, at, custom_fields, email, field_name, search, tags};
use crate::store::Store;

on_both_databases!(
    everybody_is_counted_once_by_what_would_become_of_them,
    those_chosen_one_by_one_are_counted_with_the_audience,
    who_lacks_a_value_is_counted_by_each_rule,
    an_audience_is_counted_up_to_a_limit,
    another_user_is_not_counted,
    who_has_not_written_lately_is_counted_apart,
);

const MOST: u32 = 1_000;

fn everyone() -> ContactFilter {
    ContactFilter::default()
}

fn fields(names: &[&str]) -> Vec<Placeholder> {
    names
        .iter()
        .map(|name| Placeholder::Custom(field_name(name)))
        .collect()
}

/// Six contacts: one of each fate over WhatsApp, and one who has everything.
async fn people(store: &Store) -> (User, Vec<Contact>) {
    let user = store.user().await;
    let mut contacts = samples::contacts(user.id, 6);
    contacts[0].status = ContactStatus::Unsubscribed;
    contacts[1].status = ContactStatus::Inactive;
    contacts[2].phone = None;
    contacts[2].email = Some(email("sin@example.com"));
    contacts[3].custom_fields = custom_fields(&[("Ciudad", "Lima")]);
    contacts[4].custom_fields = custom_fields(&[("Zona", "\"Ciudad\":\"x")]);
    contacts[4].tags = tags(&["VIP"]);
    contacts[5].email = Some(email("todo@example.com"));
    contacts[5].custom_fields = custom_fields(&[("Ciudad", "Cusco"), ("Zona", "Sur")]);
    contacts[5].tags = tags(&["VIP", "fiel"]);
    store.add(&contacts).await;
    (user, contacts)
}

fn reach(lacking: Vec<Vec<Placeholder>>, free_text: Option<FreeText>) -> ReachRule {
    ReachRule {
        channel: ChannelKind::Whatsapp,
        empty: EmptyRule { lacking },
        free_text,
    }
}

async fn tally(
    store: &Store,
    user: &User,
    chosen: &[ContactId],
    audience: Option<ContactFilter>,
    rule: Vec<Vec<Placeholder>>,
    most: u32,
) -> RecipientTally {
    let campaign = store.campaign(user).await;
    let mut repositories = store.read();
    let choice = repositories
        .campaigns()
        .choose(user.id, campaign.id, chosen)
        .await;
    choice.unwrap();
    let rule = reach(rule, None);
    repositories
        .contacts()
        .tally_recipients(user.id, campaign.id, audience, &rule, most)
        .await
        .unwrap()
}

async fn everybody_is_counted_once_by_what_would_become_of_them(store: Store) {
    let (user, _) = people(&store).await;
    let rule = vec![fields(&["Ciudad"])];
    let found = tally(&store, &user, &[], Some(everyone()), rule, MOST).await;
    let expected = RecipientTally {
        total: 6,
        opted_out: 1,
        inactive: 1,
        no_address: 1,
        variable_empty: 1,
        outside_window: 0,
        is_exact: true,
    };
    assert_eq!(found, expected);
    assert_eq!(found.reachable(), 2);
    let nobody = tally(&store, &user, &[], None, Vec::new(), MOST).await;
    let nothing = RecipientTally {
        is_exact: true,
        ..RecipientTally::default()
    };
    assert_eq!(nobody, nothing);
}

async fn those_chosen_one_by_one_are_counted_with_the_audience(store: Store) {
    let (user, contacts) = people(&store).await;
    let chosen = [contacts[0].id, contacts[3].id, contacts[5].id];
    let vips = || {
        Some(ContactFilter {
            tags: tags(&["VIP"]),
            ..ContactFilter::default()
        })
    };
    let alone = tally(&store, &user, &chosen, None, Vec::new(), MOST).await;
    assert_eq!((alone.total, alone.opted_out, alone.reachable()), (3, 1, 2));
    let both = tally(
        &store,
        &user,
        &chosen,
        vips(),
        vec![fields(&["Ciudad"])],
        MOST,
    )
    .await;
    assert_eq!((both.total, both.opted_out), (4, 1));
    assert_eq!(
        both.variable_empty, 1,
        "a quotation mark in a value is none"
    );
    let loyal = Some(ContactFilter {
        tags: tags(&["VIP", "fiel"]),
        also: vec![search("contacto")],
        ..ContactFilter::default()
    });
    let loyal = tally(&store, &user, &[], loyal, Vec::new(), MOST).await;
    assert_eq!(loyal.total, 1);
    let found = tally(
        &store,
        &user,
        &chosen,
        Some(search("contacto 0000")),
        Vec::new(),
        MOST,
    );
    assert_eq!(found.await.total, 6);
}

async fn who_lacks_a_value_is_counted_by_each_rule(store: Store) {
    let (user, _) = people(&store).await;
    for (rule, lacking) in [
        (vec![], 0),
        (vec![fields(&["Ciudad"])], 1),
        (vec![fields(&["Zona"])], 1),
        // Either lacks.
        (vec![fields(&["Ciudad"]), fields(&["Zona"])], 2),
        // Both must lack.
        (vec![fields(&["Ciudad", "Zona"])], 0),
        (vec![vec![Placeholder::Email]], 2),
        (vec![fields(&["Nadie_100"])], 3),
        // A message of nothing that is seen.
        (vec![vec![]], 3),
    ] {
        let found = tally(&store, &user, &[], Some(everyone()), rule.clone(), MOST).await;
        assert_eq!(found.variable_empty, lacking, "{rule:?}");
        assert_eq!(found.reachable(), 3 - lacking, "{rule:?}");
    }
}

async fn an_audience_is_counted_up_to_a_limit(store: Store) {
    let (user, contacts) = people(&store).await;
    let found = tally(&store, &user, &[], Some(everyone()), Vec::new(), 4).await;
    assert_eq!((found.total, found.is_exact), (4, false));
    let chosen: Vec<_> = contacts.iter().map(|contact| contact.id).collect();
    let found = tally(&store, &user, &chosen, None, Vec::new(), 4).await;
    assert_eq!((found.total, found.is_exact), (6, true));
}

async fn another_user_is_not_counted(store: Store) {
    let (_, contacts) = people(&store).await;
    let other = store.user().await;
    let found = tally(&store, &other, &[], Some(everyone()), Vec::new(), MOST).await;
    assert_eq!(found.total, 0);
    let campaign = store.campaign(&other).await;
    let mut repositories = store.read();
    // Somebody else's contact can't be chosen; if it were, it would not be counted.
    let _ = repositories
        .campaigns()
        .choose(other.id, campaign.id, &[contacts[5].id])
        .await;
    let rule = reach(Vec::new(), None);
    let found = repositories
        .contacts()
        .tally_recipients(other.id, campaign.id, None, &rule, MOST)
        .await
        .unwrap();
    assert_eq!(found.total, 0);
}

/// The person with the contact's number wrote to this sender.
async fn wrote(store: &Store, user: &User, contact: &Contact, at_second: i64, to: Option<&str>) {
    let address = contact
        .phone
        .as_ref()
        .expect("a number")
        .as_str()
        .to_owned();
    let mut unit = store.begin().await;
    let addresses = [address];
    let people = unit
        .correspondents()
        .lock_or_add(user.id, ChannelKind::Whatsapp, &addresses)
        .await;
    let mut people: Vec<Correspondent> = people.unwrap();
    people[0].wrote(at(at_second), to.unwrap_or_default());
    people[0].last_inbound_to = to.map(str::to_owned);
    unit.correspondents().save(&people).await.unwrap();
    unit.commit().await.unwrap();
}

async fn who_has_not_written_lately_is_counted_apart(store: Store) {
    let (user, contacts) = people(&store).await;
    let other = store.user().await;
    // Of the three who would be written to, one may be. The other two wrote too early or elsewhere,
    // and who is passed over anyway does not count.
    wrote(&store, &user, &contacts[3], 101, Some("1550001")).await;
    wrote(&store, &user, &contacts[4], 100, Some("1550001")).await;
    wrote(&store, &user, &contacts[5], 200, Some("another")).await;
    wrote(&store, &user, &contacts[0], 200, Some("1550001")).await;
    wrote(&store, &other, &contacts[5], 200, Some("1550001")).await;
    let campaign = store.campaign(&user).await;
    let free_text = FreeText {
        sender: "1550001".to_owned(),
        written_after: at(100),
    };
    let counted = async |lacking: Vec<Vec<Placeholder>>, chosen: &[ContactId]| {
        let mut repositories = store.read();
        let choice = repositories
            .campaigns()
            .choose(user.id, campaign.id, chosen)
            .await;
        choice.unwrap();
        let audience = chosen.is_empty().then(everyone);
        let rule = reach(lacking, Some(free_text.clone()));
        let tally = repositories
            .contacts()
            .tally_recipients(user.id, campaign.id, audience, &rule, MOST)
            .await
            .unwrap();
        (tally.reachable(), tally.outside_window)
    };
    assert_eq!(counted(Vec::new(), &[]).await, (3, 2));
    // Who lacks a value is passed over for that.
    assert_eq!(counted(vec![fields(&["Ciudad"])], &[]).await, (2, 1));
    assert_eq!(counted(Vec::new(), &[contacts[4].id]).await, (1, 1));
    assert_eq!(counted(Vec::new(), &[contacts[3].id]).await, (1, 0));
    // Messages of old don't say to whom they were written.
    wrote(&store, &user, &contacts[5], 200, None).await;
    assert_eq!(counted(Vec::new(), &[]).await, (3, 1));
}
