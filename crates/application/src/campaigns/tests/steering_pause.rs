use nexus_domain::FailureCode;

use super::*;

fn paused(reason: Option<FailureCode>) -> Campaign {
    Campaign {
        state: CampaignState::Paused {
            started_at: earlier(),
            reason,
        },
        ..in_status(CampaignStatus::Paused)
    }
}

fn going_on() -> Campaign {
    Campaign {
        updated_at: now(),
        ..in_status(CampaignStatus::Active)
    }
}

/// The sender that the campaign remembers is looked for.
fn begun_by(unit: &mut MockUnitOfWork, found: Option<SenderAccount>) {
    unit.senders
        .expect_find()
        .with(eq(user().id), eq(sender_id()))
        .times(1)
        .returning(move |_, _| Ok(found.clone()));
}

fn resuming(user: User, unit: MockUnitOfWork) -> ScriptedStorage {
    ScriptedStorage::new()
        .then_read(of_user(Some(user)))
        .then_begin(unit)
}

async fn refusal_to_resume(storage: ScriptedStorage) -> ResumeCampaignError {
    let bench = bench(storage);
    let error = bench
        .campaigns
        .resume(&actor(), campaign_id())
        .await
        .expect_err("refused");
    assert!(bench.unchanged());
    error
}

#[tokio::test]
async fn a_campaign_that_is_being_sent_is_paused() {
    let mut unit = locking(Some(in_status(CampaignStatus::Active)));
    let expected = Campaign {
        updated_at: now(),
        ..paused(None)
    };
    saving(&mut unit, expected.clone());
    reading_media(&mut unit);
    let bench = bench(ScriptedStorage::new().then_begin(unit));

    let details = bench
        .campaigns
        .pause(&actor(), campaign_id())
        .await
        .expect("paused");

    assert_eq!(bench.storage.commits(), 1);
    assert!(!bench.woken());
    let expected = CampaignDetails {
        campaign: expected,
        media: vec![file()],
    };
    assert_eq!(details, expected);
}

#[tokio::test]
async fn a_campaign_whose_files_cant_be_read_is_not_paused() {
    let mut unit = locking(Some(in_status(CampaignStatus::Active)));
    let expected = Campaign {
        updated_at: now(),
        ..paused(None)
    };
    saving(&mut unit, expected);
    failing_media(&mut unit);
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    let error = bench
        .campaigns
        .pause(&actor(), campaign_id())
        .await
        .expect_err("failed");
    assert!(matches!(error, PauseCampaignError::Storage(_)), "{error}");
    assert!(bench.unchanged());
}

#[tokio::test]
async fn only_what_is_being_sent_can_be_paused() {
    for status in all_but(&[CampaignStatus::Active]) {
        let unit = locking(Some(in_status(status)));
        let bench = bench(ScriptedStorage::new().then_begin(unit));
        let error = bench
            .campaigns
            .pause(&actor(), campaign_id())
            .await
            .expect_err("refused");
        assert!(
            matches!(error, PauseCampaignError::NotPausable { status: is } if is == status),
            "{error}"
        );
        assert!(bench.unchanged());
    }
}

#[tokio::test]
async fn an_unknown_campaign_is_not_paused() {
    let bench = bench(ScriptedStorage::new().then_begin(locking(None)));
    let error = bench
        .campaigns
        .pause(&actor(), campaign_id())
        .await
        .expect_err("refused");
    assert!(matches!(error, PauseCampaignError::NotFound), "{error}");
    assert!(bench.unchanged());
}

#[tokio::test]
async fn a_paused_campaign_goes_on_whoever_paused_it() {
    for reason in [None, Some(FailureCode::CredentialInvalid)] {
        let mut unit = locking(Some(paused(reason)));
        begun_by(&mut unit, Some(account()));
        saving(&mut unit, going_on());
        reading_media(&mut unit);
        let bench = bench(resuming(ready(), unit));

        let details = bench
            .campaigns
            .resume(&actor(), campaign_id())
            .await
            .expect("resumed");

        assert_eq!(bench.storage.commits(), 1);
        assert!(bench.woken());
        let expected = CampaignDetails {
            campaign: going_on(),
            media: vec![file()],
        };
        assert_eq!(details, expected);
    }
}

#[tokio::test]
async fn a_campaign_whose_files_cant_be_read_does_not_go_on() {
    let mut unit = locking(Some(paused(None)));
    begun_by(&mut unit, Some(account()));
    saving(&mut unit, going_on());
    failing_media(&mut unit);
    let error = refusal_to_resume(resuming(ready(), unit)).await;
    assert!(matches!(error, ResumeCampaignError::Storage(_)), "{error}");
}

#[tokio::test]
async fn only_what_is_paused_can_be_resumed() {
    for status in all_but(&[CampaignStatus::Paused]) {
        let unit = locking(Some(in_status(status)));
        let error = refusal_to_resume(resuming(ready(), unit)).await;
        assert!(
            matches!(error, ResumeCampaignError::NotResumable { status: is } if is == status),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_unknown_campaign_or_user_resumes_nothing() {
    let of_nobody = ScriptedStorage::new().then_read(of_user(None));
    for storage in [of_nobody, resuming(ready(), locking(None))] {
        let error = refusal_to_resume(storage).await;
        assert!(matches!(error, ResumeCampaignError::NotFound), "{error}");
    }
}

#[tokio::test]
async fn a_campaign_does_not_go_on_without_what_its_channel_needs() {
    let unit = locking(Some(paused(None)));
    let error = refusal_to_resume(resuming(user(), unit)).await;
    let ResumeCampaignError::Sender(SenderProblem::NoProvider { missing }) = error else {
        panic!("unexpected: {error}");
    };
    assert_eq!(missing, ["whatsapp_api_key", "whatsapp_phone_number_id"]);
}

#[tokio::test]
async fn a_campaign_does_not_go_on_from_another_number() {
    let other = SenderAccount {
        external_id: "1550002".to_owned(),
        ..account()
    };
    for begun in [Some(other), None] {
        let mut unit = locking(Some(paused(None)));
        begun_by(&mut unit, begun);
        let error = refusal_to_resume(resuming(ready(), unit)).await;
        assert!(
            matches!(
                error,
                ResumeCampaignError::Sender(SenderProblem::SenderChanged)
            ),
            "{error}"
        );
    }
}
