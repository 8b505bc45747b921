//! A campaign that starts by itself.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    Campaign, CampaignState, CampaignTransitionError, Schedule, StartPlan, StartProblem, StartTurn,
};

impl Campaign {
    /// Will start by itself. One that is scheduled already is moved.
    pub fn schedule(
        &mut self,
        schedule: Schedule,
        now: DateTime<Utc>,
    ) -> Result<(), CampaignTransitionError> {
        self.check_editable()?;
        let plan = StartPlan::new(schedule);
        self.enter(CampaignState::Scheduled { plan }, now);
        Ok(())
    }

    /// Will not start by itself any more: it is a draft again, as is one whose start was missed.
    pub fn unschedule(&mut self, now: DateTime<Utc>) -> Result<(), CampaignTransitionError> {
        match self.state {
            CampaignState::Scheduled { .. } | CampaignState::Missed { .. } => {
                self.enter(CampaignState::Draft, now);
                Ok(())
            }
            _ => self.refuse(),
        }
    }

    /// A process looks whether it is to start. When it is, the next look is due `wait` of the number
    /// of tries later, and at the latest start at the latest: another process may have to take over.
    pub fn take_turn(
        &mut self,
        now: DateTime<Utc>,
        wait: impl FnOnce(u32) -> TimeDelta,
    ) -> StartTurn {
        let CampaignState::Scheduled { mut plan } = self.state else {
            return StartTurn::NotDue;
        };
        if now < plan.next_try_at {
            return StartTurn::NotDue;
        }
        if now >= plan.schedule.latest_start_at {
            let state = CampaignState::Missed {
                schedule: plan.schedule,
                problem: plan.reason_to_miss(),
            };
            self.enter(state, now);
            return StartTurn::TooLate;
        }
        plan.tries = plan.tries.saturating_add(1);
        plan.next_try_at = (now + wait(plan.tries)).min(plan.schedule.latest_start_at);
        // Nothing that a person would call a change.
        self.state = CampaignState::Scheduled { plan };
        StartTurn::Try(plan.schedule)
    }

    /// Whether it is still to start by this schedule, and in time.
    pub fn may_start_by(&self, schedule: &Schedule, now: DateTime<Utc>) -> bool {
        matches!(self.state, CampaignState::Scheduled { plan } if plan.schedule == *schedule)
            && (schedule.at..schedule.latest_start_at).contains(&now)
    }

    /// A try to start it by this schedule failed, for a reason that may pass. Whether that made a
    /// difference.
    pub fn note_start_problem(&mut self, schedule: &Schedule, problem: StartProblem) -> bool {
        match &mut self.state {
            CampaignState::Scheduled { plan }
                if plan.schedule == *schedule && plan.problem != Some(problem) =>
            {
                plan.problem = Some(problem);
                true
            }
            _ => false,
        }
    }

    /// It can't be started by this schedule, for a reason that does not pass by itself. Whether it
    /// was still to be.
    pub fn miss(&mut self, schedule: &Schedule, problem: StartProblem, now: DateTime<Utc>) -> bool {
        let is_this = matches!(
            self.state,
            CampaignState::Scheduled { plan } if plan.schedule == *schedule
        );
        if is_this {
            let schedule = *schedule;
            self.enter(CampaignState::Missed { schedule, problem }, now);
        }
        is_this
    }
}
