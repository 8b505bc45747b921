//! Custom fields that come from files, and go back into them.

use serde_json::{Value, json};

use crate::custom_fields::{FILE, add, ana, code, imported, names, text};
use crate::imports::finished;
use crate::support::{Answer, App, Browser, journeys};

journeys! {
    limits_are_named_before_anything_is_stored,
    columns_are_kept_by_their_headers_and_what_is_not_is_named,
    a_column_is_mapped_to_a_field_of_another_name,
    refused_rows_are_corrected_and_imported_again_with_their_fields,
    an_export_has_the_fields_and_is_taken_back,
}

const PREVIEW: &str = "/api/contacts/import/preview";

/// Name and custom fields of every contact, by name.
async fn everyone(browser: &mut Browser) -> Value {
    let answer = browser.get("/api/contacts?sort=name&per_page=100").await;
    let contacts = answer.body["contacts"].as_array().expect("a list").iter();
    contacts
        .map(|contact| json!([contact["name"], contact["custom_fields"]]))
        .collect()
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
    assert!(file.contains("el máximo es de 500 caracteres"), "{file}");
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
