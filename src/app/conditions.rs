//! Conditions of the council: reported as met by the chair; accepted, returned or waived by the secretariat.

use chrono::NaiveDate;
use uuid::Uuid;

use super::caller::{Access, Caller};
use super::write::{WriteTx, expect_version};
use super::{App, Result};
use crate::db;
use crate::db::conditions::{Condition, ConditionOrder};
use crate::db::page::{Page, Window};
use crate::domain::decision::ConditionState;
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::evidence::EvidenceSubjectKind;
use crate::domain::refusal::{AvailableTransition, RefusalCode};
use crate::domain::rights::{Action, Authorization};
use crate::domain::state_machine::{available, check_transition};
use crate::domain::text::LocalizedText;
use crate::domain::version::ExpectedVersion;
use crate::domain::vocabulary::Vocabulary as _;

/// A condition as a caller sees it.
#[derive(Debug)]
pub struct ConditionView {
    pub condition: Condition,
    /// The current day in the task force's time zone.
    pub today: NaiveDate,
    /// The transitions that this caller sees.
    pub transitions: Vec<AvailableTransition>,
    /// Tells whether the caller can add evidence about the condition.
    pub can_add_evidence: bool,
}

impl ConditionView {
    pub(super) fn new(condition: Condition, access: &Access) -> Self {
        // The transitions already depend on the role, but not on the scope of the credential.
        let transitions = condition.state.transitions(access.state, access.effective_role);
        let out_of_scope = access.right(Action::FollowCondition) == Authorization::OutOfScope;
        let transitions = available(&transitions, out_of_scope.then_some(RefusalCode::InsufficientScope));
        let can_add_evidence = access.can_add_evidence(EvidenceSubjectKind::Condition);
        Self { transitions, condition, today: access.today, can_add_evidence }
    }
}

/// Moves a condition to another state and records the event.
pub(super) async fn transition(
    tx: &mut WriteTx<'_>,
    condition: &Condition,
    to: ConditionState,
    reason: Option<&LocalizedText>,
) -> Result<()> {
    db::conditions::set_state(tx.conn(), tx.task_force_id(), condition.id, to, reason, tx.now()).await?;
    tx.record(
        NewEvent::new(EventAction::ConditionTransitioned, SubjectKind::Condition, condition.id)
            .with_transition(condition.state.code(), to.code())
            .with_change("reason", None::<()>, reason),
    );
    Ok(())
}

impl App {
    /// A page of a task force's conditions.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn conditions_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        states: &[ConditionState],
        order: ConditionOrder,
        window: Window,
    ) -> Result<(NaiveDate, Page<Condition>)> {
        let (access, page) = self
            .read(caller, task_force_id, async |conn| {
                db::conditions::list(conn, task_force_id, states, order, window).await
            })
            .await?;
        Ok((access.today, page))
    }

    /// One condition.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`.
    pub async fn condition_get(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
    ) -> Result<ConditionView> {
        let (access, condition) = self
            .read(caller, task_force_id, async |conn| db::conditions::find(conn, task_force_id, id).await)
            .await?;
        Ok(ConditionView::new(condition.ok_or(RefusalCode::NotFound)?, &access))
    }

    /// Moves a condition to another state. A concluded or dissolved task force does not prevent that.
    ///
    /// # Errors
    /// As [`ConditionState::transitions`].
    pub async fn condition_transition(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: ExpectedVersion,
        to: ConditionState,
        reason: Option<LocalizedText>,
    ) -> Result<ConditionView> {
        self.write(caller, task_force_id, Action::FollowCondition, async |tx| {
            let found = async |tx: &WriteTx<'_>| -> Result<Condition> {
                Ok(db::conditions::find(tx.conn(), task_force_id, id).await?.ok_or(RefusalCode::NotFound)?)
            };
            let condition = found(tx).await?;
            expect_version(condition.version, &version)?;
            let transitions = condition.state.transitions(tx.access.state, tx.access.effective_role);
            if transitions.iter().any(|transition| transition.to == to) {
                tx.access.require(ConditionState::action_to(to))?;
            }
            check_transition(condition.state, &transitions, to, reason.is_some())?;
            transition(tx, &condition, to, reason.as_ref()).await?;
            Ok(ConditionView::new(found(tx).await?, &tx.access))
        })
        .await
    }
}
