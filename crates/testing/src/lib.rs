//! Throwaway databases for the tests of the other crates, and what they read in them past the server.
//!
//! ```no_run
//! # async fn example() {
//! let database = nexus_testing::TestDatabase::postgres().await;
//! let connection = sea_orm::Database::connect(database.url()).await.unwrap();
//! # }
//! ```
//!
//! Every [`TestDatabase`] is alone in its database, with all migrations applied, and takes it along when
//! it is dropped. Nothing here has to be prepared or cleaned up, and whatever is missing on the machine
//! makes the test fail with a sentence that says what to install; no test is ever skipped.

mod administrator;
mod chance;
mod database;
mod folder;
mod ledger;
mod server;

pub use chance::Chance;
pub use database::TestDatabase;
pub use folder::TempFolder;
pub use ledger::{Ledger, LedgerCampaign, LedgerRow, LedgerTotals};
pub use server::PostgresServer;
