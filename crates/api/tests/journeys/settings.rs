//! What the configuration accepts, and what it says when it refuses.

use nexus_api::settings::from_pairs;

fn refusal(pairs: &[(&str, &str)]) -> String {
    from_pairs(
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    )
    .expect_err("this must be refused")
    .to_string()
}

const KEY: &str = "kL9vXq2mW7sTz4Rb8NcYpE3hJdUa6GfV";

#[test]
fn production_without_a_key_does_not_start() {
    let said = refusal(&[("APP_ENV", "production")]);
    assert!(said.starts_with("SECRET_KEY: must be set"), "{said}");
}

#[test]
fn production_with_a_weak_key_does_not_start() {
    for weak in [
        "secret",
        "changeme",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        let said = refusal(&[("APP_ENV", "production"), ("SECRET_KEY", weak)]);
        assert!(said.starts_with("SECRET_KEY: is too weak"), "{said}");
        assert!(
            !said.contains(weak) || weak == "secret",
            "the key is repeated: {said}"
        );
    }
}

#[test]
fn a_wildcard_origin_does_not_start() {
    let said = refusal(&[
        ("APP_ENV", "production"),
        ("SECRET_KEY", KEY),
        ("CORS_ORIGINS", "*"),
    ]);
    assert!(said.starts_with("CORS_ORIGINS"), "{said}");
}

#[test]
fn the_sandbox_does_not_run_in_production() {
    let said = refusal(&[
        ("APP_ENV", "production"),
        ("SECRET_KEY", KEY),
        ("SANDBOX", "on"),
    ]);
    assert!(said.starts_with("SANDBOX"), "{said}");
}

#[test]
fn production_keeps_a_pace() {
    let said = refusal(&[
        ("APP_ENV", "production"),
        ("SECRET_KEY", KEY),
        ("SANDBOX", "off"),
        ("DISPATCH_PACE", "off"),
    ]);
    assert!(
        said.starts_with("DISPATCH_PACE: on in production"),
        "{said}"
    );
}

#[test]
fn the_window_follows_the_pace_unless_it_is_set() {
    for (pairs, expected) in [
        (vec![], 80),
        (vec![("DISPATCH_PER_SECOND", "1000")], 1_000),
        (vec![("DISPATCH_PER_SECOND", "5")], 32),
        (vec![("DISPATCH_WINDOW", "7")], 7),
    ] {
        let pairs = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(from_pairs(pairs).unwrap().dispatch.window, expected);
    }
}

#[test]
fn a_refused_value_names_its_variable_and_what_it_takes() {
    for (variable, value) in [
        ("PORT", "many"),
        ("COOKIE_SAMESITE", "maybe"),
        ("DATABASE_URL", "mysql://x"),
        ("DEFAULT_TIME_ZONE", "Luna/Base"),
        ("LOG_FORMAT", "xml"),
        ("DISPATCH_PER_SECOND", "0"),
        ("DISPATCH_PER_SECOND", "1001"),
        ("DISPATCH_PACE", "fast"),
        ("DISPATCH_WINDOW", "1001"),
        ("DISPATCH_DAILY_PEOPLE", "many"),
        ("DISPATCH_DAILY_PEOPLE", "0"),
        ("DISPATCH_FAILURES_IN_A_ROW", "0"),
        ("DISPATCH_FAILURES_PERCENT", "101"),
        ("WHATSAPP_BASE_URL", "graph"),
        ("WHATSAPP_WINDOW", "maybe"),
        ("WHATSAPP_REPORTS_SECONDS", "0"),
        ("SANDBOX_ENFORCE_WINDOW", "perhaps"),
        ("CORS_ORIGINS", "https://app.example.com/"),
    ] {
        let said = refusal(&[(variable, value)]);
        assert!(said.starts_with(&format!("{variable}: ")), "{said}");
    }
}

#[test]
fn the_window_is_kept_with_meta_and_with_a_sandbox_that_enforces_it() {
    let keeps = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter();
        from_pairs(pairs.map(|&(name, value)| (name.to_owned(), value.to_owned())))
            .unwrap()
            .whatsapp
            .keeps_window
    };
    assert!(!keeps(&[]));
    assert!(keeps(&[("SANDBOX_ENFORCE_WINDOW", "true")]));
    assert!(keeps(&[("SANDBOX", "off")]));
    let elsewhere = ("WHATSAPP_BASE_URL", "http://127.0.0.1:9");
    assert!(!keeps(&[("SANDBOX", "off"), elsewhere]));
    assert!(keeps(&[
        ("SANDBOX", "off"),
        elsewhere,
        ("WHATSAPP_WINDOW", "on")
    ]));
    assert!(!keeps(&[("SANDBOX", "off"), ("WHATSAPP_WINDOW", "off")]));
}

#[test]
fn a_key_of_digits_stays_as_it_was_written() {
    use secrecy::ExposeSecret;
    let settings = from_pairs([("SECRET_KEY".to_owned(), "0012345".to_owned())]).unwrap();
    assert_eq!(settings.secret_key.unwrap().expose_secret(), "0012345");
}

#[test]
#[cfg(debug_assertions)]
fn a_fault_that_nobody_knows_is_refused_and_production_has_none() {
    let said = refusal(&[("NEXUS_FAULT", "claim")]);
    assert!(said.starts_with("NEXUS_FAULT: POINT"), "{said}");
    assert!(said.contains("claim.committed"), "{said}");
    let said = refusal(&[("NEXUS_PLANTED_BUG", "typo")]);
    assert!(said.starts_with("NEXUS_PLANTED_BUG"), "{said}");
    assert!(said.contains("drop_outcome"), "{said}");
    let said = refusal(&[
        ("APP_ENV", "production"),
        ("SECRET_KEY", KEY),
        ("SANDBOX", "off"),
        ("NEXUS_FAULT", "claim.committed:2:stop"),
    ]);
    assert!(said.ends_with("nothing in production"), "{said}");
}

#[test]
fn a_bucket_is_configured_whole_or_not_at_all() {
    let whole = [
        ("S3_BUCKET", "archivos"),
        ("S3_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("S3_SECRET_ACCESS_KEY", "a-planted-secret"),
    ];
    let pairs = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter();
        from_pairs(pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    };
    assert!(pairs(&[]).expect("no bucket").bucket.is_none());
    let settings = pairs(&whole).expect("a bucket");
    let told = format!("{settings:?}");
    assert!(
        told.contains("archivos") && !told.contains("a-planted-secret"),
        "{told}"
    );
    for missing in 0..whole.len() {
        let mut part = whole.to_vec();
        let (name, _) = part.remove(missing);
        let said = refusal(&part);
        assert!(said.starts_with(&format!("{name}: must be set")), "{said}");
        assert!(!said.contains("a-planted-secret"), "{said}");
    }
    for alone in [
        ("S3_ENDPOINT", "http://127.0.0.1:9000"),
        ("S3_PREFIX", "nexus"),
    ] {
        assert!(refusal(&[alone]).starts_with("S3_BUCKET: must be set"));
    }
    for (name, value) in [
        ("S3_PREFIX", "../otro"),
        ("S3_ENDPOINT", "minio:9000"),
        ("S3_PATH_STYLE", "sí"),
    ] {
        let with = [whole.as_slice(), &[(name, value)]].concat();
        let said = refusal(&with);
        assert!(said.starts_with(name), "{said}");
    }
    let production = [
        whole.as_slice(),
        &[
            ("APP_ENV", "production"),
            ("SECRET_KEY", KEY),
            ("SANDBOX", "off"),
            ("S3_ENDPOINT", "http://minio:9000"),
        ],
    ]
    .concat();
    assert!(refusal(&production).starts_with("S3_ENDPOINT: an https://"));
}
