use nexus_domain::{BotActivity, BotActivityKind};

use crate::samples::{self, at};
use crate::store::{Store, assert_same};

on_both_databases!(
    an_activity_is_read_as_it_was_written,
    the_latest_come_first_and_no_more_than_asked_for,
    another_user_sees_none_of_it,
);

async fn an_activity_is_read_as_it_was_written(store: Store) {
    let user = store.user().await;
    let contact = samples::contact(user.id, "Luz");
    store.add(std::slice::from_ref(&contact)).await;
    let kinds = [
        BotActivityKind::Failed,
        BotActivityKind::HandedOver,
        BotActivityKind::Replied,
    ];
    for (kind, contact_id) in kinds.into_iter().zip([None, None, Some(contact.id)]) {
        let activity = BotActivity {
            contact_id,
            kind,
            summary: format!("Hizo «{}».", kind.as_str()),
            ..samples::activity(user.id)
        };
        let mut repositories = store.read();
        let activities = repositories.bot_activity();
        activities.insert(&activity).await.unwrap();
        let found = activities.recent(user.id, 10).await.unwrap();
        let found = found.into_iter().find(|found| found.id == activity.id);
        assert_same(&found, &Some(activity));
    }
}

async fn the_latest_come_first_and_no_more_than_asked_for(store: Store) {
    let user = store.user().await;
    let mut activities: Vec<_> = [at(2), at(0), at(3), at(1), at(2)]
        .into_iter()
        .map(|created_at| BotActivity {
            created_at,
            ..samples::activity(user.id)
        })
        .collect();
    let mut repositories = store.read();
    for activity in &activities {
        repositories.bot_activity().insert(activity).await.unwrap();
    }
    activities.sort_by_key(|activity| std::cmp::Reverse((activity.created_at, activity.id)));
    for most in [1, 3, 5, 9] {
        let recent = repositories.bot_activity().recent(user.id, most).await;
        let expected: Vec<_> = activities.iter().take(most as usize).cloned().collect();
        assert_eq!(recent.unwrap(), expected, "the latest {most}");
    }
}

async fn another_user_sees_none_of_it(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let mut repositories = store.read();
    let activities = repositories.bot_activity();
    activities
        .insert(&samples::activity(user.id))
        .await
        .unwrap();
    assert_eq!(activities.recent(other.id, 10).await.unwrap(), []);
    assert_eq!(activities.recent(user.id, 10).await.unwrap().len(), 1);
}
