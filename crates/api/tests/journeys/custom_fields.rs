//! Custom fields of contacts: by hand, in messages, and gone.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bulk::over;
use crate::imports::finished;
use crate::support::{Answer, App, Browser, journeys};

journeys! {
    fields_are_given_changed_and_taken_one_by_one,
    fields_that_can_not_be_are_refused_by_name,
    a_message_uses_only_fields_that_there_are,
    a_field_is_deleted_when_no_unfinished_campaign_uses_it,
    a_field_of_thousands_is_deleted_in_the_background,
    nobody_sees_or_changes_the_fields_of_others,
    contacts_that_are_one_have_the_fields_of_both,
}

pub(crate) const FILE: &str = "/api/contacts/import/file";

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

pub(crate) async fn add(browser: &mut Browser, contact: Value) -> String {
    let answer = browser.post("/api/contacts", contact).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    format!("/api/contacts/{}", text(&answer.body["contact"]["id"]))
}

pub(crate) async fn ana(browser: &mut Browser, fields: Value) -> String {
    let contact = json!({"name": "Ana", "phone": "5512345678", "custom_fields": fields});
    add(browser, contact).await
}

async fn fields_of(browser: &mut Browser, path: &str) -> Value {
    browser.get(path).await.body["contact"]["custom_fields"].clone()
}

pub(crate) async fn names(browser: &mut Browser) -> Value {
    let answer = browser.get("/api/contacts/fields").await;
    assert_eq!(answer.status, 200);
    let fields = answer.body["fields"].as_array().expect("a list");
    fields.iter().map(|field| field["name"].clone()).collect()
}

pub(crate) async fn imported(browser: &mut Browser, file: &str, choices: &[(&str, &str)]) -> Value {
    let answer = browser.upload_with(FILE, file.as_bytes(), choices).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let id = text(&answer.body["import"]["id"]);
    let import = finished(browser, &id).await;
    assert_eq!(import["status"], "completed", "{import}");
    import
}

pub(crate) fn code(answer: &Answer, field: &str) -> String {
    answer.assert_problem(422, "invalid_input");
    text(&answer.body["fields"][field][0])
}

async fn fields_are_given_changed_and_taken_one_by_one(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let answer = browser.get("/api/contacts/fields").await;
    assert_eq!(answer.body, json!({"fields": []}));
    let plain = add(&mut browser, json!({"name": "Luz", "email": "luz@b.mx"})).await;
    assert_eq!(fields_of(&mut browser, &plain).await, json!({}));

    let given = json!({"Ciudad": " Lima \n Perú", "Edad": 34, "Talla": "", "Zona": null});
    let path = ana(&mut browser, given).await;
    let expected = json!({"Ciudad": "Lima Perú", "Edad": "34"});
    assert_eq!(fields_of(&mut browser, &path).await, expected);
    let answer = browser.get("/api/contacts/fields").await;
    assert_eq!(
        answer.body,
        json!({"fields": [
            {"name": "Ciudad", "placeholder": "{Ciudad}"},
            {"name": "Edad", "placeholder": "{Edad}"},
        ]})
    );
    for (changes, expected) in [
        (
            json!({"name": "Ana T."}),
            json!({"Ciudad": "Lima Perú", "Edad": "34"}),
        ),
        (
            json!({"custom_fields": {"CIUDAD": "Cusco", "Fecha de compra": "mayo"}}),
            json!({"Ciudad": "Cusco", "Edad": "34", "Fecha de compra": "mayo"}),
        ),
        (
            json!({"custom_fields": {"edad": null, "fecha  de COMPRA": ""}}),
            json!({"Ciudad": "Cusco"}),
        ),
        (json!({"custom_fields": {}}), json!({"Ciudad": "Cusco"})),
        (json!({"custom_fields": null}), json!({})),
    ] {
        let answer = browser.put(&path, changes).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(answer.body["contact"]["custom_fields"], expected);
        assert_eq!(fields_of(&mut browser, &path).await, expected);
    }
    let all = json!(["Ciudad", "Edad", "Fecha de compra"]);
    assert_eq!(names(&mut browser).await, all, "names stay");
}

async fn fields_that_can_not_be_are_refused_by_name(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let path = ana(&mut browser, json!({})).await;
    for (name, value, said) in [
        ("Correo", json!("x"), "Este nombre ya es de un dato"),
        ("¿Precio?", json!("x"), "solo lleva letras, números"),
        (&"x".repeat(41), json!("x"), "el máximo es de 40 caracteres"),
        (
            "Ciudad",
            json!("x".repeat(501)),
            "el máximo es de 500 caracteres",
        ),
        ("Activo", json!(true), "un texto"),
        ("Precio", json!(1.5), "un texto"),
        ("Hijos", json!(["Eva"]), "un texto"),
    ] {
        let body = json!({"name": "Luz", "phone": "5512345679", "custom_fields": {name: value}});
        for answer in [
            browser.post("/api/contacts", body.clone()).await,
            browser.put(&path, body.clone()).await,
        ] {
            let found = code(&answer, &format!("custom_fields.{name}"));
            assert!(found.contains(said), "{name}: {found}");
        }
    }
    let body = json!({"custom_fields": ["Ciudad"]});
    let found = code(&browser.put(&path, body).await, "custom_fields");
    assert!(found.contains("un objeto"), "{found}");
    assert_eq!(names(&mut browser).await, json!([]));
    assert_eq!(fields_of(&mut browser, &path).await, json!({}));
}

async fn a_message_uses_only_fields_that_there_are(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let path = ana(&mut browser, json!({"Ciudad": "Lima"})).await;
    let body =
        |message: &str| json!({"name": "Rebajas", "channel": "whatsapp", "message": message});
    let answer = browser.post("/api/campaigns", body("Hola {país}")).await;
    let said = code(&answer, "message");
    assert!(
        said.contains("«país»") && said.contains("campos personalizados"),
        "{said}"
    );
    let answer = browser
        .post("/api/campaigns", body("Hola {nombre} de {{ CIUDAD }}"))
        .await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let campaign = format!("/api/campaigns/{}", text(&answer.body["campaign"]["id"]));
    let answer = browser.put(&campaign, json!({"message": "{talla}"})).await;
    assert!(code(&answer, "message").contains("«talla»"));
    let variables = json!({"1": "{ciudad}", "2": "{talla}"});
    let template = json!({"name": "oferta", "language": "es_MX", "variables": variables});
    let answer = browser.put(&campaign, json!({"template": template})).await;
    assert!(code(&answer, "template.variables.2").contains("«talla»"));

    let preview = async |browser: &mut Browser, query: &str| {
        let answer = browser.get(&format!("{campaign}/preview{query}")).await;
        answer.body["preview"]["message"].clone()
    };
    let id = path.rsplit('/').next().expect("an id");
    let of_ana = format!("?contact_id={id}");
    assert_eq!(preview(&mut browser, &of_ana).await, "Hola Ana de Lima");
    assert_eq!(
        preview(&mut browser, "").await,
        "Hola María García de [CIUDAD]"
    );
    browser.put(&path, json!({"custom_fields": null})).await;
    assert_eq!(preview(&mut browser, &of_ana).await, "Hola Ana de ");
}

async fn a_field_is_deleted_when_no_unfinished_campaign_uses_it(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let path = ana(&mut browser, json!({"Ciudad": "Lima", "Talla": "M"})).await;
    let campaign = json!({"name": "Rebajas", "channel": "whatsapp", "message": "{ciudad}"});
    let answer = browser.post("/api/campaigns", campaign).await;
    let id = text(&answer.body["campaign"]["id"]);
    let answer = browser.delete("/api/contacts/fields/Ciudad").await;
    answer.assert_problem(409, "field_in_use");
    assert!(text(&answer.body["error"]).contains("Rebajas"));
    assert_eq!(answer.body["campaign_ids"], json!([id]));
    assert_eq!(names(&mut browser).await, json!(["Ciudad", "Talla"]));
    let both = json!({"Ciudad": "Lima", "Talla": "M"});
    assert_eq!(fields_of(&mut browser, &path).await, both);

    let campaign = format!("/api/campaigns/{id}");
    let answer = browser.put(&campaign, json!({"message": "Hola"})).await;
    assert_eq!(answer.status, 200);
    let answer = browser.delete("/api/contacts/fields/CIUDAD").await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body, json!({"matched": 1, "changed": 1}));
    assert_eq!(names(&mut browser).await, json!(["Talla"]));
    assert_eq!(fields_of(&mut browser, &path).await, json!({"Talla": "M"}));
    for gone in ["Ciudad", "%C2%BF%3F"] {
        let answer = browser
            .delete(&format!("/api/contacts/fields/{gone}"))
            .await;
        answer.assert_problem(404, "not_found");
    }
}

const DELETING: &str = "El campo «Zona sur» se está eliminando de tus contactos; podrás usarlo de nuevo cuando termine.";

async fn a_field_of_thousands_is_deleted_in_the_background(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let mut file = "nombre,correo,Zona sur,Talla\n".to_owned();
    for number in 0..2_100 {
        writeln!(file, "Cliente {number},c{number}@example.mx,sí,M").expect("a text");
    }
    imported(&mut browser, &file, &[("keep_unmapped", "true")]).await;
    let list = browser.get("/api/contacts").await;
    let [last, other] = [0, 1].map(|place| {
        format!(
            "/api/contacts/{}",
            text(&list.body["contacts"][place]["id"])
        )
    });
    let answer = browser.delete("/api/contacts/fields/zona%20sur").await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let job = answer.body["job"].clone();
    assert_eq!(job["matched"], 2_100);
    assert_eq!(names(&mut browser).await, json!(["Talla"]));

    // A value that the field gets anew is not taken with the others.
    let again = json!({"custom_fields": {"ZONA SUR": "no"}});
    loop {
        let answer = browser.put(&last, again.clone()).await;
        if answer.status == 200 {
            break;
        }
        assert_eq!(code(&answer, "custom_fields"), DELETING);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let job = over(&mut browser, &job).await;
    assert_eq!(
        (&job["status"], &job["changed"]),
        (&json!("completed"), &json!(2_100))
    );
    assert_eq!(fields_of(&mut browser, &other).await, json!({"Talla": "M"}));
    let both = json!({"Talla": "M", "ZONA SUR": "no"});
    assert_eq!(fields_of(&mut browser, &last).await, both);
}

async fn nobody_sees_or_changes_the_fields_of_others(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let path = ana(&mut browser, json!({"Ciudad": "Lima"})).await;
    let mut other = app.signed_in("otra@example.mx").await;
    assert_eq!(names(&mut other).await, json!([]));
    let answer = other.delete("/api/contacts/fields/Ciudad").await;
    answer.assert_problem(404, "not_found");
    let campaign = json!({"name": "Rebajas", "channel": "whatsapp", "message": "{ciudad}"});
    let answer = other.post("/api/campaigns", campaign.clone()).await;
    assert!(code(&answer, "message").contains("«ciudad»"));
    let answer = other
        .put(&path, json!({"custom_fields": {"Ciudad": "Cusco"}}))
        .await;
    answer.assert_problem(404, "not_found");
    assert_eq!(
        names(&mut other).await,
        json!([]),
        "nothing of what was refused"
    );
    let (_, file) = other.download("/api/contacts/export.csv").await;
    assert!(!file.contains("Ciudad"), "{file}");

    // A campaign of somebody else does not keep a field.
    assert_eq!(browser.post("/api/campaigns", campaign).await.status, 201);
    let theirs = json!({"name": "Sol", "email": "sol@b.mx", "custom_fields": {"CIUDAD": "Ica"}});
    let theirs = add(&mut other, theirs).await;
    let answer = other.delete("/api/contacts/fields/Ciudad").await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(fields_of(&mut other, &theirs).await, json!({}));
    assert_eq!(
        fields_of(&mut browser, &path).await,
        json!({"Ciudad": "Lima"})
    );
    for path in ["/api/contacts/fields", "/api/contacts/fields/"] {
        app.browser()
            .get(path)
            .await
            .assert_problem(401, "not_signed_in");
    }
    let answer = app.browser().delete("/api/contacts/fields/Ciudad").await;
    answer.assert_problem(401, "not_signed_in");
}

async fn contacts_that_are_one_have_the_fields_of_both(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let path = ana(&mut browser, json!({"Ciudad": "Lima"})).await;
    let fields = json!({"Ciudad": "Cusco", "Talla": "M"});
    let other = json!({"name": "Ana", "email": "ana@b.mx", "custom_fields": fields});
    let other = add(&mut browser, other).await;
    let id = other.rsplit('/').next().expect("an id");
    let answer = browser
        .post(&format!("{path}/merge"), json!({"other_id": id}))
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let expected = json!({"Ciudad": "Lima", "Talla": "M"});
    assert_eq!(answer.body["contact"]["custom_fields"], expected);
    assert_eq!(fields_of(&mut browser, &path).await, expected);
}
