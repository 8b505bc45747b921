//! When a campaign may be sent, as the user typed it.

use nexus_domain::UserId;
use nexus_domain::ports::{Repositories, StorageError};
use nexus_domain::values::{Problem, SendWindow, TimeZone, Violations, WallTime};

use crate::field::optional;

/// Hours of some days of the week, as the user typed them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendWindowInput {
    /// `mon`, `tue`, ….
    pub days: Vec<String>,
    /// `09:00`.
    pub from: String,
    /// `20:00`; before `from` it is that of the next day.
    pub to: String,
    /// The zone; without it, the user's.
    pub timezone: Option<String>,
}

impl SendWindowInput {
    /// Whether it is by the clocks of its user.
    pub(super) fn is_in_users_zone(&self) -> bool {
        self.timezone
            .as_ref()
            .is_none_or(|zone| zone.trim().is_empty())
    }

    /// The window of a user in this zone, or `None` with its problems noted.
    pub(super) fn parse(
        &self,
        users_zone: TimeZone,
        violations: &mut Violations,
    ) -> Option<SendWindow> {
        let days: Result<Vec<_>, _> = self
            .days
            .iter()
            .map(|day| SendWindow::parse_day(day))
            .collect();
        let days = days.and_then(|days| {
            if days.is_empty() {
                Err(Problem::NeverOpens)
            } else {
                Ok(days)
            }
        });
        let days = violations.check("send_window.days", days);
        let time = |raw: &str| {
            if raw.trim().is_empty() {
                return Err(Problem::Required);
            }
            WallTime::parse(raw)
        };
        let from = violations.check("send_window.from", time(&self.from));
        let to = violations.check("send_window.to", time(&self.to));
        let zone = optional(self.timezone.as_deref(), TimeZone::parse);
        let zone = violations.check("send_window.timezone", zone);
        let window = SendWindow::new(days?, from?, to?, zone?.unwrap_or(users_zone));
        violations.check("send_window.to", window)
    }
}

/// The zone of the user.
pub(super) async fn users_zone(
    repositories: &mut dyn Repositories,
    user: UserId,
) -> Result<TimeZone, StorageError> {
    let user = repositories.users().find(user).await?;
    Ok(user.map_or(TimeZone::UTC, |user| user.time_zone))
}
