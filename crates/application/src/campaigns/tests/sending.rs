//! What is checked before the transaction in which a campaign starts.

use nexus_domain::{Failure, FailureCode};

use super::*;

async fn refusal(bench: &Bench) -> SendCampaignError {
    let error = bench
        .campaigns
        .send(&actor(), campaign_id())
        .await
        .expect_err("refused");
    assert!(bench.unchanged());
    error
}

/// `user` would send `campaign`; no transaction is prepared.
fn before_sending(user: User, campaign: Campaign) -> ScriptedStorage {
    ScriptedStorage::new()
        .then_read(of_user(Some(user)))
        .then_read(finding_to_send(Some(campaign)))
}

async fn missing_for(user: User, campaign: Campaign) -> Vec<&'static str> {
    let error = refusal(&bench(before_sending(user, campaign))).await;
    let SendCampaignError::NoProvider { missing } = error else {
        panic!("unexpected: {error}");
    };
    missing
}

async fn template_refusal(known: Vec<ApprovedTemplate>) -> TemplateProblem {
    let storage = before_sending(ready(), with_template()).then_begin(keeping_templates());
    let bench = bench_with(storage, [answering(Ok(known))]);
    let error = bench.campaigns.send(&actor(), campaign_id()).await;
    let error = error.expect_err("refused");
    assert_eq!(bench.storage.commits(), 1, "what the provider said is kept");
    assert!(!bench.woken());
    let SendCampaignError::TemplateUnusable(problem) = error else {
        panic!("unexpected: {error}");
    };
    problem
}

#[tokio::test]
async fn an_unknown_campaign_is_not_sent() {
    let storage = ScriptedStorage::new()
        .then_read(of_user(Some(ready())))
        .then_read(finding_to_send(None));
    let error = refusal(&bench(storage)).await;
    assert!(matches!(error, SendCampaignError::NotFound), "{error}");
}

#[tokio::test]
async fn a_user_who_is_gone_sends_nothing() {
    let storage = ScriptedStorage::new().then_read(of_user(None));
    let error = refusal(&bench(storage)).await;
    assert!(matches!(error, SendCampaignError::NotFound), "{error}");
}

#[tokio::test]
async fn a_campaign_that_has_started_is_not_sent_again() {
    for status in all_but(&[
        CampaignStatus::Draft,
        CampaignStatus::Scheduled,
        CampaignStatus::Missed,
    ]) {
        let storage = before_sending(ready(), in_status(status));
        let error = refusal(&bench(storage)).await;
        assert!(
            matches!(error, SendCampaignError::NotSendable { status: is } if is == status),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_channel_that_is_not_there_is_named() {
    let storage = before_sending(ready(), for_gmail());
    let error = refusal(&bench(storage)).await;
    assert!(
        matches!(
            error,
            SendCampaignError::ChannelUnavailable {
                channel: ChannelKind::Gmail
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn everything_that_the_profile_lacks_is_listed() {
    assert_eq!(
        missing_for(user(), campaign()).await,
        ["whatsapp_api_key", "whatsapp_phone_number_id"]
    );
    let without_number = User {
        whatsapp_phone_number_id: None,
        ..ready()
    };
    assert_eq!(
        missing_for(without_number, campaign()).await,
        ["whatsapp_phone_number_id"]
    );
}

#[tokio::test]
async fn a_key_that_no_longer_opens_is_missing() {
    let mut user = ready();
    user.keys.insert(
        SecretField::WhatsappApiKey,
        nexus_domain::SealedSecret::new("sealed with a key that is gone".to_owned()),
    );
    assert_eq!(missing_for(user, campaign()).await, ["whatsapp_api_key"]);
}

#[tokio::test]
async fn gmail_lacks_its_key_even_where_there_is_the_channel() {
    let storage = before_sending(ready(), for_gmail());
    let error = refusal(&bench_with(storage, [over(ChannelKind::Gmail)])).await;
    assert!(
        matches!(&error, SendCampaignError::NoProvider { missing } if *missing == ["gmail_api_key"]),
        "{error}"
    );
}

#[tokio::test]
async fn a_template_needs_the_account_that_owns_it() {
    let user = User {
        whatsapp_business_account_id: None,
        ..ready()
    };
    assert_eq!(
        missing_for(user, with_template()).await,
        ["whatsapp_business_account_id"]
    );
}

#[tokio::test]
async fn a_template_that_the_account_does_not_have_is_not_sent() {
    assert_eq!(template_refusal(Vec::new()).await, TemplateProblem::Missing);
}

#[tokio::test]
async fn a_template_that_is_not_approved_is_not_sent() {
    let paused = ApprovedTemplate {
        status: "PAUSED".to_owned(),
        ..approved()
    };
    assert_eq!(
        template_refusal(vec![paused]).await,
        TemplateProblem::NotApproved {
            status: "PAUSED".to_owned()
        }
    );
}

#[tokio::test]
async fn a_template_with_other_variables_is_not_sent() {
    let other = ApprovedTemplate {
        variables: texts(&["1", "3"]),
        ..approved()
    };
    assert_eq!(
        template_refusal(vec![other]).await,
        TemplateProblem::Variables {
            missing: texts(&["3"]),
            unknown: texts(&["2"]),
        }
    );
}

#[tokio::test]
async fn what_the_provider_says_instead_of_its_templates_is_passed_on() {
    let failure = Failure {
        code: FailureCode::CredentialInvalid,
        provider_code: Some(190),
        detail: Some("expired".to_owned()),
    };
    for said in [
        ChannelError::AccountRefused(failure),
        ChannelError::NotConnected,
    ] {
        let storage = before_sending(ready(), with_template()).then_begin(keeping_templates());
        let bench = bench_with(storage, [answering(Err(said.clone()))]);
        let error = bench.campaigns.send(&actor(), campaign_id()).await;
        let error = error.expect_err("refused");
        assert!(!bench.woken());
        let SendCampaignError::ProviderRefused { reason } = error else {
            panic!("unexpected: {error}");
        };
        assert_eq!(reason, said);
    }
}
