//! Cells of a table: what they hold, and how they are shown.

/// The most characters of a cell that are shown.
const SHOWN: usize = 200;

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
