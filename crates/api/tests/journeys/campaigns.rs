//! Campaigns: written, found, sent, and kept apart from everybody else's. No dispatcher runs in
//! these journeys, so recipients of a started campaign stay queued.

mod boundaries;
mod copying;
mod finding;
mod media;
mod scheduling;
mod sending;
mod writing;

use serde_json::{Value, json};

use crate::support::{Answer, Browser};

pub(crate) const NOBODY: &str = "01980c5e-7d2b-7c3a-9a55-1f0e6f3f2b11";

impl Browser {
    pub(crate) async fn contact(&mut self, contact: Value) -> String {
        let answer = self.post("/api/contacts", contact).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        id_of(&answer.body["contact"])
    }

    pub(crate) async fn campaign(&mut self, campaign: Value) -> Value {
        let answer = self.post("/api/campaigns", campaign).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.body["campaign"].clone()
    }

    /// The path of a new draft of a text.
    async fn draft(&mut self, name: &str) -> String {
        let campaign = self
            .campaign(json!({"name": name, "channel": "whatsapp", "message": "Hola {nombre}"}))
            .await;
        path_of(&campaign)
    }

    pub(crate) async fn configure(&mut self, profile: Value) {
        let answer = self.put("/api/profile", profile).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }

    pub(crate) async fn configure_sender(&mut self) {
        self.configure(json!({
            "whatsapp_api_key": "una-clave-cualquiera",
            "whatsapp_phone_number_id": "106540352242922",
        }))
        .await;
    }

    pub(crate) async fn steer(&mut self, path: &str, action: &str) -> Answer {
        self.post(&format!("{path}/{action}"), json!({})).await
    }
}

pub(crate) fn id_of(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

pub(crate) fn path_of(campaign: &Value) -> String {
    format!("/api/campaigns/{}", id_of(campaign))
}

pub(crate) fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .expect("a list")
        .iter()
        .map(|item| item["name"].as_str().expect("a name"))
        .collect()
}

pub(crate) fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

fn recipient<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array()
        .expect("a list")
        .iter()
        .find(|recipient| recipient["name"] == name)
        .unwrap_or_else(|| panic!("{name} is no recipient: {list}"))
}
