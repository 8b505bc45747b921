//! What Meta says by itself of templates, numbers and accounts, in webhooks of their own.
//!
//! Shapes: Meta's references `message_template_status_update` (updated 2026-05-21),
//! `message_template_quality_update` (2026-06-17), `phone_number_quality_update` (2025-11-14) and
//! `account_update`, all under
//! developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference. None of
//! them was recorded from Meta: what is not in those pages is marked below as unverified.

use chrono::{DateTime, Utc};
use nexus_domain::{AccountStanding, ApprovedTemplate, ChannelEvent, NewsSubject, ProviderNews};
use serde_json::Value;

use super::secrets::redacted;
use super::webhooks::{other, text_at, time_of};

/// Meta's words are kept for people to read, and no longer than that.
const WORD_CHARACTERS: usize = 100;
const REASON_CHARACTERS: usize = 300;

/// What a change says, if it is of one of these kinds. One that can't be read is passed on by its
/// name, as everything is that is not understood.
pub(super) fn read(entry: &Value, change: &Value) -> Option<ChannelEvent> {
    let field = change.get("field")?.as_str()?;
    let value = change.get("value").unwrap_or(&Value::Null);
    let subject = match field {
        "message_template_status_update" => template_status(value),
        "message_template_quality_update" => template_quality(value),
        "phone_number_quality_update" => number(value),
        "account_update" => account(value),
        _ => return None,
    };
    let news = || {
        Some(ProviderNews {
            account_id: text_at(entry, "/id")?,
            // When the webhook was triggered. Without it nothing could be put in order.
            at: entry.get("time").and_then(time_of)?,
            subject: subject?,
        })
    };
    Some(news().map_or_else(|| other(field), ChannelEvent::News))
}

fn cut(text: &str, characters: usize) -> String {
    redacted(text.trim()).chars().take(characters).collect()
}

fn word(value: &Value, path: &str) -> Option<String> {
    let word = cut(value.pointer(path)?.as_str()?, WORD_CHARACTERS);
    (!word.is_empty()).then_some(word)
}

fn template_of(value: &Value) -> Option<(String, String)> {
    Some((
        text_at(value, "/message_template_name")?,
        text_at(value, "/message_template_language")?,
    ))
}

/// `reason` is `NONE` for a pause and null for a deletion; what is wrong in detail is in
/// `rejection_info`, or in `other_info` of a pause.
fn template_status(value: &Value) -> Option<NewsSubject> {
    let (name, language) = template_of(value)?;
    let event = word(value, "/event")?;
    let title = word(value, "/other_info/title");
    let status = match (event.as_str(), title.as_deref()) {
        // No longer flagged or disabled; and a template whose pause is over is unlocked, of which
        // the page gives the title alone (unverified: the event that comes with it).
        ("REINSTATED", _) | ("LOCKED" | "UNLOCKED", Some("UNPAUSE")) => {
            ApprovedTemplate::APPROVED.to_owned()
        }
        ("LOCKED", Some("FIRST_PAUSE" | "SECOND_PAUSE" | "RATE_LIMITING_PAUSE")) => {
            "PAUSED".to_owned()
        }
        // Said of the account, which has as many templates as it may have.
        ("LIMIT_EXCEEDED", _) => return None,
        _ => event,
    };
    let detail = ["/rejection_info/reason", "/other_info/description"]
        .into_iter()
        .find_map(|path| text_at(value, path))
        .map(|text| cut(&text, REASON_CHARACTERS));
    let reason = word(value, "/reason").filter(|reason| reason != "NONE");
    Some(NewsSubject::TemplateStatus {
        name,
        language,
        status,
        reason: match (reason, detail) {
            (Some(reason), Some(detail)) => Some(format!("{reason}: {detail}")),
            (reason, detail) => reason.or(detail),
        },
    })
}

fn template_quality(value: &Value) -> Option<NewsSubject> {
    let (name, language) = template_of(value)?;
    Some(NewsSubject::TemplateQuality {
        name,
        language,
        quality: word(value, "/new_quality_score")?,
    })
}

/// Today's page has the events `ONBOARDING` and `THROUGHPUT_UPGRADE` only. `FLAGGED`, `UNFLAGGED`,
/// `UPGRADE` and `DOWNGRADE` were in earlier ones and are still named by those who resell the API
/// (unverified: whether they are still sent). `current_limit` went away in February 2026 for
/// `max_daily_conversations_per_business`.
fn number(value: &Value) -> Option<NewsSubject> {
    let event = word(value, "/event")?;
    Some(NewsSubject::Number {
        display_number: text_at(value, "/display_phone_number")?
            .chars()
            .filter(char::is_ascii_digit)
            .collect(),
        flagged: match event.as_str() {
            "FLAGGED" => Some(true),
            "UNFLAGGED" => Some(false),
            _ => None,
        },
        limit: word(value, "/max_daily_conversations_per_business")
            .or_else(|| word(value, "/current_limit")),
    })
}

/// Most events of this kind are about contracts and prices and mean nothing here.
fn account(value: &Value) -> Option<NewsSubject> {
    let event = word(value, "/event")?;
    let (standing, detail, until) = match event.as_str() {
        "DISABLED_UPDATE" => {
            let state = word(value, "/ban_info/waba_ban_state");
            let standing = match state.as_deref() {
                Some("REINSTATE") => AccountStanding::Good,
                Some("SCHEDULE_FOR_DISABLE") => AccountStanding::Warned,
                _ => AccountStanding::Disabled,
            };
            (standing, state, None)
        }
        "ACCOUNT_RESTRICTION" => restriction(value),
        "ACCOUNT_VIOLATION" => {
            let kind = word(value, "/violation_info/violation_type");
            (AccountStanding::Warned, kind, None)
        }
        "ACCOUNT_DELETED" => (AccountStanding::Disabled, None, None),
        _ => return None,
    };
    Some(NewsSubject::Account {
        standing,
        words: match detail {
            Some(detail) => format!("{event}: {detail}"),
            None => event,
        },
        until,
    })
}

/// Restrictions come as a list, each with its type and the time at which it ends. One that only
/// keeps the account from adding numbers does not touch messages; of one whose type is not known
/// the worst is thought.
fn restriction(value: &Value) -> (AccountStanding, Option<String>, Option<DateTime<Utc>>) {
    let restrictions = value
        .get("restriction_info")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let kind = |restriction: &Value| word(restriction, "/restriction_type");
    let harmless = |kind: &str| {
        matches!(
            kind,
            "RESTRICTED_ADD_PHONE_NUMBER_ACTION" | "RESTRICTED_CUSTOMER_INITIATED_MESSAGING"
        )
    };
    let stops: Vec<&Value> = restrictions
        .iter()
        .filter(|restriction| !kind(restriction).is_some_and(|kind| harmless(&kind)))
        .collect();
    if stops.is_empty() && !restrictions.is_empty() {
        let kinds: Vec<_> = restrictions.iter().filter_map(kind).collect();
        return (AccountStanding::Warned, Some(kinds.join(", ")), None);
    }
    let kinds: Vec<_> = stops.iter().filter_map(|stop| kind(stop)).collect();
    let ends: Option<Vec<DateTime<Utc>>> = stops.iter().map(|stop| expiration(stop)).collect();
    (
        AccountStanding::Restricted,
        (!kinds.is_empty()).then(|| kinds.join(", ")),
        ends.and_then(|ends| ends.into_iter().max()),
    )
}

/// Seconds since 1970 (Meta's page), or a date and time as resellers write it (unverified).
fn expiration(restriction: &Value) -> Option<DateTime<Utc>> {
    let value = restriction.get("expiration")?;
    time_of(value).or_else(|| {
        let written = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
        Some(written.with_timezone(&Utc))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TIME: i64 = 1_764_000_000;

    fn said(field: &str, value: &Value) -> Option<NewsSubject> {
        let entry = json!({"id": "102290129340398", "time": TIME});
        let change = json!({"field": field, "value": value});
        match read(&entry, &change).expect("a kind that is known") {
            ChannelEvent::News(news) => {
                assert_eq!(news.account_id, "102290129340398");
                assert_eq!(news.at.timestamp(), TIME);
                Some(news.subject)
            }
            ChannelEvent::Other(name) => {
                assert_eq!(name, field);
                None
            }
            event => panic!("unexpected: {event:?}"),
        }
    }

    fn status(value: &Value) -> Option<(String, Option<String>)> {
        let mut whole = json!({
            "message_template_id": 1_689_556_908_129_835_u64,
            "message_template_name": "cita",
            "message_template_language": "es_MX",
            "message_template_category": "MARKETING"
        });
        for (key, part) in value.as_object().unwrap() {
            whole[key] = part.clone();
        }
        match said("message_template_status_update", &whole)? {
            NewsSubject::TemplateStatus {
                name,
                language,
                status,
                reason,
            } => {
                assert_eq!((name.as_str(), language.as_str()), ("cita", "es_MX"));
                Some((status, reason))
            }
            subject => panic!("unexpected: {subject:?}"),
        }
    }

    #[test]
    fn a_template_has_another_status_for_a_reason() {
        for (value, expected) in [
            (
                json!({"event": "APPROVED", "reason": "NONE"}),
                Some(("APPROVED", None)),
            ),
            (
                json!({"event": "REJECTED", "reason": "INVALID_FORMAT",
                       "rejection_info": {"reason": "Two variables touch", "recommendation": "x"}}),
                Some(("REJECTED", Some("INVALID_FORMAT: Two variables touch"))),
            ),
            (
                json!({"event": "PAUSED", "reason": "NONE",
                       "other_info": {"title": "FIRST_PAUSE", "description": "For 3 hours"}}),
                Some(("PAUSED", Some("For 3 hours"))),
            ),
            (
                json!({"event": "LOCKED", "other_info": {"title": "SECOND_PAUSE"}}),
                Some(("PAUSED", None)),
            ),
            (
                json!({"event": "UNLOCKED", "other_info": {"title": "UNPAUSE"}}),
                Some(("APPROVED", None)),
            ),
            (json!({"event": "REINSTATED"}), Some(("APPROVED", None))),
            (
                json!({"event": "PENDING_DELETION", "reason": null}),
                Some(("PENDING_DELETION", None)),
            ),
            (json!({"event": "NEW_WORD"}), Some(("NEW_WORD", None))),
            (json!({"event": "LIMIT_EXCEEDED"}), None),
            (json!({"event": ""}), None),
            (json!({"event": 7}), None),
            (
                json!({"event": "PAUSED", "message_template_name": null}),
                None,
            ),
        ] {
            let expected = expected.map(|(status, reason)| {
                let reason = reason.map(str::to_owned);
                (status.to_owned(), reason)
            });
            assert_eq!(status(&value), expected, "{value}");
        }
    }

    #[test]
    fn numbers_are_flagged_and_limited() {
        for (value, flagged, limit) in [
            (
                json!({"event": "FLAGGED", "current_limit": "TIER_10K"}),
                Some(true),
                Some("TIER_10K"),
            ),
            (json!({"event": "UNFLAGGED"}), Some(false), None),
            (
                json!({"event": "THROUGHPUT_UPGRADE", "current_limit": "TIER_UNLIMITED",
                       "max_daily_conversations_per_business": "TIER_2K"}),
                None,
                Some("TIER_2K"),
            ),
        ] {
            let mut whole = value.clone();
            whole["display_phone_number"] = "+52 1 55 5078-3881".into();
            let expected = NewsSubject::Number {
                display_number: "5215550783881".to_owned(),
                flagged,
                limit: limit.map(str::to_owned),
            };
            assert_eq!(
                said("phone_number_quality_update", &whole),
                Some(expected),
                "{value}"
            );
        }
        let nobodys = json!({"event": "FLAGGED"});
        assert_eq!(said("phone_number_quality_update", &nobodys), None);
    }

    #[test]
    fn an_account_is_warned_restricted_closed_and_taken_back() {
        use AccountStanding::{Disabled, Good, Restricted, Warned};
        for (value, expected) in [
            (
                json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}),
                Some((Disabled, None)),
            ),
            (
                json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE"}}),
                Some((Warned, None)),
            ),
            (
                json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}),
                Some((Good, None)),
            ),
            (
                json!({"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SCAM"}}),
                Some((Warned, None)),
            ),
            (json!({"event": "ACCOUNT_DELETED"}), Some((Disabled, None))),
            (
                json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [
                    {"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION", "expiration": TIME},
                    {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": TIME + 60}]}),
                Some((Restricted, Some(TIME + 60))),
            ),
            (
                json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [
                    {"restriction_type": "NEW_WORD", "expiration": "2025-11-24T16:00:00.000Z"}]}),
                Some((Restricted, Some(TIME))),
            ),
            (
                json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [
                    {"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION", "expiration": TIME}]}),
                Some((Warned, None)),
            ),
            (
                json!({"event": "ACCOUNT_RESTRICTION"}),
                Some((Restricted, None)),
            ),
            (json!({"event": "VERIFIED_ACCOUNT"}), None),
            (json!({"event": "PARTNER_ADDED"}), None),
        ] {
            let subject = said("account_update", &value).map(|subject| match subject {
                NewsSubject::Account {
                    standing, until, ..
                } => (standing, until.map(|until| until.timestamp())),
                subject => panic!("unexpected: {subject:?}"),
            });
            assert_eq!(subject, expected, "{value}");
        }
    }

    #[test]
    fn news_without_time_or_account_is_passed_on_by_its_name() {
        let change = json!({"field": "account_update", "value": {"event": "ACCOUNT_DELETED"}});
        for entry in [
            json!({"id": "1"}),
            json!({"time": TIME}),
            json!({"id": "1", "time": "yesterday"}),
        ] {
            assert_eq!(
                read(&entry, &change),
                Some(other("account_update")),
                "{entry}"
            );
        }
        let change = json!({"field": "messages", "value": {}});
        assert_eq!(read(&json!({"id": "1", "time": TIME}), &change), None);
    }
}
