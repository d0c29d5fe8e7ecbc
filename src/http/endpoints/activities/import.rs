//! The import of activities.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, WINDOWS_1256};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use super::NewActivity;
use crate::app::activities::import::{self, DateOrder, ImportOptions, Imported, ImportedTable, MOST_COLUMNS};
use crate::app::rendering::Renderer;
use crate::app::{self, App, Error};
use crate::db::activities::ActivityFields;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::domain::size::MOST_ACTIVITIES;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;
use crate::http::idempotency::DryRunQuery;
use crate::http::operation_problems::requires;
use crate::http::problem::Result;
use crate::http::request::{Import, TaskForcePath};
use crate::http::text::LocalizedName;
use crate::http::{response, validation};
use crate::util::table::{self, Limits, Table, TableError};

/// The most activities that the response lists.
const MOST_LISTED: usize = 100;

/// Encoding of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "TableEncoding")]
pub(super) enum TableEncoding {
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "utf-16le")]
    Utf16Le,
    #[serde(rename = "utf-16be")]
    Utf16Be,
    #[serde(rename = "windows-1256")]
    Windows1256,
    #[serde(rename = "windows-1252")]
    Windows1252,
    #[serde(rename = "iso-8859-1")]
    Latin1,
}

impl TableEncoding {
    fn encoding(self) -> &'static Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
            Self::Windows1256 => WINDOWS_1256,
            // Programs that write ISO-8859-1 mean Windows-1252, which contains it.
            Self::Windows1252 | Self::Latin1 => WINDOWS_1252,
        }
    }
}

/// Order of day and month in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "TableDateOrder")]
pub(super) enum TableDateOrder {
    #[serde(rename = "dmy")]
    DayFirst,
    #[serde(rename = "mdy")]
    MonthFirst,
}

/// The query of an import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ActivityImportQuery {
    /// The step of rows that name no step. Default: the open step.
    #[param(inline, nullable = false, example = "policy")]
    step: Option<StepName>,
    /// Encoding of the file. A byte order mark in the file goes before the parameter. Default: the `charset` of the media type, or else UTF-8.
    #[param(inline, nullable = false, example = "windows-1256")]
    encoding: Option<TableEncoding>,
    /// Order of day and month in dates such as `03/04/2026`. Default: the order in which all dates of the column exist; where both orders fit, the import is refused.
    #[param(inline, nullable = false, example = "dmy")]
    dates: Option<TableDateOrder>,
    /// Leave out rows whose state says that no work is left: done, cancelled, closed, resolved or rejected.
    #[serde(default)]
    #[param(default = false, required = false)]
    skip_closed: bool,
    /// Leave an activity unassigned if its assignee is no current member, in place of refusing the import.
    #[serde(default)]
    #[param(default = false, required = false)]
    skip_unknown_assignees: bool,
    /// Validate without saving. Returns the result that the import would have; ids and numbers are placeholders.
    #[serde(default)]
    #[param(default = false, required = false, example = true)]
    dry_run: bool,
}

impl DryRunQuery for ActivityImportQuery {
    fn dry_run(&self) -> bool {
        self.dry_run
    }
}

/// A table in a form. The extractor reads the form.
#[derive(Debug)]
pub(super) struct ActivityTable;

impl PartialSchema for ActivityTable {
    fn schema() -> RefOr<Schema> {
        let file = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The table as CSV, at most 4 MiB."));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("A table of activities in a form."))
            .property("file", file)
            .required("file")
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .into()
    }
}

impl ToSchema for ActivityTable {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ActivityTable")
    }
}

/// A column of an imported table.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportedColumn {
    /// The heading in the file.
    #[schema(example = "Subject")]
    heading: String,
    /// The field that the column fills; null if the column was not imported.
    #[schema(required, example = "title")]
    field: Option<String>,
}

/// An activity that an import has created.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportedActivity {
    /// The line of the file on which the row begins.
    #[schema(minimum = 1, example = 2)]
    line: u64,
    /// Unique id.
    id: Uuid,
    /// Number within the task force.
    #[schema(minimum = 1, example = 12)]
    number: i32,
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
}

/// The result of an import.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActivityImport {
    /// Number of activities that were created.
    #[schema(minimum = 0, example = 12)]
    created: usize,
    /// Number of rows that were left out because no work is left (`skipClosed`).
    #[schema(minimum = 0, example = 0)]
    skipped: usize,
    /// Number of activities without an assignee because the file names a person who is no current member (`skipUnknownAssignees`).
    #[schema(minimum = 0, example = 0)]
    unassigned: usize,
    /// The columns of the file, in order.
    columns: Vec<ImportedColumn>,
    /// The created activities in the order of the file: the first 100 of them.
    activities: Vec<ImportedActivity>,
}

/// Import activities from a table
///
/// Creates an activity for each row of a CSV file of at most 4 MiB: all of them in one change, or none. The file is the
/// part `file` of a form, or the body itself as `text/csv`. With `dryRun=true`, the response shows what would be created.
///
/// The first row names the columns. The import understands the headings of the export of activities in both languages and
/// as names of fields, and those of Redmine and OpenProject: `Subject` or `Title`, `Description`, `Assignee`, `Due date` or
/// `Finish date`, `Priority`, `Status`, in English or Arabic. A text in a column without a language counts as Arabic or
/// English by its letters. `columns` of the response lists the columns that were not imported.
///
/// Values are separated by commas, semicolons or tabs; the file is in UTF-8 (with or without a byte order mark), in UTF-16
/// with a byte order mark, or in the `encoding` of the query. Dates are read as `2026-12-15`, `15.12.2026`, `15/12/2026`,
/// `12/15/2026`, `15 Dec 2026` or with an Arabic month; no order of day and month is guessed. The assignee is a current
/// member, by name in either language or by `assigneeId`. Priorities above `high` become `high`.
///
/// Imported activities begin in state `planned`, whatever state the file names, since their history is not part of the
/// file. The import ignores numbers, ids, dependencies, subjects and times of the export. An apostrophe before a text that
/// a spreadsheet would take for a formula is taken away.
///
/// A file with errors is refused with each wrong cell: `errors` has `line` and `column` of the first 100, and
/// `errorsTotal` their number.
#[utoipa::path(
    tag = "activities",
    params(TaskForcePath, ActivityImportQuery),
    request_body(description = "The table.", content((ActivityTable = "multipart/form-data"))),
    responses((status = 200, description = "The result of the import.", body = ActivityImport)),
    extensions(("x-problem-codes" = json!(
        requires(Action::Work)
            .writes_in_step(Write::Activity)
            .refuses([RefusalCode::InvalidRequest, RefusalCode::UnknownReference, RefusalCode::TooManyItems])
    )))
)]
#[post("/v1/task-forces/{taskForceId}/activities/import")]
pub(super) async fn import_activities(
    app: Data<App>,
    request: Import<TaskForcePath, ActivityImportQuery>,
) -> Result<HttpResponse> {
    let Import { context, query, content, charset, .. } = &request;
    let options = ImportOptions {
        step: query.step,
        dates: query.dates.map(|order| match order {
            TableDateOrder::DayFirst => DateOrder::DayFirst,
            TableDateOrder::MonthFirst => DateOrder::MonthFirst,
        }),
        skip_closed: query.skip_closed,
        skip_unknown_assignees: query.skip_unknown_assignees,
    };
    let charset = charset.as_deref().and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = query.encoding.map(TableEncoding::encoding).or(charset);
    let content = content.clone();
    let renderer = Renderer::User(context.caller.user_id);
    let (mut table, fields) = app.render(renderer, move || understood(&content, encoding, options)).await??;
    let columns = std::mem::take(&mut table.columns);
    let skipped = table.skipped;
    let task_force_id = context.path.task_force_id;
    let Imported { activities, unassigned } =
        app.activities_import(&context.caller, task_force_id, table, fields, options).await?;
    let listed = |activity: import::ImportedActivity| ImportedActivity {
        line: activity.line,
        id: activity.id,
        number: activity.number,
        title: activity.title,
    };
    let columns =
        columns.into_iter().map(|column| ImportedColumn { heading: column.heading, field: column.field });
    let result = ActivityImport {
        created: activities.len(),
        skipped,
        unassigned,
        columns: columns.collect(),
        activities: activities.into_iter().take(MOST_LISTED).map(listed).collect(),
    };
    Ok(response::stored(StatusCode::OK, serde_json::to_vec(&result).map_err(Error::internal)?))
}

/// The rows of a file, each checked as the body of a new activity. A row with errors has stand-ins for its fields: the
/// use case refuses the import.
fn understood(
    content: &[u8],
    encoding: Option<&'static Encoding>,
    options: ImportOptions,
) -> app::Result<(ImportedTable, Vec<ActivityFields>)> {
    let rows = usize::try_from(MOST_ACTIVITIES).map_err(Error::internal)?;
    let limits = Limits { columns: MOST_COLUMNS, rows };
    let table: Table = table::read(content, encoding, limits).map_err(no_table)?;
    let mut table = ImportedTable::read(&table, options);
    let mut fields = Vec::with_capacity(table.drafts.len());
    let mut kept = Vec::with_capacity(table.drafts.len());
    for draft in std::mem::take(&mut table.drafts) {
        match validation::check::<NewActivity>(&draft.body) {
            Ok(()) => {
                let activity: NewActivity = validation::typed(draft.body.clone())?;
                fields.push(activity.into());
                kept.push(draft);
            }
            Err(Error::Refused(refusal)) => {
                table.errors.extend(refusal.errors.into_iter().map(|error| draft.at_cell(error)));
            }
            Err(other) => return Err(other),
        }
    }
    table.drafts = kept;
    Ok((table, fields))
}

/// The refusal of a file that is no table.
fn no_table(error: TableError) -> Refusal {
    let refused = |en: String, ar: String| Refusal::new(RefusalCode::InvalidRequest, en, ar);
    match error {
        TableError::Empty => refused(
            "The file is empty: it needs a row of headings, and a row for each activity.".to_owned(),
            "الملف فارغ: يلزمه سطر لعناوين الأعمدة وسطر لكل نشاط.".to_owned(),
        ),
        TableError::Encoding => Refusal::field_errors(
            RefusalCode::InvalidRequest,
            vec![FieldError::parameter("encoding", FieldErrorCode::WrongFormat).saying(
                "is not the encoding of the file: name the one in which the file was written, such as windows-1256",
                "ليس ترميز الملف: اذكر الترميز الذي كُتب به الملف، مثل windows-1256",
            )],
        ),
        TableError::TooManyColumns(most) => refused(
            format!("The file has more than {most} columns."),
            format!("في الملف أكثر من {most} عمود."),
        ),
        TableError::TooManyRows(most) => refused(
            format!("The file has more than {most} rows: import it in parts."),
            format!("في الملف أكثر من {most} سطر: استورده على أجزاء."),
        ),
        TableError::UnclosedQuote(line) => Refusal::field_errors(
            RefusalCode::InvalidRequest,
            vec![
                FieldError::at("", FieldErrorCode::WrongFormat)
                    .saying("a quotation mark that begins a cell is not closed", "علامة اقتباس تبدأ بها خلية لم تُغلق")
                    .in_cell(line, String::new()),
            ],
        ),
    }
}
