//! Objects and lists in a form whose empty fields are all sent as `""`.

use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::Patch;

/// An object, where `null` and `""` say that there is none.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<Patch<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(OrBlank(Shape::Object, PhantomData))
}

/// A list, where `null` and `""` say that there is none.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Patch<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(OrBlank(Shape::List, PhantomData))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Object,
    List,
}

struct OrBlank<T>(Shape, PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OrBlank<T> {
    type Value = Patch<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Shape::Object => "an object",
            Shape::List => "a list",
        })
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Patch::Null)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.trim().is_empty() {
            return Ok(Patch::Null);
        }
        Err(E::invalid_type(Unexpected::Str(text), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        if self.0 != Shape::Object {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        }
        T::deserialize(MapAccessDeserializer::new(map)).map(Patch::Value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        if self.0 != Shape::List {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        T::deserialize(SeqAccessDeserializer::new(seq)).map(Patch::Value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Eq, Deserialize)]
    #[serde(default)]
    struct Inner {
        name: String,
    }

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Form {
        #[serde(default, deserialize_with = "object")]
        inner: Patch<Inner>,
        #[serde(default, deserialize_with = "list")]
        ids: Patch<Vec<String>>,
    }

    fn read(json: &str) -> Result<Form, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn absent_blank_and_there_are_told_apart() {
        let form = read("{}").expect("nothing is sent");
        assert_eq!((form.inner, form.ids), (Patch::Absent, Patch::Absent));
        for blank in [
            r#"{"inner": null, "ids": null}"#,
            r#"{"inner": "", "ids": " "}"#,
        ] {
            let form = read(blank).expect("blank clears");
            assert_eq!(
                (form.inner, form.ids),
                (Patch::Null, Patch::Null),
                "{blank}"
            );
        }
        let form = read(r#"{"inner": {"name": "a"}, "ids": ["1"]}"#).expect("values");
        let name = "a".to_owned();
        assert_eq!(form.inner, Patch::Value(Inner { name }));
        assert_eq!(form.ids, Patch::Value(vec!["1".to_owned()]));
    }

    #[test]
    fn another_shape_is_refused_with_the_one_that_is_needed() {
        for (json, expected) in [
            (r#"{"inner": []}"#, "expected an object"),
            (r#"{"inner": "x"}"#, "expected an object"),
            (r#"{"ids": {}}"#, "expected a list"),
            (r#"{"ids": 1}"#, "expected a list"),
            (r#"{"ids": [1]}"#, "expected a string"),
        ] {
            let error = read(json).expect_err(json).to_string();
            assert!(error.contains(expected), "{json}: {error}");
        }
    }
}
