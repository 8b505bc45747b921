//! Throwaway databases for the tests of the other crates.
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
mod database;
mod folder;
mod server;

pub use database::TestDatabase;
pub use folder::TempFolder;
pub use server::PostgresServer;
