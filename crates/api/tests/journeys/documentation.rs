//! The interactive documentation, and the document that it shows.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::App;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_there_with_everything_that_it_loads() {
    let app = App::on_sqlite().await;
    let base = format!("http://{}", app.address);
    for address in ["/api/docs", "/api/docs/"] {
        let page = reqwest::get(format!("{base}{address}"))
            .await
            .expect("it answers");
        assert_eq!(page.status(), 200, "{address}");
        let folder = page.url().join(".").expect("an address");
        let html = page.text().await.expect("a page");
        let loaded: Vec<&str> = html
            .split(['"', '\''])
            .filter(|text| text.starts_with("./"))
            .collect();
        assert!(loaded.len() > 3, "{html}");
        for file in loaded {
            assert!(!file.contains("//"), "from elsewhere: {file}");
            let answer = reqwest::get(folder.join(file).expect("an address"))
                .await
                .expect("it answers");
            assert_eq!(answer.status(), 200, "{file}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_names_every_operation_once_and_says_how_it_fails() {
    let app = App::on_sqlite().await;
    let document: Value = reqwest::get(format!("http://{}/api/openapi.json", app.address))
        .await
        .expect("it answers")
        .json()
        .await
        .expect("JSON");
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let name = format!("{method} {path}");
            let id = operation["operationId"].as_str().expect("an id");
            assert!(ids.insert(id.to_owned()), "{name}: {id} is taken");
            if path.starts_with("/api") {
                let answers = operation["responses"].as_object().expect("answers");
                assert!(answers.contains_key("500"), "{name}");
            }
        }
    }
    assert!(ids.len() > 30, "{ids:?}");
}
