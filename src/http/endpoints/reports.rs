//! Reports over HTTP.

use std::borrow::Cow;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, VARY};
use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use crate::app::report_files::ReportFile;
use crate::app::reports::ReportView;
use crate::app::{self, App, Error};
use crate::db;
use crate::db::reports::ReportFilter;
use crate::domain::decision::DecisionOutcome;
use crate::domain::file_name;
use crate::domain::reference::Reference;
use crate::domain::report::{ReportFormat, ReportModel, ReportState};
use crate::domain::rights::Action;
use crate::domain::step::StepName;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::writing::Write;
use crate::http::attachment;
use crate::http::form::{self, Asked};
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, page_query};
use crate::http::permissions::CouncilReportPermissions;
use crate::http::problem::Result;
use crate::http::reference::{ResourceReference, UserReference};
use crate::http::request::{self, Create, Path, Read, TaskForcePath};
use crate::http::response::{self, REVALIDATE};
use crate::http::text::LocalizedText as LongText;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_reports).service(create_report).service(get_report);
}

/// To a report.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct ReportPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    task_force_id: Uuid,
    /// Number of the report.
    #[param(minimum = 1, example = 1)]
    #[serde(deserialize_with = "request::number")]
    number: i32,
}

impl Path for ReportPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// The chair's part of a new report; the service adds the rest.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "recommendation": "continue", "summary": { "ar": "يسير العمل وفق خطته.", "en": "The work goes as planned." } }))]
pub(super) struct NewCouncilReport {
    /// The decision recommended to the council.
    recommendation: DecisionOutcome,
    /// The step to reopen; required for `adjust`, and refused otherwise.
    return_to_step: Option<StepName>,
    /// Summary of the recommendation.
    #[schema(value_type = LongText)]
    summary: LocalizedText,
}

impl From<NewCouncilReport> for app::reports::NewReport {
    fn from(new: NewCouncilReport) -> Self {
        let NewCouncilReport { recommendation, return_to_step, summary } = new;
        Self { recommendation, return_to: return_to_step, summary }
    }
}

/// A report of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CouncilReportItem {
    /// Id of the report, as in events.
    id: Uuid,
    /// Number within the task force; never reused.
    #[schema(minimum = 1, example = 1)]
    number: i32,
    /// Cycle of the report.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// Current state.
    state: ReportState,
    /// The recommended decision.
    recommendation: DecisionOutcome,
    /// The step to reopen, for `adjust`.
    #[schema(required)]
    return_to_step: Option<StepName>,
    /// Summary of the recommendation.
    #[schema(value_type = LongText)]
    summary: LocalizedText,
    /// SHA-256 of the model as canonical JSON (RFC 8785), in hexadecimal.
    #[schema(
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    hash: String,
    /// Sequence number of the last event that the report covers.
    #[schema(minimum = 0, example = 412)]
    last_seq: i64,
    /// The chair who created the report.
    created_by: UserReference,
    /// Time of the submission to the council.
    #[schema(required)]
    submitted_at: Option<DateTime<Utc>>,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// Time of creation, which the report describes.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl From<db::reports::Report> for CouncilReportItem {
    fn from(report: db::reports::Report) -> Self {
        Self {
            id: report.id,
            number: report.number,
            cycle: report.cycle,
            state: report.state,
            recommendation: report.recommendation,
            return_to_step: report.return_to_step,
            summary: report.summary,
            hash: hex::encode(report.hash),
            last_seq: report.seq,
            created_by: report.created_by.into(),
            submitted_at: report.submitted_at,
            version: report.version,
            created_at: report.created_at,
            updated_at: report.updated_at,
        }
    }
}

/// The report that waits for the council's decision.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BeforeCouncil {
    /// The report.
    report: ResourceReference,
    /// Time of the submission to the council.
    since: DateTime<Utc>,
}

impl BeforeCouncil {
    pub(super) fn new(report: db::reports::BeforeCouncil, task_force_id: Uuid) -> Self {
        let db::reports::BeforeCouncil { report_id, report_number, since } = report;
        let report = Reference::report(report_id, report_number).in_task_force(task_force_id);
        Self { report: report.into(), since }
    }
}

/// A report with its content.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CouncilReport {
    #[serde(flatten)]
    item: CouncilReportItem,
    /// Content of the report, as stored.
    #[schema(value_type = ReportModel)]
    model: Box<RawValue>,
    /// The actions that the caller can perform on the report now.
    permissions: CouncilReportPermissions,
}

impl CouncilReport {
    fn new(view: ReportView) -> Result<Self> {
        let permissions =
            CouncilReportPermissions { decide: view.can_decide, add_evidence: view.can_add_evidence };
        let written = view.written;
        // As the text that it is: a tree of it would take several times the memory.
        let model = RawValue::from_string(written.model).map_err(Error::internal)?;
        Ok(Self { item: written.report.into(), model, permissions })
    }
}

/// The bytes of a report as PDF.
#[derive(Debug)]
struct ReportPdf;

impl PartialSchema for ReportPdf {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The bytes of a PDF file (PDF/A-2a), tagged for screen readers."))
            .into()
    }
}

impl ToSchema for ReportPdf {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ReportPdf")
    }
}

/// In which form a report is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct FormQuery {
    /// Form of the report, in place of `Accept`.
    #[param(inline, nullable = false, example = "html")]
    format: Option<ReportFormat>,
    /// Language of the document, in place of `Accept-Language`.
    #[param(inline, nullable = false, example = "ar")]
    lang: Option<Language>,
}

page_query! {
    /// The query parameters of a list of reports.
    ReportQuery {
        /// Only reports about this cycle.
        #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
        cycle: Option<i32>,
        /// Only items in one of these states. Repeat `state`, or separate the states by commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 4, example = json!(["submitted"]))]
        state: Option<Vec<ReportState>>,
    }
}

/// A page of reports.
type CouncilReportPage = Page<CouncilReportItem>;

impl ListItem for CouncilReportItem {
    const PAGE_NAME: &'static str = "CouncilReportPage";
    const PAGE_DESCRIPTION: &'static str = "A page of reports.";
}

/// List reports
///
/// The reports of all cycles, or of one cycle with `cycle`, newest first, without their content.
#[utoipa::path(
    tag = "reports",
    params(TaskForcePath, ReportQuery),
    responses((status = 200, description = "A page of reports.", body = CouncilReportPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/reports")]
async fn list_reports(app: Data<App>, read: Read<TaskForcePath, ReportQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let before = paging.after()?;
    let filter = ReportFilter { cycle: query.cycle, states: query.state.unwrap_or_default() };
    let page = app
        .reports_list(&context.caller, context.path.task_force_id, &filter, before, paging.window())
        .await?;
    response::document(&CouncilReportPage::new(
        &paging,
        page,
        |report| report.number,
        CouncilReportItem::from,
    ))
}

/// Create a report
///
/// Builds a report from the current records while step `report` is open. The content of a report never changes; a later
/// report of the same cycle supersedes it. A report is a `draft` until the members pass step `report` with it.
///
/// Lists with more than 200 items or much text are cut, so that a report can always be built; `abridged` of the content
/// lists them, with the number of all items.
#[utoipa::path(
    tag = "reports",
    params(TaskForcePath),
    request_body = NewCouncilReport,
    responses((status = 201, description = "The report.", body = CouncilReport, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(
        requires(Action::Lead).writes_in_step(Write::OpenStep)
    )))
)]
#[post("/v1/task-forces/{taskForceId}/reports")]
async fn create_report(
    app: Data<App>,
    create: Create<TaskForcePath, NewCouncilReport>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let view = app.report_create(&context.caller, context.path.task_force_id, body.into()).await?;
    let (number, version) = (view.written.report.number, view.written.report.version);
    response::created(&format!("{}/{number}", context.request_path), version, &CouncilReport::new(view)?)
}

/// Get a report
///
/// One report with its content, as data, as a page, or as a PDF to be printed and filed. `Accept` chooses the form;
/// `format` in the query goes before `Accept`. A document is in the language of `lang`, or else of `Accept-Language`, and
/// begins with a page that says what the council is asked to decide. The document of a report that has not been put before
/// the council is marked as a draft. The document of a report that has been before the council is stored, and never
/// changes again. A problem is answered in the form that was asked for. A service that was built without PDF refuses the
/// PDF with 406.
///
/// `hash` is the SHA-256 of `model` as canonical JSON (RFC 8785), so that a copy can be verified; each document states it.
#[utoipa::path(
    tag = "reports",
    params(ReportPath, FormQuery),
    responses((
        status = 200,
        description = "The report.",
        headers(
            ("ETag" = String),
            ("Content-Disposition" = String, description = "The name of the file, for a document: `filename*` (RFC 8187), and for programs that read only ASCII `filename`."),
        ),
        content((CouncilReport = "application/json"), (String = "text/html"), (ReportPdf = "application/pdf")),
    )),
    extensions(("x-problem-codes" = json!(requires(Action::ReadTaskForce))))
)]
#[get("/v1/task-forces/{taskForceId}/reports/{number}")]
async fn get_report(asked: Asked, app: Data<App>, read: Read<ReportPath, FormQuery>) -> Result<HttpResponse> {
    let Read { context, query: FormQuery { format, lang } } = read;
    let (caller, task_force_id, number) = (&context.caller, context.path.task_force_id, context.path.number);
    match format.unwrap_or(asked.format) {
        ReportFormat::Json => {
            let view = app.report_get(caller, task_force_id, number).await?;
            response::single(view.written.report.version, &CouncilReport::new(view)?)
        }
        format @ (ReportFormat::Html | ReportFormat::Pdf) => {
            let language = match lang.or(context.asked_language) {
                Some(language) => language,
                // The language that the caller prefers is known once the database was asked for the caller.
                None => app.access(caller, task_force_id).await.map(|_| context.language())?,
            };
            let file = app.report_file(caller, task_force_id, number, format, language).await?;
            Ok(file_response(format, language, number, file))
        }
    }
}

/// A report as a file. Its `ETag` is the hash of its bytes, which are others in each form and language.
fn file_response(format: ReportFormat, language: Language, number: i32, file: ReportFile) -> HttpResponse {
    let ascii = format!("report-{number}-{language}.{format}");
    let name = file_name::made(&file.name, format.code());
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, form::content_type(format)))
        .insert_header((CONTENT_LANGUAGE, language.code()))
        .insert_header(attachment::shown(name, ascii))
        .insert_header(form::policy(format))
        .insert_header((CACHE_CONTROL, REVALIDATE))
        .insert_header((VARY, "Authorization, Accept, Accept-Language"))
        .insert_header((ETAG, format!("\"{}\"", hex::encode(Sha256::digest(&file.content)))))
        .body(file.content)
}
