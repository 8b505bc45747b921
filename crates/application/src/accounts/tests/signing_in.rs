use super::*;

fn typed(email: &str, password: &str) -> SignIn {
    SignIn {
        email: email.to_owned(),
        password: password.into(),
    }
}

#[tokio::test]
async fn notes_the_time_of_the_right_password() {
    let storage = ScriptedStorage::new()
        .then_read(read_by_email(Some(user())))
        .then_begin(saving(user(), |user| user.last_login == Some(now())));
    let bench = bench(storage, verifying(Some("hash of the password"), true));

    let profile = bench
        .accounts
        .sign_in(typed("Ana@Example.com", GOOD_PASSWORD))
        .await
        .expect("signed in");

    assert_eq!(profile.user.last_login, Some(now()));
    assert_eq!(bench.storage.commits(), 1);
}

#[tokio::test]
async fn an_unknown_email_hashes_once_too() {
    let storage = ScriptedStorage::new().then_read(read_by_email(None));
    let bench = bench(storage, verifying(None, false));

    let error = bench
        .accounts
        .sign_in(typed("nobody@example.com", GOOD_PASSWORD))
        .await
        .expect_err("refused");

    assert!(matches!(error, SignInError::WrongCredentials));
}

#[tokio::test]
async fn nobody_signs_in_without_an_account_whatever_the_hasher_says() {
    let storage = ScriptedStorage::new().then_read(read_by_email(None));
    let bench = bench(storage, verifying(None, true));

    let answer = bench
        .accounts
        .sign_in(typed("nobody@example.com", GOOD_PASSWORD))
        .await;

    assert!(matches!(answer, Err(SignInError::WrongCredentials)));
}

#[tokio::test]
async fn a_malformed_email_hashes_once_too() {
    let bench = bench(ScriptedStorage::new(), verifying(None, false));

    let error = bench
        .accounts
        .sign_in(typed("not an address", GOOD_PASSWORD))
        .await
        .expect_err("refused");

    assert!(matches!(error, SignInError::WrongCredentials));
}

#[tokio::test]
async fn an_endless_password_is_not_hashed_but_takes_as_long() {
    let mut hasher = MockPasswordHasher::new();
    hasher
        .expect_verify()
        .withf(|password, hash| password.expose_secret().is_empty() && hash.is_none())
        .times(1)
        .returning(|_, _| Ok(false));
    let storage = ScriptedStorage::new().then_read(read_by_email(Some(user())));
    let bench = bench(storage, hasher);

    let error = bench
        .accounts
        .sign_in(typed("ana@example.com", &"a".repeat(1_025)))
        .await
        .expect_err("refused");

    assert!(matches!(error, SignInError::WrongCredentials));
}

#[tokio::test]
async fn a_wrong_password_writes_nothing() {
    let storage = ScriptedStorage::new().then_read(read_by_email(Some(user())));
    let bench = bench(storage, verifying(Some("hash of the password"), false));

    let error = bench
        .accounts
        .sign_in(typed("ana@example.com", "wrong password"))
        .await
        .expect_err("refused");

    assert!(matches!(error, SignInError::WrongCredentials));
    assert_eq!(bench.storage.commits(), 0);
}

#[tokio::test]
async fn a_password_changed_meanwhile_no_longer_opens() {
    let mut changed = user();
    changed.password_hash = "another hash".to_owned();
    let storage = ScriptedStorage::new()
        .then_read(read_by_email(Some(user())))
        .then_begin(locking(changed));
    let bench = bench(storage, verifying(Some("hash of the password"), true));

    let error = bench
        .accounts
        .sign_in(typed("ana@example.com", GOOD_PASSWORD))
        .await
        .expect_err("refused");

    assert!(matches!(error, SignInError::WrongCredentials));
    assert_eq!(bench.storage.commits(), 0);
}
