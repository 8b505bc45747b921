use super::*;

#[tokio::test]
async fn changes_and_ends_every_session_in_one_transaction() {
    let mut unit = saving(user(), |user| {
        user.password_hash == "hash of a whole new password"
    });
    unit.sessions
        .expect_delete_of_user()
        .with(eq(user().id))
        .times(1)
        .returning(|_| Ok(()));
    let storage = ScriptedStorage::new()
        .then_read(read_by_id(Some(user())))
        .then_begin(unit);
    let hasher = with_hash(verifying(Some("hash of the password"), true));
    let bench = bench(storage, hasher);

    bench
        .accounts
        .change_password(
            &actor(),
            GOOD_PASSWORD.into(),
            "a whole new password".into(),
        )
        .await
        .expect("changed");

    assert_eq!(bench.storage.commits(), 1);
}

#[tokio::test]
async fn stays_when_the_current_one_is_wrong() {
    let storage = ScriptedStorage::new().then_read(read_by_id(Some(user())));
    let bench = bench(storage, verifying(Some("hash of the password"), false));

    let error = bench
        .accounts
        .change_password(&actor(), "wrong".into(), "a whole new password".into())
        .await
        .expect_err("refused");

    assert!(matches!(error, ChangePasswordError::WrongPassword));
    assert_eq!(bench.storage.commits(), 0);
}

#[tokio::test]
async fn is_judged_before_anything_is_hashed() {
    let storage = ScriptedStorage::new().then_read(read_by_id(Some(user())));
    let bench = bench(storage, MockPasswordHasher::new());

    let error = bench
        .accounts
        .change_password(&actor(), "".into(), "Ana Torres".into())
        .await
        .expect_err("refused");

    let ChangePasswordError::Invalid(violations) = error else {
        panic!("unexpected: {error}");
    };
    assert_eq!(
        refused(&violations),
        fields(&[
            ("current_password", "required"),
            ("new_password", "common_password"),
        ])
    );
}

#[tokio::test]
async fn of_two_changes_at_once_one_wins() {
    let mut changed = user();
    changed.password_hash = "another hash".to_owned();
    let storage = ScriptedStorage::new()
        .then_read(read_by_id(Some(user())))
        .then_begin(locking(changed));
    let hasher = with_hash(verifying(Some("hash of the password"), true));
    let bench = bench(storage, hasher);

    let error = bench
        .accounts
        .change_password(
            &actor(),
            GOOD_PASSWORD.into(),
            "a whole new password".into(),
        )
        .await
        .expect_err("refused");

    assert!(matches!(error, ChangePasswordError::WrongPassword));
    assert_eq!(bench.storage.commits(), 0);
}
