//! Policies: identified, reviewed, adopted or rejected, superseded.

use uuid::Uuid;

use super::Result;
use super::caller::Access;
use super::write::Door;
use super::resource::{self, Noun, Staged, product};
use crate::db;
use crate::db::policies::{Policy, PolicyDetail, PolicyFields};
use crate::db::resource::ProductFilter;
use crate::domain::event::{EventAction, Happening, SubjectKind};
use crate::domain::state_machine::Exit;
use crate::domain::policy::PolicyState;
use crate::domain::refusal::{Code, Fault, FaultCode, Refusal};
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

impl Noun for PolicyDetail {
    product!(
        policies, policy: Policy, PolicyFields, ProductFilter<PolicyState>,
        Policy: PolicyCreated, PolicyUpdated, PolicyDeleted
    );

    fn fields(&self) -> PolicyFields {
        let Policy { title, kind, description, reference, aims, .. } = self.policy.clone();
        PolicyFields { title, kind, description, reference, aims }
    }

    async fn insert(door: &Door<'_>, (): (), fields: &PolicyFields) -> Result<Uuid> {
        let cycle = noun::open_cycle(door, StepName::Policy).await?;
        Ok(db::policies::insert(door.conn(), door.task_force_id(), cycle, fields, door.now()).await?)
    }

    async fn change(&self, door: &Door<'_>, (): (), fields: &PolicyFields) -> Result<()> {
        door.may_write(Write::OpenStep(self.step_state))?;
        Ok(db::policies::update(door.conn(), door.task_force_id(), self.id(), fields, door.now()).await?)
    }

    async fn may_remove(&self, door: &Door<'_>, (): ()) -> Result<()> {
        door.may_write(Write::OpenStep(self.step_state))?;
        noun::made_now(self.policy.cycle, self.policy.last_cycle)
    }
}

impl Staged for PolicyDetail {
    type State = PolicyState;
    /// The policy that takes its place.
    type Order = Option<Uuid>;
    const TRANSITIONED: EventAction = EventAction::PolicyTransitioned;

    fn state(&self) -> PolicyState {
        self.policy.state
    }

    fn exits(&self, access: &Access) -> Vec<Exit<PolicyState>> {
        self.policy.state.exits(&self.facts(access.state))
    }

    async fn enter(
        &self,
        door: &Door<'_>,
        to: PolicyState,
        reason: Option<&LocalizedText>,
        superseded_by: Option<Uuid>,
        happening: Happening,
    ) -> Result<Happening> {
        let (conn, task_force_id, id, now) = (door.conn(), door.task_force_id(), self.id(), door.now());
        if to != PolicyState::Superseded {
            if superseded_by.is_some() {
                let fault = Fault::at("/supersededById", FaultCode::NotAllowed);
                return Err(Refusal::faults(Code::InvalidRequest, vec![fault]).into());
            }
            db::policies::set_state(conn, task_force_id, id, to, reason, now).await?;
            return Ok(happening);
        }
        let by = superseded_by.ok_or_else(|| Refusal::missing("/supersededById"))?;
        let other: Self = noun::named(door, by, "/supersededById").await?;
        let counts = other.policy.last_cycle == self.policy.last_cycle;
        if by == id || other.policy.state != PolicyState::Adopted || !counts {
            return Err(Code::PolicyNotAdopted.into());
        }
        db::policies::supersede(conn, task_force_id, id, by, reason, now).await?;
        Ok(happening.noting("supersededById", None::<()>, by))
    }
}
