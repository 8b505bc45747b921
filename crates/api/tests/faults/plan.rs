//! How a case is run, and the row that it leaves.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use nexus_application::fault::Bug;
use nexus_testing::Chance;

use crate::audit::Findings;

/// How a case is run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Recipients of each campaign.
    pub(crate) recipients: usize,
    /// How often a case does what it does.
    pub(crate) rounds: usize,
    /// Repeats the moments of an earlier run.
    pub(crate) seed: u64,
    /// A mistake that the server is told to make.
    pub(crate) bug: Option<Bug>,
    /// Whether there is time for everything.
    pub(crate) is_long: bool,
    /// How long all may take to come to rest after the last fault.
    pub(crate) patience: Duration,
}

/// The number of an environment variable.
fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    let Ok(number) = text.parse() else {
        panic!("{variable}: a number");
    };
    Some(number)
}

impl Plan {
    /// For `cargo test`: on slow machines, in a debug build.
    pub(crate) fn short() -> Self {
        Self {
            recipients: 200,
            rounds: 2,
            seed: seed(),
            bug: None,
            is_long: false,
            patience: Duration::from_mins(1),
        }
    }

    /// For `scripts/faults`.
    pub(crate) fn long() -> Self {
        let recipients = number("NEXUS_FAULTS_RECIPIENTS").unwrap_or(10_000);
        Self {
            recipients,
            rounds: number("NEXUS_FAULTS_ROUNDS").unwrap_or(20),
            seed: seed(),
            bug: None,
            is_long: true,
            patience: Duration::from_mins(2)
                + Duration::from_millis(20) * u32::try_from(recipients).unwrap_or(u32::MAX),
        }
    }

    /// The short form with a mistake.
    pub(crate) fn planted(bug: Bug) -> Self {
        Self {
            recipients: 120,
            rounds: 1,
            bug: Some(bug),
            patience: Duration::from_secs(15),
            ..Self::short()
        }
    }

    /// The chances of one case.
    pub(crate) fn chance(&self, case: &str) -> Chance {
        println!("{case}: NEXUS_FAULTS_SEED={}", self.seed);
        let name = case.bytes().fold(0_u64, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        Chance::of(self.seed ^ name)
    }

    /// Moments within a campaign, by how many messages were accepted: from the first to nine tenths.
    pub(crate) fn moments(&self, chance: &mut Chance) -> Vec<usize> {
        let bound = u64::try_from(self.recipients * 9 / 10).expect("a number of recipients");
        let mut moments: Vec<_> = (0..self.rounds)
            .map(|_| usize::try_from(chance.below(bound)).expect("a number of recipients"))
            .collect();
        moments.sort_unstable();
        moments
    }
}

fn seed() -> u64 {
    number("NEXUS_FAULTS_SEED").unwrap_or_else(|| RandomState::new().hash_one("a seed") >> 32)
}

/// What came of a case.
#[derive(Debug)]
pub(crate) struct Row {
    case: &'static str,
    what: String,
    times: usize,
    findings: Findings,
    /// What was measured, for people.
    notes: Vec<String>,
    began: Instant,
    seconds: f64,
}

/// The table's head, as Markdown, after its first column.
pub(crate) const HEAD: &str = "\
| case | what was done | times | recipients | lost | twice | unaccounted | unconfirmed | verdict | seconds |
|---|---|---|---|---|---|---|---|---|---|---|";

impl Row {
    pub(crate) fn begin(case: &'static str, what: impl Into<String>) -> Self {
        Self {
            case,
            what: what.into(),
            times: 0,
            findings: Findings::default(),
            notes: Vec::new(),
            began: Instant::now(),
            seconds: 0.0,
        }
    }

    /// It was done once more.
    pub(crate) fn done_once(&mut self) {
        self.times += 1;
    }

    /// Something that was measured.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Something that must not be.
    pub(crate) fn wrong(&mut self, what: impl Into<String>) {
        self.findings.wrong.push(what.into());
    }

    /// As [`Self::wrong`], when it is so.
    pub(crate) fn wrong_if(&mut self, is_so: bool, what: impl FnOnce() -> String) {
        if is_so {
            self.wrong(what());
        }
    }

    pub(crate) fn add(&mut self, findings: Findings) {
        self.findings.add(findings);
    }

    /// Takes in what came of another part of the same case.
    pub(crate) fn merge(&mut self, other: Self) {
        self.times += other.times;
        self.notes.extend(other.notes);
        self.findings.add(other.findings);
    }

    /// The case is over.
    pub(crate) fn end(mut self) -> Self {
        if self.times == 0 {
            self.wrong("nothing was done");
        }
        self.seconds = self.began.elapsed().as_secs_f64();
        self
    }

    pub(crate) fn holds(&self) -> bool {
        self.findings.hold()
    }

    pub(crate) fn assert_holds(&self) {
        assert!(self.holds(), "{}", self.findings);
    }

    pub(crate) fn findings(&self) -> &Findings {
        &self.findings
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds() { "holds" } else { "**BROKEN**" };
        let Findings {
            recipients,
            lost,
            twice,
            unaccounted,
            unconfirmed,
            wrong: _,
        } = &self.findings;
        let mut what = self.what.clone();
        if !self.notes.is_empty() {
            what = format!("{what}; {}", self.notes.join("; "));
        }
        write!(
            f,
            "| {} | {what} | {} | {recipients} | {} | {} | {} | {unconfirmed} | {verdict} | {:.1} |",
            self.case,
            self.times,
            lost.len(),
            twice.len(),
            unaccounted.len(),
            self.seconds,
        )
    }
}
