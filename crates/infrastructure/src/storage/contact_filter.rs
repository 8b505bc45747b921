//! Filters of contacts as conditions, and the lists that they make.

use nexus_domain::values::{ContactSort, ListRequest, Tag};
use nexus_domain::{ContactFilter, ContactId, ContactSelection, ContactStatus, UserId};
use uuid::Uuid;

use super::contact_rows::{COLUMNS, field_needle};
use super::lists::{KeyKind, List, containing};
use super::sql::{Param, Sql, params};

/// That the contact `r` is the user's, for contacts that are found by their ids. Written so that no
/// index serves it: PostgreSQL knows nothing of a table that has just been filled, takes the index
/// of the user for the better one, and reads every contact of the user to find a few.
pub(super) const OF_USER: &str = "(r.user_id = $1) IS TRUE";

/// The condition of one status, as a literal: the partial indexes are found only by it.
fn status_is(status: ContactStatus) -> &'static str {
    match status {
        ContactStatus::Active => "status = 'active'",
        ContactStatus::Inactive => "status = 'inactive'",
        ContactStatus::Unsubscribed => "status = 'unsubscribed'",
    }
}

/// Whether the totals that are kept answer how many contacts `filter` lets through.
pub(super) fn is_by_status_only(filter: &ContactFilter) -> bool {
    ContactFilter {
        status: None,
        ..filter.clone()
    }
    .is_empty()
}

/// How many contacts there are, from the totals.
pub(super) fn kept_total(user: UserId, status: Option<ContactStatus>) -> Sql {
    let sql = Sql::with(
        "SELECT CAST(coalesce(sum(contacts), 0) AS bigint) AS number FROM contact_totals \
         WHERE user_id = $1",
        params![user],
    );
    match status {
        Some(status) => sql.then(" AND ").then(status_is(status)),
        None => sql,
    }
}

/// Whether `filter` asks for nothing but this tag.
pub(super) fn is_one_tag(filter: &ContactFilter, tag: &Tag) -> bool {
    *filter
        == ContactFilter {
            tags: vec![tag.clone()],
            ..ContactFilter::default()
        }
}

/// How many contacts have a tag, from the totals.
pub(super) fn kept_total_of(user: UserId, tag: &Tag) -> Sql {
    Sql::with(
        "SELECT CAST(coalesce(sum(contacts), 0) AS bigint) AS number FROM contact_tag_totals \
         WHERE user_id = $1 AND tag_key = $2",
        params![user, tag.key()],
    )
}

/// ` AND …` for every condition on the contact `r`, its tags aside.
fn on_contact(mut sql: Sql, filter: &ContactFilter) -> Sql {
    if let Some(status) = filter.status {
        sql = sql.then(" AND r.").then(status_is(status));
    }
    if filter.has_phone {
        sql = sql.then(" AND r.phone IS NOT NULL");
    }
    if filter.has_email {
        sql = sql.then(" AND r.email IS NOT NULL");
    }
    if let Some(after) = filter.created_after {
        sql = sql.then(" AND r.created_at >= ").bind(after);
    }
    if let Some(before) = filter.created_before {
        sql = sql.then(" AND r.created_at < ").bind(before);
    }
    if let Some(name) = &filter.has_field {
        sql = sql
            .then(" AND r.custom_fields IS NOT NULL AND r.custom_fields LIKE ")
            .bind(containing(&field_needle(name)))
            .then(" ESCAPE '\\'");
    }
    if let Some(needle) = filter.search_needle() {
        sql = sql
            .then(" AND r.search_text LIKE ")
            .bind(containing(&needle))
            .then(" ESCAPE '\\'");
    }
    sql
}

/// ` AND …` for every tag on the contact whose id is called `id`.
fn on_tags(mut sql: Sql, tags: &[Tag], id: &str) -> Sql {
    for tag in tags {
        sql = sql
            .then(" AND EXISTS (SELECT 1 FROM contact_tags AS also WHERE also.contact_id = ")
            .then(id)
            .then(" AND also.tag_key = ")
            .bind(tag.key())
            .then(")");
    }
    sql
}

/// ` AND …` for every condition on the contact `r`.
pub(super) fn conditions(sql: Sql, filter: &ContactFilter) -> Sql {
    let sql = on_tags(on_contact(sql, filter), &filter.tags, "r.id");
    filter.also.iter().fold(sql, conditions)
}

/// Where the contacts that a filter lets through are looked for first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lead {
    /// Among the user's contacts in the order of the list, or those with the first tag: what is
    /// asked for is found soon, or the database itself knows a better way.
    List,
    /// Among the contacts with these numbers in the trigram index (SQLite).
    Numbers(Vec<i64>),
}

/// `FROM … WHERE …` over the contacts that `filter` lets through.
fn source(user: UserId, filter: &ContactFilter, lead: &Lead) -> Sql {
    match (lead, filter.tags.split_first()) {
        (Lead::Numbers(numbers), _) => from_numbers(user, numbers, filter),
        (Lead::List, Some((first, rest))) => from_tags(user, first, rest, filter, false),
        (Lead::List, None) => from_contacts(user, filter),
    }
}

/// As [`source`], where the contacts themselves are looked at, as `r`.
pub(super) fn source_of_rows(user: UserId, filter: &ContactFilter, lead: &Lead) -> Sql {
    match (lead, filter.tags.split_first()) {
        (Lead::List, Some((first, rest))) => from_tags(user, first, rest, filter, true),
        _ => source(user, filter, lead),
    }
}

fn from_contacts(user: UserId, filter: &ContactFilter) -> Sql {
    let sql = Sql::with("FROM contacts AS r WHERE r.user_id = $1", params![user]);
    conditions(sql, filter)
}

/// `CROSS JOIN` keeps SQLite to this order (The SQLite Query Optimizer Overview, 8.2).
fn from_numbers(user: UserId, numbers: &[i64], filter: &ContactFilter) -> Sql {
    let sql = Sql::with(
        "FROM contact_search AS s CROSS JOIN contacts AS r WHERE s.number IN ",
        params![user],
    );
    // No contact has the number 0, and a list needs one.
    let numbers = if numbers.is_empty() { &[0] } else { numbers };
    let sql = sql
        .list(numbers.iter().copied())
        .then(" AND r.id = s.contact_id AND ")
        .then(OF_USER);
    conditions(sql, filter)
}

/// The numbers of contacts, whoever's they are, that have these trigrams; at most `most`.
pub(super) fn with_trigrams(trigrams: &str, most: u32) -> Sql {
    Sql::with(
        "SELECT rowid AS number FROM contact_trigrams WHERE contact_trigrams MATCH $1 LIMIT $2",
        params![trigrams, most],
    )
}

/// What the trigram index is asked for to find nearly nobody but those who have `needle`: trigrams
/// that cover it, exactly these characters, whatever they mean to the index elsewhere (FTS5 Strings,
/// sqlite.org/fts5.html). To ask for all of them, in their order, takes three times as long. `None`
/// when the needle has no trigram.
pub(super) fn trigrams(needle: &str) -> Option<String> {
    let characters: Vec<char> = needle.chars().collect();
    let last = characters.len().checked_sub(3)?;
    let starts = (0..last).step_by(3).chain([last]);
    let quoted: Vec<String> = starts
        .map(|start| {
            let trigram: String = characters[start..start + 3].iter().collect();
            format!("\"{}\"", trigram.replace('"', "\"\""))
        })
        .collect();
    Some(quoted.join(" AND "))
}

/// The same through the index of the first tag, which has the contacts in the order of their
/// creation; the contacts themselves are looked at only when something is asked of them, or
/// `with_rows`.
fn from_tags(
    user: UserId,
    first: &Tag,
    rest: &[Tag],
    filter: &ContactFilter,
    with_rows: bool,
) -> Sql {
    let of_contact = ContactFilter {
        tags: Vec::new(),
        ..filter.clone()
    };
    let join = if of_contact.is_empty() && !with_rows {
        ""
    } else {
        "JOIN contacts AS r ON r.id = t.contact_id "
    };
    let sql = Sql::with(
        format!("FROM contact_tags AS t {join}WHERE t.user_id = $1 AND t.tag_key = $2"),
        params![user, first.key()],
    );
    let sql = on_tags(on_contact(sql, &of_contact), rest, "t.contact_id");
    filter.also.iter().fold(sql, conditions)
}

/// How many contacts `filter` lets through, by counting them; at most `most`.
pub(super) fn counted(user: UserId, filter: &ContactFilter, lead: &Lead, most: Option<u32>) -> Sql {
    let source = source(user, filter, lead);
    match most {
        None => source.after("SELECT count(*) AS number "),
        Some(most) => source
            .after("SELECT count(*) AS number FROM (SELECT 1 ")
            .then(" LIMIT ")
            .bind(most)
            .then(") AS counted"),
    }
}

/// `columns` of the contacts of a selection, by id, after `after`, at most `most`; `None` when
/// nobody is selected.
pub(super) fn selected(
    columns: &str,
    user: UserId,
    selection: &ContactSelection,
    after: Option<ContactId>,
    most: u32,
) -> Option<Sql> {
    let beyond = after.map_or(Uuid::nil(), |id| id.as_uuid());
    let of_user = match selection {
        ContactSelection::Filter(_) => "r.user_id = $1",
        ContactSelection::Ids(_) => OF_USER,
    };
    let sql = Sql::with(
        format!("SELECT {columns} FROM contacts AS r WHERE {of_user} AND r.id > $2"),
        params![user, beyond],
    );
    let sql = match selection {
        ContactSelection::Filter(filter) => conditions(sql, filter),
        ContactSelection::Ids(ids) => {
            let left: Vec<_> = ids
                .iter()
                .copied()
                .filter(|id| id.as_uuid() > beyond)
                .collect();
            if left.is_empty() {
                return None;
            }
            sql.then(" AND r.id IN ").list(left)
        }
    };
    Some(sql.then(" ORDER BY r.id LIMIT ").bind(most))
}

/// The list that `request` takes a part of.
pub(super) fn list(
    user: UserId,
    filter: &ContactFilter,
    lead: &Lead,
    request: &ListRequest<ContactSort>,
) -> List<'static> {
    let mut list = List {
        columns: COLUMNS,
        table: "contacts",
        source: Sql::new(""),
        key: ("r.created_at", "created_at"),
        id: "r.id",
        id_value: Param::value,
        kind: KeyKind::Time,
        direction: request.direction,
        total: None,
        start: None,
    };
    if request.sort == ContactSort::Name {
        list.key = ("r.name_key", "name_key");
        list.kind = KeyKind::Text;
    } else if *lead == Lead::List && !filter.tags.is_empty() {
        list.key.0 = "t.created_at";
        list.id = "t.contact_id";
    }
    list.source = match (request.sort, lead) {
        // The tags' index is in the order of creation.
        (ContactSort::Name, Lead::List) => from_contacts(user, filter),
        _ => source(user, filter, lead),
    };
    list
}

#[cfg(test)]
mod tests {
    use super::trigrams;

    #[test]
    fn trigrams_cover_the_needle_as_it_is() {
        let cases = [
            ("ab", None),
            ("abc", Some(r#""abc""#)),
            ("abcd", Some(r#""abc" AND "bcd""#)),
            ("abcdef", Some(r#""abc" AND "def""#)),
            ("abcdefg", Some(r#""abc" AND "def" AND "efg""#)),
            ("a\"b*", Some(r#""a""b" AND """b*""#)),
            ("ñandú", Some(r#""ñan" AND "ndú""#)),
        ];
        for (needle, expected) in cases {
            assert_eq!(trigrams(needle).as_deref(), expected, "{needle}");
        }
    }
}
