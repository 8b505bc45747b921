use chrono::{DateTime, Utc};
use nexus_domain::values::{FieldName, MessageText, SegmentName, Tag};
use nexus_domain::{
    Audience, Campaign, CampaignContent, CampaignCounters, CampaignId, CampaignState,
    CampaignStatus, ChannelKind, ContactFilter, ContactStatus, OutsideWindow, Segment, SegmentId,
    StartPlan, StartProblem,
};

use crate::support::{at, contact, schedule, text};

fn tags(labels: &[&str]) -> Vec<Tag> {
    Tag::parse_list(labels.iter().copied()).expect("tags")
}

fn tag(label: &str) -> Tag {
    Tag::parse(label).expect("a tag")
}

fn labels(tags: &[Tag]) -> Vec<&str> {
    tags.iter().map(Tag::label).collect()
}

fn segment(filter: ContactFilter) -> Segment {
    Segment {
        id: SegmentId::from_uuid(uuid::Uuid::from_u128(7)),
        user_id: contact().user_id,
        name: SegmentName::parse("Fieles").expect("a name"),
        filter,
        created_at: at(0),
        updated_at: at(0),
    }
}

fn searching(words: &str, status: Option<ContactStatus>) -> ContactFilter {
    ContactFilter {
        search: Some(text(words)),
        status,
        ..ContactFilter::default()
    }
}

#[test]
fn filters_together_keep_every_condition() {
    let moment = |seconds| -> Option<DateTime<Utc>> { Some(at(seconds)) };
    let field = |label| FieldName::parse(label).ok();
    let one = ContactFilter {
        tags: tags(&["vip", "norte"]),
        has_phone: true,
        has_field: field("Ciudad"),
        created_after: moment(1),
        created_before: moment(9),
        ..searching("ana", Some(ContactStatus::Active))
    };
    let other = ContactFilter {
        tags: tags(&["VIP", "fiel"]),
        has_email: true,
        has_field: field("Talla"),
        created_after: moment(5),
        created_before: moment(7),
        ..searching("centro", Some(ContactStatus::Inactive))
    };
    let both = one.clone().and(other);
    let expected = ContactFilter {
        tags: tags(&["vip", "norte", "fiel"]),
        has_phone: true,
        has_email: true,
        has_field: field("Ciudad"),
        created_after: moment(5),
        created_before: moment(7),
        also: vec![ContactFilter {
            has_field: field("Talla"),
            ..searching("centro", Some(ContactStatus::Inactive))
        }],
        ..searching("ana", Some(ContactStatus::Active))
    };
    assert_eq!(both, expected);
    let thrice = both.clone().and(searching("sur", None));
    assert_eq!(thrice.also.len(), 2);
    assert_eq!(one.clone().and(one.clone()), one);
    assert_eq!(one.clone().and(ContactFilter::default()), one);
    assert_eq!(ContactFilter::default().and(one.clone()), one);
    assert_eq!(ContactFilter::default().and(both.clone()), both);
}

#[test]
fn an_audience_without_its_segment_is_nobody() {
    let known = segment(searching("centro", None));
    let audience = Audience {
        segment: Some(known.id),
        tags: tags(&["vip"]),
        ..Audience::default()
    };
    assert_eq!(audience.filter(None), None);
    let another = Segment {
        id: SegmentId::from_uuid(uuid::Uuid::from_u128(8)),
        ..known.clone()
    };
    assert_eq!(audience.filter(Some(&another)), None);
    let filter = audience.filter(Some(&known)).expect("somebody");
    assert_eq!(labels(&filter.tags), ["vip"]);
    assert_eq!(filter.search, Some(text("centro")));
}

#[test]
fn a_renamed_tag_is_followed_everywhere_in_a_filter() {
    let mut known = segment(ContactFilter {
        tags: tags(&["norte", "vip"]),
        also: vec![ContactFilter {
            tags: tags(&["VIP", "oro"]),
            ..ContactFilter::default()
        }],
        ..ContactFilter::default()
    });
    assert!(known.names_tag(&tag("oro")) && !known.names_tag(&tag("plata")));
    assert!(known.rename_tag(&tag("Vip"), &tag("Oro"), at(5)));
    assert_eq!(labels(&known.filter.tags), ["norte", "Oro"]);
    assert_eq!(labels(&known.filter.also[0].tags), ["oro"]);
    assert_eq!(known.updated_at, at(5));
    assert!(!known.rename_tag(&tag("vip"), &tag("plata"), at(6)));
    assert_eq!(known.updated_at, at(5));
    // Only the spelling.
    assert!(known.rename_tag(&tag("oro"), &tag("ORO"), at(7)));
    assert_eq!(labels(&known.filter.tags), ["norte", "ORO"]);
}

fn campaign() -> Campaign {
    Campaign {
        id: CampaignId::from_uuid(uuid::Uuid::from_u128(9)),
        user_id: contact().user_id,
        name: text("Rebajas"),
        channel: ChannelKind::Whatsapp,
        subject: None,
        content: CampaignContent::Text(MessageText::parse("Hola", &[]).expect("a text")),
        audience: None,
        send_window: None,
        outside_window: OutsideWindow::default(),
        sender_id: None,
        state: CampaignState::Draft,
        counters: CampaignCounters::default(),
        created_at: at(0),
        updated_at: at(0),
    }
}

fn awaiting(state: CampaignState) -> Campaign {
    Campaign {
        state,
        audience: Some(Audience {
            segment: Some(segment(ContactFilter::default()).id),
            tags: tags(&["vip"]),
            ..Audience::default()
        }),
        ..campaign()
    }
}

#[test]
fn a_campaign_awaits_its_segment_and_follows_its_tags_until_it_starts() {
    let (started_at, at_end) = (at(1), at(2));
    for state in [
        CampaignState::Draft,
        CampaignState::Scheduled {
            plan: StartPlan::new(schedule(2)),
        },
        CampaignState::Missed {
            schedule: schedule(2),
            problem: StartProblem::NobodyWasThere,
        },
        CampaignState::Active { started_at },
        CampaignState::Paused {
            started_at,
            reason: None,
        },
        CampaignState::Completed {
            started_at,
            at: at_end,
        },
        CampaignState::Cancelled {
            started_at: None,
            at: at_end,
        },
    ] {
        let mut campaign = awaiting(state);
        let awaits = matches!(
            campaign.status(),
            CampaignStatus::Draft | CampaignStatus::Scheduled | CampaignStatus::Missed
        );
        assert_eq!(campaign.awaited_segment().is_some(), awaits, "{state:?}");
        assert!(campaign.names_tag(&tag("VIP")));
        let renamed = campaign.rename_tag(&tag("vip"), &tag("oro"), at(9));
        assert_eq!(renamed, awaits, "{state:?}");
        assert_eq!(campaign.names_tag(&tag("oro")), awaits, "{state:?}");
        assert_eq!(campaign.updated_at == at(9), awaits, "{state:?}");
    }
}
