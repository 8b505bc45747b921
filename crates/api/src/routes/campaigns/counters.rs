//! How many recipients of a campaign are where: the same in the campaign and in events.

use nexus_domain::CampaignCounters;
use serde::Serialize;
use utoipa::ToSchema;

/// How many recipients are where. `sent`, `delivered` and `opened` include those that came further.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountersView {
    /// Until the campaign starts, whom it is for: counted whenever the campaign itself is read or
    /// changed. In the list, the number for an audience is that of its last change.
    #[schema(example = 120)]
    total_recipients: i64,
    /// Not settled yet: the bar is at `1 - pending_count / total_recipients`.
    #[schema(example = 0)]
    pending_count: i64,
    #[schema(example = 117)]
    sent_count: i64,
    #[schema(example = 115)]
    delivered_count: i64,
    #[schema(example = 80)]
    opened_count: i64,
    #[schema(example = 0)]
    clicked_count: i64,
    #[schema(example = 9)]
    replied_count: i64,
    #[schema(example = 2)]
    failed_count: i64,
    #[schema(example = 1)]
    skipped_count: i64,
    #[schema(example = 0)]
    unconfirmed_count: i64,
    /// Of the unconfirmed, those that wait for a decision.
    #[schema(example = 0)]
    undecided_count: i64,
}

impl From<CampaignCounters> for CountersView {
    fn from(counters: CampaignCounters) -> Self {
        Self {
            total_recipients: counters.total,
            pending_count: counters.pending,
            sent_count: counters.sent,
            delivered_count: counters.delivered,
            opened_count: counters.opened,
            clicked_count: counters.clicked,
            replied_count: counters.replied,
            failed_count: counters.failed,
            skipped_count: counters.skipped,
            unconfirmed_count: counters.unconfirmed,
            undecided_count: counters.unconfirmed - counters.unconfirmed_left,
        }
    }
}
