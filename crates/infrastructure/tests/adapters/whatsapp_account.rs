//! Asking Meta about an account: does the key work, and which templates are there.

use nexus_domain::ports::{ChannelError, MessageChannel, SenderProfile};
use nexus_domain::{ApprovedTemplate, Failure, FailureCode, TemplateButton, TemplateHeader};
use serde_json::{Value, json};

use crate::provider::{Provider, Reply, TOKEN, channel_at, closed_port, sender};

#[tokio::test]
async fn a_working_key_shows_number_name_and_quality() {
    let provider = Provider::always(Reply::json(
        200,
        &json!({
            "display_phone_number": "+52 55 1234 5678",
            "verified_name": "Taquería Ñandú",
            "quality_rating": "GREEN",
            "messaging_limit_tier": "TIER_1K",
            "id": "106540352242922",
            // As the numbers of the account, which are asked for next.
            "data": [{ "id": "1" }, { "id": "106540352242922" }]
        }),
    ))
    .await;
    assert_eq!(
        provider.channel().check(&sender()).await,
        Ok(SenderProfile {
            display_address: "+52 55 1234 5678".to_owned(),
            display_name: Some("Taquería Ñandú".to_owned()),
            quality: Some("GREEN".to_owned()),
            limit: Some("TIER_1K".to_owned()),
            in_account: Some(true),
        })
    );
    let requests = provider.requests();
    assert_eq!(
        requests[0].line.replace("%2C", ","),
        "GET /v23.0/106540352242922?fields=display_phone_number,verified_name,quality_rating,messaging_limit_tier HTTP/1.1"
    );
    assert_eq!(
        requests[1].line,
        "GET /v23.0/419561257915477/phone_numbers?fields=id&limit=100 HTTP/1.1"
    );
    assert!(requests[0].headers.contains(TOKEN));
}

#[tokio::test]
async fn a_number_without_name_or_rating_is_a_number_all_the_same() {
    let provider =
        Provider::always(Reply::json(200, &json!({ "display_phone_number": "1555" }))).await;
    let profile = provider.channel().check(&sender()).await.unwrap();
    assert_eq!(profile.display_name, None);
    assert_eq!(profile.quality, None);
}

#[tokio::test]
async fn a_key_that_does_not_work_says_so() {
    for (status, code) in [(401, 190), (403, 200), (400, 100), (400, 33)] {
        let error = json!({ "error": { "code": code, "message": "words" } });
        let provider = Provider::always(Reply::json(status, &error)).await;
        let refused = ChannelError::AccountRefused(Failure {
            code: FailureCode::CredentialInvalid,
            provider_code: Some(code),
            detail: Some("words".to_owned()),
        });
        let channel = provider.channel();
        assert_eq!(channel.check(&sender()).await, Err(refused.clone()));
        assert_eq!(channel.templates(&sender()).await, Err(refused));
    }
    assert_eq!(
        channel_at(closed_port().await).check(&sender()).await,
        Err(ChannelError::NotConnected)
    );
}

fn template(name: &str, status: &str) -> Value {
    json!({
        "id": "1",
        "name": name,
        "language": "es_MX",
        "status": status,
        "category": "MARKETING",
        "parameter_format": "POSITIONAL",
        "quality_score": { "score": "YELLOW", "date": 1_700_000_000 },
        "rejected_reason": "NONE",
        "components": [
            { "type": "HEADER", "format": "TEXT", "text": "Título {{1}}" },
            { "type": "BODY", "text": "Hola {{1}}, tu cita es el {{2}}", "example": {} },
            { "type": "FOOTER", "text": "Responde BAJA" },
            { "type": "BUTTONS", "buttons": [{ "type": "QUICK_REPLY", "text": "BAJA" }] }
        ]
    })
}

#[tokio::test]
async fn templates_come_from_all_pages_with_their_bodies_and_variables() {
    let first = json!({
        "data": [template("cita", "APPROVED"), template("oferta", "NEW_WORD")],
        "paging": { "cursors": { "before": "A", "after": "B==" }, "next": "https://elsewhere" }
    });
    let last = json!({
        "data": [{ "name": "nada", "language": "en" }],
        "paging": { "cursors": { "before": "B", "after": "C" } }
    });
    let provider = Provider::with(vec![Reply::json(200, &first), Reply::json(200, &last)]).await;
    let templates = provider.channel().templates(&sender()).await.unwrap();
    assert_eq!(
        templates[0],
        ApprovedTemplate {
            provider_id: Some("1".to_owned()),
            name: "cita".to_owned(),
            language: "es_MX".to_owned(),
            status: "APPROVED".to_owned(),
            category: "MARKETING".to_owned(),
            quality: Some("YELLOW".to_owned()),
            reason: None,
            parameter_format: "POSITIONAL".to_owned(),
            header: Some(TemplateHeader::Text {
                text: "Título {{1}}".to_owned(),
                variables: vec!["1".to_owned()],
            }),
            body: "Hola {{1}}, tu cita es el {{2}}".to_owned(),
            variables: vec!["1".to_owned(), "2".to_owned()],
            footer: Some("Responde BAJA".to_owned()),
            buttons: vec![TemplateButton {
                kind: "QUICK_REPLY".to_owned(),
                text: "BAJA".to_owned(),
                url: None,
                variables: Vec::new(),
            }],
            other_values: Vec::new(),
        }
    );
    assert_eq!(templates[1].status, "NEW_WORD");
    assert_eq!(templates[2].name, "nada");
    assert_eq!(templates[2].body, "");
    assert_eq!(templates.len(), 3);

    let requests = provider.requests();
    assert_eq!(requests.len(), 2);
    assert!(
        requests[0]
            .line
            .starts_with("GET /v23.0/419561257915477/message_templates?")
    );
    assert!(!requests[0].line.contains("after="));
    assert!(requests[1].line.contains("after=B%3D%3D"));
}

#[tokio::test]
async fn a_list_without_end_is_left() {
    let page = |cursor: String| {
        json!({
            "data": [template("cita", "APPROVED")],
            "paging": { "cursors": { "after": cursor }, "next": "https://elsewhere" }
        })
    };
    let same = Provider::always(Reply::json(200, &page("A".to_owned()))).await;
    assert_eq!(same.channel().templates(&sender()).await.unwrap().len(), 2);

    let pages = (0..1_000)
        .map(|n| Reply::json(200, &page(n.to_string())))
        .collect();
    let endless = Provider::with(pages).await;
    assert_eq!(
        endless.channel().templates(&sender()).await.unwrap().len(),
        100
    );
}

#[tokio::test]
async fn without_a_business_account_there_are_no_templates_to_ask_for() {
    let provider = Provider::always(Reply::html(500)).await;
    let mut credentials = sender();
    credentials.business_account_id = None;
    assert!(matches!(
        provider.channel().templates(&credentials).await,
        Err(ChannelError::AccountRefused(_))
    ));
    assert!(provider.requests().is_empty());
}
