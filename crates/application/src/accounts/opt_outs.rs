//! How a user hears that customers don't want to be written to, and what is answered.

use nexus_domain::values::{Language, Problem, Violations};
use nexus_domain::{OptOutSettings, ReplyText, Wish, WordList};

use crate::Field;

/// What a form says of it. Forms send back what they were shown, so what is as it was shown changes
/// nothing: the product's words and texts stay the product's.
pub(super) struct OptOutChanges {
    pub(super) stop_words: Field<Vec<String>>,
    pub(super) resume_words: Field<Vec<String>>,
    pub(super) stop_reply: Field<String>,
    pub(super) resume_reply: Field<String>,
}

impl OptOutChanges {
    pub(super) fn apply(
        self,
        settings: &mut OptOutSettings,
        language: Language,
        violations: &mut Violations,
    ) {
        let shown = settings.clone();
        let words = [
            (
                "opt_out_words",
                Wish::Stop,
                self.stop_words,
                &mut settings.stop_words,
            ),
            (
                "opt_in_words",
                Wish::Resume,
                self.resume_words,
                &mut settings.resume_words,
            ),
        ];
        let mut changed = None;
        for (name, wish, typed, current) in words {
            let typed = match typed {
                Field::Keep => continue,
                Field::Clear => Vec::new(),
                Field::Set(typed) => typed,
            };
            if typed == shown.words(wish) {
                continue;
            }
            let parsed = WordList::parse(typed.iter().map(String::as_str));
            if let Some(words) = violations.check(name, parsed) {
                *current = words;
                changed = Some(name);
            }
        }
        if let (Some(name), Err(problem)) = (changed, settings.check()) {
            violations.add(name, problem);
        }
        for (name, wish, typed, current) in [
            (
                "opt_out_reply",
                Wish::Stop,
                self.stop_reply,
                &mut settings.stop_reply,
            ),
            (
                "opt_in_reply",
                Wish::Resume,
                self.resume_reply,
                &mut settings.resume_reply,
            ),
        ] {
            typed
                .unless_already(Some(&shown.reply(wish, language)))
                .replace_optional(name, current, violations, parse_reply);
        }
    }
}

fn parse_reply(raw: &str) -> Result<ReplyText, Problem> {
    ReplyText::parse(raw)
}
