//! Policies: identified, reviewed, adopted or rejected, superseded.

use uuid::Uuid;

use super::Result;
use super::caller::Access;
use super::resource::{self, Resource, Stateful, product};
use super::write::WriteTx;
use crate::db;
use crate::db::policies::{Policy, PolicyDetail, PolicyFields};
use crate::db::resource::ProductFilter;
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::policy::PolicyState;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::state_machine::Transition;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

impl Resource for PolicyDetail {
    product!(
        policies, policy: Policy, PolicyFields, ProductFilter<PolicyState>,
        Policy: PolicyCreated, PolicyUpdated, PolicyDeleted
    );

    fn fields(&self) -> PolicyFields {
        self.policy.fields.clone()
    }

    async fn insert(tx: &WriteTx<'_>, (): (), fields: &PolicyFields) -> Result<Uuid> {
        let cycle = resource::open_cycle(tx, StepName::Policy).await?;
        Ok(db::policies::insert(tx.conn(), tx.task_force_id(), cycle, fields, tx.now()).await?)
    }

    async fn change(&self, tx: &WriteTx<'_>, (): (), fields: &PolicyFields) -> Result<()> {
        tx.may_write(Write::OpenStep(self.step_state))?;
        Ok(db::policies::update(tx.conn(), tx.task_force_id(), self.id(), fields, tx.now()).await?)
    }

    async fn may_remove(&self, tx: &WriteTx<'_>, (): ()) -> Result<()> {
        tx.may_write(Write::OpenStep(self.step_state))?;
        resource::made_now(self.policy.cycle, self.policy.last_cycle)
    }
}

impl Stateful for PolicyDetail {
    type State = PolicyState;
    /// The policy that takes its place.
    type Payload = Option<Uuid>;
    const TRANSITIONED: EventAction = EventAction::PolicyTransitioned;

    fn state(&self) -> PolicyState {
        self.policy.state
    }

    fn transitions(&self, access: &Access) -> Vec<Transition<PolicyState>> {
        self.policy.state.transitions(&self.facts(access.state))
    }

    async fn enter(
        &self,
        tx: &WriteTx<'_>,
        to: PolicyState,
        reason: Option<&LocalizedText>,
        superseded_by: Option<Uuid>,
        new_event: NewEvent,
    ) -> Result<NewEvent> {
        let (conn, task_force_id, id, now) = (tx.conn(), tx.task_force_id(), self.id(), tx.now());
        if to != PolicyState::Superseded {
            if superseded_by.is_some() {
                let fault = FieldError::at("/supersededById", FieldErrorCode::NotAllowed);
                return Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![fault]).into());
            }
            db::policies::set_state(conn, task_force_id, id, to, reason, now).await?;
            return Ok(new_event);
        }
        let by = superseded_by.ok_or_else(|| Refusal::missing("/supersededById"))?;
        let other: Self = resource::named(tx, by, "/supersededById").await?;
        let counts = other.policy.last_cycle == self.policy.last_cycle;
        if by == id || other.policy.state != PolicyState::Adopted || !counts {
            return Err(RefusalCode::PolicyNotAdopted.into());
        }
        db::policies::supersede(conn, task_force_id, id, by, reason, now).await?;
        Ok(new_event.with_change("supersededById", None::<()>, by))
    }
}
