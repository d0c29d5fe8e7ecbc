//! Studies of a sector over HTTP.
//!
//! [`resource_routes!`] makes the handlers `list_studies`, `create_study`, `get_study`, `update_study`
//! and `delete_study`.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::sectors::SectorPath;
use crate::app::resource::View;
use crate::db;
use crate::db::studies::StudyFields;
use crate::domain::refusal::RefusalCode;
use crate::domain::text::{Language, LocalizedText};
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::changes_product;
use crate::http::pagination::{ListItem, Page, PageQuery};
use crate::http::patch::Patch;
use crate::http::permissions::StudyPermissions;
use crate::http::request::Path;
use crate::http::resource::{Representation, resource_routes};
use crate::http::text::{LocalizedName, LocalizedText as LongText, PlainText};

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    resource_operations(config);
}

/// A merge patch of [`NewStudy`].
type StudyPatch = Patch<NewStudy>;

/// The path of a study.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct StudyPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The sector.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) sector_id: Uuid,
    /// The study.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000b")]
    pub(super) study_id: Uuid,
}

impl Path for StudyPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A new study.
#[derive(Debug, Serialize, Deserialize, ToSchema, Mapper)]
#[mapper(from, into, ty = StudyFields)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewStudy {
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Method of the study.
    #[schema(value_type = PlainText)]
    approach: String,
    /// Findings.
    #[schema(value_type = Option<LongText>)]
    findings: Option<LocalizedText>,
    /// Recommended way of digital transformation.
    #[schema(value_type = Option<LongText>)]
    recommendation: Option<LocalizedText>,
    /// True if the study is completed.
    #[serde(default)]
    #[schema(default = false, required = false)]
    completed: bool,
}

/// A study of the ways of a sector's digital transformation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StudyItem {
    /// Unique id.
    id: Uuid,
    /// The sector.
    sector_id: Uuid,
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Method of the study.
    #[schema(example = "Comparison with three cities, interviews with the operators")]
    approach: String,
    /// Findings.
    #[schema(required, value_type = Option<LongText>)]
    findings: Option<LocalizedText>,
    /// Recommended way of digital transformation.
    #[schema(required, value_type = Option<LongText>)]
    recommendation: Option<LocalizedText>,
    /// True if the study is completed.
    completed: bool,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl StudyItem {
    fn new(study: db::studies::Study) -> Self {
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

/// A study, and the actions that the caller can perform on it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Study {
    #[serde(flatten)]
    item: StudyItem,
    /// The actions that the caller can perform on the study now.
    permissions: StudyPermissions,
}

impl Representation for Study {
    type Resource = db::studies::Study;
    const HAS_LABELS: bool = false;

    fn new(view: View<Self::Resource>, _language: Language) -> Self {
        let permissions = StudyPermissions::from(&view);
        Self { item: StudyItem::new(view.resource), permissions }
    }
}

/// A page of studies.
type StudyPage = Page<StudyItem>;

impl ListItem for StudyItem {
    const PAGE_NAME: &'static str = "StudyPage";
    const PAGE_DESCRIPTION: &'static str = "A page of studies.";
}

resource_routes! {
    representation: Study,
    new: NewStudy,
    patch: StudyPatch,
    tag: "sectors",
    collection: {
        url: "/v1/task-forces/{taskForceId}/sectors/{sectorId}/studies",
        path: SectorPath,
        parent: |path| path.sector_id,
    },
    single: {
        url: "/v1/task-forces/{taskForceId}/sectors/{sectorId}/studies/{studyId}",
        path: StudyPath,
        parent: |path| path.sector_id,
        id: |path| path.study_id,
    },
    list: {
        function: list_studies,
        summary: "List studies",
        description: "The studies of the ways of a sector's digital transformation, oldest first.",
        query: PageQuery,
        filter: |_query| (),
        item: StudyItem,
        page: StudyPage,
    },
    create: {
        function: create_study,
        summary: "Create a study",
        description: "Adds a study while step `sectors` is open. A sector has at most 50 studies of one cycle.",
        problems: changes_product().refuses([RefusalCode::TooManyItems]),
    },
    get: {
        function: get_study,
        summary: "Get a study",
        description: "One study of the ways of a sector's digital transformation.",
    },
    update: {
        function: update_study,
        summary: "Update a study",
        description: "Changes the fields in the merge patch while step `sectors` is open. A studied sector keeps a completed study with a recommendation.",
        problems: changes_product().refuses([RefusalCode::TargetBelowCurrent, RefusalCode::StudyMissing]),
    },
    delete: {
        function: delete_study,
        summary: "Delete a study",
        description: "Deletes a study while step `sectors` is open and nothing refers to it. A studied sector keeps a completed study with a recommendation.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::TargetBelowCurrent, RefusalCode::StudyMissing,
                RefusalCode::StillReferenced,
            ]),
    },
}
