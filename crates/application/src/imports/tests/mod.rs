mod columns;
mod control;
mod custom_fields;
mod lease;
mod policies;
mod query;
mod rows;
mod upload;
mod worker;
mod world;

use nexus_domain::ports::TableRow;

/// Texts as the cells of a header or a row.
fn cells(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A row on this line.
fn row(line: u64, texts: &[&str]) -> TableRow {
    TableRow {
        line,
        cells: cells(texts),
    }
}

/// A small generator of numbers that look random, the same in every run.
fn numbers(mut seed: u64) -> impl FnMut(u64) -> u64 {
    move |below| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    }
}
