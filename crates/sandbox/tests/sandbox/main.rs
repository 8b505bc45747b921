//! The sandbox from outside: its wire, its own endpoints and its page.

mod control;
mod resources;
mod sends;
mod support;
mod troubles;
