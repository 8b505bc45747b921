//! A statement with its values, which are always bound and never part of the text.

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use nexus_domain::{
    BotActivityId, BulkChangeId, CampaignContactId, CampaignId, ContactId, ImportId, InstanceId,
    JobId, MediaId, MessageId, ReplyId, SegmentId, SenderId, UserId, WebhookEventId,
};
use sea_orm::sea_query::Value;
use sea_orm::{DbBackend, Statement};
use uuid::Uuid;

use super::render;

/// The most values bound to one statement: SQLite takes 32,766, PostgreSQL 65,535.
pub(super) const MAX_VALUES: usize = 32_000;

/// The most rows written by one statement: more bring nothing, and each number of rows is a
/// statement of its own to prepare.
const MAX_ROWS: usize = 1_000;

/// How many rows of `columns` values fit into one statement.
pub(super) fn rows_per_statement(columns: usize) -> usize {
    (MAX_VALUES / columns.max(1)).clamp(1, MAX_ROWS)
}

/// Where a statement's text has a table of rows. No text of ours has this character otherwise.
pub(super) const TABLE: char = '\0';

/// A statement. `$1`, `$2`, … are its values.
#[derive(Debug, Clone)]
pub(super) struct Sql {
    text: String,
    values: Vec<Value>,
    tables: Vec<Vec<Vec<Value>>>,
}

impl Sql {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self::with(text, Vec::new())
    }

    pub(super) fn with(text: impl Into<String>, values: Vec<Value>) -> Self {
        Self {
            text: text.into(),
            values,
            tables: Vec::new(),
        }
    }

    /// More text, made here and never from what people typed.
    #[must_use]
    pub(super) fn then(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// The statement that begins with `text`, which has no values.
    #[must_use]
    pub(super) fn after(mut self, text: &str) -> Self {
        self.text.insert_str(0, text);
        self
    }

    /// One more value.
    #[must_use]
    pub(super) fn bind(mut self, value: impl Param) -> Self {
        self.add(value.value());
        self
    }

    /// `($5, $6, $7)`, for `IN`. Repeats the last value up to the next power of two, so that
    /// there are few different statements to prepare. There must be a value.
    #[must_use]
    pub(super) fn list(mut self, values: impl IntoIterator<Item = impl Param>) -> Self {
        let mut values: Vec<Value> = values.into_iter().map(Param::value).collect();
        if let Some(last) = values.last().cloned() {
            values.resize(values.len().next_power_of_two(), last);
        }
        self.text.push('(');
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.add(value);
        }
        self.text.push(')');
        self
    }

    /// A table of these rows, which is what an `INSERT` or a `WITH` takes. In each column the
    /// values are of one kind. There must be a row.
    #[must_use]
    pub(super) fn rows(mut self, rows: impl IntoIterator<Item = Vec<Value>>) -> Self {
        self.text.push(TABLE);
        self.tables.push(rows.into_iter().collect());
        self
    }

    fn add(&mut self, value: Value) {
        self.values.push(value);
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
    }

    /// Whether it only reads.
    pub(super) fn reads(&self) -> bool {
        let writes = ["INSERT", "UPDATE", "DELETE"];
        self.text.starts_with("SELECT")
            || self.text.starts_with("WITH") && !writes.iter().any(|word| self.text.contains(word))
    }

    pub(super) fn statement(self, backend: DbBackend) -> Statement {
        let (text, values) = if backend == DbBackend::Sqlite {
            render::in_order(&self.text, &self.values, self.tables)
        } else {
            render::numbered(&self.text, self.values, self.tables)
        };
        Statement::from_sql_and_values(backend, text, values)
    }
}

/// A value that can be bound.
pub(super) trait Param {
    fn value(self) -> Value;
}

/// The values of a statement, in the order of their numbers.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::storage::sql::Param::value($value)),*]
    };
}
pub(super) use params;

impl Param for Value {
    fn value(self) -> Value {
        self
    }
}

macro_rules! plain {
    ($($kind:ty),+) => {$(
        impl Param for $kind {
            fn value(self) -> Value {
                self.into()
            }
        }
        impl Param for Option<$kind> {
            fn value(self) -> Value {
                self.into()
            }
        }
    )+};
}

plain!(Uuid, i64, bool, f64, Vec<u8>, NaiveDate);

macro_rules! ids {
    ($($id:ty),+ $(,)?) => {$(
        impl Param for $id {
            fn value(self) -> Value {
                self.as_uuid().into()
            }
        }
        impl Param for Option<$id> {
            fn value(self) -> Value {
                self.map(|id| id.as_uuid()).into()
            }
        }
    )+};
}

ids!(
    BotActivityId,
    BulkChangeId,
    CampaignContactId,
    CampaignId,
    ContactId,
    ImportId,
    InstanceId,
    JobId,
    MediaId,
    MessageId,
    ReplyId,
    SegmentId,
    SenderId,
    UserId,
    WebhookEventId,
);

impl Param for u32 {
    fn value(self) -> Value {
        i64::from(self).into()
    }
}

/// Whole microseconds, as PostgreSQL keeps them: what is read is what was written.
impl Param for DateTime<Utc> {
    fn value(self) -> Value {
        self.trunc_subsecs(6).into()
    }
}

impl Param for Option<DateTime<Utc>> {
    fn value(self) -> Value {
        self.map(|at| at.trunc_subsecs(6)).into()
    }
}

/// PostgreSQL has no NUL in a text; what people and providers write may have one.
fn without_nul(text: &str) -> String {
    if text.contains('\0') {
        text.replace('\0', "")
    } else {
        text.to_owned()
    }
}

impl Param for &str {
    fn value(self) -> Value {
        without_nul(self).into()
    }
}

impl Param for Option<&str> {
    fn value(self) -> Value {
        self.map(without_nul).into()
    }
}

impl Param for String {
    fn value(self) -> Value {
        self.as_str().value()
    }
}

impl Param for Option<String> {
    fn value(self) -> Value {
        self.as_deref().value()
    }
}
