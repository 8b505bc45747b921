//! Following campaigns over a table in memory, on tokio's clock, which moves when everyone waits.

mod coming_back;
mod ending;
mod places;
mod telling;
mod world;
