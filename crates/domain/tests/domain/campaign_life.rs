use chrono::{DateTime, Utc};
use nexus_domain::values::{MessageText, PlaceholderValues, Problem};
use nexus_domain::{
    Campaign, CampaignContent, CampaignCounters, CampaignId, CampaignState, CampaignStatus,
    CampaignTransitionError, ChannelKind, FailureCode, OutsideWindow, SenderId, StartPlan,
    StartProblem, TemplateMessage, TemplateParts, TemplateVariable, UserId,
};

use crate::support::{SeededEntropy, at, schedule, text};

fn state(status: CampaignStatus) -> CampaignState {
    match status {
        CampaignStatus::Draft => CampaignState::Draft,
        CampaignStatus::Scheduled => CampaignState::Scheduled {
            plan: StartPlan::new(schedule(50)),
        },
        CampaignStatus::Active => CampaignState::Active { started_at: at(10) },
        CampaignStatus::Paused => CampaignState::Paused {
            started_at: at(10),
            reason: Some(FailureCode::AccountBlocked),
        },
        CampaignStatus::Completed => CampaignState::Completed {
            started_at: at(10),
            at: at(20),
        },
        CampaignStatus::Cancelled => CampaignState::Cancelled {
            started_at: Some(at(10)),
            at: at(20),
        },
        CampaignStatus::Missed => CampaignState::Missed {
            schedule: schedule(50),
            problem: StartProblem::NobodyWasThere,
        },
    }
}

fn sender() -> SenderId {
    SenderId::new(at(0), &SeededEntropy::new(9))
}

pub(crate) fn campaign(status: CampaignStatus) -> Campaign {
    let entropy = SeededEntropy::new(3);
    Campaign {
        id: CampaignId::new(at(0), &entropy),
        user_id: UserId::new(at(0), &entropy),
        name: text("Rebajas"),
        channel: ChannelKind::Whatsapp,
        subject: None,
        content: CampaignContent::Text(
            MessageText::parse("Hola {nombre}", &[]).expect("it is a text"),
        ),
        audience: None,
        send_window: None,
        outside_window: OutsideWindow::default(),
        sender_id: None,
        state: state(status),
        counters: CampaignCounters::default(),
        created_at: at(0),
        updated_at: at(0),
    }
}

#[derive(Debug, Clone, Copy)]
enum Action {
    Schedule,
    Start,
    Pause,
    Resume,
    Cancel,
    Complete,
    Unschedule,
    Reopen,
    Edit,
    Delete,
}

const ACTIONS: [Action; 10] = [
    Action::Schedule,
    Action::Start,
    Action::Pause,
    Action::Resume,
    Action::Cancel,
    Action::Complete,
    Action::Unschedule,
    Action::Reopen,
    Action::Edit,
    Action::Delete,
];

fn act(
    campaign: &mut Campaign,
    action: Action,
    now: DateTime<Utc>,
) -> Result<(), CampaignTransitionError> {
    match action {
        Action::Schedule => campaign.schedule(schedule(500), now),
        Action::Start => campaign.start(sender(), now),
        Action::Pause => campaign.pause(Some(FailureCode::CredentialInvalid), now),
        Action::Resume => campaign.resume(now),
        Action::Cancel => campaign.cancel(now),
        Action::Complete => campaign.complete(now),
        Action::Unschedule => campaign.unschedule(now),
        Action::Reopen => campaign.reopen(now),
        Action::Edit => campaign.check_editable(),
        Action::Delete => campaign.check_deletable(),
    }
}

/// Where `action` leads, `None` when it is refused; written out, so that it does not follow the code.
fn expected(from: CampaignStatus, action: Action) -> Option<CampaignState> {
    use CampaignStatus as S;
    let now = at(100);
    let (same, active) = (
        Some(state(from)),
        Some(CampaignState::Active { started_at: now }),
    );
    let scheduled = Some(CampaignState::Scheduled {
        plan: StartPlan::new(schedule(500)),
    });
    let completed = Some(CampaignState::Completed {
        started_at: at(10),
        at: now,
    });
    let cancelled = |started_at| {
        Some(CampaignState::Cancelled {
            started_at,
            at: now,
        })
    };
    let paused = Some(CampaignState::Paused {
        started_at: at(10),
        reason: Some(FailureCode::CredentialInvalid),
    });
    let resumed = Some(CampaignState::Active { started_at: at(10) });
    let draft = Some(CampaignState::Draft);
    // schedule, start, pause, resume, cancel, complete, unschedule, reopen, edit, delete
    let row = match from {
        S::Draft => [
            scheduled,
            active,
            None,
            None,
            cancelled(None),
            None,
            None,
            None,
            same,
            same,
        ],
        S::Scheduled => [
            scheduled,
            active,
            None,
            None,
            cancelled(None),
            None,
            draft,
            None,
            same,
            same,
        ],
        S::Active => [
            None,
            None,
            paused,
            None,
            cancelled(Some(at(10))),
            completed,
            None,
            same,
            None,
            None,
        ],
        S::Paused => [
            None,
            None,
            None,
            resumed,
            cancelled(Some(at(10))),
            completed,
            None,
            same,
            None,
            None,
        ],
        S::Completed => [
            None, None, None, None, None, None, None, resumed, None, same,
        ],
        S::Cancelled => [None, None, None, None, None, None, None, None, None, same],
        S::Missed => [
            scheduled, active, None, None, None, None, draft, None, same, same,
        ],
    };
    row[action as usize]
}

#[test]
fn every_action_in_every_status_leads_where_the_table_says() {
    for from in CampaignStatus::ALL {
        for action in ACTIONS {
            let before = campaign(from);
            assert_eq!(before.status(), from);
            let mut after = before.clone();
            let outcome = act(&mut after, action, at(100));
            if let Some(state) = expected(from, action) {
                assert_eq!(outcome, Ok(()), "{from:?} {action:?}");
                assert_eq!(after.state, state, "{from:?} {action:?}");
                let changed_at = if state == before.state && !matches!(action, Action::Schedule) {
                    at(0)
                } else {
                    at(100)
                };
                assert_eq!(after.updated_at, changed_at, "{from:?} {action:?}");
            } else {
                let refusal = CampaignTransitionError { status: from };
                assert_eq!(outcome, Err(refusal), "{from:?} {action:?}");
                assert_eq!(after, before, "{from:?} {action:?}");
            }
        }
    }
}

#[test]
fn a_campaign_with_nobody_left_is_complete() {
    let mut running = campaign(CampaignStatus::Active);
    running.counters.pending = 1;
    assert!(!running.complete_if_settled(at(100)));
    running.counters.pending = 0;
    assert!(running.complete_if_settled(at(100)));
    assert_eq!(running.state.completed_at(), Some(at(100)));
    for status in CampaignStatus::ALL {
        if status != CampaignStatus::Active {
            let mut other = campaign(status);
            assert!(!other.complete_if_settled(at(100)), "{status:?}");
        }
    }
}

#[test]
fn a_campaign_knows_its_sender_once_it_starts() {
    let mut started = campaign(CampaignStatus::Scheduled);
    assert_eq!(started.start(sender(), at(100)), Ok(()));
    assert_eq!(started.sender_id, Some(sender()));
}

#[test]
fn a_campaign_keeps_its_start_through_pause_and_completion() {
    let mut running = campaign(CampaignStatus::Draft);
    assert_eq!(running.start(sender(), at(1)), Ok(()));
    assert_eq!(running.pause(None, at(2)), Ok(()));
    assert_eq!(running.resume(at(3)), Ok(()));
    assert_eq!(running.complete(at(4)), Ok(()));
    assert_eq!(running.state.started_at(), Some(at(1)));
    assert_eq!(running.state.completed_at(), Some(at(4)));
}

#[test]
fn each_state_tells_the_times_that_belong_to_it() {
    for (status, started, completed, scheduled) in [
        (CampaignStatus::Draft, None, None, None),
        (CampaignStatus::Scheduled, None, None, Some(at(50))),
        (CampaignStatus::Active, Some(at(10)), None, None),
        (CampaignStatus::Paused, Some(at(10)), None, None),
        (CampaignStatus::Completed, Some(at(10)), Some(at(20)), None),
        (CampaignStatus::Cancelled, Some(at(10)), None, None),
        (CampaignStatus::Missed, None, None, Some(at(50))),
    ] {
        let state = state(status);
        assert_eq!(state.started_at(), started, "{status:?}");
        assert_eq!(state.completed_at(), completed, "{status:?}");
        let told = state.schedule().map(|schedule| schedule.at);
        assert_eq!(told, scheduled, "{status:?}");
    }
}

#[test]
fn a_refusal_names_the_status() {
    let refusal = CampaignTransitionError {
        status: CampaignStatus::Missed,
    };
    assert_eq!(
        refusal.to_string(),
        "a campaign that is missed does not allow this"
    );
}

#[test]
fn words_of_status_and_channel_are_read_back() {
    for status in CampaignStatus::ALL {
        assert_eq!(CampaignStatus::parse(status.as_str()), Ok(status));
        let json = serde_json::to_value(status).expect("it serializes");
        assert_eq!(json, status.as_str());
    }
    for channel in [ChannelKind::Whatsapp, ChannelKind::Gmail] {
        assert_eq!(ChannelKind::parse(channel.as_str()), Ok(channel));
        let json = serde_json::to_value(channel).expect("it serializes");
        assert_eq!(json, channel.as_str());
    }
    assert_eq!(
        ChannelKind::parse("sms"),
        Err(Problem::NotOneOf {
            accepted: vec!["whatsapp".to_owned(), "gmail".to_owned()]
        })
    );
    assert!(matches!(
        CampaignStatus::parse("Draft"),
        Err(Problem::NotOneOf { accepted }) if accepted.len() == 7
    ));
}

#[test]
fn a_template_gets_the_values_of_each_recipient() {
    let variable = |key: &str, source: &str| TemplateVariable {
        key: key.to_owned(),
        text: MessageText::parse(source, &[]).expect("it is a text"),
        fallback: None,
    };
    let template = TemplateMessage {
        name: text("bienvenida"),
        language: text("es_MX"),
        variables: vec![variable("1", "{nombre}"), variable("descuento", "10 %")],
        parts: TemplateParts::default(),
    };
    let values = PlaceholderValues {
        name: "Ana",
        ..PlaceholderValues::default()
    };
    assert_eq!(
        template.render(values),
        [
            ("1".to_owned(), "Ana".to_owned()),
            ("descuento".to_owned(), "10 %".to_owned())
        ]
    );
    let content = CampaignContent::Template {
        template: template.clone(),
        note: None,
    };
    assert_eq!(content.template(), Some(&template));
    assert_eq!(content.message(), None);
}

#[test]
fn a_cancelled_campaign_stays_until_its_last_messages_have_landed() {
    let mut campaign = campaign(CampaignStatus::Cancelled);
    campaign.counters.pending = 1;
    let refused = campaign.check_deletable().expect_err("one is in flight");
    assert_eq!(refused.status, CampaignStatus::Cancelled);
    campaign.counters.pending = 0;
    assert_eq!(campaign.check_deletable(), Ok(()));
}
