//! Custom fields of contacts: by hand, from files and back into files, in messages, and gone.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::imports::finished;
use crate::support::{Answer, App, Browser, journeys};

journeys! {
    fields_are_given_changed_and_taken_one_by_one,
    fields_that_can_not_be_are_refused_by_name,
    limits_are_named_before_anything_is_stored,
    columns_are_kept_by_their_headers_and_what_is_not_is_named,
    a_column_is_mapped_to_a_field_of_another_name,
    refused_rows_are_corrected_and_imported_again_with_their_fields,
    an_export_has_the_fields_and_is_taken_back,
    a_message_uses_only_fields_that_there_are,
    a_field_is_deleted_when_no_unfinished_campaign_uses_it,
    a_field_of_thousands_is_deleted_in_the_background,
    nobody_sees_or_changes_the_fields_of_others,
    contacts_that_are_one_have_the_fields_of_both,
}

const FILE: &str = "/api/contacts/import/file";
const PREVIEW: &str = "/api/contacts/import/preview";

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn add(browser: &mut Browser, contact: Value) -> String {
    let answer = browser.post("/api/contacts", contact).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    format!("/api/contacts/{}", text(&answer.body["contact"]["id"]))
}

async fn ana(browser: &mut Browser, fields: Value) -> String {
    let contact = json!({"name": "Ana", "phone": "5512345678", "custom_fields": fields});
    add(browser, contact).await
}

async fn fields_of(browser: &mut Browser, path: &str) -> Value {
    browser.get(path).await.body["contact"]["custom_fields"].clone()
}

async fn names(browser: &mut Browser) -> Value {
    let answer = browser.get("/api/contacts/fields").await;
    assert_eq!(answer.status, 200);
    let fields = answer.body["fields"].as_array().expect("a list");
    fields.iter().map(|field| field["name"].clone()).collect()
}

async fn imported(browser: &mut Browser, file: &str, choices: &[(&str, &str)]) -> Value {
    let answer = browser.upload_with(FILE, file.as_bytes(), choices).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let id = text(&answer.body["import"]["id"]);
    let import = finished(browser, &id).await;
    assert_eq!(import["status"], "completed", "{import}");
    import
}

/// Name and custom fields of every contact, by name.
async fn everyone(browser: &mut Browser) -> Value {
    let answer = browser.get("/api/contacts?sort=name&per_page=100").await;
    let contacts = answer.body["contacts"].as_array().expect("a list").iter();
    contacts
        .map(|contact| json!([contact["name"], contact["custom_fields"]]))
        .collect()
}

fn code(answer: &Answer, field: &str) -> String {
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
        (&"x".repeat(41), json!("x"), "el máximo es 40"),
        ("Ciudad", json!("x".repeat(501)), "el máximo es 500"),
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

fn many(from: usize, count: usize) -> Value {
    let names = (from..from + count).map(|number| (format!("campo {number:02}"), json!("x")));
    Value::Object(names.collect())
}

async fn limits_are_named_before_anything_is_stored(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let path = ana(&mut browser, many(0, 30)).await;
    let answer = browser
        .put(&path, json!({"custom_fields": {"otro": "x"}}))
        .await;
    assert!(code(&answer, "custom_fields").contains("30 campos"));
    let luz = json!({"name": "Luz", "email": "luz@b.mx", "custom_fields": many(30, 20)});
    add(&mut browser, luz).await;
    let sol = json!({"name": "Sol", "email": "sol@b.mx", "custom_fields": {"uno más": "x"}});
    let answer = browser.post("/api/contacts", sol).await;
    assert!(code(&answer, "custom_fields").contains("50 campos"));

    let file = "nombre,telefono,uno más\nEva,5512345670,x\n";
    let keep = [("keep_unmapped", "true")];
    let answer = browser.upload_with(FILE, file.as_bytes(), &keep).await;
    assert!(code(&answer, "keep_unmapped").contains("50 campos"));
    let answer = browser.upload_with(PREVIEW, file.as_bytes(), &keep).await;
    assert_eq!(answer.body["understood"], false, "{:?}", answer.body);
    assert!(text(&answer.body["refusal"]).contains("50 campos"));
    let start = format!(
        "/api/contacts/import/{}/start",
        text(&answer.body["upload_id"])
    );
    let refused = browser.post(&start, json!({"keep_unmapped": true})).await;
    assert!(code(&refused, "keep_unmapped").contains("50 campos"));

    let headers: Vec<String> = (0..31).map(|number| format!("campo {number:02}")).collect();
    let wide = format!("nombre,telefono,{}\nEva,5512345670\n", headers.join(","));
    let answer = browser.upload_with(FILE, wide.as_bytes(), &keep).await;
    assert!(code(&answer, "keep_unmapped").contains("30 campos"));

    let answer = browser.get("/api/contacts").await;
    assert_eq!(answer.body["pagination"]["total"], 2);
    assert_eq!(
        names(&mut browser).await.as_array().expect("a list").len(),
        50
    );
    let started = browser.post(&start, json!({})).await;
    assert_eq!(started.status, 202, "{:?}", started.body);
}

async fn columns_are_kept_by_their_headers_and_what_is_not_is_named(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let file = "Nombre,Celular,Ciudad,¿Precio?,ciudad,,Talla\n\
                Ana,5512345678,\"Lima\n(centro)\",12,Cusco,,M\nLuz,5512345679,,,,,\n";
    let answer = browser.upload_with(PREVIEW, file.as_bytes(), &[]).await;
    let reasons = |answer: &Answer| {
        let ignored = answer.body["ignored_columns"].as_array().expect("a list");
        ignored
            .iter()
            .map(|column| json!([column["column"], column["header"], column["reason"]]))
            .collect::<Value>()
    };
    assert_eq!(
        reasons(&answer),
        json!([
            [2, "Ciudad", "unmapped"],
            [3, "¿Precio?", "unmapped"],
            [4, "ciudad", "unmapped"],
            [6, "Talla", "unmapped"],
        ])
    );
    let keep = [("keep_unmapped", "true")];
    let answer = browser.upload_with(PREVIEW, file.as_bytes(), &keep).await;
    assert_eq!(answer.body["understood"], true, "{:?}", answer.body);
    assert_eq!(
        reasons(&answer),
        json!([
            [3, "¿Precio?", "invalid_field_name"],
            [4, "ciudad", "repeated"]
        ])
    );
    for column in answer.body["ignored_columns"].as_array().expect("a list") {
        assert!(!text(&column["reason_text"]).is_empty());
    }
    assert_eq!(
        answer.body["suggested_mapping"][2],
        json!({"column": 2, "header": "Ciudad", "field": "custom", "custom": "Ciudad"})
    );
    let ana = json!({"Ciudad": "Lima (centro)", "Talla": "M"});
    assert_eq!(answer.body["rows"][0]["contact"]["custom_fields"], ana);
    assert_eq!(
        names(&mut browser).await,
        json!([]),
        "a preview keeps nothing"
    );

    // The suggestion can be sent back as it is.
    let start = format!(
        "/api/contacts/import/{}/start",
        text(&answer.body["upload_id"])
    );
    let choices = json!({"mapping": answer.body["suggested_mapping"]});
    let answer = browser.post(&start, choices).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let import = finished(&mut browser, &text(&answer.body["import"]["id"])).await;
    assert_eq!(import["progress"]["created"], 2, "{import}");
    assert_eq!(import["plan"]["mapping"][2]["custom"], "Ciudad");
    assert_eq!(
        everyone(&mut browser).await,
        json!([["Ana", ana], ["Luz", {}]])
    );
    assert_eq!(names(&mut browser).await, json!(["Ciudad", "Talla"]));

    // The same rows met again: nothing is emptied, nothing is new.
    for (policy, expected) in [
        ("skip", "Lima (centro)"),
        ("update_empty", "Lima (centro)"),
        ("overwrite", "Cusco"),
    ] {
        let file = "nombre,tel,CIUDAD,Talla\nAna,5512345678,Cusco,\n";
        let choices = [("keep_unmapped", "true"), ("known_contacts", policy)];
        imported(&mut browser, file, &choices).await;
        let expected = json!({"Ciudad": expected, "Talla": "M"});
        assert_eq!(everyone(&mut browser).await[0][1], expected, "{policy}");
    }
    imported(&mut browser, "nombre,tel,Otra\nSol,5512345670,x\n", &[]).await;
    assert_eq!(names(&mut browser).await, json!(["Ciudad", "Talla"]));
}

async fn a_column_is_mapped_to_a_field_of_another_name(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let file = "quien,donde,¿talla?,zona\nAna,5512345678,M,Sur\n";
    let mapping = |custom: &str| {
        json!([
            {"column": 0, "field": "name"}, {"column": 1, "field": "phone"},
            {"column": 2, "header": "¿talla?", "field": "custom", "custom": custom},
        ])
        .to_string()
    };
    for (custom, wrong) in [("Teléfono", "ya es de un dato"), ("¿?", "solo lleva")] {
        let choices = [("mapping", mapping(custom))];
        let choices = choices
            .each_ref()
            .map(|(name, text)| (*name, text.as_str()));
        let answer = browser.upload_with(FILE, file.as_bytes(), &choices).await;
        let found = code(&answer, "mapping[2].custom");
        assert!(found.contains(wrong), "{found}");
    }
    let mapping = mapping("Talla");
    imported(&mut browser, file, &[("mapping", mapping.as_str())]).await;
    assert_eq!(
        everyone(&mut browser).await,
        json!([["Ana", {"Talla": "M"}]])
    );
    let choices = [
        ("mapping", mapping.as_str()),
        ("keep_unmapped", "true"),
        ("known_contacts", "update_empty"),
    ];
    imported(&mut browser, file, &choices).await;
    let both = json!({"Talla": "M", "zona": "Sur"});
    assert_eq!(everyone(&mut browser).await, json!([["Ana", both]]));
    let wrong = [("keep_unmapped", "quizá")];
    let answer = browser.upload_with(FILE, file.as_bytes(), &wrong).await;
    assert!(code(&answer, "keep_unmapped").contains("true o false"));
}

async fn refused_rows_are_corrected_and_imported_again_with_their_fields(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let long = "x".repeat(501);
    let file = format!("nombre,telefono,Ciudad\nAna,5512345678,{long}\nLuz,5512345679,Lima\n");
    let keep = [("keep_unmapped", "true")];
    let import = imported(&mut browser, &file, &keep).await;
    assert_eq!(import["progress"]["invalid"], 1, "{import}");
    let path = format!("/api/contacts/imports/{}/errors", text(&import["id"]));
    let errors = browser.get(&path).await;
    let error = &errors.body["errors"][0];
    assert_eq!(
        (&error["line"], &error["column"]),
        (&json!(2), &json!("Ciudad"))
    );
    assert_eq!(error["value"], "x".repeat(200));
    let (_, file) = browser.download(&format!("{path}.csv")).await;
    assert!(file.contains("el máximo es 500"), "{file}");
    imported(&mut browser, &file.replace(&long, "Cusco"), &keep).await;
    assert_eq!(
        everyone(&mut browser).await,
        json!([["Ana", {"Ciudad": "Cusco"}], ["Luz", {"Ciudad": "Lima"}]])
    );
    assert_eq!(
        names(&mut browser).await,
        json!(["Ciudad"]),
        "not what we added"
    );
}

async fn an_export_has_the_fields_and_is_taken_back(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    ana(&mut browser, json!({"Ciudad": "=1+1", "Talla": "M, L"})).await;
    let luz = json!({"name": "Luz", "email": "luz@b.mx", "custom_fields": {"ciudad": "Lima"}});
    add(&mut browser, luz).await;
    let (_, file) = browser.download("/api/contacts/export.csv").await;
    let mut lines = file.lines();
    let header = lines.next().expect("a header");
    assert!(header.ends_with(",Creado,Ciudad,Talla"), "{header}");
    assert!(
        lines
            .next()
            .is_some_and(|line| line.ends_with(",'=1+1,\"M, L\""))
    );
    assert!(lines.next().is_some_and(|line| line.ends_with(",Lima,")));

    let request = browser.request(reqwest::Method::GET, "/api/contacts/export.xlsx");
    let workbook = request
        .send()
        .await
        .expect("it answers")
        .bytes()
        .await
        .expect("a file");
    let expected = everyone(&mut browser).await;
    for (address, file) in [("uno@b.mx", file.as_bytes()), ("dos@b.mx", &workbook[..])] {
        let mut other = app.signed_in(address).await;
        let keep = [("keep_unmapped", "true")];
        let answer = other.upload_with(FILE, file, &keep).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        finished(&mut other, &text(&answer.body["import"]["id"])).await;
        assert_eq!(everyone(&mut other).await, expected);
        assert_eq!(names(&mut other).await, json!(["Ciudad", "Talla"]));
    }
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

async fn a_field_of_thousands_is_deleted_in_the_background(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let mut file = "nombre,correo,Zona sur,Talla\n".to_owned();
    for number in 0..2_100 {
        writeln!(file, "Cliente {number},c{number}@example.mx,sí,M").expect("a text");
    }
    imported(&mut browser, &file, &[("keep_unmapped", "true")]).await;
    let answer = browser.delete("/api/contacts/fields/zona%20sur").await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    assert_eq!(answer.body["job"]["matched"], 2_100);
    assert_eq!(names(&mut browser).await, json!(["Talla"]));
    let job = format!("/api/contacts/bulk/{}", text(&answer.body["job"]["id"]));
    for _ in 0..600 {
        let answer = browser.get(&job).await;
        if answer.body["job"]["status"] == "completed" {
            assert_eq!(answer.body["job"]["changed"], 2_100);
            let some = browser.get("/api/contacts").await;
            assert_eq!(
                some.body["contacts"][0]["custom_fields"],
                json!({"Talla": "M"})
            );
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the change did not end");
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
