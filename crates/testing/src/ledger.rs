use sea_orm::{ConnectOptions, ConnectionTrait, Database, QueryResult, Statement};

/// The delivery ledger as the database has it, read past the server.
#[derive(Debug, Clone)]
pub struct Ledger {
    url: String,
}

/// A recipient of a campaign.
#[derive(Debug, Clone)]
pub struct LedgerRow {
    /// As E.164.
    pub address: Option<String>,
    pub status: String,
    pub attempts: i64,
    pub message_id: Option<String>,
}

/// A campaign with its counters.
#[derive(Debug, Clone)]
pub struct LedgerCampaign {
    pub status: String,
    pub total: i64,
    pub pending: i64,
    pub sent: i64,
    pub delivered: i64,
    pub opened: i64,
    pub replied: i64,
    pub failed: i64,
    pub skipped: i64,
    pub unconfirmed: i64,
}

/// How often messages went from state to state, as the charts have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerTotals {
    pub sent: i64,
    pub delivered: i64,
    pub read: i64,
    pub failed: i64,
    pub replied: i64,
}

fn number(row: &QueryResult, column: &str) -> i64 {
    row.try_get("", column).expect("a number")
}

/// Every column of the result that is named, as numbers.
macro_rules! numbers {
    ($name:ident { $($field:ident),+ } of $row:ident $(, $more:ident: $value:expr)?) => {
        $name { $($field: number(&$row, stringify!($field)),)+ $($more: $value,)? }
    };
}

/// # Panics
/// When the database can't be read.
impl Ledger {
    /// The ledger in the database at this address.
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
        }
    }

    async fn rows(&self, sql: &str, value: Option<&str>) -> Vec<QueryResult> {
        // A connection of its own each time: the database may have been restarted since.
        let mut options = ConnectOptions::new(&self.url);
        options.max_connections(1).sqlx_logging(false);
        let connection = Database::connect(options).await.expect("the database");
        let backend = connection.get_database_backend();
        let values = value.map(|value| value.to_owned().into());
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let rows = connection.query_all_raw(statement).await;
        let _ = connection.close().await;
        rows.expect("the ledger can be read")
    }

    async fn one(&self, sql: &str, value: Option<&str>) -> QueryResult {
        let row = self.rows(sql, value).await.pop();
        row.expect("a row")
    }

    /// The recipients of the campaigns with this name.
    pub async fn recipients(&self, campaign: &str) -> Vec<LedgerRow> {
        let sql = "SELECT r.address, r.status, r.attempts, r.message_id FROM campaign_contacts r \
                   JOIN campaigns c ON c.id = r.campaign_id WHERE c.name = $1";
        let rows = self.rows(sql, Some(campaign)).await;
        rows.iter()
            .map(|row| LedgerRow {
                address: row.try_get("", "address").expect("an address"),
                status: row.try_get("", "status").expect("a status"),
                attempts: number(row, "attempts"),
                message_id: row.try_get("", "message_id").expect("a message id"),
            })
            .collect()
    }

    /// The campaigns with this name.
    pub async fn campaigns(&self, name: &str) -> Vec<LedgerCampaign> {
        let sql = "SELECT status, total, pending, sent, delivered, opened, replied, failed, \
                   skipped, unconfirmed FROM campaigns WHERE name = $1";
        let rows = self.rows(sql, Some(name)).await;
        rows.into_iter()
            .map(|row| {
                numbers!(LedgerCampaign {
                    total, pending, sent, delivered, opened, replied, failed, skipped, unconfirmed
                } of row, status: row.try_get("", "status").expect("a status"))
            })
            .collect()
    }

    /// How many webhooks are stored.
    pub async fn webhooks(&self) -> i64 {
        let row = self.one("SELECT count(*) AS number FROM webhooks", None);
        number(&row.await, "number")
    }

    /// How many stored webhooks wait to be applied.
    pub async fn webhooks_pending(&self) -> i64 {
        let sql = "SELECT count(*) AS number FROM webhooks WHERE state = 'pending'";
        number(&self.one(sql, None).await, "number")
    }

    /// How many messages of customers there are.
    pub async fn letters(&self) -> i64 {
        let sql = "SELECT count(*) AS number FROM messages WHERE direction = 'inbound'";
        number(&self.one(sql, None).await, "number")
    }

    /// The latest epoch of any sender account's lease.
    pub async fn epoch(&self) -> i64 {
        let sql = "SELECT coalesce(max(lease_epoch), 0) AS number FROM senders";
        number(&self.one(sql, None).await, "number")
    }

    /// What the charts add up to.
    pub async fn totals(&self) -> LedgerTotals {
        let sql = "SELECT CAST(coalesce(sum(sent), 0) AS bigint) AS sent, \
                   CAST(coalesce(sum(delivered), 0) AS bigint) AS delivered, \
                   CAST(coalesce(sum(read), 0) AS bigint) AS read, \
                   CAST(coalesce(sum(failed), 0) AS bigint) AS failed, \
                   CAST(coalesce(sum(replied), 0) AS bigint) AS replied FROM message_totals";
        let row = self.one(sql, None).await;
        numbers!(LedgerTotals { sent, delivered, read, failed, replied } of row)
    }
}
