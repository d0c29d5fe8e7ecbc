//! Policies over HTTP.
//!
//! [`resource_routes!`] makes the handlers `list_policies`, `create_policy`, `get_policy`,
//! `update_policy`, `delete_policy` and `transition_policy`.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::resource::View;
use crate::db;
use crate::db::policies::{PolicyDetail, PolicyFields};
use crate::db::resource::ProductFilter;
use crate::domain::policy::{PolicyKind, PolicyState};
use crate::domain::refusal::RefusalCode;
use crate::domain::scales::Aim;
use crate::domain::text::{Language, LocalizedText};
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::changes_product;
use crate::http::pagination::{ListItem, Page, page_query};
use crate::http::patch::Patch;
use crate::http::permissions::PolicyPermissions;
use crate::http::problem::TransitionDocument;
use crate::http::reference::{MemberReference, ResourceReference};
use crate::http::request::{Path, TaskForcePath};
use crate::http::resource::{ListQuery, ProductSort, Representation, resource_routes};
use crate::http::text::{LocalizedName, LocalizedNote, LocalizedText as LongText, PlainLine};
use crate::http::values::Aims;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
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
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Policy, framework or standard.
    kind: PolicyKind,
    /// The subject.
    #[schema(value_type = Option<LongText>)]
    description: Option<LocalizedText>,
    /// Reference of the text, such as a number or a URL.
    #[schema(value_type = Option<PlainLine>)]
    reference: Option<String>,
    /// The aims of local smart government development that the policy serves; at least one is required before the
    /// policy is adopted.
    #[serde(default)]
    #[schema(required = false, value_type = Aims)]
    aims: Vec<Aim>,
}

/// A policy of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PolicyItem {
    /// Unique id.
    id: Uuid,
    /// The cycle in which the activity was created.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// Last cycle in which the policy counts. Adopted policies are carried over.
    #[schema(minimum = 1, example = 1)]
    last_cycle: i32,
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Policy, framework or standard.
    kind: PolicyKind,
    /// The subject.
    #[schema(required, value_type = Option<LongText>)]
    description: Option<LocalizedText>,
    /// Reference of the text.
    #[schema(required, example = "Decree 14/2026")]
    reference: Option<String>,
    /// The aims that the resource serves.
    #[schema(value_type = Aims)]
    aims: Vec<Aim>,
    /// The policy that replaced this policy.
    #[schema(required)]
    superseded_by: Option<ResourceReference>,
    /// The member who last put the policy under review. Only this member can change the text during the review, and
    /// only another member can adopt the policy.
    #[schema(required)]
    under_review_by: Option<MemberReference>,
    /// Current state.
    state: PolicyState,
    /// Reason for the current state.
    #[schema(required, value_type = Option<LocalizedNote>)]
    state_reason: Option<LocalizedText>,
    /// Time of the last change of state.
    state_since: DateTime<Utc>,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 2)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
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
            superseded_by: policy.superseded_by.map(ResourceReference::from),
            under_review_by: policy.under_review_by.map(MemberReference::from),
            state: policy.state,
            state_reason: policy.state_reason,
            state_since: policy.state_since,
            version: policy.version,
            created_at: policy.created_at,
            updated_at: policy.updated_at,
        }
    }
}

/// A policy with its available transitions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Policy {
    #[serde(flatten)]
    item: PolicyItem,
    /// The transitions out of the current state that the caller can make now, or the obstacles of each, computed by the
    /// check that the service enforces.
    available_transitions: Vec<TransitionDocument>,
    /// The actions that the caller can perform on the policy now. `availableTransitions` contains the transitions.
    permissions: PolicyPermissions,
}

impl Representation for Policy {
    type Resource = PolicyDetail;

    fn new(view: View<PolicyDetail>, language: Language) -> Self {
        let permissions = PolicyPermissions::from(&view);
        Self {
            item: PolicyItem::new(view.resource.policy),
            available_transitions: TransitionDocument::all(&view.transitions, language),
            permissions,
        }
    }
}

/// A transition of a policy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PolicyTransition {
    /// The new state.
    to: PolicyState,
    /// Reason; required to reject, and to take a decision back (from `adopted` to `underReview`, from `rejected` to
    /// `identified`).
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
    /// The adopted policy that replaces this policy; required for `superseded`, and refused otherwise.
    superseded_by_id: Option<Uuid>,
}

page_query! {
    /// The query parameters of a list of policies.
    PolicyQuery, exported by PolicyExportQuery {
        /// Only items that count in this cycle. Default: the current cycle.
        #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
        cycle: Option<i32>,
        /// Only items in one of these states. Repeat `state`, or separate the states by commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 5, example = json!(["adopted"]))]
        state: Option<Vec<PolicyState>>,
        /// Search by text. Ignores case, Arabic diacritics, alef variants and digit forms.
        #[param(nullable = false, min_length = 1, max_length = 200, format = "text-search", example = "سياسة")]
        q: Option<String>,
        /// The order of the list: `createdAt` (the default), `title` (in the language of the response) or `-updatedAt`.
        #[param(inline, nullable = false)]
        sort: Option<ProductSort>,
    }
}

impl ListQuery<PolicyDetail> for PolicyQuery {
    type Sort = ProductSort;

    fn sort(&self) -> ProductSort {
        self.sort.unwrap_or(ProductSort::CreatedAt)
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
        description: "The policies and frameworks of smart governance of a cycle, including those carried over into it, oldest first.",
        query: PolicyQuery,
        filter: |query| ProductFilter {
            cycles: query.cycle.into(),
            states: query.state.unwrap_or_default(),
            q: query.q,
            pilot_id: None,
        },
        item: PolicyItem,
        page: PolicyPage,
        export: {
            function: export_policies,
            url: "/v1/task-forces/{taskForceId}/policies/export",
            summary: "Export policies as a sheet",
            description: "All policies and frameworks that match the filters, in the order of the list, as CSV or as a workbook of Excel.",
            query: PolicyExportQuery,
            row: db::policies::Policy,
        },
    },
    create: {
        function: create_policy,
        summary: "Create a policy",
        description: "Creates a policy in state `identified` while step `policy` is open.",
        problems: changes_product().refuses([RefusalCode::TooManyItems]),
    },
    get: {
        function: get_policy,
        summary: "Get a policy",
        description: "One policy and its available transitions.",
    },
    update: {
        function: update_policy,
        summary: "Update a policy",
        description: "Changes the fields in the merge patch while step `policy` is open. While the policy is under review, only the member who put it under review can change its text. The text of an adopted or rejected policy cannot be changed: move the policy back first.",
        problems: changes_product().refuses([RefusalCode::PolicyDecided, RefusalCode::PolicyUnderReview]),
    },
    delete: {
        function: delete_policy,
        summary: "Delete a policy",
        description: "Deletes a policy while step `policy` is open and nothing refers to it. A policy that was decided on or carried over cannot be deleted.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::StillReferenced, RefusalCode::PolicyDecided,
                RefusalCode::PolicyUnderReview, RefusalCode::SupersedesAnother,
            ]),
    },
    transition: {
        function: transition_policy,
        summary: "Change the state of a policy",
        description: "Changes the state of a policy. The policy's `availableTransitions` lists the possible states and the obstacles of each. The member who put a policy under review cannot adopt it.",
        problems: changes_product()
            .refuses([
                RefusalCode::UnknownReference, RefusalCode::TransitionNotAllowed,
                RefusalCode::PolicyNotAdopted, RefusalCode::AdoptionByAnother,
                RefusalCode::SupersedesAnother,
            ]),
        url: "/v1/task-forces/{taskForceId}/policies/{policyId}/transitions",
        body: PolicyTransition,
        payload: |body| body.superseded_by_id,
    },
}
