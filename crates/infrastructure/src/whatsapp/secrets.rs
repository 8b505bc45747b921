//! Meta's words, without what nobody may read: its errors may quote the key that was sent
//! (190, "Malformed access token …"), and those words are stored, logged and shown.

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "***";

/// How Meta's access tokens begin.
const TOKEN_BEGINS: &str = "EAA";
/// Words without a space that are this long and have letters and digits are no words.
const TOO_LONG_FOR_A_WORD: usize = 48;
/// What follows one of these names is a secret.
const NAMES: [&str; 6] = [
    "access_token",
    "access token",
    "bearer",
    "client_secret",
    "appsecret_proof",
    "input_token",
];
/// A key that is shorter is not looked for: it would be found in words that have nothing of it.
const SHORTEST_KEY: usize = 8;

fn belongs_to_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '|' | '%')
}

/// The words without anything that looks like a key.
pub(super) fn redacted(words: &str) -> String {
    let mut shown = String::with_capacity(words.len());
    let mut rest = words;
    while !rest.is_empty() {
        let plain = rest.find(belongs_to_token).unwrap_or(rest.len());
        shown.push_str(&rest[..plain]);
        rest = &rest[plain..];
        let end = rest
            .find(|character| !belongs_to_token(character))
            .unwrap_or(rest.len());
        let run = &rest[..end];
        shown.push_str(if is_secret(run, &shown) { HIDDEN } else { run });
        rest = &rest[end..];
    }
    shown
}

/// Whether `run` is a secret, by what it is or what stands before it.
fn is_secret(run: &str, before: &str) -> bool {
    let has = |kind: fn(&char) -> bool| run.chars().any(|character| kind(&character));
    let mixed = has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    let begins_so = run
        .find(TOKEN_BEGINS)
        .is_some_and(|at| run.len() - at > 2 * TOKEN_BEGINS.len());
    let too_long = mixed && run.len() >= TOO_LONG_FOR_A_WORD;
    begins_so || too_long || (is_named(before) && (mixed || run.len() >= 16))
}

/// Whether the name of a secret stands last in `before`.
fn is_named(before: &str) -> bool {
    let named = before
        .trim_end_matches(|character: char| !character.is_ascii_alphanumeric())
        .to_ascii_lowercase();
    NAMES.iter().any(|name| named.ends_with(name))
}

/// Takes the key itself out of an answer, before anything is read in it.
pub(super) fn without_key(body: &mut Vec<u8>, key: &str) {
    let key = key.as_bytes();
    if key.len() < SHORTEST_KEY {
        return;
    }
    while let Some(at) = body.windows(key.len()).position(|part| part == key) {
        body.splice(at..at + key.len(), HIDDEN.bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_key_is_hidden_and_the_words_around_it_stay() {
        let key = format!("EAAG{}", "k9Zx".repeat(40));
        for (words, shown) in [
            (
                format!("Malformed access token {key}"),
                "Malformed access token ***",
            ),
            (
                format!("The token '{key}' is bad."),
                "The token '***' is bad.",
            ),
            (format!("x{key}"), "***"),
            (
                "GET /v23.0/1?access_token=abc123&fields=id".to_owned(),
                "GET /v23.0/1?access_token=***&fields=id",
            ),
            (
                "{\"access_token\": \"s3\"}".to_owned(),
                "{\"access_token\": \"***\"}",
            ),
            (
                "Authorization: Bearer Zk2".to_owned(),
                "Authorization: Bearer ***",
            ),
            (format!("with {}", "a1b2".repeat(12)), "with ***"),
            ("access_token=123|aBcDeF".to_owned(), "access_token=***"),
        ] {
            assert_eq!(redacted(&words), shown);
        }
    }

    #[test]
    fn words_without_a_key_stay_as_they_are() {
        for words in [
            "Error validating access token: Session has expired on Friday, 01-Aug-25 07:00:00 PDT.",
            "(#131026) Message undeliverable",
            "Invalid access token (#190)",
            "Invalid OAuth access token - Cannot parse access token",
            "El número +525512345678 no tiene WhatsApp: https://example.org/ayuda",
            "EAA",
            "",
        ] {
            assert_eq!(redacted(words), words);
        }
    }

    #[test]
    fn the_key_itself_is_taken_out_however_it_looks() {
        let mut body = b"{\"message\": \"my-own-key and my-own-key\"}".to_vec();
        without_key(&mut body, "my-own-key");
        assert_eq!(body, b"{\"message\": \"*** and ***\"}");
        let mut body = b"ok".to_vec();
        without_key(&mut body, "");
        assert_eq!(body, b"ok");
    }
}
