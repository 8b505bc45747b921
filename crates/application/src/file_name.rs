//! The names that people's files have.

use nexus_domain::values::ShortText;

/// The name for show: the last part of a path, without what would change how a page, a header or a
/// terminal reads (control characters, marks of direction), cut to what is kept.
pub(crate) fn shown_name(given: &str) -> ShortText {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|c| !c.is_control() && !is_direction_mark(*c))
        .collect();
    let cut: String = clean.trim().chars().take(ShortText::MAX_CHARS).collect();
    ShortText::parse(&cut)
        .or_else(|_| ShortText::parse("file"))
        .unwrap_or_else(|_| unreachable!("a plain word is a short text"))
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_without_a_path() {
        for (given, shown) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Fotos\\playa.jpg", "playa.jpg"),
            ("a\r\nSet-Cookie: x=1.png", "aSet-Cookie: x=1.png"),
            ("a\0b.pdf", "ab.pdf"),
            ("foto\u{202e}gpj.exe", "fotogpj.exe"),
            ("  menú \u{1f355}.pdf ", "menú \u{1f355}.pdf"),
            ("/", "file"),
            ("\u{7}", "file"),
        ] {
            assert_eq!(shown_name(given).as_str(), shown);
        }
        assert_eq!(shown_name(&"ñ".repeat(300)).as_str().chars().count(), 255);
    }
}
