//! Policies: identified, reviewed, adopted or rejected, superseded.

use uuid::Uuid;

use super::Checked;
use super::Result;
use super::caller::Access;
use super::resource::{self, Events, Resource, Stateful};
use super::write::WriteTx;
use crate::db::page::{Keyed, Page, Window};
use crate::db::policies::{Policy, PolicyDetail, PolicyFields, PolicyStateUpdate};
use crate::db::resource::{ProductFilter, ProductOrder};
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::policy::PolicyState;
use crate::domain::reference::Reference;
use crate::domain::refusal::{AvailableTransition, FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::size;
use crate::domain::state_machine::Transition;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

impl PolicyDetail {
    /// Refuses to change a policy that another member has put under review. A member who could do so could adopt a text
    /// of their own.
    fn check_review_untouched(&self, access: &Access) -> Checked {
        let is_under_review = self.policy.state == PolicyState::UnderReview;
        if is_under_review && !self.is_under_review_by(access.actor.user_id) {
            let by = self.reviewer();
            return Err(Refusal::from(RefusalCode::PolicyUnderReview).references(by));
        }
        Ok(())
    }

    /// The member who put the policy under review.
    fn reviewer(&self) -> Vec<Reference> {
        self.policy.under_review_by.iter().map(Reference::from).collect()
    }

    /// Refuses to change or delete a policy that was decided on, or while step `policy` is not open.
    fn check_text_writable(&self, access: &Access) -> Checked {
        access.may_write(Write::OpenStep(self.step_state))?;
        if self.policy.state.is_decided() { Err(RefusalCode::PolicyDecided.into()) } else { Ok(()) }
    }

    /// Checks that the policy named in the request can take the place of this one.
    async fn check_successor(&self, tx: &WriteTx<'_>, by: Uuid) -> Result<()> {
        let other: Self = resource::find_referenced(tx, by, "/supersededById").await?;
        let counts = other.policy.last_cycle == self.policy.last_cycle;
        if by == self.id() || other.policy.state != PolicyState::Adopted || !counts {
            let named =
                Reference::new(Self::KIND, by, other.policy.fields.title).in_task_force(tx.task_force_id());
            return Err(Refusal::from(RefusalCode::PolicyNotAdopted).references(vec![named]).into());
        }
        Ok(())
    }
}

impl Resource for PolicyDetail {
    type Parent = ();
    type Fields = PolicyFields;
    type Listed = Keyed<Policy>;
    type Order = ProductOrder;
    type Filter = ProductFilter<PolicyState>;
    type Context = ();
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
        order: &ProductOrder,
        window: Window,
    ) -> QueryResult<Option<Page<Keyed<Policy>>>> {
        db::policies::list(conn, task_force_id, filter, order, window).await.map(Some)
    }

    async fn insert(tx: &WriteTx<'_>, (): (), fields: &PolicyFields) -> Result<Uuid> {
        let cycle = resource::cycle_of_open_step(tx, StepName::Policy).await?;
        let count = db::policies::count(tx.conn(), tx.task_force_id(), cycle).await?;
        size::check_products(count)?;
        let id = tx.new_id();
        db::policies::insert(tx.conn(), tx.task_force_id(), id, cycle, fields, tx.now()).await?;
        Ok(id)
    }

    async fn context(_: &Conn, _: Uuid, (): (), _: Uuid) -> QueryResult<()> {
        Ok(())
    }

    fn check_changeable(&self, access: &Access, (): &()) -> Checked {
        self.check_text_writable(access)?;
        self.check_review_untouched(access)
    }

    async fn update(&self, tx: &WriteTx<'_>, (): (), fields: &PolicyFields) -> Result<()> {
        Ok(db::policies::update(tx.conn(), tx.task_force_id(), self.id(), fields, tx.now()).await?)
    }

    fn check_deletable(&self, access: &Access, (): &()) -> Checked {
        self.check_changeable(access, &())?;
        if !self.superseded.0.is_empty() {
            let superseded = self.superseded.first();
            return Err(Refusal::from(RefusalCode::SupersedesAnother).references(superseded));
        }
        resource::check_not_carried_over(self.policy.cycle, self.policy.last_cycle)
    }

    async fn delete(&self, tx: &WriteTx<'_>, (): ()) -> Result<()> {
        Ok(db::policies::delete(tx.conn(), tx.task_force_id(), self.id()).await?)
    }

    fn available_transitions(&self, access: &Access) -> Vec<AvailableTransition> {
        resource::available_transitions(self, access)
    }

    fn references(&self, obstacle: RefusalCode) -> Vec<Reference> {
        match obstacle {
            RefusalCode::AdoptionByAnother => self.reviewer(),
            RefusalCode::SupersedesAnother => self.superseded.first(),
            _ => Vec::new(),
        }
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
        self.policy.state.transitions(&self.facts(access.state, access.actor.user_id))
    }

    async fn apply_transition(
        &self,
        tx: &WriteTx<'_>,
        to: PolicyState,
        reason: Option<&LocalizedText>,
        superseded_by: Option<Uuid>,
        new_event: NewEvent,
    ) -> Result<NewEvent> {
        let before = &self.policy;
        match (to, superseded_by) {
            (PolicyState::Superseded, Some(by)) => self.check_successor(tx, by).await?,
            (PolicyState::Superseded, None) => {
                return Err(Refusal::missing("/supersededById", &["to"]).into());
            }
            (_, Some(_)) => {
                let error = FieldError::at("/supersededById", FieldErrorCode::NotAllowed);
                return Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into());
            }
            (_, None) => {}
        }
        let under_review_by = match to {
            PolicyState::UnderReview => tx.access.member_id,
            PolicyState::Identified => None,
            PolicyState::Adopted | PolicyState::Rejected | PolicyState::Superseded => {
                before.under_review_by_member_id
            }
        };
        let update = PolicyStateUpdate {
            state: to,
            state_reason: reason,
            superseded_by_id: superseded_by,
            under_review_by_member_id: under_review_by,
        };
        db::policies::update_state(tx.conn(), tx.task_force_id(), self.id(), &update, tx.now()).await?;
        Ok(new_event.with_change("supersededById", None::<()>, superseded_by).with_change(
            "underReviewByMemberId",
            before.under_review_by_member_id,
            under_review_by,
        ))
    }
}
