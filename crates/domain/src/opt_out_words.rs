//! The words by which a person asks not to be written to, or to be written to again.

use crate::values::{Language, Problem, Text, fold};

/// What a person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wish {
    /// Not to be written to any more.
    Stop,
    /// To be written to again.
    Resume,
}

impl Wish {
    /// The word in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Resume => "resume",
        }
    }
}

/// What is said in confirmation: up to 1,000 characters in several lines.
pub type ReplyText = Text<1_000, true>;

/// Words that mean the same wish, each once, in the user's spelling; never none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordList(Vec<String>);

/// What remains of a message when case, accents, punctuation and spaces don't matter: `¡Baja!` and
/// `B A J A.` are both `baja`.
fn key(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

impl WordList {
    /// The most words.
    pub const MOST: u32 = 20;
    /// The most characters of one.
    const LONGEST: u32 = 40;

    /// Reads words as they were typed; blank ones are none. `None` when that leaves nothing.
    pub fn parse<'a>(typed: impl IntoIterator<Item = &'a str>) -> Result<Option<Self>, Problem> {
        let mut words: Vec<String> = Vec::new();
        for word in typed {
            let word = word.split_whitespace().collect::<Vec<_>>().join(" ");
            if word.is_empty() {
                continue;
            }
            if word.chars().any(char::is_control) {
                return Err(Problem::ControlCharacter);
            }
            if word.chars().count() > Self::LONGEST as usize {
                return Err(Problem::TooLong { max: Self::LONGEST });
            }
            // A word of signs alone would be found in every message that has no letter.
            if key(&word).is_empty() {
                return Err(Problem::Malformed {
                    expected: "BAJA".to_owned(),
                });
            }
            if words.iter().any(|known| key(known) == key(&word)) {
                continue;
            }
            // Each is compared with all before it, so it ends here and not after the last.
            if words.len() == Self::MOST as usize {
                return Err(Problem::TooMany { max: Self::MOST });
            }
            words.push(word);
        }
        Ok((!words.is_empty()).then_some(Self(words)))
    }

    /// Words as they were stored.
    pub fn from_stored(words: Vec<String>) -> Self {
        Self(words)
    }

    /// The words.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// In Spanish and in English, whichever the user speaks: their customers may speak the other.
const STOP: &[&str] = &[
    "BAJA",
    "STOP",
    "CANCELAR",
    "DARME DE BAJA",
    "DAR DE BAJA",
    "NO MÁS MENSAJES",
    "DETENER PROMOCIONES",
    "UNSUBSCRIBE",
    "CANCEL",
    "OPT OUT",
    "STOP PROMOTIONS",
];

const RESUME: &[&str] = &[
    "ALTA",
    "DARME DE ALTA",
    "SUSCRIBIR",
    "START",
    "SUBSCRIBE",
    "OPT IN",
];

/// How a user hears their customers' wishes, and what is answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptOutSettings {
    /// The words that stop messages; without them those of the product.
    pub stop_words: Option<WordList>,
    /// The words that bring them back; without them those of the product.
    pub resume_words: Option<WordList>,
    /// What is answered to a stop; without it the product's text in the user's language.
    pub stop_reply: Option<ReplyText>,
    /// What is answered to a return; likewise.
    pub resume_reply: Option<ReplyText>,
}

impl OptOutSettings {
    /// The words of a wish, as they are spelled.
    pub fn words(&self, wish: Wish) -> Vec<&str> {
        let (own, of_product) = match wish {
            Wish::Stop => (&self.stop_words, STOP),
            Wish::Resume => (&self.resume_words, RESUME),
        };
        match own {
            Some(words) => words.as_slice().iter().map(String::as_str).collect(),
            None => of_product.to_vec(),
        }
    }

    /// Whether no word means both wishes.
    pub fn check(&self) -> Result<(), Problem> {
        let stop: Vec<String> = self.words(Wish::Stop).into_iter().map(key).collect();
        let both = self
            .words(Wish::Resume)
            .into_iter()
            .any(|word| stop.contains(&key(word)));
        if both {
            Err(Problem::MeansBothWishes)
        } else {
            Ok(())
        }
    }

    /// The wish that a message is, with the word as the user spells it. A message that says more
    /// than the word is none: who writes «no quiero dar de baja mi pedido» wants something else.
    pub fn wish_of(&self, said: &str) -> Option<(Wish, &str)> {
        /// No word is longer, whatever stands between its letters.
        const LONGEST_MESSAGE: usize = 200;
        if said.chars().nth(LONGEST_MESSAGE).is_some() {
            return None;
        }
        let said = key(said);
        [Wish::Stop, Wish::Resume].into_iter().find_map(|wish| {
            let word = self
                .words(wish)
                .into_iter()
                .find(|word| key(word) == said)?;
            Some((wish, word))
        })
    }

    /// What is answered.
    pub fn reply(&self, wish: Wish, language: Language) -> String {
        let own = match wish {
            Wish::Stop => &self.stop_reply,
            Wish::Resume => &self.resume_reply,
        };
        own.as_ref().map_or_else(
            || self.standard_reply(wish, language),
            |text| text.as_str().to_owned(),
        )
    }

    fn standard_reply(&self, wish: Wish, language: Language) -> String {
        let back = self.words(Wish::Resume).first().copied().unwrap_or("ALTA");
        match (wish, language) {
            (Wish::Stop, Language::Es) => format!(
                "Listo: ya no te enviaremos mensajes. Si cambias de opinión, responde {back}."
            ),
            (Wish::Stop, Language::En) => format!(
                "Done: we won't send you any more messages. If you change your mind, reply {back}."
            ),
            (Wish::Resume, Language::Es) => {
                "Listo: volverás a recibir nuestros mensajes. ¡Gracias!".to_owned()
            }
            (Wish::Resume, Language::En) => {
                "Done: you will receive our messages again. Thank you!".to_owned()
            }
        }
    }
}
