//! The figures of the dashboard.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use nexus_domain::ports::{Clock, Storage, StorageError};
use nexus_domain::values::TimeZone;
use nexus_domain::{
    ActivityItem, CampaignStatus, ContactTotals, Dashboard, MessageBucket, MessageDelta,
    MessageTotals,
};

use crate::Actor;

/// How many days the chart shows, today included.
const DAYS: u64 = 30;
/// How many recent things are shown.
const MOST_RECENT: u32 = 10;

/// The use cases on figures.
#[derive(Clone)]
pub struct Statistics {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
}

/// Why there is no dashboard.
#[derive(Debug, thiserror::Error)]
pub enum DashboardError {
    /// The account is gone.
    #[error("no such user")]
    NoSuchUser,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What the dashboard shows.
#[derive(Debug, Clone, PartialEq)]
pub struct DashboardView {
    /// Contacts; `new` counts those created within the days shown.
    pub contacts: ContactTotals,
    /// How many campaigns are in each status, every status present.
    pub campaigns: BTreeMap<CampaignStatus, u64>,
    /// Messages of all time.
    pub messages: MessageTotals,
    /// What became of them.
    pub rates: MessageRates,
    /// Each of the last 30 days of the user's time zone, today last.
    pub days: Vec<DayFigures>,
    /// What happened lately, latest first.
    pub recent: Vec<ActivityItem>,
}

/// Shares from 0 to 1 with four decimals; 0 where there is nothing to share.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MessageRates {
    /// Delivered, of those sent.
    pub delivery: f64,
    /// Read, of those sent.
    pub read: f64,
    /// Answered, of those sent.
    pub reply: f64,
    /// Refused, of those sent or refused.
    pub failure: f64,
}

/// One day of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayFigures {
    /// The day, in the user's time zone.
    pub date: NaiveDate,
    /// Messages that the provider accepted on it.
    pub sent: u64,
    /// Delivered on it.
    pub delivered: u64,
    /// Read on it.
    pub read: u64,
    /// Refused on it.
    pub failed: u64,
    /// Answered on it.
    pub replied: u64,
}

impl Statistics {
    /// The use cases over these ports.
    pub fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Self {
        Self { storage, clock }
    }

    /// The user's figures as of now.
    pub async fn dashboard(&self, actor: &Actor) -> Result<DashboardView, DashboardError> {
        let mut read = self.storage.read();
        let user = read
            .users()
            .find(actor.user_id())
            .await?
            .ok_or(DashboardError::NoSuchUser)?;
        let zone = user.time_zone;
        let today = zone.day_of(self.clock.now());
        let first = today.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(today);
        let figures = read
            .statistics()
            .dashboard(user.id, beginning_of(first, zone), MOST_RECENT)
            .await?;
        Ok(DashboardView {
            contacts: figures.contacts,
            campaigns: by_status(&figures),
            messages: figures.messages,
            rates: MessageRates::of(&figures.messages),
            days: days(first, zone, &figures.buckets),
            recent: figures.recent,
        })
    }
}

impl MessageRates {
    fn of(totals: &MessageTotals) -> Self {
        Self {
            delivery: share(totals.delivered, totals.sent),
            read: share(totals.read, totals.sent),
            reply: share(totals.replied, totals.sent),
            failure: share(totals.failed, totals.sent + totals.failed),
        }
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    let (part, whole) = (u128::from(part.min(whole)), u128::from(whole));
    let of_ten_thousand = (part * 10_000 + whole / 2) / whole;
    f64::from(u32::try_from(of_ten_thousand).unwrap_or(10_000)) / 10_000.0
}

fn by_status(figures: &Dashboard) -> BTreeMap<CampaignStatus, u64> {
    CampaignStatus::ALL
        .into_iter()
        .map(|status| {
            let count = figures.campaigns.get(status.as_str());
            (status, count.copied().unwrap_or_default())
        })
        .collect()
}

/// The first moment of a day: midnight, or where the clocks skip midnight, the first quarter of an
/// hour that there is.
fn beginning_of(day: NaiveDate, zone: TimeZone) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    (0..96)
        .find_map(|quarter| {
            let local = midnight + TimeDelta::minutes(15 * quarter);
            zone.tz().from_local_datetime(&local).earliest()
        })
        .map_or_else(|| midnight.and_utc(), |at| at.to_utc())
}

fn days(first: NaiveDate, zone: TimeZone, buckets: &[MessageBucket]) -> Vec<DayFigures> {
    let mut by_day: BTreeMap<NaiveDate, MessageDelta> = BTreeMap::new();
    for bucket in buckets {
        let day = by_day.entry(zone.day_of(bucket.start)).or_default();
        *day = day.plus(bucket.count);
    }
    // Charts of old took the count of a message that failed after it was sent back when it failed.
    let shown = |count: i64| u64::try_from(count).unwrap_or(0);
    first
        .iter_days()
        .take(usize::try_from(DAYS).unwrap_or_default())
        .map(|date| {
            let count = by_day.get(&date).copied().unwrap_or_default();
            DayFigures {
                date,
                sent: shown(count.sent),
                delivered: shown(count.delivered),
                read: shown(count.read),
                failed: shown(count.failed),
                replied: shown(count.replied),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use nexus_domain::UserId;
    use nexus_domain::mocks::{MockUnitOfWork, ScriptedStorage};
    use nexus_domain::ports::MockClock;

    use super::*;
    use crate::fixtures::{actor, user};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn sent(start: &str, sent: i64) -> MessageBucket {
        MessageBucket {
            start: at(start),
            count: MessageDelta {
                sent,
                ..MessageDelta::default()
            },
        }
    }

    async fn view(zone: &str, now: &str, since: &str, figures: Dashboard) -> DashboardView {
        let mut unit = MockUnitOfWork::default();
        let mut user = user();
        user.time_zone = TimeZone::parse(zone).expect("a zone");
        unit.users
            .expect_find()
            .returning(move |_: UserId| Ok(Some(user.clone())));
        let since = at(since);
        unit.statistics
            .expect_dashboard()
            .withf(move |_, asked, _| *asked == since)
            .return_once(move |_, _, _| Ok(figures));
        let mut clock = MockClock::new();
        let now = at(now);
        clock.expect_now().return_const(now);
        Statistics::new(
            Arc::new(ScriptedStorage::new().then_read(unit)),
            Arc::new(clock),
        )
        .dashboard(&actor())
        .await
        .expect("a dashboard")
    }

    #[tokio::test]
    async fn thirty_days_end_today_across_a_change_of_the_clocks() {
        // New York turned its clocks back on 2026-11-01: that day had 25 hours.
        let view = view(
            "America/New_York",
            "2026-11-23T03:00:00Z",
            "2026-10-24T04:00:00Z",
            Dashboard {
                buckets: vec![
                    sent("2026-10-24T03:45:00Z", 100),
                    sent("2026-10-24T04:00:00Z", 1),
                    sent("2026-11-01T04:00:00Z", 2),
                    sent("2026-11-02T04:45:00Z", 3),
                    sent("2026-11-02T05:00:00Z", 4),
                    sent("2026-11-23T02:45:00Z", 5),
                ],
                ..Dashboard::default()
            },
        )
        .await;

        assert_eq!(view.days.len(), 30);
        assert_eq!(view.days[0].date, date("2026-10-24"));
        assert_eq!(
            view.days[29].date,
            date("2026-11-22"),
            "still the evening before"
        );
        let with_messages: Vec<_> = view
            .days
            .iter()
            .filter(|day| day.sent > 0)
            .map(|day| (day.date, day.sent))
            .collect();
        assert_eq!(
            with_messages,
            [
                (date("2026-10-24"), 1),
                (date("2026-11-01"), 5),
                (date("2026-11-02"), 4),
                (date("2026-11-22"), 5),
            ]
        );
    }

    #[tokio::test]
    async fn a_day_whose_midnight_does_not_exist_begins_later() {
        // Cairo skipped from 00:00 to 01:00 on 2026-04-24.
        let view = view(
            "Africa/Cairo",
            "2026-05-23T12:00:00Z",
            "2026-04-23T22:00:00Z",
            Dashboard::default(),
        )
        .await;

        assert_eq!(view.days[0].date, date("2026-04-24"));
    }

    #[tokio::test]
    async fn every_status_and_rate_is_there_with_nothing_sent() {
        let view = view(
            "UTC",
            "2026-11-23T10:00:00Z",
            "2026-10-25T00:00:00Z",
            Dashboard::default(),
        )
        .await;

        assert_eq!(view.campaigns.len(), 7);
        assert_eq!(view.rates, MessageRates::default());
        assert!(view.days.iter().all(|day| day.sent == 0));
    }

    #[tokio::test]
    async fn rates_have_four_decimals() {
        let view = view(
            "UTC",
            "2026-11-23T10:00:00Z",
            "2026-10-25T00:00:00Z",
            Dashboard {
                campaigns: BTreeMap::from([("active".to_owned(), 2)]),
                messages: MessageTotals {
                    sent: 3,
                    delivered: 2,
                    read: 1,
                    failed: 1,
                    replied: 0,
                },
                buckets: vec![MessageBucket {
                    start: at("2026-11-23T09:00:00Z"),
                    count: MessageDelta {
                        sent: -1,
                        failed: 1,
                        ..MessageDelta::default()
                    },
                }],
                ..Dashboard::default()
            },
        )
        .await;

        let expected = MessageRates {
            delivery: 0.6667,
            read: 0.3333,
            reply: 0.0,
            failure: 0.25,
        };
        assert_eq!(view.rates, expected);
        assert_eq!(view.campaigns[&CampaignStatus::Active], 2);
        assert_eq!((view.days[29].sent, view.days[29].failed), (0, 1));
    }
}
