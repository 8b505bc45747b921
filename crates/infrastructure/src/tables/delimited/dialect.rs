//! Which character separates the columns.

/// In order of preference where a file says nothing.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Lines that are looked at.
const LINES: usize = 50;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Whether the first line names the separator, as Excel writes it, and is no row.
    pub(super) is_declared: bool,
}

impl Dialect {
    /// The dialect of a text that begins with `sample`, line breaks being `\n`.
    pub(super) fn of(sample: &str) -> Self {
        if let Some(delimiter) = declared(sample) {
            return Self {
                delimiter,
                is_declared: true,
            };
        }
        Self {
            delimiter: likeliest(&counts(sample)),
            is_declared: false,
        }
    }
}

/// `sep=;`
fn declared(sample: &str) -> Option<u8> {
    let line = sample.lines().next()?.trim_matches('"');
    let (key, value) = line.split_once('=')?;
    match value.as_bytes() {
        [delimiter] if key.eq_ignore_ascii_case("sep") && CANDIDATES.contains(delimiter) => {
            Some(*delimiter)
        }
        _ => None,
    }
}

/// How often each candidate stands outside quotation marks, by line that has any content. The last
/// line of a sample may be cut, and is left out if there are others.
fn counts(sample: &str) -> Vec<[usize; CANDIDATES.len()]> {
    let mut lines = Vec::new();
    let mut line = [0; CANDIDATES.len()];
    let mut has_content = false;
    let mut is_quoted = false;
    for byte in sample.bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => {
                if has_content {
                    lines.push(std::mem::take(&mut line));
                }
                has_content = false;
                if lines.len() == LINES {
                    return lines;
                }
                continue;
            }
            _ if is_quoted => {}
            _ => {
                if let Some(index) = CANDIDATES.iter().position(|delimiter| *delimiter == byte) {
                    line[index] += 1;
                }
            }
        }
        has_content |= !byte.is_ascii_whitespace();
    }
    if lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// The candidate of which most lines have the same number, whichever it is: a title above the header
/// has none. Then the one that the first line has as often, then the one that makes more columns.
fn likeliest(lines: &[[usize; CANDIDATES.len()]]) -> u8 {
    let mut best = ((0, false, 0), CANDIDATES[0]);
    for (index, delimiter) in CANDIDATES.into_iter().enumerate() {
        let in_first = lines.first().map(|line| line[index]);
        for line in lines.iter().filter(|line| line[index] > 0) {
            let columns = line[index];
            let agreeing = lines.iter().filter(|line| line[index] == columns).count();
            let rank = (agreeing, in_first == Some(columns), columns);
            if rank > best.0 {
                best = (rank, delimiter);
            }
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delimiter(sample: &str) -> char {
        char::from(Dialect::of(sample).delimiter)
    }

    #[test]
    fn the_separator_of_the_header_that_the_rows_keep_to_is_found() {
        assert_eq!(delimiter("name,phone\nAna,55\n"), ',');
        assert_eq!(delimiter("nombre;teléfono\nAna;55\n"), ';');
        assert_eq!(delimiter("name\tphone\nAna\t55\n"), '\t');
        assert_eq!(delimiter("name|phone\nAna|55\n"), '|');
    }

    #[test]
    fn separators_inside_cells_do_not_mislead() {
        assert_eq!(delimiter("nombre;saldo\nAna;1,5\nLuis;2,5\nEva;3,5\n"), ';');
        assert_eq!(
            delimiter("\"a, b, c\";phone\n\"x, y\";55\n\"one\nline; two\";66\n"),
            ';'
        );
        assert_eq!(delimiter("name,notes\nAna,a;b;c\nLuis,d;e\n"), ',');
    }

    #[test]
    fn what_stands_above_the_header_does_not_mislead() {
        assert_eq!(
            delimiter("Contactos, noviembre de 2026\n\nnombre;tel\nAna;55\nLuis;66\n"),
            ';'
        );
        assert_eq!(delimiter("Contactos\nnombre\ttel\nAna\t55\n"), '\t');
        assert_eq!(delimiter("Nombre, Tel | Correo;Alta\na;b\nc;d\n"), ';');
    }

    #[test]
    fn a_file_of_one_column_has_none() {
        assert_eq!(delimiter("phone\n5512345678\n"), ',');
        assert_eq!(delimiter(""), ',');
    }

    #[test]
    fn excel_names_it_on_the_first_line() {
        assert_eq!(
            Dialect::of("sep=;\nname;phone\n"),
            Dialect {
                delimiter: b';',
                is_declared: true
            }
        );
        assert!(Dialect::of("\"SEP=|\"\nname|phone\n").is_declared);
        assert!(!Dialect::of("sep=x\nname;phone\n").is_declared);
        assert!(!Dialect::of("separator;phone\n").is_declared);
    }
}
