//! Studies of a sector over HTTP.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::sectors::SectorPath;
use crate::app::resource::View;
use crate::db;
use crate::db::studies::StudyFields;
use crate::domain::text::{Language, LocalizedText};
use crate::http::pagination::{PageQuery, page};
use crate::http::patch::Patch;
use crate::http::request::{IfMatch, path_to};
use crate::http::resource::{Representation, resource};
use crate::http::text::{LocalizedName, LocalizedText as LongText, PlainText};

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    common_operations(config);
}

/// A merge patch of [`NewStudy`].
type StudyPatch = Patch<NewStudy>;

path_to! {
    /// To a study.
    StudyPath {
        task_force_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-000000000001", "The task force.";
        sector_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-00000000000a", "The sector.";
        study_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-00000000000b", "The study.";
    } in task_force_id
}

/// A new study.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewStudy {
    /// What it is called.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// How it is done: what is compared, who is asked.
    #[schema(value_type = PlainText)]
    approach: String,
    /// What it found.
    #[schema(value_type = Option<LongText>)]
    findings: Option<LocalizedText>,
    /// Which way of digital transformation it recommends.
    #[schema(value_type = Option<LongText>)]
    recommendation: Option<LocalizedText>,
    /// Whether it is completed.
    #[serde(default)]
    #[schema(default = false, required = false)]
    completed: bool,
}

impl From<NewStudy> for StudyFields {
    fn from(new: NewStudy) -> Self {
        let NewStudy { title, approach, findings, recommendation, completed } = new;
        Self { title, approach, findings, recommendation, completed }
    }
}

impl From<StudyFields> for NewStudy {
    fn from(fields: StudyFields) -> Self {
        let StudyFields { title, approach, findings, recommendation, completed } = fields;
        Self { title, approach, findings, recommendation, completed }
    }
}

/// A study of the ways of a sector's digital transformation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Study {
    /// Its id.
    id: Uuid,
    /// The sector.
    sector_id: Uuid,
    /// What it is called.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// How it is done.
    #[schema(example = "Comparison with three cities, interviews with the operators")]
    approach: String,
    /// What it found.
    #[schema(required, value_type = Option<LongText>)]
    findings: Option<LocalizedText>,
    /// Which way of digital transformation it recommends.
    #[schema(required, value_type = Option<LongText>)]
    recommendation: Option<LocalizedText>,
    /// Whether it is completed.
    completed: bool,
    /// Counts changes of its own fields.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl Study {
    fn new(study: db::studies::Study, _today: NaiveDate) -> Self {
        let StudyFields { title, approach, findings, recommendation, completed } = study.fields;
        Self {
            id: study.id,
            sector_id: study.sector_id,
            title,
            approach,
            findings,
            recommendation,
            completed,
            version: study.version,
            created_at: study.created_at,
            updated_at: study.updated_at,
        }
    }
}

impl Representation for Study {
    type Resource = db::studies::Study;

    fn new(view: View<Self::Resource>, _language: Language) -> Self {
        Self::new(view.noun, view.today)
    }
}

page! {
    /// A page of studies.
    StudyPage of Study
}

resource! {
    Study, listed as Study on StudyPage, from NewStudy by StudyPatch, tagged "sectors",
    "/v1/task-forces/{taskForceId}/sectors/{sectorId}/studies" of SectorPath (at => at.sector_id),
    "/v1/task-forces/{taskForceId}/sectors/{sectorId}/studies/{studyId}" at StudyPath (at => at.sector_id, at.study_id),
    list: list_studies, "List studies", "The studies of the ways of a sector's digital transformation, oldest first.",
        by PageQuery (query => ());
    create: create_study, "Create a study", "Possible while step `sectors` is open.",
        ["forbidden", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
    get: get_study, "Read a study", "One study of the ways of a sector's digital transformation.";
    update: update_study, "Change a study",
        "Changes the fields that the merge patch names, while step `sectors` is open. A studied sector keeps a completed study with a recommendation.",
        ["forbidden", "studyMissing", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
    delete: delete_study, "Delete a study",
        "Possible while step `sectors` is open and nothing refers to it. A studied sector keeps a completed study with a recommendation.",
        ["forbidden", "ofAnEarlierCycle", "studyMissing", "stillReferenced", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
}
