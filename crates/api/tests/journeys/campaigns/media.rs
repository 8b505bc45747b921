//! Files of campaigns: what is taken of them, who sees them, and what is left.

use std::time::Duration;

use futures_util::stream;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{NOBODY, id_of, path_of};
use crate::support::{Answer, App, Browser, PASSWORD, journeys};

journeys! {
    a_file_is_uploaded_listed_kept_and_taken_away,
    names_are_shown_and_decide_nothing,
    what_is_not_taken_leaves_nothing,
    what_is_too_large_is_refused_and_leaves_nothing,
    a_users_files_have_room_up_to_the_quota,
    somebody_elses_files_are_as_missing_as_none,
    of_two_uploads_at_once_one_goes_with_the_message,
    the_same_file_is_added_once,
    a_campaign_that_has_started_keeps_its_files,
    a_copy_has_files_of_its_own,
    files_go_with_their_campaign_and_their_account,
    an_upload_that_breaks_off_leaves_nothing,
}

/// A picture as far as its headers tell; `more` stands behind it.
fn jpeg(width: u16, height: u16, more: &[u8]) -> Vec<u8> {
    let mut bytes =
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00".to_vec();
    bytes.extend_from_slice(b"\xff\xc0\x00\x0b\x08");
    bytes.extend_from_slice(&height.to_be_bytes());
    bytes.extend_from_slice(&width.to_be_bytes());
    bytes.extend_from_slice(b"\x01\x01\x11\x00\xff\xd9");
    bytes.extend_from_slice(more);
    bytes
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
    bytes.extend_from_slice(&width.to_be_bytes());
    bytes.extend_from_slice(&height.to_be_bytes());
    bytes.extend_from_slice(b"\x08\x02\x00\x00\x00crc.");
    bytes
}

fn pdf(bytes: usize) -> Vec<u8> {
    let mut content = b"%PDF-1.7\n".to_vec();
    content.resize(bytes, b' ');
    content
}

impl Browser {
    pub(crate) async fn attach(&mut self, campaign: &str, name: &str, content: &[u8]) -> Answer {
        let part = Part::bytes(content.to_vec()).file_name(name.to_owned());
        let part = part.mime_str("image/png").expect("a media type");
        let request = self
            .request(Method::POST, &format!("{campaign}/media"))
            .multipart(Form::new().text("note", "algo").part("file", part));
        self.send(request).await
    }

    /// The path of a file that was added to this campaign.
    pub(crate) async fn attached(&mut self, campaign: &str, name: &str, content: &[u8]) -> String {
        let answer = self.attach(campaign, name, content).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        let files = answer.body["campaign"]["media_files"].as_array();
        let file = files.expect("a list").last().expect("a file");
        format!("{campaign}/media/{}", id_of(file))
    }

    pub(crate) async fn content(
        &mut self,
        path: &str,
    ) -> (StatusCode, reqwest::header::HeaderMap, Vec<u8>) {
        let response = self.request(Method::GET, path).send().await;
        let response = response.expect("the server answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.expect("the answer is whole");
        (status, headers, bytes.to_vec())
    }

    pub(crate) async fn for_gmail(&mut self, name: &str) -> String {
        let campaign = json!({
            "name": name, "channel": "gmail", "subject": "S", "message": "Hola {nombre}",
        });
        path_of(&self.campaign(campaign).await)
    }
}

async fn a_file_is_uploaded_listed_kept_and_taken_away(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let campaign = browser.draft("Rebajas").await;
    let picture = jpeg(640, 480, &vec![7; 200_000]);
    let answer = browser
        .attach(&campaign, "Menú del día.jpg", &picture)
        .await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let file = answer.body["campaign"]["media_files"][0].clone();
    assert_eq!(file["kind"], "image");
    assert_eq!(file["media_type"], "image/jpeg");
    assert_eq!(file["file_name"], "Menú del día.jpg");
    assert_eq!(file["size"], picture.len());
    let shown = browser.get(&campaign).await.body["campaign"]["media_files"].clone();
    assert_eq!(shown, json!([file]));
    let listed = browser.get("/api/campaigns").await.body["campaigns"][0]["media_files"].clone();
    assert_eq!(listed, shown);
    assert_eq!(app.files().len(), 1);

    let path = format!("{campaign}/media/{}", id_of(&file));
    let (status, headers, content) = browser.content(&path).await;
    assert_eq!(status, 200);
    assert_eq!(content, picture);
    for (name, value) in [
        ("content-type", "image/jpeg"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("cache-control", "private, max-age=3600"),
        (
            "content-disposition",
            "attachment; filename=\"Men_ del d_a.jpg\"; filename*=UTF-8''Men%C3%BA%20del%20d%C3%ADa.jpg",
        ),
    ] {
        assert_eq!(headers[name], value);
    }
    assert_eq!(
        headers["content-length"],
        picture.len().to_string().as_str()
    );

    let answer = browser.delete(&path).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["campaign"]["media_files"], json!([]));
    browser.delete(&path).await.assert_problem(404, "not_found");
    browser.get(&path).await.assert_problem(404, "not_found");
    assert_eq!(app.files(), Vec::<String>::new());

    browser.attached(&campaign, "a.pdf", &pdf(20)).await;
    let answer = browser.delete(&format!("{campaign}/media")).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["campaign"]["media_files"], json!([]));
    assert_eq!(app.files(), Vec::<String>::new());
    let nothing = browser.delete(&format!("{campaign}/media")).await;
    assert_eq!(nothing.status, 200);
}

async fn names_are_shown_and_decide_nothing(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let campaign = browser.for_gmail("A").await;
    let page = b"<html><script>alert(1)</script></html>";
    for (name, shown) in [
        ("../../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\fotos\\playa.html", "playa.html"),
        ("a\u{202e}gpj.exe", "agpj.exe"),
        ("   ", "file"),
    ] {
        // A picture with a page behind it is a picture, whatever it is called.
        let polyglot = jpeg(10, 10, &[page.as_slice(), name.as_bytes()].concat());
        let path = browser.attached(&campaign, name, &polyglot).await;
        let (_, headers, content) = browser.content(&path).await;
        assert_eq!(content, polyglot);
        assert_eq!(headers["content-type"], "image/jpeg");
        let disposition = headers["content-disposition"].to_str().expect("ASCII");
        assert!(disposition.starts_with("attachment; "), "{disposition}");
        let files = browser.get(&campaign).await.body["campaign"]["media_files"].clone();
        let last = files.as_array().expect("a list").last().expect("a file");
        assert_eq!(last["file_name"], shown);
    }
    // What no program sends and anybody can.
    for name in ["a\u{0}b.jpg", "a\r\nSet-Cookie: x=1.jpg"] {
        let boundary = "77777777777777777777";
        let mut body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
        )
        .into_bytes();
        body.extend(jpeg(1, 1, name.as_bytes()));
        body.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
        let kind = format!("multipart/form-data; boundary={boundary}");
        let request = browser
            .request(Method::POST, &format!("{campaign}/media"))
            .header("content-type", kind)
            .body(body);
        let answer = browser.send(request).await;
        assert!(
            answer.status == 201 || answer.code() == "malformed_upload",
            "{:?}",
            answer.body
        );
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    assert!(app.files().iter().all(|file| !file.contains("passwd")));
}

async fn what_is_not_taken_leaves_nothing(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let campaign = browser.draft("A").await;
    let zip = b"PK\x03\x04\x14\x00\x00\x00\x00\x00aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for (name, content) in [
        (
            "a.png",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".as_slice(),
        ),
        ("a.txt", b"  <!DOCTYPE html><p>Hola"),
        ("a.txt", b"Hola <script>alert(1)</script>"),
        ("a.txt", b"#!/bin/sh\nrm -rf /"),
        ("a.txt", b"Hola\0"),
        ("a.txt", b"Ma\xf1ana"),
        ("a.gif", b"GIF89a<script>"),
        ("a.jpg", b"MZ\x90\x00\x03\x00\x00\x00"),
        ("a.docx", zip),
        ("a.jpg", b"\xff\xd8\xff<html>"),
    ] {
        let answer = browser.attach(&campaign, name, content).await;
        answer.assert_problem(422, "media_type");
        let said = answer.body["error"].as_str().expect("a sentence");
        assert!(said.contains("JPEG") && said.contains("PDF"), "{said}");
    }
    for picture in [
        jpeg(20_001, 1, b""),
        jpeg(12_000, 12_000, b""),
        png(1 << 31, 1),
    ] {
        let answer = browser.attach(&campaign, "a.jpg", &picture).await;
        answer.assert_problem(422, "picture_too_large");
    }
    let answer = browser.attach(&campaign, "a.jpg", b"").await;
    answer.assert_problem(422, "empty_file");
    let nothing = Form::new().text("archivo", "hola");
    let request = browser
        .request(Method::POST, &format!("{campaign}/media"))
        .multipart(nothing);
    browser
        .send(request)
        .await
        .assert_problem(400, "malformed_upload");
    let twice = Form::new()
        .part("file", Part::bytes(pdf(10)).file_name("a.pdf"))
        .part("file", Part::bytes(pdf(11)).file_name("b.pdf"));
    let request = browser
        .request(Method::POST, &format!("{campaign}/media"))
        .multipart(twice);
    browser
        .send(request)
        .await
        .assert_problem(400, "malformed_upload");
    assert_eq!(app.files(), Vec::<String>::new());
    let now = browser.get(&campaign).await.body;
    assert_eq!(now["campaign"]["media_files"], json!([]));
}

async fn what_is_too_large_is_refused_and_leaves_nothing(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let campaign = browser.draft("A").await;
    let limit = 5 * 1_024 * 1_024;
    let mut picture = jpeg(10, 10, &[]);
    picture.resize(limit + 1, 7);
    let answer = browser.attach(&campaign, "a.jpg", &picture).await;
    answer.assert_problem(413, "media_too_large");
    let said = answer.body["error"].as_str().expect("a sentence");
    assert!(said.contains("5 MB"), "{said}");
    assert_eq!(app.files(), Vec::<String>::new());
    picture.truncate(limit);
    browser.attached(&campaign, "a.jpg", &picture).await;
}

async fn a_users_files_have_room_up_to_the_quota(app: App) {
    // The quota of these journeys is 8 MB.
    let mut browser = app.signed_in("ana@example.mx").await;
    let megabyte = 1_024 * 1_024;
    let first = browser.draft("A").await;
    let path = browser.attached(&first, "a.pdf", &pdf(6 * megabyte)).await;
    let second = browser.draft("B").await;
    let answer = browser.attach(&second, "b.pdf", &pdf(3 * megabyte)).await;
    answer.assert_problem(409, "media_quota");
    let said = answer.body["error"].as_str().expect("a sentence");
    assert!(said.contains("6 MB") && said.contains("8 MB"), "{said}");
    let answer = browser.steer(&first, "duplicate").await;
    answer.assert_problem(409, "media_quota");
    assert_eq!(app.files().len(), 1);
    browser.attached(&second, "b.pdf", &pdf(2 * megabyte)).await;

    // Others have room of their own; and what goes makes room.
    let mut other = app.signed_in("otra@example.mx").await;
    let of_other = other.draft("A").await;
    other.attached(&of_other, "a.pdf", &pdf(6 * megabyte)).await;
    assert_eq!(browser.delete(&path).await.status, 200);
    browser.attached(&first, "c.pdf", &pdf(6 * megabyte)).await;

    // Two at once into the last megabytes: one fits.
    browser.delete(&format!("{first}/media")).await;
    let third = browser.draft("C").await;
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let content = pdf(4 * megabyte);
    let answers = tokio::join!(
        one.attach(&first, "a.pdf", &content),
        two.attach(&third, "a.pdf", &content)
    );
    let mut ends = [answers.0.status.as_u16(), answers.1.status.as_u16()];
    ends.sort_unstable();
    assert_eq!(ends, [201, 409], "{answers:?}");
    assert_eq!(app.files().len(), 3);
}

async fn somebody_elses_files_are_as_missing_as_none(app: App) {
    let mut owner = app.signed_in("ana@example.mx").await;
    let campaign = owner.draft("A").await;
    let file = owner.attached(&campaign, "a.pdf", &pdf(20)).await;
    let mut other = app.signed_in("otra@example.mx").await;
    let own = other.draft("B").await;
    let id = file.rsplit('/').next().expect("an id");
    let missing = format!("/api/campaigns/{NOBODY}");
    let mut answers = Vec::new();
    for campaign in [&campaign, &missing] {
        answers.push(other.attach(campaign, "b.pdf", &pdf(30)).await);
        answers.push(other.delete(&format!("{campaign}/media")).await);
        for path in [
            format!("{campaign}/media/{id}"),
            format!("{own}/media/{id}"),
            format!("{campaign}/media/{NOBODY}"),
            format!("{campaign}/media/7"),
        ] {
            answers.push(other.get(&path).await);
            answers.push(other.delete(&path).await);
        }
    }
    for answer in &mut answers {
        answer.assert_problem(404, "not_found");
        answer.body["request_id"] = Value::Null;
    }
    assert!(answers.windows(2).all(|pair| pair[0].body == pair[1].body));
    assert_eq!(owner.content(&file).await.2, pdf(20));
    assert_eq!(app.files().len(), 1);
}

async fn of_two_uploads_at_once_one_goes_with_the_message(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    for round in 0..5 {
        let campaign = browser.draft("A").await;
        let (mut one, mut two) = (browser.clone(), browser.clone());
        let (first, second) = (pdf(100 + round), pdf(200 + round));
        let answers = tokio::join!(
            one.attach(&campaign, "a.pdf", &first),
            two.attach(&campaign, "b.pdf", &second)
        );
        let mut ends = [answers.0.status.as_u16(), answers.1.status.as_u16()];
        ends.sort_unstable();
        assert_eq!(ends, [201, 409], "{answers:?}");
        let refused = [&answers.0, &answers.1];
        let refused = refused.iter().find(|answer| answer.status == 409);
        refused.expect("one").assert_problem(409, "media_limit");
        let files = browser.get(&campaign).await.body["campaign"]["media_files"].clone();
        assert_eq!(files.as_array().map(Vec::len), Some(1));
        assert_eq!(app.files().len(), round + 1);
    }
}

async fn the_same_file_is_added_once(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let campaign = browser.draft("A").await;
    let first = browser.attached(&campaign, "a.pdf", &pdf(20)).await;
    let again = browser.attached(&campaign, "a.pdf", &pdf(20)).await;
    assert_eq!(first, again);
    assert_eq!(app.files().len(), 1);
    let answer = browser.attach(&campaign, "b.pdf", &pdf(20)).await;
    answer.assert_problem(409, "media_limit");

    let campaign = browser.for_gmail("B").await;
    for name in ["a.pdf", "b.pdf", "a.pdf"] {
        browser.attached(&campaign, name, &pdf(20)).await;
    }
    let files = browser.get(&campaign).await.body["campaign"]["media_files"].clone();
    assert_eq!(files.as_array().map(Vec::len), Some(2));
    let answer = browser.put(&campaign, json!({"channel": "whatsapp"})).await;
    answer.assert_problem(422, "invalid_input");
    assert!(answer.body["fields"]["media_files"][0].is_string());
}

async fn a_campaign_that_has_started_keeps_its_files(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    let campaign = browser
        .campaign(json!({"name": "A", "channel": "whatsapp", "message": "Hola", "audience": {}}))
        .await;
    let campaign = path_of(&campaign);
    let at = json!({"scheduled_at": "2027-12-24T09:00"});
    assert_eq!(
        browser
            .post(&format!("{campaign}/schedule"), at)
            .await
            .status,
        200
    );
    let file = browser
        .attached(&campaign, "a.jpg", &jpeg(9, 9, b"1"))
        .await;
    browser.delete(&file).await;
    assert_eq!(browser.steer(&campaign, "unschedule").await.status, 200);
    assert_eq!(browser.steer(&campaign, "send").await.status, 202);
    for action in ["", "pause", "cancel"] {
        if !action.is_empty() {
            assert_eq!(
                browser.steer(&campaign, action).await.status,
                200,
                "{action}"
            );
        }
        let answer = browser.attach(&campaign, "b.jpg", &jpeg(9, 9, b"2")).await;
        answer.assert_problem(409, "campaign_status");
        let answer = browser.delete(&format!("{campaign}/media")).await;
        answer.assert_problem(409, "campaign_status");
    }
    assert_eq!(app.files(), Vec::<String>::new());
}

async fn a_copy_has_files_of_its_own(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let campaign = browser.for_gmail("A").await;
    for name in ["a.pdf", "b.pdf"] {
        let content = pdf(20 + name.len());
        browser.attached(&campaign, name, &content).await;
    }
    let answer = browser.steer(&campaign, "duplicate").await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let copy = path_of(&answer.body["campaign"]);
    let files = answer.body["campaign"]["media_files"].clone();
    assert_eq!(
        browser.get(&copy).await.body["campaign"]["media_files"],
        files
    );
    let names: Vec<_> = files.as_array().expect("a list").iter().collect();
    assert_eq!(
        names
            .iter()
            .map(|file| &file["file_name"])
            .collect::<Vec<_>>(),
        ["a.pdf", "b.pdf"]
    );
    assert_eq!(app.files().len(), 4);
    assert_eq!(browser.delete(&campaign).await.status, 200);
    assert_eq!(app.files().len(), 2);
    let path = format!("{copy}/media/{}", id_of(names[0]));
    assert_eq!(browser.content(&path).await.2, pdf(25));

    // What is not stored any more is left out of a copy, which can be sent with another file then.
    let lost = id_of(names[0]);
    for file in app.files().iter().filter(|file| file.ends_with(&lost)) {
        std::fs::remove_file(file).expect("a file");
    }
    let answer = browser.steer(&copy, "duplicate").await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let files = &answer.body["campaign"]["media_files"];
    let names: Vec<_> = files.as_array().expect("a list").iter().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert_eq!(names[0]["file_name"], "b.pdf");
    assert_eq!(app.files().len(), 2);
}

async fn files_go_with_their_campaign_and_their_account(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let (first, second) = (browser.draft("A").await, browser.draft("B").await);
    for campaign in [&first, &second] {
        browser.attached(campaign, "a.pdf", &pdf(20)).await;
    }
    let mut other = app.signed_in("otra@example.mx").await;
    let of_other = other.draft("C").await;
    let kept = other.attached(&of_other, "a.pdf", &pdf(20)).await;
    assert_eq!(browser.delete(&first).await.status, 200);
    assert_eq!(app.files().len(), 2);
    let request = browser
        .request(Method::DELETE, "/api/profile")
        .json(&json!({"password": PASSWORD}));
    assert_eq!(browser.send(request).await.status, 200);
    assert_eq!(app.files().len(), 1);
    assert_eq!(other.content(&kept).await.0, 200);
}

async fn an_upload_that_breaks_off_leaves_nothing(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let campaign = browser.draft("A").await;
    let pieces = [
        Ok(pdf(300_000)),
        Err(std::io::Error::other("the connection is lost")),
    ];
    let part = Part::stream(reqwest::Body::wrap_stream(stream::iter(pieces)));
    let form = Form::new().part("file", part.file_name("a.pdf"));
    let request = browser.request(Method::POST, &format!("{campaign}/media"));
    let broken = browser.try_send(request.multipart(form)).await;
    assert!(broken.is_err(), "{broken:?}");
    for _ in 0..200 {
        if app.files().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(app.files(), Vec::<String>::new());
    browser.attached(&campaign, "a.pdf", &pdf(20)).await;
}
