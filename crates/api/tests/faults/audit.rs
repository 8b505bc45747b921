//! What the provider's log and the database say of a campaign.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use nexus_sandbox::{Event, JournalEntry};
use nexus_testing::{LedgerCampaign, LedgerRow};

/// How many examples of a finding are shown.
const SHOWN: usize = 5;

/// What is wrong with campaigns.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// How many were looked at.
    pub(crate) recipients: usize,
    /// The provider never took their message, and the ledger does not say that it may not have.
    pub(crate) lost: Vec<String>,
    /// The provider took their message more than once.
    pub(crate) twice: Vec<String>,
    /// The ledger does not say what became of them, or says what is not so.
    pub(crate) unaccounted: Vec<String>,
    /// How many the ledger lists as unconfirmed.
    pub(crate) unconfirmed: usize,
    /// Anything else.
    pub(crate) wrong: Vec<String>,
}

/// What may be besides messages that were sent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Allowed {
    /// So many may be unconfirmed.
    pub(crate) unconfirmed: usize,
    /// The campaign was cancelled, perhaps before its end.
    pub(crate) cancelled: bool,
}

impl Findings {
    pub(crate) fn hold(&self) -> bool {
        self.lost.is_empty()
            && self.twice.is_empty()
            && self.unaccounted.is_empty()
            && self.wrong.is_empty()
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.recipients += other.recipients;
        self.lost.extend(other.lost);
        self.twice.extend(other.twice);
        self.unaccounted.extend(other.unaccounted);
        self.unconfirmed += other.unconfirmed;
        self.wrong.extend(other.wrong);
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, findings) in [
            ("lost", &self.lost),
            ("twice", &self.twice),
            ("unaccounted for", &self.unaccounted),
            ("wrong", &self.wrong),
        ] {
            if !findings.is_empty() {
                let shown = findings.iter().take(SHOWN).cloned().collect::<Vec<_>>();
                writeln!(f, "{} {name}: {}", findings.len(), shown.join("; "))?;
            }
        }
        Ok(())
    }
}

/// What the provider's log has of one campaign.
struct Log {
    /// How often each number's message was taken, by digits.
    accepted: BTreeMap<String, Vec<String>>,
    /// Numbers whose message was refused for good.
    refused: BTreeSet<String>,
    /// How far the server was told that each message came, and acknowledged it.
    told: BTreeMap<String, u8>,
}

/// `sent < delivered < read`; 0 for everything else.
pub(crate) fn progress(status: &str) -> u8 {
    match status {
        "sent" | "accepted" => 1,
        "delivered" => 2,
        "read" => 3,
        _ => 0,
    }
}

/// Whether this text is of the campaign with this label, which each of its messages ends with.
pub(crate) fn is_of(text: Option<&str>, label: &str) -> bool {
    text.is_some_and(|text| {
        text.strip_suffix(label)
            .is_some_and(|before| before.ends_with(' '))
    })
}

impl Log {
    fn of(journal: &[Arc<JournalEntry>], label: &str) -> Self {
        let mut log = Self {
            accepted: BTreeMap::new(),
            refused: BTreeSet::new(),
            told: BTreeMap::new(),
        };
        for entry in journal {
            match &entry.event {
                Event::Accepted(message) if is_of(message.text.as_deref(), label) => {
                    let wamids = log.accepted.entry(message.to.clone()).or_default();
                    wamids.push(message.wamid.clone());
                }
                Event::Refused(refused) if refused.http_status != 429 => {
                    log.refused.extend(refused.to.clone());
                }
                Event::Webhook(attempt) if attempt.delivered() => {
                    for notice in &attempt.notices {
                        let status = notice.status.as_deref().unwrap_or_default();
                        let told = log.told.entry(notice.id.clone()).or_default();
                        *told = progress(status).max(*told);
                    }
                }
                _ => {}
            }
        }
        log
    }
}

/// Sets beside each other, for the campaign `label`, who was to get a message (`numbers`, E.164),
/// what the provider took, and what the ledger has.
pub(crate) fn audit(
    label: &str,
    numbers: &[String],
    journal: &[Arc<JournalEntry>],
    rows: &[LedgerRow],
    campaigns: &[LedgerCampaign],
    allowed: Allowed,
) -> Findings {
    let log = Log::of(journal, label);
    let mut findings = Findings {
        recipients: numbers.len(),
        ..Findings::default()
    };
    let mut ledger: BTreeMap<&str, &LedgerRow> = BTreeMap::new();
    for row in rows {
        let address = row.address.as_deref().unwrap_or("(no address)");
        if ledger.insert(address, row).is_some() {
            findings
                .wrong
                .push(format!("{address} is in the ledger twice"));
        }
    }
    for number in numbers {
        let digits = number.trim_start_matches('+');
        let messages = log.accepted.get(digits).map_or(&[][..], Vec::as_slice);
        if messages.len() > 1 {
            findings
                .twice
                .push(format!("{number} {} times", messages.len()));
        }
        let Some(row) = ledger.remove(number.as_str()) else {
            findings
                .unaccounted
                .push(format!("{number} is not in the ledger"));
            continue;
        };
        let refused = log.refused.contains(digits);
        judge(number, row, messages, &log, refused, allowed, &mut findings);
    }
    for stranger in ledger.keys() {
        findings.wrong.push(format!("{stranger} is in the ledger"));
    }
    let expected: BTreeSet<&str> = numbers
        .iter()
        .map(|number| number.trim_start_matches('+'))
        .collect();
    for stranger in log.accepted.keys() {
        if !expected.contains(stranger.as_str()) {
            findings.wrong.push(format!("{stranger} got a message"));
        }
    }
    if findings.unconfirmed > allowed.unconfirmed {
        findings.unaccounted.push(format!(
            "{} are unconfirmed, of {} that may be",
            findings.unconfirmed, allowed.unconfirmed
        ));
    }
    match campaigns {
        [campaign] => check_counters(label, campaign, rows, allowed, &mut findings),
        _ => findings
            .wrong
            .push(format!("{} campaigns {label}", campaigns.len())),
    }
    findings
}

fn judge(
    number: &str,
    row: &LedgerRow,
    messages: &[String],
    log: &Log,
    refused: bool,
    allowed: Allowed,
    findings: &mut Findings,
) {
    let status = row.status.as_str();
    let said = format!("{number} is {status} after {} attempts", row.attempts);
    findings.unconfirmed += usize::from(status == "unconfirmed");
    if matches!(status, "queued" | "dispatching" | "in_doubt") {
        findings.unaccounted.push(said);
        return;
    }
    if messages.is_empty() {
        let accounted = match status {
            "unconfirmed" => true,
            "cancelled" => allowed.cancelled,
            "failed" => refused,
            _ => false,
        };
        if !accounted {
            findings.lost.push(said);
        }
        return;
    }
    if !matches!(status, "accepted" | "delivered" | "read" | "unconfirmed") {
        findings
            .unaccounted
            .push(format!("{said}, and the provider took the message"));
        return;
    }
    let told = messages.iter().filter_map(|id| log.told.get(id)).max();
    if told.is_some_and(|told| *told > progress(status)) {
        findings
            .unaccounted
            .push(format!("{said}, and the server was told of more"));
    }
    if progress(status) > 0
        && !row
            .message_id
            .as_ref()
            .is_some_and(|id| messages.contains(id))
    {
        findings.unaccounted.push(format!(
            "{said} by a message that the provider does not know"
        ));
    }
}

/// That the counters shown to the user are what the rows add up to.
fn check_counters(
    label: &str,
    campaign: &LedgerCampaign,
    rows: &[LedgerRow],
    allowed: Allowed,
    findings: &mut Findings,
) {
    let count = |statuses: &[&str]| {
        let of = rows.iter().filter(|row| statuses.contains(&&*row.status));
        i64::try_from(of.count()).expect("a number of rows")
    };
    for (counter, kept, counted) in [
        (
            "total",
            campaign.total,
            i64::try_from(rows.len()).expect("rows"),
        ),
        (
            "pending",
            campaign.pending,
            count(&["queued", "dispatching", "in_doubt"]),
        ),
        (
            "sent",
            campaign.sent,
            count(&["accepted", "delivered", "read"]),
        ),
        (
            "delivered",
            campaign.delivered,
            count(&["delivered", "read"]),
        ),
        ("opened", campaign.opened, count(&["read"])),
        ("failed", campaign.failed, count(&["failed"])),
        ("skipped", campaign.skipped, count(&["skipped"])),
        ("unconfirmed", campaign.unconfirmed, count(&["unconfirmed"])),
    ] {
        if kept != counted {
            findings
                .wrong
                .push(format!("{counter} of {label} is {kept} for {counted} rows"));
        }
    }
    let over =
        campaign.status == "completed" || allowed.cancelled && campaign.status == "cancelled";
    if !over {
        findings
            .wrong
            .push(format!("{label} is {}", campaign.status));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_of_the_campaign_whose_label_it_ends_with() {
        assert!(is_of(
            Some("Hola Ana, va para start.committed"),
            "start.committed"
        ));
        assert!(!is_of(
            Some("Hola Ana, va para restart.committed"),
            "start.committed"
        ));
        assert!(!is_of(None, "start.committed"));
    }
}
