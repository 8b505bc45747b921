//! Imports as people choose them: looked at first, with columns of their own, stopped, taken back.

use serde_json::{Value, json};

use crate::imports::finished;
use crate::support::{Answer, App, Browser, journeys};

journeys! {
    a_file_is_looked_at_and_then_imported_as_chosen,
    a_file_is_looked_at_again_with_other_choices,
    columns_that_nobody_knows_are_mapped_by_the_user,
    choices_that_do_not_fit_are_refused_by_name,
    known_contacts_are_treated_as_chosen,
    a_row_that_meets_two_contacts_is_refused_and_names_both,
    refused_rows_come_back_as_a_file_to_correct,
    an_import_is_undone_but_for_what_was_touched,
    a_preview_is_cancelled,
}

const FILE: &str = "/api/contacts/import/file";
const PREVIEW: &str = "/api/contacts/import/preview";

fn id_of(answer: &Answer) -> String {
    let id = &answer.body["import"]["id"];
    id.as_str().expect("an id").to_owned()
}

async fn imported(browser: &mut Browser, content: &str, fields: &[(&str, &str)]) -> Value {
    let answer = browser.upload_with(FILE, content.as_bytes(), fields).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    finished(browser, &id_of(&answer)).await
}

async fn contact(browser: &mut Browser, search: &str) -> Value {
    let path = format!("/api/contacts?search={search}");
    let answer = browser.get(&path).await;
    assert_eq!(answer.body["pagination"]["total"], 1, "{:?}", answer.body);
    answer.body["contacts"][0].clone()
}

async fn a_file_is_looked_at_and_then_imported_as_chosen(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    imported(&mut browser, "nombre,telefono\nEva,5512345670\n", &[]).await;
    let file = "Clientes de la feria\n\nNombre;Celular;Ciudad\nAna;5512345678;León\n\
                Eva;5512345670;\nLuis;12;\n";
    let answer = browser.upload_with(PREVIEW, file.as_bytes(), &[]).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let preview = &answer.body;
    assert_eq!(preview["header_line"], 3);
    assert_eq!(preview["header"], json!(["Nombre", "Celular", "Ciudad"]));
    assert_eq!(preview["separator"], ";");
    assert_eq!(preview["encoding"], "UTF-8");
    assert_eq!(preview["understood"], true);
    assert_eq!(
        preview["suggested_mapping"],
        json!([
            {"column": 0, "header": "Nombre", "field": "name"},
            {"column": 1, "header": "Celular", "field": "phone"},
            {"column": 2, "header": "Ciudad", "field": "ignore"},
        ])
    );
    assert_eq!(
        preview["sample"],
        json!({"rows": 3, "valid": 2, "invalid": 1, "known": 1})
    );
    assert_eq!(preview["rows"][0]["line"], 4);
    assert_eq!(preview["rows"][0]["contact"]["phone"], "+525512345678");
    assert!(preview["rows"][1]["contact"]["known_id"].is_string());
    assert_eq!(preview["rows"][2]["errors"][0]["code"], "invalid_phone");
    let id = preview["upload_id"].as_str().expect("an id").to_owned();
    let path = format!("/api/contacts/imports/{id}");
    let import = browser.get(&path).await.body["import"].clone();
    assert_eq!(import["status"], "previewed");
    let total = browser.get("/api/contacts").await.body["pagination"]["total"].clone();
    assert_eq!(total, 1, "a preview imports nothing");

    let start = format!("/api/contacts/import/{id}/start");
    let choices = json!({
        "mapping": preview["suggested_mapping"],
        "tags": ["feria"],
        "consent_note": "Firmaron en la feria",
    });
    let answer = browser.post(&start, choices.clone()).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let import = finished(&mut browser, &id).await;
    assert_eq!(import["status"], "completed", "{import}");
    assert_eq!(import["plan"]["header_line"], 3);
    assert_eq!(import["plan"]["consent_note"], "Firmaron en la feria");
    assert_eq!(import["progress"]["created"], 1);
    assert_eq!(import["progress"]["skipped"], 1);
    let ana = contact(&mut browser, "Ana").await;
    assert_eq!(ana["tags"], json!(["feria"]));
    let answer = browser.post(&start, choices).await;
    answer.assert_problem(409, "import_status");
}

async fn a_file_is_looked_at_again_with_other_choices(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let file = "quien,donde\nnombre,telefono\nAna,5512345678\n";
    let answer = browser.upload_with(PREVIEW, file.as_bytes(), &[]).await;
    assert_eq!(answer.body["header_line"], 2, "{:?}", answer.body);
    let id = id_of(&answer);
    let again = format!("/api/contacts/import/{id}/preview");
    let choices = json!({
        "header_line": 1,
        "tags": ["feria"],
        "mapping": [{"column": 0, "field": "name"}, {"column": 1, "field": "phone"}],
    });
    let answer = browser.post(&again, choices).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["upload_id"], id);
    assert_eq!(answer.body["header"], json!(["quien", "donde"]));
    assert_eq!(answer.body["rows"][0]["errors"][0]["code"], "invalid_phone");
    assert_eq!(answer.body["rows"][1]["contact"]["tags"], json!(["feria"]));
    assert_eq!(answer.body["import"]["plan"]["header_line"], 1);
    let path = format!("/api/contacts/imports/{id}");
    let import = browser.get(&path).await.body["import"].clone();
    assert_eq!(import, answer.body["import"]);
    assert_eq!(import["status"], "previewed");

    // Choices that don't fit change nothing.
    let choices =
        json!({"mapping": [{"column": 0, "field": "name"}, {"column": 9, "field": "phone"}]});
    let answer = browser.post(&again, choices).await;
    answer.assert_problem(422, "invalid_input");
    assert_eq!(browser.get(&path).await.body["import"], import);

    let start = format!("/api/contacts/import/{id}/start");
    let answer = browser.post(&start, json!({})).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let import = finished(&mut browser, &id).await;
    assert_eq!(import["progress"]["created"], 1, "{import}");
    let answer = browser.post(&again, json!({})).await;
    answer.assert_problem(409, "import_status");
}

async fn columns_that_nobody_knows_are_mapped_by_the_user(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let file = "quien,donde\nAna,5512345678\n";
    let answer = browser.upload_with(PREVIEW, file.as_bytes(), &[]).await;
    assert_eq!(answer.body["understood"], false, "{:?}", answer.body);
    assert_eq!(
        answer.body["rows"][0]["cells"],
        json!(["Ana", "5512345678"])
    );
    let start = format!(
        "/api/contacts/import/{}/start",
        answer.body["upload_id"].as_str().expect("an id")
    );
    let answer = browser.post(&start, json!({})).await;
    answer.assert_problem(422, "unreadable_table");
    let mapping = r#"[{"column": 1, "header": "donde", "field": "phone"},
                      {"column": 0, "field": "name"}]"#;
    let import = imported(&mut browser, file, &[("mapping", mapping)]).await;
    assert_eq!(import["progress"]["created"], 1, "{import}");
    assert_eq!(contact(&mut browser, "Ana").await["phone"], "+525512345678");
}

async fn choices_that_do_not_fit_are_refused_by_name(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let file = b"nombre,telefono\nAna,5512345678\n";
    let name = r#"{"column": 0, "field": "name"}"#;
    let cases = [
        ("mapping", format!("[{name}]"), "mapping.phone"),
        (
            "mapping",
            r#"[{"column": 1, "field": "phone"}]"#.to_owned(),
            "mapping.name",
        ),
        (
            "mapping",
            format!(r#"[{name}, {{"column": 7, "field": "phone"}}]"#),
            "mapping[1].column",
        ),
        (
            "mapping",
            format!(r#"[{name}, {{"column": 1, "header": "tel", "field": "phone"}}]"#),
            "mapping[1].header",
        ),
        (
            "mapping",
            format!(r#"[{name}, {{"column": 1, "field": "name"}}]"#),
            "mapping[1].field",
        ),
        ("mapping", "nombre".to_owned(), "mapping"),
        ("known_contacts", "merge".to_owned(), "known_contacts"),
        ("header_line", "tres".to_owned(), "header_line"),
        ("default_country", "XX".to_owned(), "default_country"),
        ("consent_note", "a".repeat(501), "consent_note"),
    ];
    for path in [FILE, PREVIEW] {
        for (field, text, named) in &cases {
            let answer = browser.upload_with(path, file, &[(field, text)]).await;
            answer.assert_problem(422, "invalid_input");
            let fields = answer.body["fields"].as_object().expect("fields");
            assert!(fields.contains_key(*named), "{named}: {fields:?}");
        }
    }
    let answer = browser.get("/api/contacts/imports").await;
    assert_eq!(answer.body["pagination"]["total"], 0);
}

async fn known_contacts_are_treated_as_chosen(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let first = "nombre,telefono,estado\nAna,5512345678,\nEva,5512345679,baja\n";
    imported(&mut browser, first, &[]).await;
    let second = "nombre,telefono,correo,estado\nAnita,5512345678,ana@example.com,activo\n\
                  Eva,5512345679,,activo\n";
    for (policy, updated, unchanged, skipped, name) in [
        ("skip", 0, 0, 2, "Ana"),
        ("update_empty", 1, 1, 0, "Ana"),
        ("update_empty", 0, 2, 0, "Ana"),
        ("overwrite", 1, 1, 0, "Anita"),
        ("overwrite", 0, 2, 0, "Anita"),
    ] {
        let import = imported(&mut browser, second, &[("known_contacts", policy)]).await;
        let progress = &import["progress"];
        assert_eq!(progress["updated"], updated, "{policy}: {import}");
        assert_eq!(progress["unchanged"], unchanged, "{policy}: {import}");
        assert_eq!(progress["skipped"], skipped, "{policy}: {import}");
        assert_eq!(progress["known"], 2);
        assert_eq!(progress["still_unsubscribed"], 1, "{policy}: {import}");
        let ana = contact(&mut browser, "5512345678").await;
        assert_eq!(ana["name"], name, "{policy}");
        let eva = contact(&mut browser, "5512345679").await;
        assert_eq!(eva["status"], "unsubscribed", "{policy}");
    }
}

async fn a_row_that_meets_two_contacts_is_refused_and_names_both(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let file = "nombre,telefono,correo\nAna,5512345678,\nLuis,,luis@example.com\n";
    imported(&mut browser, file, &[]).await;
    let ana = contact(&mut browser, "Ana").await["id"].clone();
    let luis = contact(&mut browser, "Luis").await["id"].clone();
    let file = "nombre,telefono,correo\nAna,5512345678,luis@example.com\n";
    let import = imported(&mut browser, file, &[("known_contacts", "overwrite")]).await;
    assert_eq!(import["progress"]["invalid"], 1, "{import}");
    let id = import["id"].as_str().expect("an id");
    let errors = browser
        .get(&format!("/api/contacts/imports/{id}/errors"))
        .await;
    let error = &errors.body["errors"][0];
    assert_eq!(error["code"], "meets_two_contacts");
    assert_eq!(error["contact_ids"], json!([ana, luis]));
}

async fn refused_rows_come_back_as_a_file_to_correct(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let file = "nombre,telefono,correo,ciudad\nAna,12,nope,\"León, Gto\"\n\
                Eva,+525512345679,,\nLuis,+52,,=1+1,de más\n";
    let import = imported(&mut browser, file, &[]).await;
    let id = import["id"].as_str().expect("an id");
    let path = format!("/api/contacts/imports/{id}/errors.csv");
    let (headers, text) = browser.download(&path).await;
    assert_eq!(headers["content-type"], "text/csv; charset=utf-8");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[0],
        "\u{feff}\"nombre\",\"telefono\",\"correo\",\"ciudad\",\"línea\",\"motivo\""
    );
    assert!(
        lines[1].starts_with("\"Ana\",\"12\",\"nope\",\"León, Gto\",\"2\",\"telefono: "),
        "{text}"
    );
    assert!(lines[1].contains("; correo: "), "{text}");
    assert!(
        lines[2].starts_with("\"Luis\",\"'+52\",\"\",\"'=1+1\",\"4\","),
        "{text}"
    );
    assert_eq!(lines.len(), 3);

    // Corrected, it can be imported as it is.
    let corrected = text
        .replace("\"12\",\"nope\"", "\"5512345678\",\"\"")
        .replace("\"'+52\"", "\"'+525512345677\"");
    let import = imported(&mut browser, &corrected, &[]).await;
    assert_eq!(import["progress"]["created"], 2, "{import}");
}

async fn an_import_is_undone_but_for_what_was_touched(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let before = "nombre,telefono\nVieja,5512345670\n";
    imported(&mut browser, before, &[]).await;
    let file = "nombre,telefono,correo\nAna,5512345678,\nEva,5512345679,\n\
                Vieja,5512345670,vieja@example.com\nAna,5512345678,ana@example.com\n";
    let import = imported(&mut browser, file, &[("known_contacts", "update_empty")]).await;
    assert_eq!(import["progress"]["created"], 2, "{import}");
    assert_eq!(import["progress"]["updated"], 2, "{import}");
    let id = import["id"].as_str().expect("an id").to_owned();
    let eva = contact(&mut browser, "Eva").await;
    let path = format!("/api/contacts/{}", eva["id"].as_str().expect("an id"));
    let answer = browser
        .put(&path, json!({"notes": "Llama los lunes"}))
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);

    let undo = format!("/api/contacts/imports/{id}/undo");
    let answer = browser.post(&undo, json!({})).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let import = finished(&mut browser, &id).await;
    assert_eq!(import["status"], "undone");
    assert_eq!(import["undo"], json!({"deleted": 1, "kept": 1}));
    let answer = browser.get("/api/contacts").await;
    assert_eq!(answer.body["pagination"]["total"], 2, "{:?}", answer.body);

    let again = browser.post(&undo, json!({})).await;
    assert_eq!(again.status, 202);
    assert_eq!(again.body["import"]["status"], "undone");
    let cancel = format!("/api/contacts/imports/{id}/cancel");
    let answer = browser.post(&cancel, json!({})).await;
    answer.assert_problem(409, "import_status");
}

async fn a_preview_is_cancelled(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let file = b"nombre,telefono\nAna,5512345678\n";
    let answer = browser.upload_with(PREVIEW, file, &[]).await;
    let id = id_of(&answer);
    let answer = browser
        .post(&format!("/api/contacts/imports/{id}/undo"), json!({}))
        .await;
    answer.assert_problem(409, "import_status");
    for _ in 0..2 {
        let answer = browser
            .post(&format!("/api/contacts/imports/{id}/cancel"), json!({}))
            .await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(answer.body["import"]["status"], "cancelled");
    }
    let start = format!("/api/contacts/import/{id}/start");
    let answer = browser.post(&start, json!({})).await;
    answer.assert_problem(409, "import_status");
}
