//! Policies: identified, reviewed, adopted or rejected, superseded.

use uuid::Uuid;

use super::Result;
use super::caller::Access;
use super::resource::{self, Events, Resource, Stateful};
use super::write::WriteTx;
use crate::db::page::Page;
use crate::db::policies::{Policy, PolicyDetail, PolicyFields};
use crate::db::resource::ProductFilter;
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::policy::PolicyState;
use crate::domain::refusal::{AvailableTransition, FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::state_machine::Transition;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

impl Resource for PolicyDetail {
    type Parent = ();
    type Fields = PolicyFields;
    type Listed = Policy;
    type Filter = ProductFilter<PolicyState>;
    const KIND: SubjectKind = SubjectKind::Policy;
    const EVENTS: Events = Events {
        created: EventAction::PolicyCreated,
        updated: EventAction::PolicyUpdated,
        deleted: EventAction::PolicyDeleted,
    };

    fn id(&self) -> Uuid {
        self.policy.id
    }

    fn version(&self) -> i32 {
        self.policy.version
    }

    fn fields(&self) -> &PolicyFields {
        &self.policy.fields
    }

    async fn find(conn: &Conn, task_force_id: Uuid, (): (), id: Uuid) -> QueryResult<Option<Self>> {
        db::policies::find(conn, task_force_id, id).await
    }

    async fn list(
        conn: &Conn,
        task_force_id: Uuid,
        (): (),
        filter: &ProductFilter<PolicyState>,
        after: Option<Uuid>,
        limit: i64,
    ) -> QueryResult<Option<Page<Policy>>> {
        db::policies::list(conn, task_force_id, filter, after, limit).await.map(Some)
    }

    async fn insert(tx: &WriteTx<'_>, (): (), fields: &PolicyFields) -> Result<Uuid> {
        let cycle = resource::cycle_of_open_step(tx, StepName::Policy).await?;
        Ok(db::policies::insert(tx.conn(), tx.task_force_id(), cycle, fields, tx.now()).await?)
    }

    async fn update(&self, tx: &WriteTx<'_>, (): (), fields: &PolicyFields) -> Result<()> {
        tx.may_write(Write::OpenStep(self.step_state))?;
        Ok(db::policies::update(tx.conn(), tx.task_force_id(), self.id(), fields, tx.now()).await?)
    }

    async fn check_deletable(&self, tx: &WriteTx<'_>, (): ()) -> Result<()> {
        tx.may_write(Write::OpenStep(self.step_state))?;
        resource::check_not_carried_over(self.policy.cycle, self.policy.last_cycle)
    }

    async fn delete(&self, tx: &WriteTx<'_>, (): ()) -> Result<()> {
        Ok(db::policies::delete(tx.conn(), tx.task_force_id(), self.id()).await?)
    }

    fn available_transitions(&self, access: &Access) -> Vec<AvailableTransition> {
        resource::available_transitions(self, access)
    }
}

impl Stateful for PolicyDetail {
    type State = PolicyState;
    /// The id of the policy that supersedes this one.
    type Payload = Option<Uuid>;
    const TRANSITIONED: EventAction = EventAction::PolicyTransitioned;

    fn state(&self) -> PolicyState {
        self.policy.state
    }

    fn transitions(&self, access: &Access) -> Vec<Transition<PolicyState>> {
        self.policy.state.transitions(&self.facts(access.state))
    }

    async fn apply_transition(
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
                let error = FieldError::at("/supersededById", FieldErrorCode::NotAllowed);
                return Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into());
            }
            db::policies::set_state(conn, task_force_id, id, to, reason, now).await?;
            return Ok(new_event);
        }
        let by = superseded_by.ok_or_else(|| Refusal::missing("/supersededById"))?;
        let other: Self = resource::find_referenced(tx, by, "/supersededById").await?;
        let counts = other.policy.last_cycle == self.policy.last_cycle;
        if by == id || other.policy.state != PolicyState::Adopted || !counts {
            return Err(RefusalCode::PolicyNotAdopted.into());
        }
        db::policies::supersede(conn, task_force_id, id, by, reason, now).await?;
        Ok(new_event.with_change("supersededById", None::<()>, by))
    }
}
