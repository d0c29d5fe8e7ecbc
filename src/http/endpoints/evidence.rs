//! Evidence over HTTP: links and files.
//!
//! [`resource_routes!`] makes the handlers `list_evidence`, `create_evidence`, `get_evidence`,
//! `update_evidence` and `delete_evidence`.

mod content;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use chrono::{DateTime, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::app::resource::View;
use crate::db;
use crate::db::evidence::{EvidenceFields, EvidenceFilter, EvidenceOrder};
use crate::domain::evidence::{About, EvidenceSubjectKind};
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::writing::Write;
use crate::http::negotiation::Negotiated;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::{OperationProblems, requires};
use crate::http::pagination::{ListItem, Page, Paging, page_query};
use crate::http::patch::{Patch, PatchTarget};
use crate::http::permissions::EvidencePermissions;
use crate::http::problem::Result;
use crate::http::reference::{ResourceReference, UserReference};
use crate::http::request::{Path, Read, TaskForcePath};
use crate::http::resource::{ListQuery, ListSort, Representation, resource_routes};
use crate::http::sheet::{self, SheetFile};
use crate::http::text::{LocalizedName, LocalizedNote};

/// The declaration of a change of evidence, which is about work or of the record.
fn changes_evidence() -> OperationProblems {
    requires(Action::KeepRecord)
        .sometimes_requires(Action::ProveWork)
        .sometimes_requires(Action::ChangeRecord)
        .writes_in_step(Write::OpenStep)
}

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    // Before the path of one piece of evidence, which would take it for an id.
    config.service(export_evidence);
    resource_operations(config);
    config
        .service(content::upload_evidence)
        .service(content::download_evidence)
        .service(content::remove_evidence_file);
}

/// A merge patch of what is said of evidence.
type EvidencePatch = Patch<ChangedEvidence>;

/// The path of evidence.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct EvidencePath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The evidence.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) evidence_id: Uuid,
}

impl Path for EvidencePath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// The subject of evidence, as the use cases name it.
type AboutSubject = About<EvidenceSubjectKind>;

/// The subject of a piece of evidence.
#[derive(Debug, Serialize, Deserialize, ToSchema, Mapper)]
#[mapper(from, into, ty = AboutSubject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EvidenceSubject {
    /// Kind of the resource.
    kind: EvidenceSubjectKind,
    /// Unique id.
    id: Uuid,
}

/// New evidence: a link, or without `url` a file that is uploaded next.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewEvidence {
    /// The subject; cannot be changed later.
    subject: EvidenceSubject,
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// URL of a link: a complete http or https address without credentials.
    #[schema(format = "uri", min_length = 1, max_length = 2000, example = "https://gazette.example/2026/14")]
    url: Option<String>,
    /// SHA-256 of the linked content in lower-case hexadecimal digits; only with `url`, since the service computes that
    /// of a file.
    #[schema(
        pattern = "^[0-9a-f]{64}$",
        max_length = 64,
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    sha256: Option<String>,
}

/// The fields of evidence that can be changed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = EvidenceFields)]
pub(super) struct ChangedEvidence {
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// URL of a link: a complete http or https address without credentials.
    #[schema(format = "uri", min_length = 1, max_length = 2000, example = "https://gazette.example/2026/14")]
    url: Option<String>,
    /// SHA-256 of the linked content in lower-case hexadecimal digits; computed by the service for a file.
    #[schema(
        pattern = "^[0-9a-f]{64}$",
        max_length = 64,
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    sha256: Option<String>,
}

/// The bytes of a hash, which its schema has let pass as hexadecimal digits.
fn bytes(hash: Option<String>) -> Option<Vec<u8>> {
    hash.and_then(|hash| hex::decode(hash).ok())
}

impl From<NewEvidence> for EvidenceFields {
    fn from(new: NewEvidence) -> Self {
        let NewEvidence { subject, title, url, sha256 } = new;
        Self { subject: subject.into(), title, url, sha256: bytes(sha256) }
    }
}

impl PatchTarget<EvidenceFields> for ChangedEvidence {
    fn from_fields(fields: &EvidenceFields) -> Self {
        let EvidenceFields { title, url, sha256, .. } = fields.clone();
        Self { title, url, sha256: sha256.map(hex::encode) }
    }

    fn replace_in(self, fields: EvidenceFields) -> EvidenceFields {
        let Self { title, url, sha256 } = self;
        EvidenceFields { title, url, sha256: bytes(sha256), ..fields }
    }
}

/// The removal of the file of evidence.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileRemoval {
    /// Time of the removal.
    at: DateTime<Utc>,
    /// Reason of the removal.
    #[schema(value_type = LocalizedNote)]
    reason: LocalizedText,
}

/// A piece of evidence: a link or a file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EvidenceItem {
    /// Unique id.
    id: Uuid,
    /// The subject.
    subject: ResourceReference,
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// URL of a link; null for a file.
    #[schema(required, example = "https://gazette.example/2026/14")]
    url: Option<String>,
    /// SHA-256 of the content: stated by the author for a link, computed for a file.
    #[schema(required, example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: Option<String>,
    /// Media type of the file; null for a link, and before the file is uploaded.
    #[schema(required, example = "application/pdf")]
    media_type: Option<String>,
    /// Size of the file in bytes; null for a link, and before the file is uploaded.
    #[schema(required, minimum = 1, example = 48_213)]
    size: Option<i32>,
    /// The name of the file, and of its download. Null for a link, before the file is uploaded, and for a file that was sent without a name; the title then names the download.
    #[schema(required, max_length = 255, example = "محضر الاجتماع.pdf")]
    file_name: Option<String>,
    /// The removal of the file by the secretariat; null while the file is there. The other fields still say which file it was.
    #[schema(required)]
    file_removal: Option<FileRemoval>,
    /// The user who added the evidence.
    created_by: UserReference,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl EvidenceItem {
    fn new(evidence: db::evidence::Evidence) -> Self {
        Self {
            id: evidence.id,
            subject: evidence.subject.into(),
            title: evidence.fields.title,
            url: evidence.fields.url,
            sha256: evidence.fields.sha256.map(hex::encode),
            media_type: evidence.media_type,
            size: evidence.size,
            file_name: evidence.file_name,
            file_removal: evidence
                .file_removed_at
                .zip(evidence.file_removal_reason)
                .map(|(at, reason)| FileRemoval { at, reason }),
            created_by: evidence.created_by.into(),
            version: evidence.version,
            created_at: evidence.created_at,
            updated_at: evidence.updated_at,
        }
    }
}

/// Evidence, and the actions that the caller can perform on it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Evidence {
    #[serde(flatten)]
    item: EvidenceItem,
    /// The actions that the caller can perform on the evidence now.
    permissions: EvidencePermissions,
}

impl Representation for Evidence {
    type Resource = db::evidence::Evidence;
    const HAS_LABELS: bool = false;

    fn new(view: View<Self::Resource>, _: Language) -> Self {
        let permissions = EvidencePermissions::from(&view);
        Self { item: EvidenceItem::new(view.resource), permissions }
    }
}

/// An order of a list of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "EvidenceSort")]
pub(super) enum EvidenceSort {
    /// Oldest first.
    #[serde(rename = "createdAt")]
    OldestFirst,
    /// Newest first.
    #[serde(rename = "-createdAt")]
    NewestFirst,
}

impl ListQuery<db::evidence::Evidence> for EvidenceQuery {
    type Sort = EvidenceSort;

    fn sort(&self) -> EvidenceSort {
        self.sort.unwrap_or(EvidenceSort::OldestFirst)
    }
}

impl ListSort<db::evidence::Evidence> for EvidenceSort {
    fn order(self, paging: &Paging, _language: Language) -> Result<EvidenceOrder> {
        Ok(match self {
            Self::OldestFirst => EvidenceOrder::OldestFirst(paging.after()?),
            Self::NewestFirst => EvidenceOrder::NewestFirst(paging.after()?),
        })
    }

    fn key(self, row: &db::evidence::Evidence) -> serde_json::Value {
        serde_json::json!(row.id)
    }
}

page_query! {
    /// The query parameters of a list of evidence.
    EvidenceQuery, exported beyond cycles by EvidenceExportQuery {
        /// Only evidence about this resource (the id of an activity, policy, pilot, …).
        #[param(inline, nullable = false, example = "0199f0c2-7a3b-7c11-9d2e-00000000000b")]
        subject: Option<Uuid>,
        /// Only evidence about resources of this kind.
        #[param(inline, nullable = false)]
        kind: Option<EvidenceSubjectKind>,
        /// The order of the list: `createdAt` (the default) or `-createdAt`, newest first.
        #[param(inline, nullable = false)]
        sort: Option<EvidenceSort>,
    }
}

/// A page of evidence.
type EvidencePage = Page<EvidenceItem>;

impl ListItem for EvidenceItem {
    const PAGE_NAME: &'static str = "EvidencePage";
    const PAGE_DESCRIPTION: &'static str = "A page of evidence.";
}

/// Export evidence as a sheet
///
/// All evidence that matches the filters, in the order of the list, without the content of its files, as CSV or as a
/// workbook of Excel.
///
/// The export of activities describes the formats and the parameters, which all exports share.
#[utoipa::path(
    tag = "evidence",
    params(TaskForcePath, EvidenceExportQuery),
    responses(SheetFile),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/evidence/export")]
async fn export_evidence(
    app: Data<App>,
    read: Read<TaskForcePath, EvidenceExportQuery>,
    negotiated: Option<Negotiated>,
) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let options = query.options_beyond_cycles();
    let format = options.format(negotiated.as_ref())?;
    let filter = EvidenceFilter { subject_id: query.subject, kind: query.kind };
    let order = match query.sort.unwrap_or(EvidenceSort::OldestFirst) {
        EvidenceSort::OldestFirst => EvidenceOrder::OldestFirst(None),
        EvidenceSort::NewestFirst => EvidenceOrder::NewestFirst(None),
    };
    let (task_force_id, wording) = (context.path.task_force_id, options.wording(&context));
    let rows = (filter, &order);
    let export = app.export::<db::evidence::Evidence>(&context.caller, task_force_id, rows, wording).await?;
    sheet::response(export, format, options).await
}

resource_routes! {
    representation: Evidence,
    new: NewEvidence,
    patch: EvidencePatch,
    tag: "evidence",
    collection: {
        url: "/v1/task-forces/{taskForceId}/evidence",
        path: TaskForcePath,
        parent: |_path| (),
    },
    single: {
        url: "/v1/task-forces/{taskForceId}/evidence/{evidenceId}",
        path: EvidencePath,
        parent: |_path| (),
        id: |path| path.evidence_id,
    },
    list: {
        function: list_evidence,
        summary: "List evidence",
        description: "The evidence of all cycles, oldest first.",
        query: EvidenceQuery,
        filter: |query| EvidenceFilter {
            subject_id: query.subject,
            kind: query.kind,
        },
        item: EvidenceItem,
        page: EvidencePage,
    },
    create: {
        function: create_evidence,
        summary: "Add evidence",
        description: "Adds evidence: a link, or without `url` a file to be uploaded with `PUT …/content`. Members add evidence about all subjects; the secretariat adds evidence about the task force, a submission, a report or a decision (such as the signed letter or the minutes). Evidence can be added in any state of the subject's step; about a condition also after the task force has concluded; about the task force, a submission, a report or a decision, by the secretariat and the chair, in any state of the task force. A user adds at most 200 pieces of evidence about one subject, and 2,000 in one cycle.",
        problems: requires(Action::KeepRecord)
            .sometimes_requires(Action::ProveWork)
            .writes(Write::Comment)
            .refuses([RefusalCode::UnknownReference, RefusalCode::TooManyItems]),
    },
    get: {
        function: get_evidence,
        summary: "Get evidence",
        description: "One piece of evidence, without the content of its file.",
    },
    update: {
        function: update_evidence,
        summary: "Update evidence",
        description: "Changes the fields in the merge patch while the subject of the evidence can be changed. Evidence about a closed vote, a submitted report or a decision cannot be changed.",
        problems: changes_evidence()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::ConditionSettled, RefusalCode::EvidenceOnRecord,
            ]),
    },
    delete: {
        function: delete_evidence,
        summary: "Delete evidence",
        description: "Deletes evidence and its file while its subject can be changed. Evidence about a closed vote, a submitted report or a decision cannot be deleted.",
        problems: changes_evidence()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::ConditionSettled, RefusalCode::EvidenceOnRecord,
                RefusalCode::StillReferenced,
            ]),
    },
}
