mod columns;
mod lease;
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
