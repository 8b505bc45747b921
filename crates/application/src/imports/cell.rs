//! Cells of a table: what they hold, and how they are shown.

/// The most characters of a cell that are shown.
const SHOWN: usize = 200;

/// The most characters of a cell that are kept to be corrected: as many as notes may have.
const KEPT: usize = 5_000;
/// The most characters of a row that are kept.
const KEPT_OF_ROW: usize = 20_000;

/// What a cell holds. An apostrophe before `= + - @` is not part of it: spreadsheets and our own
/// exports put it there so that the text isn't taken for a formula.
pub(super) fn content(cell: &str) -> &str {
    let trimmed = cell.trim();
    match trimmed.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => trimmed,
    }
}

/// A cell in a message to a person: cut, and with control characters (PostgreSQL refuses NUL)
/// as spaces.
pub(super) fn shown(cell: &str) -> String {
    cell.trim()
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// The cells of a row that was refused, to be corrected and imported again: cut to what is kept,
/// and without NUL, which PostgreSQL refuses.
pub(super) fn kept(cells: &[String]) -> Vec<String> {
    let mut left = KEPT_OF_ROW;
    cells
        .iter()
        .map(|cell| {
            let most = left.min(KEPT);
            let text: String = cell.chars().filter(|c| *c != '\0').take(most).collect();
            left -= text.chars().count();
            text
        })
        .collect()
}
