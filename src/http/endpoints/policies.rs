//! Policies over HTTP.
//!
//! [`resource_routes!`] makes the handlers `list_policies`, `create_policy`, `get_policy`,
//! `update_policy`, `delete_policy` and `transition_policy`.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::resource::View;
use crate::db;
use crate::db::policies::{PolicyDetail, PolicyFields};
use crate::db::resource::ProductFilter;
use crate::domain::policy::{PolicyKind, PolicyState};
use crate::domain::refusal::RefusalCode;
use crate::domain::scales::Aim;
use crate::domain::text::{Language, LocalizedText};
use crate::http::operation_problems::changes_product;
use crate::http::pagination::{ListItem, Page, page_query};
use crate::http::patch::Patch;
use crate::http::problem::TransitionDocument;
use crate::http::request::{Path, TaskForcePath};
use crate::http::resource::{Representation, resource_routes};
use crate::http::text::{LocalizedName, LocalizedNote, LocalizedText as LongText, PlainLine};
use crate::http::values::Aims;

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    resource_operations(config);
}

/// A merge patch of [`NewPolicy`].
type PolicyPatch = Patch<NewPolicy>;

/// The path of a policy.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct PolicyPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The policy.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) policy_id: Uuid,
}

impl Path for PolicyPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A new policy.
#[derive(Debug, Serialize, Deserialize, ToSchema, Mapper)]
#[mapper(from, into, ty = PolicyFields)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewPolicy {
    /// What it is called.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Policy, framework or standard.
    kind: PolicyKind,
    /// What it is about.
    #[schema(value_type = Option<LongText>)]
    description: Option<LocalizedText>,
    /// Where it is written: a number, an address.
    #[schema(value_type = Option<PlainLine>)]
    reference: Option<String>,
    /// The aims of local smart government development that it serves; none at first, at least one before it is adopted: what is decided stays as it is.
    #[serde(default)]
    #[schema(required = false, value_type = Aims)]
    aims: Vec<Aim>,
}

/// A policy of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PolicyItem {
    /// Its id.
    id: Uuid,
    /// The cycle that it was made in.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// The last cycle that it counts in: adopted policies are carried over.
    #[schema(minimum = 1, example = 1)]
    last_cycle: i32,
    /// What it is called.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Policy, framework or standard.
    kind: PolicyKind,
    /// What it is about.
    #[schema(required, value_type = Option<LongText>)]
    description: Option<LocalizedText>,
    /// Where it is written.
    #[schema(required, example = "Decree 14/2026")]
    reference: Option<String>,
    /// The aims that it serves.
    #[schema(value_type = Aims)]
    aims: Vec<Aim>,
    /// The policy that took its place.
    #[schema(required)]
    superseded_by_id: Option<Uuid>,
    /// The member who put it under review last, and may change its text until it is decided on; another member adopts it.
    #[schema(required)]
    under_review_by_member_id: Option<Uuid>,
    /// Its state.
    state: PolicyState,
    /// Why it has that state.
    #[schema(required, value_type = Option<LocalizedNote>)]
    state_reason: Option<LocalizedText>,
    /// Since when it has its state.
    state_since: DateTime<Utc>,
    /// Counts changes of its own fields.
    #[schema(minimum = 1, example = 2)]
    version: i32,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl PolicyItem {
    fn new(policy: db::policies::Policy) -> Self {
        Self {
            id: policy.id,
            cycle: policy.cycle,
            last_cycle: policy.last_cycle,
            title: policy.fields.title,
            kind: policy.fields.kind,
            description: policy.fields.description,
            reference: policy.fields.reference,
            aims: policy.fields.aims,
            superseded_by_id: policy.superseded_by_id,
            under_review_by_member_id: policy.under_review_by_member_id,
            state: policy.state,
            state_reason: policy.state_reason,
            state_since: policy.state_since,
            version: policy.version,
            created_at: policy.created_at,
            updated_at: policy.updated_at,
        }
    }
}

/// A policy, and where it can go from here.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Policy {
    #[serde(flatten)]
    item: PolicyItem,
    /// Where it can go from here, for you, now.
    available_transitions: Vec<TransitionDocument>,
}

impl Representation for Policy {
    type Resource = PolicyDetail;

    fn new(view: View<PolicyDetail>, language: Language) -> Self {
        Self {
            item: PolicyItem::new(view.resource.policy),
            available_transitions: TransitionDocument::all(&view.transitions, language),
        }
    }
}

/// Where a policy is to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PolicyTransition {
    /// The state to go to.
    to: PolicyState,
    /// Why; needed to reject, and to take a decision back: from `adopted` to `underReview`, from `rejected` to `identified`.
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
    /// The adopted policy that takes its place; needed for `superseded`, and refused otherwise.
    superseded_by_id: Option<Uuid>,
}

page_query! {
    /// Which policies.
    PolicyQuery {
        /// Those that count in this cycle; the present one if not given.
        #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
        cycle: Option<i32>,
        /// Only in one of these states: `state` several times, or once with commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 5, example = json!(["adopted"]))]
        state: Option<Vec<PolicyState>>,
        /// Only those whose text holds this, whatever the letter forms, digits, diacritics and case.
        #[param(nullable = false, min_length = 1, max_length = 200, format = "text-search", example = "سياسة")]
        q: Option<String>,
    }
}

/// A page of policies.
type PolicyPage = Page<PolicyItem>;

impl ListItem for PolicyItem {
    const PAGE_NAME: &'static str = "PolicyPage";
    const PAGE_DESCRIPTION: &'static str = "A page of policies.";
}

resource_routes! {
    representation: Policy,
    new: NewPolicy,
    patch: PolicyPatch,
    tag: "policies",
    collection: {
        url: "/v1/task-forces/{taskForceId}/policies",
        path: TaskForcePath,
        parent: |_path| (),
    },
    single: {
        url: "/v1/task-forces/{taskForceId}/policies/{policyId}",
        path: PolicyPath,
        parent: |_path| (),
        id: |path| path.policy_id,
    },
    list: {
        function: list_policies,
        summary: "List policies",
        description: "The policies and frameworks of smart governance of a cycle, those carried over into it among them, oldest first.",
        query: PolicyQuery,
        filter: |query| ProductFilter {
            cycle: query.cycle,
            states: query.state.unwrap_or_default(),
            q: query.q,
            pilot_id: None,
        },
        item: PolicyItem,
        page: PolicyPage,
    },
    create: {
        function: create_policy,
        summary: "Create a policy",
        description: "Possible while step `policy` is open. It starts as `identified`.",
        problems: changes_product().refuses([RefusalCode::TooManyItems]),
    },
    get: {
        function: get_policy,
        summary: "Read a policy",
        description: "One policy, and where it can go from here.",
    },
    update: {
        function: update_policy,
        summary: "Change a policy",
        description: "Changes the fields that the merge patch names, while step `policy` is open. While the policy is under review, only the member who put it under review changes the text. The text of a policy that was decided on stays as it is: move the policy back first.",
        problems: changes_product().refuses([RefusalCode::PolicyDecided, RefusalCode::PolicyUnderReview]),
    },
    delete: {
        function: delete_policy,
        summary: "Delete a policy",
        description: "Possible while step `policy` is open and nothing refers to it; one that was decided on or carried over stays.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::StillReferenced, RefusalCode::PolicyDecided,
                RefusalCode::PolicyUnderReview,
            ]),
    },
    transition: {
        function: transition_policy,
        summary: "Move a policy to another state",
        description: "`availableTransitions` of the policy says which states can be reached, and what stands in the way of each. A policy is adopted by another member than the one who put it under review.",
        problems: changes_product()
            .refuses([
                RefusalCode::UnknownReference, RefusalCode::TransitionNotAllowed,
                RefusalCode::PolicyNotAdopted, RefusalCode::AdoptionByAnother,
                RefusalCode::StillReferenced,
            ]),
        url: "/v1/task-forces/{taskForceId}/policies/{policyId}/transitions",
        body: PolicyTransition,
        payload: |body| body.superseded_by_id,
    },
}
