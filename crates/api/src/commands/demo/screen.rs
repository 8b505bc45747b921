//! What the demo shows: bars that move on a terminal, lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The shortest time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(1);
const BAR: &str = "  {bar:28} {pos:>4}/{len}  {msg}";

/// Progress of one thing.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    said: Option<(Instant, String)>,
}

impl Progress {
    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| {
                // The template is a constant; a bar without it is still a bar.
                ProgressStyle::default_bar()
            });
            ProgressBar::new(0).with_style(style.progress_chars("█▉ "))
        });
        Self { bar, said: None }
    }

    /// So far `done` of `all`, and what there is to say of them.
    pub(super) fn show(&mut self, done: u64, all: u64, words: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(all);
            bar.set_position(done);
            bar.set_message(words.to_owned());
            return;
        }
        if all == 0 {
            return;
        }
        let line = format!("{done}/{all}  {words}");
        let fresh = self
            .said
            .as_ref()
            .is_none_or(|(at, said)| at.elapsed() >= LINE_EVERY && *said != line);
        if fresh {
            println!("  {line}");
            self.said = Some((Instant::now(), line));
        }
    }

    /// It is over, with this to say.
    pub(super) fn done(mut self, done: u64, all: u64, words: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(all);
            bar.set_position(done);
            bar.finish_with_message(words.to_owned());
            return;
        }
        let line = format!("{done}/{all}  {words}");
        if self.said.take().is_none_or(|(_, said)| said != line) {
            println!("  {line}");
        }
    }
}
