use super::*;

async fn update(before: User, changes: ProfileChanges) -> Result<Profile, UpdateProfileError> {
    let storage = ScriptedStorage::new().then_begin(saving(before, |_| true));
    bench(storage, MockPasswordHasher::new())
        .accounts
        .update_profile(&actor(), changes)
        .await
}

async fn refusal(before: User, changes: ProfileChanges) -> Vec<(String, String)> {
    let storage = ScriptedStorage::new().then_begin(locking(before));
    let bench = bench(storage, MockPasswordHasher::new());
    let error = bench
        .accounts
        .update_profile(&actor(), changes)
        .await
        .expect_err("refused");
    assert_eq!(bench.storage.commits(), 0);
    let UpdateProfileError::Invalid(violations) = error else {
        panic!("unexpected: {error}");
    };
    refused(&violations)
}

#[tokio::test]
async fn of_nobody_is_no_profile() {
    let storage = ScriptedStorage::new().then_read(read_by_id(None));
    let answer = bench(storage, MockPasswordHasher::new())
        .accounts
        .profile(&actor())
        .await;
    assert!(matches!(answer, Err(ProfileError::NoSuchUser)));
}

#[tokio::test]
async fn shows_secrets_as_masks() {
    for (secret, mask) in [
        (KEY, MASK),
        ("123456789012", "••••••••9012"),
        ("12345678901", "••••••••"),
        ("ñandú-ñandú-áéíó", "••••••••áéíó"),
    ] {
        let storage = ScriptedStorage::new().then_read(read_by_id(Some(user_with_key(secret))));
        let profile = bench(storage, MockPasswordHasher::new())
            .accounts
            .profile(&actor())
            .await
            .expect("a profile");
        assert_eq!(
            profile.masks,
            BTreeMap::from([(SecretField::GeminiApiKey, mask.to_owned())])
        );
    }
}

#[tokio::test]
async fn loads_although_a_secret_no_longer_opens() {
    let mut user = user();
    user.keys.insert(
        SecretField::GeminiApiKey,
        SealedSecret::new("sealed with a lost key".to_owned()),
    );
    let storage = ScriptedStorage::new().then_read(read_by_id(Some(user)));
    let profile = bench(storage, MockPasswordHasher::new())
        .accounts
        .profile(&actor())
        .await
        .expect("a profile");
    assert_eq!(profile.masks[&SecretField::GeminiApiKey], "••••••••");
}

#[tokio::test]
async fn loaded_and_saved_leaves_the_keys() {
    for (secret, mask) in [(KEY, MASK), ("short", "••••••••")] {
        let before = user_with_key(secret);
        let profile = update(before.clone(), gemini_key(Field::Set(mask.into())))
            .await
            .expect("saved");
        assert_eq!(profile.user.keys, before.keys);
    }
}

#[tokio::test]
async fn loaded_and_saved_leaves_a_key_that_does_not_open() {
    let mut before = user();
    let sealed = SealedSecret::new("sealed with a lost key".to_owned());
    before.keys.insert(SecretField::GeminiApiKey, sealed);
    let profile = update(before.clone(), gemini_key(Field::Set("••••••••".into())))
        .await
        .expect("saved");
    assert_eq!(profile.user.keys, before.keys);
}

#[tokio::test]
async fn takes_a_new_key_trimmed() {
    let profile = update(
        user_with_key(KEY),
        gemini_key(Field::Set("  AIza-new-key-1234\n".into())),
    )
    .await
    .expect("saved");
    assert_eq!(
        profile.user.keys[&SecretField::GeminiApiKey],
        sealed(SecretField::GeminiApiKey, "AIza-new-key-1234")
    );
    assert_eq!(profile.masks[&SecretField::GeminiApiKey], "••••••••1234");
}

#[tokio::test]
async fn removes_a_key_that_is_cleared() {
    for wish in [Field::Clear, Field::Set("".into()), Field::Set("  ".into())] {
        let profile = update(user_with_key(KEY), gemini_key(wish))
            .await
            .expect("saved");
        assert!(profile.user.keys.is_empty());
        assert!(profile.masks.is_empty());
    }
}

#[tokio::test]
async fn refuses_what_is_no_key() {
    for (typed, code) in [
        ("x".repeat(4_097), "too_long"),
        ("a\u{0}b".to_owned(), "control_character"),
        // The mask of a key that was replaced since the form was loaded.
        ("••••••••abcd".to_owned(), "malformed"),
    ] {
        let changes = gemini_key(Field::Set(typed.as_str().into()));
        assert_eq!(
            refusal(user_with_key(KEY), changes).await,
            fields(&[("gemini_api_key", code)])
        );
    }
}

#[tokio::test]
async fn keeps_what_is_absent_and_clears_what_is_empty() {
    let mut before = user();
    before.company = CompanyName::parse("La Tienda").ok();
    before.phone = Some(PhoneNumber::from_stored("+525512345678".to_owned()));
    let changes = ProfileChanges {
        company: set(""),
        theme: set("dark"),
        gemini_auto_reply_enabled: Some(true),
        sms_notifications: Some(true),
        ..ProfileChanges::default()
    };

    let after = update(before.clone(), changes).await.expect("saved").user;

    assert_eq!(after.company, None);
    assert_eq!(after.theme.as_str(), "dark");
    assert!(after.automation.auto_reply_enabled);
    assert!(after.notifications.sms);
    assert_eq!(after.phone, before.phone);
    assert_eq!(after.name, before.name);
    assert_eq!(after.privacy, before.privacy);
}

#[tokio::test]
async fn lists_every_bad_field() {
    let changes = ProfileChanges {
        name: Field::Clear,
        phone: set("12"),
        company: set(&"x".repeat(201)),
        language: set("fr"),
        timezone: set("Mars/Olympus"),
        theme: Field::Clear,
        default_country: set("ZZ"),
        ..ProfileChanges::default()
    };
    let mut refused = refusal(user(), changes).await;
    refused.sort();
    assert_eq!(
        refused,
        fields(&[
            ("company", "too_long"),
            ("default_country", "unknown_country"),
            ("language", "unknown_language"),
            ("name", "required"),
            ("phone", "invalid_phone"),
            ("theme", "required"),
            ("timezone", "unknown_time_zone"),
        ])
    );
}

#[tokio::test]
async fn reads_the_phone_in_the_country_of_the_same_form() {
    let changes = ProfileChanges {
        phone: set("612 34 56 78"),
        default_country: set("es"),
        ..ProfileChanges::default()
    };
    let after = update(user(), changes).await.expect("saved").user;
    assert_eq!(after.phone.expect("a phone").as_str(), "+34612345678");
}

#[tokio::test]
async fn does_not_judge_the_stored_phone_again() {
    let mut before = user();
    // A number from before its plan changed.
    before.phone = Some(PhoneNumber::from_stored("+520000000000".to_owned()));
    let changes = ProfileChanges {
        phone: set("+520000000000"),
        ..ProfileChanges::default()
    };
    let after = update(before.clone(), changes).await.expect("saved").user;
    assert_eq!(after.phone, before.phone);
}
