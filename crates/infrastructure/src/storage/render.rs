//! Statements as each database takes them quickest.

use std::fmt::Write as _;

use sea_orm::sea_query::Value;

use super::sql::TABLE;

/// For SQLite: `?` for each value, in the order in which they come, and `VALUES (?, ?), (?, ?)` for
/// a table. A numbered value is a name there, and sqlx looks each up among all of them: with ten
/// thousand values that takes a hundred times as long as the statement itself.
pub(super) fn in_order(
    text: &str,
    values: &[Value],
    tables: Vec<Vec<Vec<Value>>>,
) -> (String, Vec<Value>) {
    let mut tables = tables.into_iter();
    let mut rendered = String::with_capacity(text.len());
    let mut bound = Vec::with_capacity(values.len());
    let mut rest = text;
    while let Some(place) = rest.find(['$', TABLE]) {
        rendered.push_str(&rest[..place]);
        let is_table = rest[place..].starts_with(TABLE);
        rest = &rest[place + 1..];
        if is_table {
            values_of(tables.next().unwrap_or_default(), &mut rendered, &mut bound);
            continue;
        }
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let value = rest[..digits]
            .parse::<usize>()
            .ok()
            .and_then(|number| values.get(number.checked_sub(1)?));
        match value {
            Some(value) => {
                rendered.push('?');
                bound.push(value.clone());
                rest = &rest[digits..];
            }
            None => rendered.push('$'),
        }
    }
    rendered.push_str(rest);
    (rendered, bound)
}

fn values_of(rows: Vec<Vec<Value>>, text: &mut String, bound: &mut Vec<Value>) {
    text.push_str("VALUES ");
    for (index, row) in rows.into_iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        text.push('(');
        for (column, value) in row.into_iter().enumerate() {
            text.push_str(if column > 0 { ", ?" } else { "?" });
            bound.push(value);
        }
        text.push(')');
    }
}

/// For PostgreSQL: the values by their numbers, and for a table one array a column, whatever the
/// number of its rows: one statement to prepare, and few values to send. An array is sent as text
/// (Array Input and Output Syntax, PostgreSQL 15, 8.15.6), which has room for NULL.
pub(super) fn numbered(
    text: &str,
    mut values: Vec<Value>,
    tables: Vec<Vec<Vec<Value>>>,
) -> (String, Vec<Value>) {
    let mut tables = tables.into_iter();
    let mut rendered = String::with_capacity(text.len());
    for (index, part) in text.split(TABLE).enumerate() {
        if index > 0 {
            arrays_of(
                tables.next().unwrap_or_default(),
                &mut rendered,
                &mut values,
            );
        }
        rendered.push_str(part);
    }
    (rendered, values)
}

fn arrays_of(rows: Vec<Vec<Value>>, text: &mut String, values: &mut Vec<Value>) {
    // An ordinary insert stays an ordinary insert.
    if let [_] = rows.as_slice() {
        let row = rows.into_iter().flatten();
        text.push_str("VALUES (");
        for (column, value) in row.enumerate() {
            text.push_str(if column > 0 { ", " } else { "" });
            values.push(value);
            append(text, format_args!("${}", values.len()));
        }
        text.push(')');
        return;
    }
    let Some(first) = rows.first() else {
        return;
    };
    text.push_str("SELECT * FROM unnest(");
    for (column, value) in first.iter().enumerate() {
        text.push_str(if column > 0 { ", " } else { "" });
        let array = array(rows.iter().filter_map(|row| row.get(column)));
        values.push(Value::String(Some(array)));
        append(text, format_args!("${}::{}[]", values.len(), kind(value)));
    }
    text.push(')');
}

/// What PostgreSQL calls this kind of value.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::BigInt(_) => "bigint",
        Value::Double(_) => "double precision",
        Value::Bytes(_) => "bytea",
        Value::Uuid(_) => "uuid",
        Value::ChronoDate(_) => "date",
        Value::ChronoDateTimeUtc(_) => "timestamptz",
        _ => "text",
    }
}

/// `{"a","b",NULL}`
fn array<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    let mut array = String::from("{");
    for value in values {
        if array.len() > 1 {
            array.push(',');
        }
        element(&mut array, value);
    }
    array.push('}');
    array
}

fn element(array: &mut String, value: &Value) {
    match value {
        Value::String(Some(text)) => quoted(array, text),
        Value::Uuid(Some(id)) => append(array, id),
        Value::BigInt(Some(number)) => append(array, number),
        Value::Double(Some(number)) => append(array, number),
        Value::Bool(Some(flag)) => append(array, flag),
        Value::ChronoDate(Some(day)) => append(array, day),
        Value::ChronoDateTimeUtc(Some(at)) => {
            append(
                array,
                format_args!("\"{}\"", at.format("%Y-%m-%d %H:%M:%S%.6f+00")),
            );
        }
        Value::Bytes(Some(bytes)) => append(array, format_args!("\"\\\\x{}\"", hex::encode(bytes))),
        _ => array.push_str("NULL"),
    }
}

fn append(text: &mut String, value: impl std::fmt::Display) {
    // Writing to a string can't fail.
    let _ = write!(text, "{value}");
}

fn quoted(array: &mut String, text: &str) {
    array.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            array.push('\\');
        }
        array.push(character);
    }
    array.push('"');
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::Value;

    use super::{in_order, numbered};

    fn rows() -> Vec<Vec<Value>> {
        let row = |number: i64, text: Option<&str>| {
            vec![number.into(), Value::String(text.map(str::to_owned))]
        };
        vec![
            row(1, Some("a \"b\" \\ {c}, d")),
            row(2, None),
            row(3, Some("NULL")),
        ]
    }

    #[test]
    fn sqlite_gets_the_values_in_the_order_in_which_they_come() {
        let values = vec![7_i64.into(), 8_i64.into()];
        let text = "INSERT \0 WHERE a = $2 AND b = $1 AND c = $2 AND d = '$.e'";
        let (text, bound) = in_order(text, &values, vec![rows()]);
        assert_eq!(
            text,
            "INSERT VALUES (?, ?), (?, ?), (?, ?) WHERE a = ? AND b = ? AND c = ? AND d = '$.e'"
        );
        let mut expected: Vec<Value> = rows().into_iter().flatten().collect();
        expected.extend([8_i64.into(), 7_i64.into(), 8_i64.into()]);
        assert_eq!(bound, expected);
    }

    #[test]
    fn postgres_gets_an_array_a_column() {
        let (text, bound) = numbered("INSERT \0 WHERE a = $1", vec![7_i64.into()], vec![rows()]);
        assert_eq!(
            text,
            "INSERT SELECT * FROM unnest($2::bigint[], $3::text[]) WHERE a = $1"
        );
        let array = "{\"a \\\"b\\\" \\\\ {c}, d\",NULL,\"NULL\"}";
        assert_eq!(bound, vec![7_i64.into(), "{1,2,3}".into(), array.into()]);
    }

    #[test]
    fn postgres_gets_one_row_as_it_is() {
        let one = rows().into_iter().take(1).collect();
        let (text, bound) = numbered("INSERT \0", Vec::new(), vec![one]);
        assert_eq!(text, "INSERT VALUES ($1, $2)");
        assert_eq!(bound.len(), 2);
    }
}
