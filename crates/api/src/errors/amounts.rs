//! Sizes and numbers as people write them.

/// A size in the largest unit that it fills, as file managers show it: `20 MB`, `1.5 GB`. What is left
/// over is cut off: a limit must not look larger than it is.
pub fn size(bytes: u64) -> String {
    let mut unit = 1_u64;
    let mut name = "bytes";
    for larger in ["KB", "MB", "GB", "TB"] {
        if bytes / unit < 1_024 {
            break;
        }
        unit *= 1_024;
        name = larger;
    }
    let whole = bytes / unit;
    match (bytes % unit) * 10 / unit {
        0 => format!("{whole} {name}"),
        tenths => format!("{whole}.{tenths} {name}"),
    }
}

/// A number with commas between its thousands, as in Mexico and in English.
pub fn number(count: impl Into<u64>) -> String {
    let digits = count.into().to_string();
    let mut written = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_in_the_unit_they_fill() {
        for (bytes, written) in [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_024, "1 KB"),
            (131_072, "128 KB"),
            (1_572_864, "1.5 MB"),
            (20_971_520, "20 MB"),
            (20_971_519, "19.9 MB"),
            (1_073_741_824, "1 GB"),
            (u64::MAX, "16777215.9 TB"),
        ] {
            assert_eq!(size(bytes), written, "{bytes}");
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        for (count, written) in [
            (0_u64, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (50_000, "50,000"),
            (1_000_000, "1,000,000"),
        ] {
            assert_eq!(number(count), written);
        }
    }
}
