//! Assessments of a sector over HTTP.
//!
//! [`resource_routes!`] makes the handlers `list_assessments`, `create_assessment`, `get_assessment`,
//! `update_assessment` and `delete_assessment`.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::sectors::SectorPath;
use crate::app::resource::View;
use crate::db;
use crate::db::assessments::AssessmentFields;
use crate::domain::refusal::RefusalCode;
use crate::domain::sector::AssessmentKind;
use crate::domain::text::Language;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::changes_product;
use crate::http::pagination::{ListItem, Page, PageQuery};
use crate::http::patch::Patch;
use crate::http::permissions::AssessmentPermissions;
use crate::http::request::Path;
use crate::http::resource::{Representation, resource_routes};
use crate::http::text::PlainText;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    resource_operations(config);
}

/// A merge patch of [`NewAssessment`].
type AssessmentPatch = Patch<NewAssessment>;

/// The path of an assessment.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct AssessmentPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The sector.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) sector_id: Uuid,
    /// The assessment.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000b")]
    pub(super) assessment_id: Uuid,
}

impl Path for AssessmentPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A new assessment.
#[derive(Debug, Serialize, Deserialize, ToSchema, Mapper)]
#[mapper(from, into, ty = AssessmentFields)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewAssessment {
    /// Kind of the level: current or target maturity.
    kind: AssessmentKind,
    /// Maturity level, 1 to 5.
    #[schema(minimum = 1, maximum = 5, example = 2)]
    level: i16,
    /// The day of the assessment; not after today in the task force's time zone.
    #[schema(example = "2026-11-20")]
    assessed_on: NaiveDate,
    /// Basis of the assessment.
    #[schema(value_type = Option<PlainText>)]
    evidence: Option<String>,
}

/// An assessment of a sector's current or target maturity.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssessmentItem {
    /// Unique id.
    id: Uuid,
    /// The sector.
    sector_id: Uuid,
    /// Kind of the level: current or target maturity.
    kind: AssessmentKind,
    /// Maturity level, 1 to 5.
    #[schema(minimum = 1, maximum = 5, example = 2)]
    level: i16,
    /// The day of the assessment.
    #[schema(example = "2026-11-20")]
    assessed_on: NaiveDate,
    /// Basis of the assessment.
    #[schema(required, example = "Survey of 42 services")]
    evidence: Option<String>,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl AssessmentItem {
    fn new(assessment: db::assessments::Assessment) -> Self {
        let AssessmentFields { kind, level, assessed_on, evidence } = assessment.fields;
        Self {
            id: assessment.id,
            sector_id: assessment.sector_id,
            kind,
            level,
            assessed_on,
            evidence,
            version: assessment.version,
            created_at: assessment.created_at,
            updated_at: assessment.updated_at,
        }
    }
}

/// An assessment, and the actions that the caller can perform on it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assessment {
    #[serde(flatten)]
    item: AssessmentItem,
    /// The actions that the caller can perform on the assessment now.
    permissions: AssessmentPermissions,
}

impl Representation for Assessment {
    type Resource = db::assessments::Assessment;
    const HAS_LABELS: bool = false;

    fn new(view: View<Self::Resource>, _language: Language) -> Self {
        let permissions = AssessmentPermissions::from(&view);
        Self { item: AssessmentItem::new(view.resource), permissions }
    }
}

/// A page of assessments.
type AssessmentPage = Page<AssessmentItem>;

impl ListItem for AssessmentItem {
    const PAGE_NAME: &'static str = "AssessmentPage";
    const PAGE_DESCRIPTION: &'static str = "A page of assessments.";
}

resource_routes! {
    representation: Assessment,
    new: NewAssessment,
    patch: AssessmentPatch,
    tag: "sectors",
    collection: {
        url: "/v1/task-forces/{taskForceId}/sectors/{sectorId}/assessments",
        path: SectorPath,
        parent: |path| path.sector_id,
    },
    single: {
        url: "/v1/task-forces/{taskForceId}/sectors/{sectorId}/assessments/{assessmentId}",
        path: AssessmentPath,
        parent: |path| path.sector_id,
        id: |path| path.assessment_id,
    },
    list: {
        function: list_assessments,
        summary: "List assessments",
        description: "The assessments of a sector's maturity, oldest first. The latest of each kind is the sector's `maturity`.",
        query: PageQuery,
        filter: |_query| (),
        item: AssessmentItem,
        page: AssessmentPage,
    },
    create: {
        function: create_assessment,
        summary: "Create an assessment",
        description: "Adds an assessment while step `sectors` is open. The target level of a sector is not below its current level. A sector has at most 100 assessments of one cycle.",
        problems: changes_product().refuses([RefusalCode::TooManyItems]),
    },
    get: {
        function: get_assessment,
        summary: "Get an assessment",
        description: "One assessment of a sector's maturity.",
    },
    update: {
        function: update_assessment,
        summary: "Update an assessment",
        description: "Changes the fields in the merge patch while step `sectors` is open. A studied sector keeps a current and a target assessment.",
        problems: changes_product().refuses([RefusalCode::MaturityMissing]),
    },
    delete: {
        function: delete_assessment,
        summary: "Delete an assessment",
        description: "Deletes an assessment while step `sectors` is open and nothing refers to it. A studied sector keeps a current and a target assessment.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::MaturityMissing, RefusalCode::TargetBelowCurrent,
                RefusalCode::StillReferenced,
            ]),
    },
}
