//! Whole journeys: HTTP requests to a running application on a database of its own, with every
//! adapter behind it. Each is run on SQLite and on PostgreSQL.

mod accounts;
mod contacts;
mod imports;
mod refusals;
mod settings;
mod support;
