use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{App, Browser, journeys};

journeys! {
    a_file_becomes_contacts_and_every_row_is_accounted_for,
    a_file_that_is_no_table_is_refused,
    an_import_is_its_owners_alone,
}

pub(crate) async fn finished(browser: &mut Browser, id: &str) -> Value {
    for _ in 0..600 {
        let answer = browser.get(&format!("/api/contacts/imports/{id}")).await;
        let import = answer.body["import"].clone();
        let status = import["status"].as_str().unwrap_or_default();
        if ["completed", "failed", "cancelled", "undone"].contains(&status) {
            return import;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the import did not end");
}

async fn a_file_becomes_contacts_and_every_row_is_accounted_for(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let file = include_bytes!("../../assets/demo-contacts.csv");
    let answer = browser.upload("../../clientes ñ.csv", file).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    assert_eq!(answer.body["import"]["file_name"], "clientes ñ.csv");
    let id = answer.body["import"]["id"].as_str().unwrap().to_owned();
    let import = finished(&mut browser, &id).await;
    assert_eq!(import["status"], "completed", "{import}");
    assert_eq!(
        import["progress"],
        json!({
            "read": 126, "created": 121, "updated": 0, "unchanged": 0, "skipped": 1, "known": 1,
            "blank": 1, "invalid": 3, "still_unsubscribed": 0, "total_rows": 126,
            "percent": 100, "rows_per_second": null,
        }),
    );
    let contacts = browser.get("/api/contacts?per_page=1").await;
    assert_eq!(contacts.body["pagination"]["total"], 121);
    let errors = browser
        .get(&format!("/api/contacts/imports/{id}/errors"))
        .await;
    let listed = errors.body["errors"].as_array().unwrap().clone();
    assert!(
        listed.iter().any(|error| error["line"] == 14
            && error["column"] == "Celular"
            && error["value"] == "12-34"
            && error["code"] == "invalid_phone"),
        "{listed:?}"
    );

    // The same file once more adds nobody.
    let answer = browser.upload("otra vez.csv", file).await;
    let id = answer.body["import"]["id"].as_str().unwrap().to_owned();
    let import = finished(&mut browser, &id).await;
    assert_eq!(import["progress"]["created"], 0);
    assert_eq!(import["progress"]["known"], 122);
    assert_eq!(
        browser.get("/api/contacts/imports").await.body["pagination"]["total"],
        2
    );
}

async fn a_file_that_is_no_table_is_refused(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser
        .upload("vacio.csv", b"")
        .await
        .assert_problem(422, "empty_file");
    browser
        .upload("foto.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
        .await
        .assert_problem(422, "not_a_table");
    let large = vec![b'a'; 1_100_000];
    let answer = browser.upload("grande.csv", &large).await;
    answer.assert_problem(413, "too_large");
    assert_eq!(answer.body["error"], "Lo enviado supera el máximo de 1 MB.");
    let answer = browser
        .post("/api/contacts/import/file", json!({"file": "x"}))
        .await;
    assert!(answer.status.is_client_error(), "{:?}", answer.body);
    assert_eq!(
        browser.get("/api/contacts/imports").await.body["pagination"]["total"],
        0
    );

    // An old text document is in a container as old workbooks are, under a stream of another name.
    let utf16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let (workbook, document) = (utf16("Workbook"), utf16("Document"));
    let mut letter = include_bytes!("../../../infrastructure/tests/fixtures/xlwt.xls").to_vec();
    for at in 0..letter.len() - workbook.len() {
        if letter[at..].starts_with(&workbook) {
            letter[at..at + workbook.len()].copy_from_slice(&document);
        }
    }
    browser
        .upload("carta.doc", &letter)
        .await
        .assert_problem(422, "not_a_table");
    browser
        .upload_with("/api/contacts/import/preview", &letter, &[])
        .await
        .assert_problem(422, "not_a_table");
    assert_eq!(
        browser.get("/api/contacts/imports").await.body["pagination"]["total"],
        0
    );

    let answer = browser
        .upload("columnas.csv", b"color,talla\nrojo,M\n")
        .await;
    let id = answer.body["import"]["id"].as_str().unwrap().to_owned();
    let import = finished(&mut browser, &id).await;
    assert_eq!(import["status"], "failed");
    assert!(
        import["failure"].as_str().unwrap().contains("color, talla"),
        "{import}"
    );
}

async fn an_import_is_its_owners_alone(app: App) {
    let mut owner = app.signed_in("ana@example.mx").await;
    let answer = owner
        .upload("a.csv", b"nombre,telefono\nAna,5512345678\n")
        .await;
    let id = answer.body["import"]["id"].as_str().unwrap().to_owned();
    finished(&mut owner, &id).await;
    let mut other = app.signed_in("otra@example.mx").await;
    for path in [
        format!("/api/contacts/imports/{id}"),
        format!("/api/contacts/imports/{id}/errors"),
        format!("/api/contacts/imports/{id}/errors.csv"),
    ] {
        other.get(&path).await.assert_problem(404, "not_found");
    }
    for path in [
        format!("/api/contacts/import/{id}/preview"),
        format!("/api/contacts/import/{id}/start"),
        format!("/api/contacts/imports/{id}/cancel"),
        format!("/api/contacts/imports/{id}/undo"),
    ] {
        let answer = other.post(&path, json!({})).await;
        answer.assert_problem(404, "not_found");
    }
    assert_eq!(
        other.get("/api/contacts/imports").await.body["pagination"]["total"],
        0
    );
}
