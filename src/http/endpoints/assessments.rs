//! Assessments of a sector over HTTP.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::sectors::SectorPath;
use crate::app::resource::View;
use crate::db;
use crate::db::assessments::AssessmentFields;
use crate::domain::sector::AssessmentKind;
use crate::domain::text::Language;
use crate::http::pagination::{PageQuery, page};
use crate::http::patch::Patch;
use crate::http::request::{IfMatch, path_to};
use crate::http::resource::{Representation, resource};
use crate::http::text::PlainText;

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    common_operations(config);
}

/// A merge patch of [`NewAssessment`].
type AssessmentPatch = Patch<NewAssessment>;

path_to! {
    /// To an assessment.
    AssessmentPath {
        task_force_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-000000000001", "The task force.";
        sector_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-00000000000a", "The sector.";
        assessment_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-00000000000b", "The assessment.";
    } in task_force_id
}

/// A new assessment.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewAssessment {
    /// Whether it says how far the sector is, or how far it shall be.
    kind: AssessmentKind,
    /// The maturity level, 1 to 5.
    #[schema(minimum = 1, maximum = 5, example = 2)]
    level: i16,
    /// The day of the assessment; not after today in the task force's time zone.
    #[schema(example = "2026-11-20")]
    assessed_on: NaiveDate,
    /// What it rests on.
    #[schema(value_type = Option<PlainText>)]
    evidence: Option<String>,
}

impl From<NewAssessment> for AssessmentFields {
    fn from(new: NewAssessment) -> Self {
        let NewAssessment { kind, level, assessed_on, evidence } = new;
        Self { kind, level, assessed_on, evidence }
    }
}

impl From<AssessmentFields> for NewAssessment {
    fn from(fields: AssessmentFields) -> Self {
        let AssessmentFields { kind, level, assessed_on, evidence } = fields;
        Self { kind, level, assessed_on, evidence }
    }
}

/// An assessment of how far a sector is, or how far it shall be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assessment {
    /// Its id.
    id: Uuid,
    /// The sector.
    sector_id: Uuid,
    /// Whether it says how far the sector is, or how far it shall be.
    kind: AssessmentKind,
    /// The maturity level, 1 to 5.
    #[schema(minimum = 1, maximum = 5, example = 2)]
    level: i16,
    /// The day of the assessment.
    #[schema(example = "2026-11-20")]
    assessed_on: NaiveDate,
    /// What it rests on.
    #[schema(required, example = "Survey of 42 services")]
    evidence: Option<String>,
    /// Counts changes of its own fields.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl Assessment {
    fn new(assessment: db::assessments::Assessment, _today: NaiveDate) -> Self {
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

impl Representation for Assessment {
    type Resource = db::assessments::Assessment;

    fn new(view: View<Self::Resource>, _language: Language) -> Self {
        Self::new(view.noun, view.today)
    }
}

page! {
    /// A page of assessments.
    AssessmentPage of Assessment
}

resource! {
    Assessment, listed as Assessment on AssessmentPage, from NewAssessment by AssessmentPatch, tagged "sectors",
    "/v1/task-forces/{taskForceId}/sectors/{sectorId}/assessments" of SectorPath (at => at.sector_id),
    "/v1/task-forces/{taskForceId}/sectors/{sectorId}/assessments/{assessmentId}"
        at AssessmentPath (at => at.sector_id, at.assessment_id),
    list: list_assessments, "List assessments",
        "The assessments of a sector's maturity, oldest first. The latest of each kind is the sector's `maturity`.",
        by PageQuery (query => ());
    create: create_assessment, "Create an assessment", "Possible while step `sectors` is open.",
        ["forbidden", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
    get: get_assessment, "Read an assessment", "One assessment of a sector's maturity.";
    update: update_assessment, "Change an assessment",
        "Changes the fields that the merge patch names, while step `sectors` is open. A studied sector stays assessed, now and target.",
        ["forbidden", "maturityMissing", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
    delete: delete_assessment, "Delete an assessment",
        "Possible while step `sectors` is open and nothing refers to it. A studied sector stays assessed, now and target.",
        ["forbidden", "ofAnEarlierCycle", "maturityMissing", "stillReferenced", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
}
