use super::*;

#[tokio::test]
async fn makes_an_account_with_the_defaults() {
    let mut unit = MockUnitOfWork::default();
    unit.users
        .expect_insert()
        .withf(|user| user.password_hash == format!("hash of {GOOD_PASSWORD}"))
        .times(1)
        .returning(|_| Ok(()));
    let storage = ScriptedStorage::new()
        .then_read(read_by_email(None))
        .then_begin(unit);
    let bench = bench(storage, with_hash(MockPasswordHasher::new()));

    let profile = bench.accounts.register(wish()).await.expect("an account");

    assert_eq!(bench.storage.commits(), 1);
    assert_eq!(profile.user.language, Language::En);
    assert_eq!(profile.user.default_country, mexico());
    assert_eq!(
        profile.user.phone.as_ref().map(PhoneNumber::as_str),
        Some("+525512345678")
    );
    assert_eq!(profile.user.company, None);
    assert_eq!(profile.user.last_login, Some(now()));
    assert!(profile.masks.is_empty());
}

#[tokio::test]
async fn lists_every_bad_field_before_anything_is_hashed() {
    let bench = bench(ScriptedStorage::new(), MockPasswordHasher::new());
    let wish = Register {
        name: "  ".to_owned(),
        email: "ana".to_owned(),
        password: "short".into(),
        phone: Some("12".to_owned()),
        company: Some("x".repeat(201)),
        language: None,
    };

    let error = bench.accounts.register(wish).await.expect_err("refused");

    let RegisterError::Invalid(violations) = error else {
        panic!("unexpected: {error}");
    };
    assert_eq!(
        refused(&violations),
        fields(&[
            ("name", "required"),
            ("email", "invalid_email"),
            ("password", "too_short"),
            ("phone", "invalid_phone"),
            ("company", "too_long"),
        ])
    );
}

#[tokio::test]
async fn a_taken_email_hashes_and_writes_nothing() {
    let storage = ScriptedStorage::new().then_read(read_by_email(Some(user())));
    let bench = bench(storage, MockPasswordHasher::new());

    let error = bench.accounts.register(wish()).await.expect_err("refused");

    assert!(matches!(error, RegisterError::EmailTaken));
    assert_eq!(bench.storage.commits(), 0);
}

#[tokio::test]
async fn an_email_that_is_taken_meanwhile_is_taken() {
    let mut unit = MockUnitOfWork::default();
    unit.users
        .expect_insert()
        .returning(|_| Err(StorageError::Duplicate(DuplicateKey::UserEmail)));
    let storage = ScriptedStorage::new()
        .then_read(read_by_email(None))
        .then_begin(unit);
    let bench = bench(storage, with_hash(MockPasswordHasher::new()));

    let error = bench.accounts.register(wish()).await.expect_err("refused");

    assert!(matches!(error, RegisterError::EmailTaken));
    assert_eq!(bench.storage.commits(), 0);
}

#[tokio::test]
async fn the_senders_secrets_are_sealed_into_the_account() {
    let mut provisioner = MockSenderProvisioner::new();
    provisioner.expect_provision().times(1).returning(|_, _| {
        Ok(ProvisionedSender {
            token: KEY.into(),
            phone_number_id: "1001".to_owned(),
            business_account_id: "2002".to_owned(),
            app_secret: "app-secret-long".into(),
            verify_token: "verify".into(),
        })
    });
    let mut unit = MockUnitOfWork::default();
    unit.users.expect_insert().times(1).returning(|user| {
        let credentials = whatsapp_credentials(&PaperSealer, user).expect("complete");
        assert_eq!(credentials.token.expose_secret(), KEY);
        assert_eq!(credentials.external_id, "1001");
        assert_eq!(credentials.business_account_id.as_deref(), Some("2002"));
        assert_eq!(user.keys.len(), 3);
        Ok(())
    });
    let storage = ScriptedStorage::new()
        .then_read(read_by_email(None))
        .then_begin(unit);
    let hasher = with_hash(MockPasswordHasher::new());
    let bench = bench_with(storage, hasher, MockFileStore::new(), Some(provisioner));

    let profile = bench.accounts.register(wish()).await.expect("an account");

    assert_eq!(profile.masks[&SecretField::WhatsappApiKey], MASK);
    assert_eq!(profile.masks[&SecretField::WhatsappVerifyToken], "••••••••");
}

#[tokio::test]
async fn without_the_promised_sender_there_is_no_account() {
    let mut provisioner = MockSenderProvisioner::new();
    provisioner
        .expect_provision()
        .returning(|_, _| Err(ProvisioningError("down".to_owned())));
    let storage = ScriptedStorage::new().then_read(read_by_email(None));
    let hasher = with_hash(MockPasswordHasher::new());
    let bench = bench_with(storage, hasher, MockFileStore::new(), Some(provisioner));

    let error = bench.accounts.register(wish()).await.expect_err("refused");

    assert!(matches!(error, RegisterError::Provisioning(_)));
    assert_eq!(bench.storage.commits(), 0);
}
