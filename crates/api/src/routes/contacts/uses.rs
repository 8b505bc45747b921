//! What stands in the way of a deletion, by name.

use nexus_domain::values::Language;
use uuid::Uuid;

/// How many are named in the sentence; the document names all.
const SPOKEN: usize = 5;

/// Something that uses what was to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    id: Uuid,
    name: String,
}

impl Named {
    pub(super) fn new(id: Uuid, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
        }
    }

    /// For a member of an error's document.
    pub(super) fn members(named: &[Self]) -> serde_json::Value {
        named
            .iter()
            .map(|Self { id, name }| serde_json::json!({"id": id, "name": name}))
            .collect()
    }
}

/// The names in a sentence: `«A», «B» y 3 más`.
pub(super) fn spoken<'a>(named: impl Iterator<Item = &'a Named>, language: Language) -> String {
    let quoted = |name: &str| match language {
        Language::Es => format!("«{name}»"),
        Language::En => format!("“{name}”"),
    };
    let mut parts: Vec<String> = named.map(|named| quoted(&named.name)).collect();
    let more = parts.len().saturating_sub(SPOKEN);
    parts.truncate(SPOKEN);
    match (more, language) {
        (0, _) => {}
        (more, Language::Es) => parts.push(format!("{more} más")),
        (more, Language::En) => parts.push(format!("{more} more")),
    }
    let Some(last) = parts.pop() else {
        return String::new();
    };
    let and = match language {
        Language::Es => "y",
        Language::En => "and",
    };
    if parts.is_empty() {
        last
    } else {
        format!("{} {and} {last}", parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_named_and_the_others_counted() {
        let named: Vec<Named> = (1..=8)
            .map(|number| Named::new(Uuid::nil(), format!("C{number}")))
            .collect();
        for (count, language, expected) in [
            (1, Language::Es, "«C1»"),
            (2, Language::Es, "«C1» y «C2»"),
            (3, Language::En, "“C1”, “C2” and “C3”"),
            (8, Language::Es, "«C1», «C2», «C3», «C4», «C5» y 3 más"),
            (6, Language::En, "“C1”, “C2”, “C3”, “C4”, “C5” and 1 more"),
        ] {
            assert_eq!(spoken(named[..count].iter(), language), expected);
        }
    }
}
