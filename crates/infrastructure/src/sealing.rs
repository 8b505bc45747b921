//! Secrets sealed with the keys of a ring.
//!
//! A sealed value is `v1.<key id>.<base64url(nonce ‖ ciphertext)>`: XChaCha20-Poly1305 with a random
//! nonce of 192 bits, which may be drawn at random for every message under one key
//! (draft-irtf-cfrg-xchacha-03 §3). The associated data bind it to its table, field and user, so
//! that a value copied to another row does not open.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use nexus_domain::ports::{Entropy, SealError, SecretSealer};
use nexus_domain::{SealedSecret, SecretField, UserId};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::SystemEntropy;

const VERSION: &str = "v1";
const NONCE_BYTES: usize = 24;

/// What a key is derived for: two uses of one configured secret never share a key.
const ENCRYPTION_LABEL: &[u8] = b"nexus-communicator/sealing/v1/key";
const IDENTITY_LABEL: &[u8] = b"nexus-communicator/sealing/v1/id";

/// The keys that open, the first of which seals.
pub struct KeyRing {
    current: Key,
    previous: Vec<Key>,
}

struct Key {
    id: String,
    cipher: XChaCha20Poly1305,
}

/// HMAC-SHA256 of `label` under the secret: one step of extraction, as HKDF begins (RFC 5869 §2.2).
/// The secret has the strength of a key already (see [`check_strength`]) and needs no stretching.
fn derive(secret: &SecretString, label: &[u8]) -> [u8; 32] {
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.expose_secret().as_bytes())
    else {
        unreachable!("HMAC takes keys of any length (RFC 2104 §3)");
    };
    mac.update(label);
    mac.finalize().into_bytes().into()
}

impl Key {
    fn new(secret: &SecretString) -> Self {
        Self {
            id: hex::encode(&derive(secret, IDENTITY_LABEL)[..4]),
            cipher: XChaCha20Poly1305::new(&derive(secret, ENCRYPTION_LABEL).into()),
        }
    }
}

/// What a value is bound to, each part after its length: no two places have the same bytes.
fn place(user: UserId, field: SecretField) -> Vec<u8> {
    let user = user.as_uuid();
    let mut bytes = Vec::with_capacity(64);
    for part in [
        b"users".as_slice(),
        field.name().as_bytes(),
        user.as_bytes(),
    ] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// The parts of a sealed value.
fn parts(sealed: &SealedSecret) -> Option<(&str, &str)> {
    sealed
        .as_str()
        .strip_prefix(VERSION)?
        .strip_prefix('.')?
        .split_once('.')
}

impl KeyRing {
    /// A ring that seals with `current` and opens with all.
    pub fn new(current: &SecretString, previous: &[SecretString]) -> Self {
        Self {
            current: Key::new(current),
            previous: previous.iter().map(Key::new).collect(),
        }
    }

    /// Whether a value was sealed with another key than the current one.
    pub fn needs_reseal(&self, sealed: &SealedSecret) -> bool {
        parts(sealed).is_none_or(|(id, _)| id != self.current.id)
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing")
            .field("current", &self.current.id)
            .field("previous", &self.previous.len())
            .finish()
    }
}

impl SecretSealer for KeyRing {
    fn seal(&self, user: UserId, field: SecretField, secret: &SecretString) -> SealedSecret {
        let mut nonce = [0_u8; NONCE_BYTES];
        SystemEntropy.fill(&mut nonce);
        let payload = Payload {
            msg: secret.expose_secret().as_bytes(),
            aad: &place(user, field),
        };
        let Ok(ciphertext) = self.current.cipher.encrypt(&XNonce::from(nonce), payload) else {
            unreachable!("XChaCha20-Poly1305 takes messages of up to 256 GiB");
        };
        let sealed = URL_SAFE_NO_PAD.encode([nonce.as_slice(), &ciphertext].concat());
        SealedSecret::new(format!("{VERSION}.{}.{sealed}", self.current.id))
    }

    fn open(
        &self,
        user: UserId,
        field: SecretField,
        sealed: &SealedSecret,
    ) -> Result<SecretString, SealError> {
        let (id, encoded) = parts(sealed).ok_or(SealError::Forged)?;
        let bytes = URL_SAFE_NO_PAD
            .decode(encoded)
            .map_err(|_| SealError::Forged)?;
        let (nonce, ciphertext) = bytes
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(SealError::Forged)?;
        let aad = place(user, field);
        let mut keys = std::iter::once(&self.current)
            .chain(&self.previous)
            .filter(|key| key.id == id)
            .peekable();
        if keys.peek().is_none() {
            return Err(SealError::UnknownKey);
        }
        // An id is 32 bits of a hash: two keys could share one.
        keys.find_map(|key| {
            let payload = Payload {
                msg: ciphertext,
                aad: &aad,
            };
            key.cipher.decrypt(&XNonce::from(*nonce), payload).ok()
        })
        .and_then(|secret| String::from_utf8(secret).ok())
        .map(SecretString::from)
        .ok_or(SealError::Forged)
    }
}

/// A new key: 256 random bits as 43 characters of base64url, for a configuration file.
pub fn generate_secret_key() -> SecretString {
    let mut bytes = [0_u8; 32];
    SystemEntropy.fill(&mut bytes);
    SecretString::from(URL_SAFE_NO_PAD.encode(bytes))
}

/// Why a configured secret is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakKey {
    /// Fewer than 32 characters.
    #[error("shorter than 32 characters")]
    TooShort,
    /// A few characters, or a short text, again and again.
    #[error("the same few characters again and again")]
    Repetitive,
    /// A word from an example configuration.
    #[error("a placeholder from an example; make one with a random generator")]
    Placeholder,
}

const MIN_CHARACTERS: usize = 32;
const MIN_DISTINCT: usize = 10;

/// Words that stand in examples for the key that one is to make. Eight letters or more, so that no
/// random key has one by chance.
const PLACEHOLDERS: &[&str] = &[
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "placeholder",
    "password",
    "secretkey",
    "supersecret",
    "mysecret",
    "yoursecret",
    "topsecret",
    "notsecret",
    "insecure",
    "0123456789",
    "abcdefgh",
];

/// Whether a configured secret can be a key. It can't measure randomness; it finds the keys that
/// certainly have none.
pub fn check_strength(secret: &SecretString) -> Result<(), WeakKey> {
    let text = secret.expose_secret();
    if text.chars().count() < MIN_CHARACTERS {
        return Err(WeakKey::TooShort);
    }
    let letters: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    if PLACEHOLDERS.iter().any(|word| letters.contains(word)) {
        return Err(WeakKey::Placeholder);
    }
    let distinct: std::collections::BTreeSet<char> = text.chars().collect();
    if distinct.len() < MIN_DISTINCT || repeats_itself(text.as_bytes()) {
        return Err(WeakKey::Repetitive);
    }
    Ok(())
}

/// Whether a text is its own beginning, over and over.
fn repeats_itself(text: &[u8]) -> bool {
    (1..=text.len() / 2).any(|period| {
        text.iter()
            .zip(&text[period..])
            .all(|(earlier, later)| earlier == later)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const FIELD: SecretField = SecretField::WhatsappApiKey;

    fn user(number: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(number))
    }

    fn key(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn what_is_sealed_opens_for_its_user_and_field_only() {
        let ring = KeyRing::new(&generate_secret_key(), &[]);
        let sealed = ring.seal(user(1), FIELD, &key("EAAG-token"));
        assert_eq!(
            ring.open(user(1), FIELD, &sealed).unwrap().expose_secret(),
            "EAAG-token"
        );
        assert_eq!(
            ring.open(user(2), FIELD, &sealed).unwrap_err(),
            SealError::Forged
        );
        assert_eq!(
            ring.open(user(1), SecretField::GeminiApiKey, &sealed)
                .unwrap_err(),
            SealError::Forged
        );
    }

    #[test]
    fn nothing_of_the_secret_shows_and_no_two_seals_are_equal() {
        let ring = KeyRing::new(&generate_secret_key(), &[]);
        let one = ring.seal(user(1), FIELD, &key("EAAG-token"));
        let other = ring.seal(user(1), FIELD, &key("EAAG-token"));
        assert_ne!(one.as_str(), other.as_str());
        assert!(!one.as_str().contains("EAAG"));
        assert!(one.as_str().starts_with("v1."));
    }

    #[test]
    fn a_changed_character_anywhere_is_noticed() {
        let ring = KeyRing::new(&generate_secret_key(), &[]);
        let sealed = ring.seal(user(1), FIELD, &key("EAAG-token"));
        let text = sealed.as_str();
        for index in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = SealedSecret::new(String::from_utf8(bytes).unwrap());
            assert!(ring.open(user(1), FIELD, &changed).is_err(), "at {index}");
        }
        for cut in 0..text.len() {
            let short = SealedSecret::new(text[..cut].to_owned());
            assert!(ring.open(user(1), FIELD, &short).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let (old, new) = (generate_secret_key(), generate_secret_key());
        let before = KeyRing::new(&old, &[]);
        let during = KeyRing::new(&new, std::slice::from_ref(&old));
        let after = KeyRing::new(&new, &[]);

        let sealed = before.seal(user(1), FIELD, &key("EAAG-token"));
        assert!(!before.needs_reseal(&sealed));
        assert!(during.needs_reseal(&sealed));
        let opened = during.open(user(1), FIELD, &sealed).unwrap();
        assert_eq!(
            after.open(user(1), FIELD, &sealed).unwrap_err(),
            SealError::UnknownKey
        );

        let again = during.seal(user(1), FIELD, &opened);
        assert!(!during.needs_reseal(&again));
        assert_eq!(
            after.open(user(1), FIELD, &again).unwrap().expose_secret(),
            "EAAG-token"
        );
    }

    #[test]
    fn the_ring_does_not_print_its_keys() {
        let secret = generate_secret_key();
        let printed = format!("{:?}", KeyRing::new(&secret, &[]));
        assert!(!printed.contains(secret.expose_secret()));
    }

    #[test]
    fn generated_keys_are_strong_and_differ() {
        let (one, other) = (generate_secret_key(), generate_secret_key());
        assert_eq!(one.expose_secret().len(), 43);
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_eq!(check_strength(&one), Ok(()));
    }

    #[test]
    fn keys_that_are_none_are_told_apart() {
        for (text, problem) in [
            ("", WeakKey::TooShort),
            ("kX9-2mQ7vB4nT8wZ1cR6yH3jL5pS0d", WeakKey::TooShort),
            (
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                WeakKey::Repetitive,
            ),
            ("kX92mQ7vB4nTkX92mQ7vB4nTkX92mQ7vB4nT", WeakKey::Repetitive),
            (
                "change-me-change-me-please-9f8e7d6c5b",
                WeakKey::Placeholder,
            ),
            ("My-Super-Secret-Key-For-Production-1", WeakKey::Placeholder),
        ] {
            assert_eq!(check_strength(&key(text)), Err(problem), "{text}");
        }
    }
}
