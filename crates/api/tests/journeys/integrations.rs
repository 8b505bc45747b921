//! WhatsApp's templates and what Meta says of them: over the provider's wire, and back by its
//! webhooks.

use std::time::Duration;

use nexus_sandbox::TemplateChange;
use serde_json::{Value, json};

use crate::shop::{Shop, in_shops};
use crate::support::{App, journeys};

mod in_a_shop {
    use super::*;

    in_shops! {
        templates_are_kept_and_asked_for_once_a_minute,
        every_page_of_templates_comes,
        a_campaign_says_before_what_would_become_of_it,
        a_preflight_writes_nothing_and_sending_agrees_with_it,
        who_lacks_a_value_gets_the_fallback_or_is_passed_over,
        headers_and_buttons_go_out_with_their_values,
        a_template_that_meta_pauses_pauses_its_campaign_for_good,
        a_number_that_is_flagged_and_an_account_that_is_restricted_say_so,
        the_connection_is_checked_and_told,
        a_key_that_stopped_working_is_told_before_anything_is_sent,
    }

    fn change(status: Option<&str>, quality: Option<&str>, silent: bool) -> TemplateChange {
        TemplateChange {
            name: "promocion_mensual".to_owned(),
            language: "es_MX".to_owned(),
            status: status.map(str::to_owned),
            reason: None,
            quality: quality.map(str::to_owned),
            silent,
        }
    }

    fn monthly() -> Value {
        json!({
            "name": "promocion_mensual", "language": "es_MX",
            "variables": {"1": "{nombre}", "2": "20 %"},
        })
    }

    async fn number(shop: &mut Shop) -> String {
        let profile = shop.browser.get("/api/profile").await;
        let id = &profile.body["user"]["whatsapp_phone_number_id"];
        id.as_str().expect("an id").to_owned()
    }

    async fn drafted(shop: &mut Shop, content: Value) -> String {
        let mut fields = json!({"name": "Rebajas", "channel": "whatsapp", "audience": {}});
        fields
            .as_object_mut()
            .expect("an object")
            .extend(content.as_object().expect("an object").clone());
        let answer = shop.browser.post("/api/campaigns", fields).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        let id = answer.body["campaign"]["id"].as_str().expect("an id");
        format!("/api/campaigns/{id}")
    }

    async fn preflight(shop: &mut Shop, path: &str) -> Value {
        let answer = shop.browser.get(&format!("{path}/preflight")).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body["preflight"].clone()
    }

    fn codes(findings: &Value) -> Vec<&str> {
        let findings = findings.as_array().expect("a list");
        findings
            .iter()
            .map(|finding| {
                assert!(finding["text"].as_str().is_some_and(|text| text.len() > 20));
                finding["code"].as_str().expect("a code")
            })
            .collect()
    }

    async fn synced(shop: &mut Shop) -> Value {
        let answer = shop
            .browser
            .post("/api/integrations/whatsapp/templates/sync", json!({}))
            .await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body
    }

    fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
        let templates = list["templates"].as_array().expect("a list");
        let mut found = templates.iter().filter(|template| template["name"] == name);
        found.next().unwrap_or(&Value::Null)
    }

    async fn templates_are_kept_and_asked_for_once_a_minute(mut shop: Shop) {
        let list = shop
            .browser
            .get("/api/integrations/whatsapp/templates")
            .await;
        assert_eq!(list.status, 200);
        assert_eq!(list.body, json!({"templates": [], "last_synced_at": null}));
        let told = synced(&mut shop).await;
        assert_eq!(told["templates"].as_array().map(Vec::len), Some(10));
        assert!(told["last_synced_at"].is_string());
        let picture = named(&told, "oferta_con_imagen");
        assert_eq!(picture["header"]["kind"], "image");
        assert_eq!(picture["quality"], "YELLOW");
        assert_eq!(picture["parameter_format"], "positional");
        assert_eq!(picture["variables"], json!(["1"]));
        assert_eq!(
            picture["buttons"][0],
            json!({"index": 0, "kind": "url", "text": "Ver en la tienda",
                   "url": "https://tienda.example/p/{{1}}", "variables": ["1"], "needs_value": true})
        );
        let rejected = named(&told, "premio_seguro");
        assert_eq!(
            (&rejected["status"], &rejected["reason"]),
            (&json!("REJECTED"), &json!("PROMOTIONAL"))
        );
        let list = shop
            .browser
            .get("/api/integrations/whatsapp/templates")
            .await;
        assert_eq!(list.body, told);

        let again = shop
            .browser
            .post("/api/integrations/whatsapp/templates/sync", json!({}))
            .await;
        again.assert_problem(429, "asked_a_moment_ago");
        let wait: u64 = again.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }

    async fn every_page_of_templates_comes(mut shop: Shop) {
        let number = number(&mut shop).await;
        for place in 0..230 {
            let template = json!({
                "name": format!("oferta_{place:03}"), "language": "es", "category": "UTILITY",
                "components": [{"type": "BODY", "text": "Hola"}],
            });
            shop.provider
                .add_template(&number, template)
                .expect("added");
        }
        let told = synced(&mut shop).await;
        assert_eq!(told["templates"].as_array().map(Vec::len), Some(240));
    }

    async fn a_campaign_says_before_what_would_become_of_it(mut shop: Shop) {
        shop.contact("Ana", "5512340001").await;
        shop.contact("Luis", "5512340002").await;
        shop.contact_with(
            json!({"name": "De baja", "phone": "5512340003", "status": "unsubscribed"}),
        )
        .await;
        shop.contact_with(json!({"name": "Aparte", "phone": "5512340004", "status": "inactive"}))
            .await;
        shop.contact_with(json!({"name": "Sin teléfono", "email": "sin@example.mx"}))
            .await;
        let path = drafted(&mut shop, json!({"template": monthly()})).await;
        let found = preflight(&mut shop, &path).await;
        assert_eq!(found["ready"], true, "{found}");
        assert_eq!(
            found["recipients"],
            json!({"total": 5, "reachable": 2, "skipped": 3, "counts_are_exact": true,
                "skipped_by_reason": {"opted_out": 1, "inactive": 1, "no_address": 1,
                                      "duplicate_address": 0, "variable_empty": 0,
                                      "outside_window": 0}})
        );
        assert_eq!(found["template"]["status"], "APPROVED");
        assert_eq!(found["template"]["variables"], json!(["1", "2"]));
        assert_eq!(found["credentials"]["status"], "valid");
        assert!(found["credentials"]["number"].is_string());
        assert_eq!(found["messages_per_second"], 80);
        assert_eq!(found["expected_duration_seconds"], 1);
        assert_eq!(codes(&found["errors"]), [] as [&str; 0]);

        for (content, code) in [
            (
                json!({"name": "oferta_relampago", "language": "es_MX", "variables": {"1": "a"}}),
                "la pausó",
            ),
            (
                json!({"name": "promocion_mensual", "language": "es_MX"}),
                "1, 2",
            ),
            (
                json!({"name": "oferta_con_imagen", "language": "es_MX", "variables": {"1": "a"},
                    "buttons": [{"index": 0, "text": "abc"}]}),
                "una imagen",
            ),
            (json!({"name": "nada", "language": "es_MX"}), "ninguna"),
        ] {
            let path = drafted(&mut shop, json!({"template": content})).await;
            let found = preflight(&mut shop, &path).await;
            assert_eq!(found["ready"], false);
            assert_eq!(codes(&found["errors"]), ["template_unusable"]);
            let text = found["errors"][0]["text"].as_str().expect("a sentence");
            assert!(text.contains(code), "{text}");
            let sent = shop.browser.post(&format!("{path}/send"), json!({})).await;
            sent.assert_problem(422, "template_unusable");
            assert_eq!(sent.body["error"], text, "the same sentence");
        }
        let nobody = json!({"message": "Hola", "audience": {"tags": ["nadie"]}});
        let path = drafted(&mut shop, nobody).await;
        let found = preflight(&mut shop, &path).await;
        assert_eq!(codes(&found["errors"]), ["no_recipients"]);
        let sent = shop.browser.post(&format!("{path}/send"), json!({})).await;
        sent.assert_problem(422, "no_recipients");
    }

    async fn a_preflight_writes_nothing_and_sending_agrees_with_it(mut shop: Shop) {
        shop.contact("Ana", "5512340001").await;
        let path = drafted(&mut shop, json!({"template": monthly()})).await;
        assert_eq!(preflight(&mut shop, &path).await["ready"], true);
        let list = shop
            .browser
            .get("/api/integrations/whatsapp/templates")
            .await;
        assert_eq!(list.body["templates"], json!([]), "looking keeps nothing");
        let before = shop.browser.get(&path).await.body;
        assert_eq!(before["campaign"]["status"], "draft");
        let sent = shop.browser.post(&format!("{path}/send"), json!({})).await;
        assert_eq!(sent.status, 202, "{:?}", sent.body);
        let list = shop
            .browser
            .get("/api/integrations/whatsapp/templates")
            .await;
        assert_eq!(
            list.body["templates"].as_array().map(Vec::len),
            Some(10),
            "sending does"
        );
        let found = preflight(&mut shop, &path).await;
        assert_eq!(codes(&found["errors"]), ["campaign_status"]);
        assert_eq!(found["recipients"], Value::Null);

        // Paused behind our back: the truth of the last hour is believed, and the provider's word
        // pauses the campaign.
        let number = number(&mut shop).await;
        shop.provider
            .change_template(&number, &change(Some("PAUSED"), None, true))
            .expect("changed");
        shop.until(&path, |answer| answer["campaign"]["status"] == "completed")
            .await;
        let path = drafted(&mut shop, json!({"template": monthly()})).await;
        let sent = shop.browser.post(&format!("{path}/send"), json!({})).await;
        assert_eq!(sent.status, 202, "{:?}", sent.body);
        let campaign = shop
            .until(&path, |answer| answer["campaign"]["status"] != "active")
            .await;
        assert_eq!(campaign["campaign"]["sent_count"], 0, "{campaign}");
        let failed = shop
            .browser
            .get(&format!("{path}/recipients?status=failed"))
            .await;
        assert_eq!(failed.body["recipients"][0]["reason"], "template_unusable");
    }

    async fn who_lacks_a_value_gets_the_fallback_or_is_passed_over(mut shop: Shop) {
        let with_city =
            json!({"name": "Ana", "phone": "5512340001", "custom_fields": {"Ciudad": "Lima"}});
        shop.contact_with(with_city).await;
        shop.contact("Luis", "5512340002").await;
        let template = |second: Value| {
            json!({"template": {
                "name": "promocion_mensual", "language": "es_MX",
                "variables": [{"key": "1", "text": "{nombre}"}, second],
            }})
        };
        let without = template(json!({"key": "2", "text": "{ciudad}"}));
        let path = drafted(&mut shop, without).await;
        let found = preflight(&mut shop, &path).await;
        assert_eq!(
            found["recipients"]["skipped_by_reason"]["variable_empty"],
            1
        );
        assert_eq!(found["recipients"]["reachable"], 1);
        assert!(
            codes(&found["warnings"]).contains(&"variable_empty"),
            "{found}"
        );
        let sent = shop.browser.post(&format!("{path}/send"), json!({})).await;
        assert_eq!(sent.status, 202, "{:?}", sent.body);
        let campaign = shop
            .until(&path, |answer| answer["campaign"]["status"] == "completed")
            .await;
        assert_eq!(campaign["campaign"]["sent_count"], 1);
        assert_eq!(campaign["campaign"]["skipped_count"], 1);
        assert_eq!(campaign["campaign"]["failed_count"], 0);
        let listed = shop
            .browser
            .get(&format!("{path}/recipients?status=skipped"))
            .await;
        assert_eq!(listed.body["recipients"][0]["reason"], "variable_empty");
        assert_eq!(listed.body["recipients"][0]["name"], "Luis");

        let with = template(json!({"key": "2", "text": "{ciudad}", "fallback": "mucho"}));
        let path = drafted(&mut shop, with).await;
        let shown = shop.browser.get(&path).await.body["campaign"]["template"].clone();
        assert_eq!(
            shown["variables"],
            json!({"1": "{nombre}", "2": "{ciudad}"})
        );
        assert_eq!(shown["fallbacks"], json!({"2": "mucho"}));
        // A form that is sent back as it came changes nothing.
        let answer = shop.browser.put(&path, json!({"template": shown})).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(answer.body["campaign"]["template"], shown);
        let sent = shop.browser.post(&format!("{path}/send"), json!({})).await;
        assert_eq!(sent.status, 202, "{:?}", sent.body);
        shop.until(&path, |answer| answer["campaign"]["status"] == "completed")
            .await;
        let accepted = shop.provider.accepted();
        let to_luis: Vec<_> = accepted
            .iter()
            .filter(|message| message.to == "525512340002")
            .filter_map(|message| message.text.as_deref())
            .collect();
        assert_eq!(to_luis.len(), 1);
        assert!(
            to_luis[0].contains("Hola Luis, este mes tienes mucho"),
            "{to_luis:?}"
        );
    }

    async fn headers_and_buttons_go_out_with_their_values(mut shop: Shop) {
        let number = number(&mut shop).await;
        let template = json!({
            "name": "aviso_con_todo", "language": "es_MX", "category": "MARKETING",
            "parameter_format": "NAMED",
            "components": [
                {"type": "HEADER", "format": "TEXT", "text": "Para {{quien}}"},
                {"type": "BODY", "text": "Hola {{nombre}}"},
                {"type": "BUTTONS", "buttons": [
                    {"type": "QUICK_REPLY", "text": "Me interesa"},
                    {"type": "URL", "text": "Ver", "url": "https://tienda.example/{{1}}"}]},
            ],
        });
        shop.provider
            .add_template(&number, template)
            .expect("added");
        let code = json!({"name": "Ana", "phone": "5512340001", "custom_fields": {"Código": "a7"}});
        shop.contact_with(code).await;
        let path = shop
            .send(json!({"template": {
                "name": "aviso_con_todo", "language": "es_MX",
                "variables": {"nombre": {"text": "{nombre}"}},
                "header": {"key": "quien", "text": "{nombre}"},
                "buttons": [{"index": 1, "text": "{código}"},
                            {"index": 0, "kind": "quick_reply", "text": "quiero"}],
            }}))
            .await;
        let campaign = shop
            .until(&path, |answer| answer["campaign"]["status"] == "completed")
            .await;
        assert_eq!(campaign["campaign"]["sent_count"], 1, "{campaign}");
        let accepted = shop.provider.accepted();
        assert_eq!(accepted[0].text.as_deref(), Some("Para Ana\nHola Ana"));
        assert_eq!(accepted[0].buttons[0].payload, "quiero");
    }

    async fn a_template_that_meta_pauses_pauses_its_campaign_for_good(mut shop: Shop) {
        let number = number(&mut shop).await;
        // Throttled for so long that the campaign stays active meanwhile.
        shop.contact("Ana", "5512349429").await;
        let path = shop.send(json!({"template": monthly()})).await;
        let other = shop.send(json!({"message": "Hola"})).await;
        shop.provider
            .change_template(&number, &change(Some("PAUSED"), None, false))
            .expect("changed");
        let told = shop
            .until("/api/integrations/whatsapp/templates", |answer| {
                named(answer, "promocion_mensual")["status"] == "PAUSED"
            })
            .await;
        assert!(named(&told, "promocion_mensual")["synced_at"].is_string());
        let campaign = shop.browser.get(&path).await.body;
        let status = &campaign["campaign"]["status"];
        // It may have been sent before the webhook came; it is not being sent any more.
        assert_ne!(status, "active", "{campaign}");
        if status == "paused" {
            assert_eq!(campaign["campaign"]["pause_reason"], "template_unusable");
            let text = &campaign["campaign"]["pause_reason_text"];
            assert!(
                text.as_str()
                    .is_some_and(|text| text.contains("administrador de WhatsApp"))
            );
        }
        assert_ne!(
            shop.browser.get(&other).await.body["campaign"]["status"],
            "paused"
        );

        // Meta tells whole seconds, and of two things of one second the graver is believed.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        shop.provider
            .change_template(&number, &change(Some("APPROVED"), Some("RED"), false))
            .expect("changed");
        let told = shop
            .until("/api/integrations/whatsapp/templates", |answer| {
                let template = named(answer, "promocion_mensual");
                template["status"] == "APPROVED" && template["quality"] == "RED"
            })
            .await;
        assert_eq!(named(&told, "bienvenida")["quality"], "GREEN");
        let after = shop.browser.get(&path).await.body;
        assert_eq!(
            &after["campaign"]["status"], status,
            "nothing goes on by itself"
        );
        let draft = drafted(&mut shop, json!({"template": monthly()})).await;
        let found = preflight(&mut shop, &draft).await;
        assert!(
            codes(&found["warnings"]).contains(&"template_quality"),
            "{found}"
        );
    }

    async fn a_number_that_is_flagged_and_an_account_that_is_restricted_say_so(mut shop: Shop) {
        let number = number(&mut shop).await;
        let check = "/api/integrations/whatsapp/check";
        let checked = shop.browser.post(check, json!({})).await.body;
        let display = checked["integration"]["number"]
            .as_str()
            .expect("a number")
            .to_owned();
        let flag =
            |display: &str, event: &str| json!({"display_phone_number": display, "event": event});
        let field = "phone_number_quality_update";
        let tell = |value: Value, ago: u32| {
            shop.provider
                .tell(&number, field, value, ago)
                .expect("told");
        };
        tell(flag("15550001111", "FLAGGED"), 0);
        tell(flag(&display, "FLAGGED"), 20);
        let alerts = |answer: &Value| -> Vec<String> {
            let alerts = answer["integrations"][0]["alerts"]
                .as_array()
                .expect("a list");
            let codes = alerts
                .iter()
                .map(|alert| alert["code"].as_str().unwrap_or_default());
            codes.map(str::to_owned).collect()
        };
        let mut shop = shop;
        shop.until("/api/integrations", |answer| {
            alerts(answer) == ["number_flagged"]
        })
        .await;
        // What comes late says nothing new.
        let late = flag(&display, "UNFLAGGED");
        shop.provider.tell(&number, field, late, 60).expect("told");
        let restricted = json!({"event": "ACCOUNT_RESTRICTION", "restriction_info":
            [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 4_000_000_000_u64}]});
        shop.provider
            .tell(&number, "account_update", restricted, 0)
            .expect("told");
        let told = shop
            .until("/api/integrations", |answer| {
                alerts(answer) == ["number_flagged", "account_restricted"]
            })
            .await;
        assert_eq!(told["integrations"][0]["status"], "restricted");
        shop.contact("Ana", "5512340001").await;
        let draft = drafted(&mut shop, json!({"message": "Hola"})).await;
        let found = preflight(&mut shop, &draft).await;
        let warnings = codes(&found["warnings"]);
        assert!(warnings.contains(&"number_quality"), "{found}");
        assert!(warnings.contains(&"account_restricted"), "{found}");
        let well = flag(&display, "UNFLAGGED");
        shop.provider.tell(&number, field, well, 0).expect("told");
        shop.until("/api/integrations", |answer| {
            alerts(answer) == ["account_restricted"]
        })
        .await;
    }

    async fn the_connection_is_checked_and_told(mut shop: Shop) {
        let before = shop.browser.get("/api/integrations").await.body;
        let whatsapp = &before["integrations"][0];
        assert_eq!(whatsapp["provider"], "whatsapp");
        assert_eq!(whatsapp["status"], "unchecked");
        assert_eq!(whatsapp["missing"], json!([]));
        assert_eq!(before["integrations"][1]["status"], "unavailable");
        let check = "/api/integrations/whatsapp/check";
        let answer = shop.browser.post(check, json!({})).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let found = &answer.body["integration"];
        assert_eq!(found["status"], "connected");
        assert_eq!(found["quality"], "GREEN");
        assert_eq!(found["messaging_limit"], "TIER_1K");
        assert_eq!(found["number_in_account"], true);
        assert_eq!(found["last_check"]["ok"], true);
        let again = shop.browser.post(check, json!({})).await;
        again.assert_problem(429, "asked_a_moment_ago");
        shop.contact("Ana", "5512340001").await;
        shop.send(json!({"message": "Hola"})).await;
        let told = shop
            .until("/api/integrations", |answer| {
                answer["integrations"][0]["webhook"]["last_received_at"].is_string()
            })
            .await;
        assert_eq!(told["integrations"][0]["webhook"]["verified"], true);
        assert_eq!(told["integrations"][0]["display_name"], "Negocio de prueba");
    }

    async fn a_key_that_stopped_working_is_told_before_anything_is_sent(mut shop: Shop) {
        shop.contact("Ana", "5512340001").await;
        let answer = shop
            .browser
            .put(
                "/api/profile",
                json!({"whatsapp_api_key": "EAAG-another-key-of-nobody"}),
            )
            .await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let sync = "/api/integrations/whatsapp/templates/sync";
        let refused = shop.browser.post(sync, json!({})).await;
        refused.assert_problem(422, "provider_refused");
        let check = "/api/integrations/whatsapp/check";
        let found = shop.browser.post(check, json!({})).await;
        assert_eq!(found.status, 200, "{:?}", found.body);
        let found = &found.body["integration"];
        assert_eq!(found["status"], "failing");
        assert_eq!(found["last_check"]["failure"]["code"], "credential_invalid");
        assert_eq!(found["last_check"]["failure"]["provider_code"], 190);
        let path = drafted(&mut shop, json!({"message": "Hola"})).await;
        let found = preflight(&mut shop, &path).await;
        assert_eq!(codes(&found["errors"]), ["provider_refused"]);
        assert_eq!(found["credentials"]["status"], "refused");
        let sent = shop.browser.post(&format!("{path}/send"), json!({})).await;
        sent.assert_problem(422, "provider_refused");
        assert_eq!(shop.provider.accepted().len(), 0);
    }
}

mod alone {
    use super::*;

    journeys! {
        what_the_profile_lacks_is_named,
        a_provider_that_is_away_is_said_so,
        another_users_campaign_has_no_preflight,
    }

    async fn what_the_profile_lacks_is_named(app: App) {
        let mut browser = app.signed_in("ana@example.mx").await;
        let answer = browser.get("/api/integrations").await;
        let whatsapp = &answer.body["integrations"][0];
        assert_eq!(whatsapp["status"], "incomplete");
        let needed: Vec<_> = whatsapp["missing"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|field| field["needed"] == true)
            .map(|field| field["field"].as_str().expect("a name"))
            .collect();
        assert_eq!(needed, ["whatsapp_api_key", "whatsapp_phone_number_id"]);
        assert_eq!(whatsapp["webhook"]["verified"], false);
        for path in ["check", "templates/sync"] {
            let path = format!("/api/integrations/whatsapp/{path}");
            let answer = browser.post(&path, json!({})).await;
            answer.assert_problem(422, "provider_missing");
        }
        let keys =
            json!({"whatsapp_api_key": "EAAG-0123456789", "whatsapp_phone_number_id": "77777"});
        assert_eq!(browser.put("/api/profile", keys).await.status, 200);
        let sync = "/api/integrations/whatsapp/templates/sync";
        let answer = browser.post(sync, json!({})).await;
        answer.assert_problem(422, "provider_missing");
        assert_eq!(
            answer.body["missing"],
            json!(["whatsapp_business_account_id"])
        );
    }

    async fn a_provider_that_is_away_is_said_so(app: App) {
        let mut browser = app.signed_in("ana@example.mx").await;
        let keys = json!({"whatsapp_api_key": "EAAG-0123456789", "whatsapp_phone_number_id": "77777",
                          "whatsapp_business_account_id": "78787"});
        assert_eq!(browser.put("/api/profile", keys).await.status, 200);
        let sync = "/api/integrations/whatsapp/templates/sync";
        let answer = browser.post(sync, json!({})).await;
        answer.assert_problem(503, "provider_unavailable");
        // What failed may be asked again sooner than after a minute.
        let answer = browser.post(sync, json!({})).await;
        answer.assert_problem(429, "asked_a_moment_ago");
        let wait: u64 = answer.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(wait <= 10, "{wait}");
        let found = browser
            .post("/api/integrations/whatsapp/check", json!({}))
            .await;
        assert_eq!(
            found.body["integration"]["status"], "unchecked",
            "{:?}",
            found.body
        );
        assert_eq!(
            found.body["integration"]["last_check"]["failure"]["code"],
            "unavailable"
        );
    }

    async fn another_users_campaign_has_no_preflight(app: App) {
        let mut ana = app.signed_in("ana@example.mx").await;
        let mut eva = app.signed_in("eva@example.mx").await;
        let body = json!({"name": "A", "channel": "whatsapp", "message": "Hola"});
        let answer = ana.post("/api/campaigns", body).await;
        let id = answer.body["campaign"]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let path = format!("/api/campaigns/{id}/preflight");
        eva.get(&path).await.assert_problem(404, "not_found");
        let found = ana.get(&path).await;
        assert_eq!(found.status, 200);
        let codes: Vec<_> = found.body["preflight"]["errors"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|error| error["code"].as_str().expect("a code"))
            .collect();
        assert_eq!(codes, ["provider_missing", "no_recipients"]);
    }
}
