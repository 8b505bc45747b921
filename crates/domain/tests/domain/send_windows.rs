use chrono::{DateTime, TimeDelta, Timelike as _, Utc, Weekday};
use nexus_domain::CampaignStatus;
use nexus_domain::values::{Problem, SendWindow, TimeZone, WallTime};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::campaign_life::campaign;

const WEEK: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

fn time(raw: &str) -> WallTime {
    WallTime::parse(raw).expect("a time")
}

fn zone(name: &str) -> TimeZone {
    TimeZone::parse(name).expect("a zone")
}

fn window(days: &[Weekday], from: &str, to: &str, in_zone: &str) -> SendWindow {
    SendWindow::new(days.iter().copied(), time(from), time(to), zone(in_zone)).expect("a window")
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

#[test]
fn it_is_open_in_its_hours_on_its_days() {
    // 24 December 2026 is a Thursday; Mexico City is six hours behind.
    let office = window(&WEEK[..5], "09:00", "20:00", "America/Mexico_City");
    for (at, open) in [
        ("2026-12-24T14:59:59Z", false),
        ("2026-12-24T15:00:00Z", true),
        ("2026-12-25T01:59:59Z", true),
        ("2026-12-25T02:00:00Z", false),
        ("2026-12-26T18:00:00Z", false),
    ] {
        assert_eq!(office.is_open(instant(at)), open, "{at}");
    }
    assert_eq!(
        office.opens_at(instant("2026-12-26T01:59:59Z")),
        instant("2026-12-26T01:59:59Z"),
        "it is open"
    );
    assert_eq!(
        office.opens_at(instant("2026-12-26T02:00:00Z")),
        instant("2026-12-28T15:00:00Z"),
        "the weekend is over"
    );
}

#[test]
fn over_midnight_it_belongs_to_the_day_on_which_it_begins() {
    let friday_night = window(&[Weekday::Fri], "22:00", "06:00", "UTC");
    for (at, open) in [
        ("2026-12-25T05:00:00Z", false),
        ("2026-12-25T21:59:00Z", false),
        ("2026-12-25T22:00:00Z", true),
        ("2026-12-26T05:59:00Z", true),
        ("2026-12-26T06:00:00Z", false),
        ("2026-12-26T22:00:00Z", false),
    ] {
        assert_eq!(friday_night.is_open(instant(at)), open, "{at}");
    }
    let until_midnight = window(&[Weekday::Fri], "22:00", "24:00", "UTC");
    assert!(until_midnight.is_open(instant("2026-12-25T23:59:59Z")));
    assert!(!until_midnight.is_open(instant("2026-12-26T00:00:00Z")));
    let all_day = window(&[Weekday::Fri], "00:00", "24:00", "UTC");
    assert!(all_day.is_open(instant("2026-12-25T00:00:00Z")));
    assert!(!all_day.is_open(instant("2026-12-24T23:59:59Z")));
}

#[test]
fn its_hours_stay_what_they_are_when_clocks_are_put() {
    // Madrid: back on 25 October 2026 at 3:00, forward on 28 March 2027 at 2:00.
    let mornings = window(&WEEK, "09:00", "10:00", "Europe/Madrid");
    assert_eq!(
        mornings.opens_at(instant("2026-10-24T09:00:00Z")),
        instant("2026-10-25T08:00:00Z")
    );
    assert_eq!(
        mornings.opens_at(instant("2027-03-27T10:00:00Z")),
        instant("2027-03-28T07:00:00Z")
    );
    // The hour that comes twice is open twice, the one that is missing not at all.
    let small_hours = window(&WEEK, "02:00", "03:00", "Europe/Madrid");
    assert!(small_hours.is_open(instant("2026-10-25T00:30:00Z")));
    assert!(small_hours.is_open(instant("2026-10-25T01:30:00Z")));
    assert_eq!(
        small_hours.opens_at(instant("2027-03-27T23:00:00Z")),
        instant("2027-03-29T00:00:00Z")
    );
    // Its beginning is missing: it opens when the clocks are put.
    let half_past = window(&WEEK, "02:30", "05:00", "Europe/Madrid");
    assert_eq!(
        half_past.opens_at(instant("2027-03-28T00:00:00Z")),
        instant("2027-03-28T01:00:00Z")
    );
    // Once a week, and that hour is missing this week.
    let sundays = window(&[Weekday::Sun], "02:00", "03:00", "Europe/Madrid");
    assert_eq!(
        sundays.opens_at(instant("2027-03-21T02:00:00Z")),
        instant("2027-04-04T00:00:00Z")
    );
}

#[test]
fn one_that_never_opens_is_refused() {
    let utc = TimeZone::UTC;
    for (days, from, to) in [
        (vec![], "09:00", "20:00"),
        (vec![Weekday::Mon], "09:00", "09:00"),
        (vec![Weekday::Mon], "24:00", "06:00"),
        (vec![Weekday::Mon], "24:00", "24:00"),
    ] {
        assert_eq!(
            SendWindow::new(days, time(from), time(to), utc),
            Err(Problem::NeverOpens),
            "{from} {to}"
        );
    }
}

#[test]
fn hours_and_days_are_read_as_they_are_shown() {
    for (raw, shown) in [
        ("09:00", "09:00"),
        (" 9:05 ", "09:05"),
        ("00:00", "00:00"),
        ("23:59", "23:59"),
        ("24:00", "24:00"),
    ] {
        assert_eq!(time(raw).to_string(), shown);
    }
    for raw in [
        "",
        "9",
        "9:5",
        "24:01",
        "25:00",
        "12:60",
        "-1:00",
        "+9:00",
        "09:00:00",
        "9 am",
        "١٢:٠٠",
    ] {
        assert!(WallTime::parse(raw).is_err(), "{raw}");
    }
    let all = window(&WEEK, "09:00", "20:00", "UTC");
    assert_eq!(
        all.days(),
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    );
    for word in all.days() {
        assert!(SendWindow::parse_day(&word.to_uppercase()).is_ok());
    }
    assert!(SendWindow::parse_day("lunes").is_err());
}

#[test]
fn a_campaign_waits_for_its_window_while_it_is_being_sent() {
    let closed_at = instant("2026-12-24T21:00:00Z");
    for status in CampaignStatus::ALL {
        let mut waiting = campaign(status);
        assert_eq!(waiting.waiting_until(closed_at), None);
        waiting.send_window = Some(window(&WEEK, "09:00", "20:00", "UTC"));
        let expected = (status == CampaignStatus::Active).then(|| instant("2026-12-25T09:00:00Z"));
        assert_eq!(waiting.waiting_until(closed_at), expected, "{status:?}");
        assert_eq!(waiting.waiting_until(instant("2026-12-24T09:00:00Z")), None);
    }
}

/// Zones with a change of half an hour, of an hour at midnight, of two hours, and without one.
const ZONES: [&str; 8] = [
    "Europe/Madrid",
    "America/New_York",
    "America/Santiago",
    "America/Havana",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Asia/Kathmandu",
    "America/Mexico_City",
];

/// A minute of 2026 or 2027, rather often near a day on which some of the zones put their clocks.
fn any_minute() -> impl Strategy<Value = DateTime<Utc>> {
    let changes = select(vec![
        "2026-03-08T05:00:00Z",
        "2026-03-29T00:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-04-05T03:00:00Z",
        "2026-09-06T04:00:00Z",
        "2026-10-03T15:30:00Z",
        "2026-10-25T01:00:00Z",
        "2026-11-01T06:00:00Z",
    ]);
    let near = (changes, -3_000_i64..3_000)
        .prop_map(|(change, minutes)| instant(change) + TimeDelta::minutes(minutes));
    let any = (0_i64..1_051_200)
        .prop_map(|minutes| instant("2026-01-01T00:00:00Z") + TimeDelta::minutes(minutes));
    prop_oneof![3 => near, 1 => any]
}

fn any_window() -> impl Strategy<Value = SendWindow> {
    (
        subsequence(WEEK.to_vec(), 1..=7),
        0_u32..288,
        0_u32..=288,
        select(ZONES.to_vec()),
    )
        .prop_filter_map("it opens", |(days, from, to, in_zone)| {
            let at = |fives: u32| time(&format!("{:02}:{:02}", fives / 12, fives % 12 * 5));
            SendWindow::new(days, at(from), at(to), zone(in_zone)).ok()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn it_opens_at_the_first_minute_at_which_it_is_open(
        window in any_window(),
        from in any_minute(),
    ) {
        let opens = window.opens_at(from);
        prop_assert!(window.is_open(opens));
        // Found the slow way.
        let mut minute = from;
        while !window.is_open(minute) {
            minute += TimeDelta::minutes(1);
        }
        prop_assert_eq!(opens, minute);
        // From within a minute it opens at the same time, to the second.
        if opens > from {
            let later = from + TimeDelta::milliseconds(30_500);
            prop_assert_eq!(window.opens_at(later), opens);
            prop_assert_eq!((opens.second(), opens.nanosecond()), (0, 0));
        }
    }
}
