//! Segments: saved, used in lists, exports, changes of many contacts and campaigns.

mod audiences;
mod crash;
mod tags;
mod totals;
mod using;
mod writing;

use serde_json::{Value, json};

use crate::campaigns::id_of;
use crate::support::Browser;

impl Browser {
    /// The id of a new segment.
    async fn segment(&mut self, name: &str, filter: Value) -> String {
        let answer = self
            .post(
                "/api/contacts/segments",
                json!({"name": name, "filter": filter}),
            )
            .await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        id_of(&answer.body["segment"])
    }

    /// The id of a new draft for this audience.
    async fn draft_for(&mut self, name: &str, audience: Value) -> String {
        let campaign = self
            .campaign(
                json!({"name": name, "channel": "whatsapp", "message": "Hola",
                             "audience": audience}),
            )
            .await;
        id_of(&campaign)
    }

    /// How many the campaign is for, as it says itself.
    async fn recipients_of(&mut self, campaign: &str) -> Value {
        let answer = self.get(&campaign_path(campaign)).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body["campaign"]["total_recipients"].clone()
    }
}

fn segment_path(id: &str) -> String {
    format!("/api/contacts/segments/{id}")
}

fn campaign_path(id: &str) -> String {
    format!("/api/campaigns/{id}")
}
