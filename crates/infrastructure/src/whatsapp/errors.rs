//! What Meta's error codes mean for a message: what to do next.
//!
//! Meta asks to branch on `code` only, never on the title, the subcode or the HTTP status
//! (developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes,
//! 2026-05-15). That holds but for two things that share a code with others and are no fault of the
//! message: an object that the key can't see, and the id of a file that Meta does not know. The same codes come in the answer to a send and later in `statuses[].errors`.

use std::ops::RangeInclusive;
use std::time::Duration;

use nexus_domain::ports::ChannelError;
use nexus_domain::{Failure, FailureCode};
use serde::Deserialize;
use serde_json::Value;

use super::secrets::redacted;

use FailureCode::{
    AccountBlocked, CredentialInvalid, InvalidMessage, MediaUnusable, OptedOut, RecipientLimited,
    TemplateParameters, TemplateRequired, TemplateUnusable, Unreachable,
};
use Verdict::{Account, Busy, Campaign, Recipient, Unknown};

/// What a code says of a message that was to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Not sent; it may be sent later.
    Busy(Wait),
    /// Not sent, and never will be to this recipient as it is.
    Recipient(FailureCode),
    /// Not sent, and no other message of the campaign would be.
    Campaign(FailureCode),
    /// Not sent, and nothing will be from this account until a person acts.
    Account(FailureCode),
    /// It may have been sent all the same.
    Unknown,
}

/// Who is to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// The whole sender.
    Sender,
    /// The whole sender, for minutes.
    SenderForMinutes,
    /// Only messages to this recipient.
    ThisRecipient,
}

/// How long the sender waits while Meta upgrades its number (131057), unless Meta says how long.
const UPGRADE_OF_A_NUMBER: Duration = Duration::from_mins(2);

const fn one(code: i64) -> RangeInclusive<i64> {
    code..=code
}

/// Every code with a meaning of its own.
const TABLE: &[(RangeInclusive<i64>, Verdict)] = &[
    // Credentials: the token is wrong, expired, or lacks a permission.
    (one(0), Account(CredentialInvalid)),
    (one(190), Account(CredentialInvalid)),
    (one(3), Account(CredentialInvalid)),
    (one(10), Account(CredentialInvalid)),
    (200..=299, Account(CredentialInvalid)),
    (one(131_005), Account(CredentialInvalid)),
    // Too many requests: of the app, of the business account, of the number, to one person.
    (one(4), Busy(Wait::Sender)),
    (one(80_007), Busy(Wait::Sender)),
    // Too many calls that manage a business account (Graph API, "Rate limits", business use cases);
    // not seen in an answer yet.
    (one(80_008), Busy(Wait::Sender)),
    (one(130_429), Busy(Wait::Sender)),
    (one(131_056), Busy(Wait::ThisRecipient)),
    // The account: spam and messaging limits, policy, country, payment, registration.
    (one(131_048), Account(AccountBlocked)),
    (one(131_064), Account(AccountBlocked)),
    (one(368), Account(AccountBlocked)),
    (one(131_031), Account(AccountBlocked)),
    (one(130_497), Account(AccountBlocked)),
    (one(131_042), Account(AccountBlocked)),
    (one(131_045), Account(AccountBlocked)),
    (one(133_010), Account(AccountBlocked)),
    // Meta is busy, and says that it did not take the message.
    (one(131_057), Busy(Wait::SenderForMinutes)),
    (one(131_016), Busy(Wait::Sender)),
    (one(133_004), Busy(Wait::Sender)),
    // Meta does not know what became of it.
    (one(1), Unknown),
    (one(2), Unknown),
    (one(131_000), Unknown),
    // The recipient.
    (one(131_026), Recipient(Unreachable)),
    (one(131_047), Recipient(TemplateRequired)),
    (one(131_049), Recipient(RecipientLimited)),
    (one(130_472), Recipient(RecipientLimited)),
    (one(131_050), Recipient(OptedOut)),
    // The message.
    (one(131_008), Recipient(InvalidMessage)),
    (one(131_009), Recipient(InvalidMessage)),
    (one(100), Recipient(InvalidMessage)),
    (one(33), Account(CredentialInvalid)),
    (one(135_000), Recipient(InvalidMessage)),
    (one(131_021), Recipient(InvalidMessage)),
    (one(131_051), Recipient(InvalidMessage)),
    (one(131_062), Recipient(InvalidMessage)),
    (one(131_053), Recipient(MediaUnusable)),
    // The template, and with it every message of the campaign.
    (one(132_000), Campaign(TemplateParameters)),
    (one(132_005), Campaign(TemplateParameters)),
    (one(132_008), Campaign(TemplateParameters)),
    (one(132_012), Campaign(TemplateParameters)),
    (one(132_001), Campaign(TemplateUnusable)),
    (one(132_007), Campaign(TemplateUnusable)),
    (one(132_015), Campaign(TemplateUnusable)),
    (one(132_016), Campaign(TemplateUnusable)),
    (one(131_063), Campaign(TemplateUnusable)),
];

fn verdict(code: i64) -> Option<Verdict> {
    TABLE
        .iter()
        .find_map(|(codes, verdict)| codes.contains(&code).then_some(*verdict))
}

/// An error as Meta writes it, in answers and in statuses.
#[derive(Debug, Deserialize)]
pub(super) struct GraphError {
    code: i64,
    error_subcode: Option<Value>,
    title: Option<Value>,
    message: Option<Value>,
    error_data: Option<Value>,
}

/// In small letters, what Meta says of the id of a file that it does not know.
const UNKNOWN_FILE: &str = "media attachment id";

/// Meta's words are kept for people to read, without keys; more than this is no longer read.
const DETAIL_CHARACTERS: usize = 300;

impl GraphError {
    /// The most specific of Meta's words. Anything but text is passed over: an unusual field must
    /// not hide the code.
    fn detail(&self) -> Option<String> {
        let details = self
            .error_data
            .as_ref()
            .and_then(|data| data.get("details"));
        [details, self.message.as_ref(), self.title.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .find(|words| !words.trim().is_empty())
            .map(|words| {
                let words = redacted(words.trim());
                words.chars().take(DETAIL_CHARACTERS).collect()
            })
    }

    /// What the code means. A wrong parameter (100) of subcode 33 is an object that this key can't
    /// see: on a send the number that sends, which the next recipient will not have either. A wrong
    /// parameter that is the id of a file has no code of its own, so that here the words decide.
    fn verdict(&self) -> Option<Verdict> {
        let names_nothing = self.error_subcode.as_ref().and_then(Value::as_i64) == Some(33);
        match self.code {
            100 if names_nothing => Some(Account(CredentialInvalid)),
            100 | 131_009 if self.names_a_file() => Some(Recipient(MediaUnusable)),
            code => verdict(code),
        }
    }

    /// Whether the words are those for an id of a file that Meta does not know, or not any more:
    /// `(#100) Param image['id'] is not a valid whatsapp business account media attachment ID`, of
    /// headers of templates as well.
    fn names_a_file(&self) -> bool {
        let details = self
            .error_data
            .as_ref()
            .and_then(|data| data.get("details"));
        [details, self.message.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .any(|words| words.to_lowercase().contains(UNKNOWN_FILE))
    }

    fn failure_as(&self, code: FailureCode) -> Failure {
        Failure {
            code,
            provider_code: Some(self.code),
            detail: self.detail(),
        }
    }

    /// What the code means in a status that says that a message failed, where nothing is left to
    /// try.
    pub(super) fn failure(&self) -> Failure {
        self.failure_as(match self.verdict() {
            Some(Recipient(code) | Campaign(code) | Account(code)) => code,
            Some(Busy(_) | Unknown) | None => FailureCode::Other,
        })
    }

    /// What the code means in the answer to a send.
    pub(super) fn channel_error(
        &self,
        http_status: u16,
        retry_after: Option<Duration>,
    ) -> ChannelError {
        let throttled = |retry_after, recipient_only| ChannelError::Throttled {
            retry_after,
            code: Some(self.code),
            recipient_only,
        };
        match self.verdict() {
            Some(Busy(Wait::Sender)) => throttled(retry_after, false),
            Some(Busy(Wait::SenderForMinutes)) => {
                throttled(Some(retry_after.unwrap_or(UPGRADE_OF_A_NUMBER)), false)
            }
            Some(Busy(Wait::ThisRecipient)) => throttled(retry_after, true),
            Some(Recipient(code)) => ChannelError::Refused(self.failure_as(code)),
            Some(Campaign(code)) => ChannelError::CampaignRefused(self.failure_as(code)),
            Some(Account(code)) => ChannelError::AccountRefused(self.failure_as(code)),
            // A code that is not known yet: the status says whose fault it was.
            None if http_status == 429 => throttled(retry_after, false),
            None if (400..500).contains(&http_status) => {
                ChannelError::Refused(self.failure_as(FailureCode::Other))
            }
            Some(Unknown) | None => self.in_doubt(http_status),
        }
    }

    fn in_doubt(&self, http_status: u16) -> ChannelError {
        ChannelError::InDoubt {
            reason: format!("HTTP {http_status} with provider code {}", self.code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: i64) -> GraphError {
        GraphError {
            code,
            error_subcode: None,
            title: None,
            message: Some(Value::from(format!("(#{code}) in words"))),
            error_data: None,
        }
    }

    fn answered(code: i64, http_status: u16) -> ChannelError {
        error(code).channel_error(http_status, None)
    }

    fn failure(code: i64, meaning: FailureCode) -> Failure {
        Failure {
            code: meaning,
            provider_code: Some(code),
            detail: Some(format!("(#{code}) in words")),
        }
    }

    #[test]
    fn a_number_that_this_key_cannot_see_is_no_fault_of_the_recipient() {
        let unseen = GraphError {
            error_subcode: Some(Value::from(33)),
            ..error(100)
        };
        assert_eq!(
            unseen.channel_error(400, None),
            ChannelError::AccountRefused(failure(100, CredentialInvalid))
        );
        assert_eq!(
            answered(100, 400),
            ChannelError::Refused(failure(100, InvalidMessage))
        );
    }

    #[test]
    fn an_id_of_a_file_that_meta_does_not_know_is_told_apart_by_its_words() {
        let words = "(#100) Param image['id'] is not a valid whatsapp business account media \
                     attachment ID";
        let said = |code, message: &str, details: &str| GraphError {
            message: Some(Value::from(message)),
            error_data: Some(serde_json::json!({ "details": details })),
            ..error(code)
        };
        for (code, message, details) in [
            (100, words, ""),
            (100, words, "Invalid parameter"),
            (100, "(#100) Invalid parameter", words),
            (100, &words.to_uppercase(), ""),
            (131_009, "(#131009) Parameter value is not valid", words),
        ] {
            let error = said(code, message, details).channel_error(400, None);
            assert!(
                matches!(&error, ChannelError::Refused(failure)
                    if failure.code == MediaUnusable && failure.provider_code == Some(code)),
                "{code} {message} {details}: {error:?}"
            );
        }
        for (code, meaning) in [(131_008, InvalidMessage), (131_051, InvalidMessage)] {
            assert_eq!(said(code, words, "").failure().code, meaning, "{code}");
        }
        for code in [100, 131_009] {
            let link = "Param image['link'] is not a valid URI";
            assert_eq!(said(code, link, "").failure().code, InvalidMessage);
        }
    }

    /// The facts sheet, row by row, written a second time: a slip in the table must show here.
    #[test]
    fn every_code_has_its_row() {
        for code in [0, 190, 3, 10, 33, 200, 230, 299, 131_005] {
            assert_eq!(
                answered(code, 401),
                ChannelError::AccountRefused(failure(code, CredentialInvalid))
            );
        }
        for code in [
            131_048, 131_064, 368, 131_031, 130_497, 131_042, 131_045, 133_010,
        ] {
            assert_eq!(
                answered(code, 400),
                ChannelError::AccountRefused(failure(code, AccountBlocked))
            );
        }
        for (code, wait, recipient_only) in [
            (4, None, false),
            (80_007, None, false),
            (130_429, None, false),
            (131_016, None, false),
            (133_004, None, false),
            (131_056, None, true),
            (131_057, Some(Duration::from_mins(2)), false),
        ] {
            assert_eq!(
                answered(code, 500),
                ChannelError::Throttled {
                    retry_after: wait,
                    code: Some(code),
                    recipient_only
                }
            );
        }
        for code in [1, 2, 131_000] {
            for http_status in [400, 500, 503] {
                assert!(
                    matches!(answered(code, http_status), ChannelError::InDoubt { .. }),
                    "{code}"
                );
            }
        }
        for (code, meaning) in [
            (131_026, Unreachable),
            (131_047, TemplateRequired),
            (131_049, RecipientLimited),
            (130_472, RecipientLimited),
            (131_050, OptedOut),
            (131_008, InvalidMessage),
            (131_009, InvalidMessage),
            (100, InvalidMessage),
            (135_000, InvalidMessage),
            (131_021, InvalidMessage),
            (131_051, InvalidMessage),
            (131_062, InvalidMessage),
            (131_053, MediaUnusable),
        ] {
            assert_eq!(
                answered(code, 400),
                ChannelError::Refused(failure(code, meaning))
            );
        }
        for (code, meaning) in [
            (132_000, TemplateParameters),
            (132_005, TemplateParameters),
            (132_008, TemplateParameters),
            (132_012, TemplateParameters),
            (132_001, TemplateUnusable),
            (132_007, TemplateUnusable),
            (132_015, TemplateUnusable),
            (132_016, TemplateUnusable),
            (131_063, TemplateUnusable),
        ] {
            assert_eq!(
                answered(code, 400),
                ChannelError::CampaignRefused(failure(code, meaning))
            );
        }
    }

    #[test]
    fn no_code_has_two_rows() {
        for (index, (codes, _)) in TABLE.iter().enumerate() {
            for (others, _) in &TABLE[index + 1..] {
                assert!(
                    codes.end() < others.start() || others.end() < codes.start(),
                    "{codes:?} and {others:?}"
                );
            }
        }
    }

    #[test]
    fn the_code_decides_and_not_the_http_status() {
        assert_eq!(answered(131_026, 500), answered(131_026, 400));
        assert_eq!(answered(190, 500), answered(190, 401));
    }

    #[test]
    fn an_unknown_code_is_a_refusal_below_500_and_a_doubt_from_there() {
        assert_eq!(
            answered(999_999, 400),
            ChannelError::Refused(failure(999_999, FailureCode::Other))
        );
        assert_eq!(
            answered(999_999, 429),
            ChannelError::Throttled {
                retry_after: None,
                code: Some(999_999),
                recipient_only: false
            }
        );
        for http_status in [200, 302, 500, 503] {
            assert!(matches!(
                answered(999_999, http_status),
                ChannelError::InDoubt { .. }
            ));
        }
    }

    #[test]
    fn the_wait_that_meta_asks_for_is_kept() {
        let wait = Some(Duration::from_secs(7));
        for code in [4, 130_429, 131_056, 131_057] {
            assert!(matches!(
                error(code).channel_error(400, wait),
                ChannelError::Throttled { retry_after, .. } if retry_after == wait
            ));
        }
    }

    #[test]
    fn in_a_status_every_code_is_a_failure() {
        assert_eq!(error(131_026).failure().code, Unreachable);
        assert_eq!(error(131_047).failure().code, TemplateRequired);
        assert_eq!(error(131_049).failure().code, RecipientLimited);
        assert_eq!(error(131_050).failure().code, OptedOut);
        assert_eq!(error(132_015).failure().code, TemplateUnusable);
        assert_eq!(error(131_042).failure().code, AccountBlocked);
        for code in [131_000, 131_056, 999_999] {
            assert_eq!(error(code).failure(), failure(code, FailureCode::Other));
        }
    }

    #[test]
    fn the_most_specific_words_are_kept_and_cut() {
        let told = GraphError {
            code: 100,
            error_subcode: None,
            title: Some(Value::from("title")),
            message: Some(Value::from("message")),
            error_data: Some(serde_json::json!({ "details": "é".repeat(301) })),
        };
        assert_eq!(told.detail(), Some("é".repeat(300)));
        let odd = GraphError {
            code: 100,
            error_subcode: None,
            title: Some(Value::from("title")),
            message: Some(Value::from(7)),
            error_data: Some(Value::from("text where an object is expected")),
        };
        assert_eq!(odd.detail().as_deref(), Some("title"));
    }
}
