//! The repositories over [`Tables`](super::tables::Tables): mocks that answer what delivery and
//! webhooks ask. Anything else that is asked of them panics.

use nexus_domain::mocks::MockUnitOfWork;

use super::units::Session;

macro_rules! answer {
    ($session:ident, $mock:expr, $expect:ident, |$tables:ident $(, $argument:ident)*| $answer:expr) => {
        let session = $session.clone();
        $mock
            .$expect()
            .returning(move |$($argument),*| session.ask(|$tables| $answer));
    };
}

macro_rules! change {
    ($session:ident, $mock:expr, $expect:ident, |$tables:ident $(, $argument:ident)*| $change:expr) => {
        let session = $session.clone();
        $mock
            .$expect()
            .returning(move |$($argument),*| session.write(|$tables| $change));
    };
}

pub(super) fn repositories(session: &Session) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    people(&mut unit, session);
    campaigns(&mut unit, session);
    recipients(&mut unit, session);
    senders(&mut unit, session);
    inbox(&mut unit, session);
    whatsapp(&mut unit, session);
    replies(&mut unit, session);
    files(&mut unit, session);
    unit
}

fn files(unit: &mut MockUnitOfWork, s: &Session) {
    answer!(s, unit.media, expect_of_campaigns, |t, user, ids| {
        t.files_of(user, ids)
    });
    answer!(s, unit.media, expect_upload, |t, user, sender, content| {
        t.upload(user, sender, content)
    });
    answer!(s, unit.media, expect_lock_upload, |t, user, sender, id| {
        t.upload_under(user, sender, id)
    });
    change!(s, unit.media, expect_save_upload, |t, upload| {
        t.save_upload(upload);
    });
}

fn people(unit: &mut MockUnitOfWork, s: &Session) {
    answer!(s, unit.users, expect_find, |t, id| t
        .users
        .get(&id)
        .cloned());
    answer!(s, unit.users, expect_find_by_webhook_key, |t, key| {
        t.users.values().find(|u| u.webhook_key == *key).cloned()
    });
    answer!(s, unit.contacts, expect_find_many, |t, user, ids| {
        ids.iter()
            .filter_map(|id| t.find_contact(user, *id))
            .collect()
    });
    answer!(s, unit.contacts, expect_lock, |t, user, id| {
        t.find_contact(user, id)
    });
    answer!(s, unit.contacts, expect_save, |t, contact| {
        t.save_contact(contact);
    });
    answer!(s, unit.contacts, expect_lock_many, |t, user, ids| {
        ids.iter()
            .filter_map(|id| t.find_contact(user, *id))
            .collect()
    });
    answer!(s, unit.contacts, expect_save_many, |t, _user, contacts| {
        for contact in contacts {
            t.save_contact(contact);
        }
    });
    answer!(
        s,
        unit.contacts,
        expect_known,
        |t, user, phones, _emails| { t.known(user, phones) }
    );
    answer!(s, unit.contacts, expect_note_message, |t, user, ids, at| {
        t.note_message(user, ids, at);
    });
}

fn campaigns(unit: &mut MockUnitOfWork, s: &Session) {
    answer!(s, unit.campaigns, expect_find, |t, user, id| {
        t.find_campaign(user, id)
    });
    answer!(s, unit.campaigns, expect_lock, |t, user, id| {
        t.find_campaign(user, id)
    });
    answer!(s, unit.campaigns, expect_save, |t, campaign| {
        t.save_campaign(campaign);
    });
    let session = s.clone();
    unit.campaigns
        .expect_count()
        .returning(move |user, id, delta| session.ask(|t| t.count(user, id, delta))?);
    answer!(s, unit.campaigns, expect_active_of, |t, user, sender| {
        t.active_of(user, sender)
    });
    answer!(
        s,
        unit.statistics,
        expect_count_messages,
        |t, user, at, delta| t.count_messages(user, at, delta)
    );
}

fn recipients(unit: &mut MockUnitOfWork, s: &Session) {
    answer!(
        s,
        unit.recipients,
        expect_lock_due,
        |t, user, campaign, now, most| t.due(user, campaign, now, most)
    );
    answer!(
        s,
        unit.recipients,
        expect_lock_due_counted,
        |t, user, campaign, now, after, most| t.due_counted(user, campaign, now, after, most)
    );
    answer!(
        s,
        unit.recipients,
        expect_lock_in,
        |t, user, sender, status, before, most| t.recipients_in(user, sender, status, before, most)
    );
    answer!(s, unit.recipients, expect_lock_many, |t, user, ids| {
        t.many(user, ids)
    });
    answer!(
        s,
        unit.recipients,
        expect_find_by_message_ids,
        |t, user, ids| { t.with_message_ids(user, ids) }
    );
    answer!(
        s,
        unit.recipients,
        expect_last_sent_to,
        |t, user, channel, address, since| t.last_sent_to(user, channel, address, since)
    );
    let session = s.clone();
    unit.recipients
        .expect_save()
        .returning(move |recipients| session.ask(|t| t.save_recipients(recipients))?);
    answer!(s, unit.recipients, expect_next_due, |t, user, campaigns| {
        t.next_due(user, campaigns)
    });
}

fn senders(unit: &mut MockUnitOfWork, s: &Session) {
    answer!(s, unit.senders, expect_find, |t, user, id| {
        let account = t.accounts.get(&id).filter(|a| a.user_id == user);
        account.cloned()
    });
    answer!(s, unit.senders, expect_with_work, |t| t.with_work());
    answer!(
        s,
        unit.senders,
        expect_acquire,
        |t, user, id, owner, ttl| { t.acquire(user, id, owner, ttl) }
    );
    answer!(s, unit.senders, expect_hold, |t, lease| t.holds(lease));
    answer!(s, unit.senders, expect_renew, |t, lease, ttl| {
        t.renew(lease, ttl)
    });
    answer!(s, unit.senders, expect_release, |t, lease| {
        t.release(lease);
    });
    answer!(s, unit.senders, expect_limits, |t, user, id, after| {
        t.limits(user, id, after)
    });
    change!(s, unit.senders, expect_rest, |t, user, id, until| {
        t.rest(user, id, until);
    });
    answer!(
        s,
        unit.senders,
        expect_counted,
        |t, _user, id, addresses, after| { t.counted(id, addresses, after) }
    );
    answer!(
        s,
        unit.senders,
        expect_count_people,
        |t, _user, id, addresses, quarter| { t.count_people(id, addresses, quarter) }
    );
    change!(
        s,
        unit.senders,
        expect_forget_people,
        |t, _user, id, up_to| {
            t.forget_people(id, up_to);
        }
    );
    change!(s, unit.senders, expect_note_confirmed, |t, user, id, at| {
        t.note_confirmed(user, id, at);
    });
}

fn inbox(unit: &mut MockUnitOfWork, s: &Session) {
    let session = s.clone();
    unit.messages
        .expect_insert()
        .returning(move |message| session.ask(|t| t.insert_message(message))?);
    change!(s, unit.webhooks, expect_insert, |t, event| {
        t.webhooks.insert(event.id, event.clone());
    });
    answer!(s, unit.webhooks, expect_lock_due, |t, now, most| {
        t.due_webhooks(now, most)
    });
    answer!(s, unit.webhooks, expect_save, |t, event| {
        t.save_webhook(event);
    });
    answer!(s, unit.webhooks, expect_lock, |t, user, id| {
        let event = t.webhooks.get(&id).filter(|event| event.user_id == user);
        event.cloned()
    });
}

fn replies(unit: &mut MockUnitOfWork, s: &Session) {
    answer!(
        s,
        unit.correspondents,
        expect_find,
        |t, user, _channel, addresses| t.correspondents(user, addresses)
    );
    answer!(
        s,
        unit.correspondents,
        expect_opted_out,
        |t, user, _channel, addresses| {
            let mut found = t.correspondents(user, addresses);
            found.retain(|person| person.opt_out.is_some());
            found
        }
    );
    answer!(
        s,
        unit.correspondents,
        expect_lock_or_add,
        |t, user, channel, addresses| t.lock_correspondents(user, channel, addresses)
    );
    answer!(s, unit.correspondents, expect_save, |t, people| {
        t.save_correspondents(people);
    });
    answer!(s, unit.replies, expect_insert, |t, reply| {
        t.replies.insert(reply.id, reply.clone());
    });
    answer!(
        s,
        unit.replies,
        expect_recent,
        |t, user, _channel, address, since| t.recent_replies(user, address, since)
    );
    answer!(s, unit.replies, expect_senders_with_due, |t, now| {
        t.replying_senders(now)
    });
    answer!(s, unit.replies, expect_lock_next, |t, sender, now| {
        t.next_reply(sender, now)
    });
    answer!(
        s,
        unit.replies,
        expect_lock_dispatching,
        |t, before, most| { t.dispatching_replies(before, most) }
    );
    answer!(s, unit.replies, expect_lock_many, |t, user, ids| {
        t.many_replies(user, ids)
    });
    answer!(s, unit.replies, expect_save, |t, reply| {
        t.replies.insert(reply.id, reply.clone());
    });
}

fn whatsapp(unit: &mut MockUnitOfWork, s: &Session) {
    answer!(s, unit.whatsapp, expect_lock_connection, |t, user| t
        .connection(user));
    change!(s, unit.whatsapp, expect_save_connection, |t, connection| {
        t.connections.insert(connection.user_id, connection.clone());
    });
    change!(
        s,
        unit.whatsapp,
        expect_note_webhook,
        |t, user, _verified_at, received_at| t.note_webhook(user, received_at)
    );
    answer!(
        s,
        unit.whatsapp,
        expect_lock_template,
        |t, user, account, name, language| t.template(user, account, name, language)
    );
    change!(s, unit.whatsapp, expect_save_templates, |t, templates| {
        for template in templates {
            t.save_template(template);
        }
    });
    answer!(s, unit.campaigns, expect_active, |t, user| t
        .active_campaigns(user));
}
