//! Parts of lists: by cursor, which costs the same at any depth, or by page number.

use chrono::{DateTime, SecondsFormat, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::values::{Cursor, Listing, Paging, SortDirection};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::Value;
use uuid::Uuid;

use super::connection::Connection;
use super::sql::{Param, Sql};

/// What kind of column a list is sorted by, and how a cursor names a value of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeyKind {
    /// RFC 3339 in UTC with microseconds.
    Time,
    /// The text itself.
    Text,
    /// A whole number.
    Number,
}

impl KeyKind {
    /// The value that a cursor's key stands for.
    fn value(self, key: &str) -> Option<Value> {
        match self {
            Self::Time => DateTime::parse_from_rfc3339(key)
                .ok()
                .map(|at| at.with_timezone(&Utc).value()),
            Self::Text => Some(key.value()),
            Self::Number => key.parse::<i64>().ok().map(Param::value),
        }
    }
}

/// The key of a cursor in a list sorted by time.
pub(super) fn time_key(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A list to take a part of. Its rows are called `r`.
#[derive(Debug)]
pub(super) struct List<'a> {
    /// The columns wanted: `r.id, r.name`.
    pub(super) columns: &'a str,
    /// The table of the rows.
    pub(super) table: &'static str,
    /// `FROM … WHERE …`, which finds the rows.
    pub(super) source: Sql,
    /// Where the source has the sort key, and what that is called in the row.
    pub(super) key: (&'static str, &'static str),
    /// Where the source has the row's id.
    pub(super) id: &'static str,
    /// What the id of a cursor stands for.
    pub(super) id_value: fn(Uuid) -> Value,
    /// What the key is.
    pub(super) kind: KeyKind,
    /// Smallest or largest first.
    pub(super) direction: SortDirection,
    /// How many rows there are, where that is known: pages near the end are then found from there,
    /// and those beyond it not looked for.
    pub(super) total: Option<u64>,
    /// Where the page begins, where that is known without skipping what comes before it.
    pub(super) start: Option<Start>,
}

/// A place in a list, in its direction.
#[derive(Debug)]
pub(super) struct Start {
    /// Beyond this key, or at it when the smallest come first.
    pub(super) key: Value,
    /// So many rows further.
    pub(super) skipped: i64,
}

/// Part of a list.
pub(super) struct Part<R> {
    /// At most as many as asked for.
    pub(super) rows: Vec<R>,
    /// Whether the list goes on.
    pub(super) more: bool,
}

impl List<'_> {
    /// The part that `paging` asks for. A cursor that can't have come from this list is its end.
    pub(super) async fn part<R: FromQueryResult>(
        self,
        db: &Connection,
        paging: &Paging,
        size: u32,
    ) -> Result<Part<R>, StorageError> {
        let Some(sql) = self.query(paging, size) else {
            return Ok(Part {
                rows: Vec::new(),
                more: false,
            });
        };
        let mut rows = db.all::<R>(sql).await?;
        let wanted = usize::try_from(size).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        Ok(Part { rows, more })
    }

    /// Finds the ids first and fetches the rows of those only: what a page skips is then skipped
    /// in an index. One row more than asked for shows whether the list goes on.
    fn query(self, paging: &Paging, size: u32) -> Option<Sql> {
        let window = self.window(paging, size)?;
        let Self {
            columns,
            table,
            key: (key, key_name),
            id,
            direction,
            start,
            ..
        } = self;
        let mut sql = self
            .source
            .after(&format!("SELECT {columns} FROM (SELECT {id} AS listed_id "));
        if let Paging::After {
            cursor: Some(cursor),
        } = paging
        {
            let beyond = match direction {
                SortDirection::Ascending => ">",
                SortDirection::Descending => "<",
            };
            sql = sql
                .then(&format!(" AND ({key}, {id}) {beyond} ("))
                .bind(self.kind.value(&cursor.key)?)
                .then(", ")
                .bind((self.id_value)(cursor.id))
                .then(")");
        }
        if let Some(start) = start {
            let from = match direction {
                SortDirection::Ascending => ">=",
                SortDirection::Descending => "<",
            };
            sql = sql.then(&format!(" AND {key} {from} ")).bind(start.key);
        }
        let order = order(window.direction);
        sql = sql
            .then(&format!(" ORDER BY {key} {order}, {id} {order} LIMIT "))
            .bind(window.rows);
        if window.skipped > 0 {
            sql = sql.then(" OFFSET ").bind(window.skipped);
        }
        let order = self::order(direction);
        Some(sql.then(&format!(
            ") AS listed JOIN {table} AS r ON r.id = listed.listed_id \
             ORDER BY r.{key_name} {order}, r.id {order}"
        )))
    }

    /// The rows of a page and the one after it; `None` beyond the end.
    fn window(&self, paging: &Paging, size: u32) -> Option<Window> {
        let size = i64::from(size);
        let skipped = match paging {
            Paging::Page { number } => i64::from(number.saturating_sub(1)) * size,
            Paging::After { .. } => 0,
        };
        let from_start = Window {
            direction: self.direction,
            skipped,
            rows: size + 1,
        };
        let Some(total) = self.total.and_then(|total| i64::try_from(total).ok()) else {
            return Some(from_start);
        };
        let left = total - skipped;
        if left <= 0 {
            return None;
        }
        if let Some(start) = &self.start {
            return Some(Window {
                skipped: start.skipped,
                ..from_start
            });
        }
        if skipped <= left {
            return Some(from_start);
        }
        let rows = left.min(size + 1);
        Some(Window {
            direction: self.direction.reversed(),
            skipped: left - rows,
            rows,
        })
    }
}

/// Which rows are looked for, in which direction.
struct Window {
    direction: SortDirection,
    skipped: i64,
    rows: i64,
}

fn order(direction: SortDirection) -> &'static str {
    match direction {
        SortDirection::Ascending => "ASC",
        SortDirection::Descending => "DESC",
    }
}

impl<R> Part<R> {
    /// How many items the list has in all, when this is its last page.
    pub(super) fn total(&self, page: u32, size: u32) -> Option<u64> {
        let is_last = !self.more && (page == 1 || !self.rows.is_empty());
        let before = u64::from(page.saturating_sub(1)) * u64::from(size);
        is_last.then(|| before + self.rows.len() as u64)
    }

    /// The items, and where the list goes on.
    pub(super) fn listing<T>(
        self,
        total: Option<u64>,
        cursor: impl Fn(&R) -> (String, Uuid),
        item: impl FnMut(R) -> Result<T, StorageError>,
    ) -> Result<Listing<T>, StorageError> {
        let next = self.rows.last().filter(|_| self.more).map(|row| {
            let (key, id) = cursor(row);
            Cursor { key, id }
        });
        let items = self.rows.into_iter().map(item).collect::<Result<_, _>>()?;
        Ok(Listing {
            items,
            total,
            total_is_exact: true,
            next,
        })
    }
}

/// A needle for `LIKE … ESCAPE '\'` that is found anywhere.
pub(super) fn containing(needle: &str) -> String {
    let mut pattern = String::with_capacity(needle.len() + 2);
    pattern.push('%');
    for character in needle.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::containing;

    #[test]
    fn what_like_gives_a_meaning_to_is_looked_for_as_it_is() {
        assert_eq!(containing("50 % de_c\\"), "%50 \\% de\\_c\\\\%");
    }
}
