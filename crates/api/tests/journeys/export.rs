//! Contacts as files.

use reqwest::Method;
use serde_json::json;

use crate::bulk::{import, total};
use crate::support::{App, Browser, journeys};

journeys! {
    an_export_says_what_the_list_shows_and_can_be_imported_again,
    an_export_speaks_the_person_s_language,
    thousands_are_exported_each_once,
    a_workbook_can_be_imported_again,
    an_export_with_conditions_that_are_not_understood_is_refused,
}

async fn export(browser: &Browser, query: &str) -> (reqwest::header::HeaderMap, String) {
    let path = format!("/api/contacts/export.csv?{query}");
    let answer = browser.request(Method::GET, &path).send().await;
    let answer = answer.expect("the server answers");
    assert_eq!(answer.status(), 200);
    let headers = answer.headers().clone();
    // Not as `text`, which would take off the byte order mark.
    let bytes = answer.bytes().await.expect("the whole file");
    (headers, String::from_utf8(bytes.to_vec()).expect("UTF-8"))
}

async fn an_export_says_what_the_list_shows_and_can_be_imported_again(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    for contact in [
        json!({"name": "=HYPERLINK(\"http://mal.mx\")", "phone": "5512345678",
               "tags": ["vip", "zona sur"], "notes": "Pide factura, \"urgente\"\nsiempre"}),
        json!({"name": "Luz", "email": "luz@b.mx", "status": "unsubscribed"}),
        json!({"name": "Otra", "email": "otra@b.mx", "status": "inactive"}),
    ] {
        assert_eq!(browser.post("/api/contacts", contact).await.status, 201);
    }
    let (headers, file) = export(&browser, "status=inactive").await;
    assert_eq!(headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let disposition = headers["content-disposition"].to_str().unwrap();
    assert!(
        disposition.starts_with("attachment; filename=\"contactos-20")
            && disposition.ends_with(".csv\""),
        "{disposition}"
    );
    assert!(file.starts_with("\u{feff}Nombre,Teléfono,Correo,Etiquetas,Notas,Estado,"));
    assert!(file.contains("\r\nOtra,,otra@b.mx,,,inactivo,"), "{file}");
    assert_eq!(file.matches("\r\n").count(), 2);

    let (_, file) = export(&browser, "").await;
    assert!(
        file.contains(
            "\r\n\"'=HYPERLINK(\"\"http://mal.mx\"\")\",'+525512345678,,\"vip, zona sur\",\
             \"Pide factura, \"\"urgente\"\"\nsiempre\",activo,"
        ),
        "{file}"
    );

    let mut other = app.signed_in("otra@example.mx").await;
    assert_eq!(export(&other, "").await.1.matches("\r\n").count(), 1);
    other.upload("contactos.csv", file.as_bytes()).await;
    for _ in 0..600 {
        if total(&mut other, "").await == 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let shown = async |browser: &mut Browser| {
        let answer = browser.get("/api/contacts?sort=name").await;
        let contacts = answer.body["contacts"].as_array().unwrap().clone();
        let fields = ["name", "phone", "email", "tags", "notes", "status"];
        contacts
            .iter()
            .map(|contact| fields.map(|field| contact[field].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(&mut other).await, shown(&mut browser).await);
}

async fn an_export_speaks_the_person_s_language(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.put("/api/profile", json!({"language": "en"})).await;
    let (headers, file) = export(&browser, "").await;
    assert!(file.starts_with("\u{feff}Name,Phone,Email,Tags,Notes,Status,"));
    let disposition = headers["content-disposition"].to_str().unwrap();
    assert!(disposition.contains("contacts-20"), "{disposition}");
}

async fn thousands_are_exported_each_once(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    import(&mut browser, 2_300).await;
    for query in ["", "tag=lista"] {
        let (_, file) = export(&browser, query).await;
        let mut names: Vec<_> = file
            .lines()
            .skip(1)
            .map(|line| line.split(',').next().unwrap())
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 2_300, "{query}");
        assert_eq!((names[0], names[2_299]), ("Cliente 00000", "Cliente 02299"));
    }
}

async fn a_workbook_can_be_imported_again(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    import(&mut browser, 1_200).await;
    let contact = json!({"name": "=1+1", "phone": "5512345678", "tags": ["vip", "norte"]});
    browser.post("/api/contacts", contact).await;
    let path = "/api/contacts/export.xlsx";
    let answer = browser.request(Method::GET, path).send().await.unwrap();
    assert_eq!(
        answer.headers()["content-type"],
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    );
    let disposition = answer.headers()["content-disposition"].to_str().unwrap();
    assert!(disposition.ends_with(".xlsx\""), "{disposition}");
    let file = answer.bytes().await.expect("the whole file");

    let mut other = app.signed_in("otra@example.mx").await;
    other.upload("contactos.xlsx", &file).await;
    for _ in 0..600 {
        if total(&mut other, "").await == 1_201 {
            let found = other.get("/api/contacts?tag=vip&tag=norte").await;
            assert_eq!(found.body["contacts"][0]["name"], "=1+1");
            assert_eq!(found.body["contacts"][0]["phone"], "+525512345678");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the import did not end");
}

async fn an_export_with_conditions_that_are_not_understood_is_refused(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let answer = browser.get("/api/contacts/export.csv?status=gone").await;
    answer.assert_problem(422, "invalid_input");
    let answer = app.browser().get("/api/contacts/export.csv").await;
    answer.assert_problem(401, "not_signed_in");
}
