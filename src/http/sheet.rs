//! Lists as sheets: the query parameters that every export has, and the response.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::body::{BodyStream, SizedStream};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderValue, VARY};
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use utoipa::openapi::content::Content;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::attachment::attachment;
use super::negotiation::Negotiated;
use super::problem::{Problem, Result};
use super::problem_catalogue::ProblemCode;
use super::request::{CallContext, Path, Read};
use super::response::REVALIDATE;
use crate::app::sheets::{Export, SheetRow, Workbook};
use crate::app::{App, Error};
use crate::db::cycles::{Cycles, SelectsCycles};
use crate::domain::file::FileKind;
use crate::domain::file_name;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;

/// The bytes of a workbook in a slice of the response.
const SLICE: usize = 64 * 1024;

/// The bytes of a CSV file that are read before the response begins. A shorter file is sent as a whole.
const FIRST_BYTES: usize = 128 * 1024;

/// The longest time that a reader may take for a workbook.
const MOST_TIME: Duration = Duration::from_secs(600);

/// Format of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "SheetFormat")]
pub(super) enum SheetFormat {
    #[serde(rename = "csv")]
    Csv,
    #[serde(rename = "xlsx")]
    Xlsx,
}

impl SheetFormat {
    fn of_media_type(media_type: &str) -> Option<Self> {
        match FileKind::of_media_type(media_type)? {
            FileKind::Csv => Some(Self::Csv),
            FileKind::ExcelSheet => Some(Self::Xlsx),
            _ => None,
        }
    }

    fn kind(self) -> FileKind {
        match self {
            Self::Csv => FileKind::Csv,
            Self::Xlsx => FileKind::ExcelSheet,
        }
    }
}

/// A request for a sheet, beside its filters and its order.
#[derive(Debug, Clone, Copy)]
pub(super) struct SheetOptions {
    /// The format in the query.
    pub(super) format: Option<SheetFormat>,
    /// The language in the query.
    pub(super) language: Option<Language>,
    pub(super) labels: bool,
    pub(super) byte_order_mark: bool,
    pub(super) all_cycles: bool,
    /// True if the query also names one cycle.
    pub(super) one_cycle: bool,
}

/// A sheet as a response has it.
#[derive(Debug)]
pub(super) struct SheetFile;

impl PartialSchema for SheetFile {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("A sheet with a row of headings and one row for each item, as CSV (RFC 4180, UTF-8) or as a workbook of Excel."))
            .into()
    }
}

impl ToSchema for SheetFile {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("SheetFile")
    }
}

/// The response of every export.
impl IntoResponses for SheetFile {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let file_name = HeaderBuilder::new()
            .schema(Some(String::schema()))
            .description(Some("The name of the file, from the name of the task force, the list and the day: `filename*` (RFC 8187), and for programs that read only ASCII `filename`."))
            .build();
        let sheet = || Content::new(Some(Ref::from_schema_name(Self::name())));
        let response = ResponseBuilder::new()
            .description("The sheet.")
            .header("Content-Disposition", file_name)
            .content(FileKind::Csv.media_type(), sheet())
            .content(FileKind::ExcelSheet.media_type(), sheet());
        BTreeMap::from([("200".to_owned(), response.build().into())])
    }
}

/// Declares the query of an export: the filters of a list, and the parameters that every export has. `beyond cycles` is the
/// export of a list that is about all cycles.
///
/// A macro for the same reasons as [`page_query!`](super::pagination).
macro_rules! export_query {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $crate::http::sheet::export_query! {
            $(#[$meta])* $name beyond cycles {
                $( $(#[$field_meta])* $field: $type, )*
                /// Items of all cycles, in place of those of one cycle.
                #[serde(default)]
                #[param(default = false, required = false)]
                all_cycles: bool,
            }
        }

        impl $name {
            /// The options of the sheet beside filters and order.
            fn options(&self) -> $crate::http::sheet::SheetOptions {
                $crate::http::sheet::SheetOptions {
                    all_cycles: self.all_cycles,
                    one_cycle: self.cycle.is_some(),
                    ..self.options_beyond_cycles()
                }
            }
        }
    };
    ($(#[$meta:meta])* $name:ident beyond cycles { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(super) struct $name {
            $( $(#[$field_meta])* pub(super) $field: $type, )*
            /// Format of the sheet. Default: the format that `Accept` prefers, or else `csv`.
            #[param(inline, nullable = false, example = "xlsx")]
            format: Option<$crate::http::sheet::SheetFormat>,
            /// Language of headings and labels, and of names that exist in both languages. Default: the language of the response.
            #[param(inline, nullable = false, example = "ar")]
            lang: Option<$crate::domain::text::Language>,
            /// `true`: headings and labels for people. `false`: names of fields and codes of the API, which are the same in both languages, for programs.
            #[serde(default = "crate::http::sheet::with_labels")]
            #[param(default = true, required = false)]
            labels: bool,
            /// Begin a CSV file with a byte order mark, by which Excel recognizes UTF-8.
            #[serde(default)]
            #[param(default = false, required = false)]
            bom: bool,
        }

        impl $name {
            /// The options of the sheet beside filters, order and cycles.
            fn options_beyond_cycles(&self) -> $crate::http::sheet::SheetOptions {
                $crate::http::sheet::SheetOptions {
                    format: self.format,
                    language: self.lang,
                    labels: self.labels,
                    byte_order_mark: self.bom,
                    all_cycles: false,
                    one_cycle: false,
                }
            }
        }
    };
}
pub(super) use export_query;

/// The `labels` of a request without them.
pub(super) fn with_labels() -> bool {
    true
}

impl SheetOptions {
    /// The format: that of the query, or else the one that `Accept` prefers.
    pub(super) fn format(&self, negotiated: Option<&Negotiated>) -> Result<SheetFormat> {
        let accepted = || SheetFormat::of_media_type(negotiated?.media_type());
        self.format.or_else(accepted).ok_or_else(|| ProblemCode::NotAcceptable.into())
    }

    /// A filter that lets through the cycles that the query asks for.
    pub(super) fn over_cycles<F: SelectsCycles>(&self, mut filter: F) -> Result<F> {
        if self.all_cycles {
            if self.one_cycle {
                return Err(one_cycle_and_all());
            }
            filter.select_cycles(Cycles::All);
        }
        Ok(filter)
    }

    /// The language of the sheet, as far as the request says it, and whether the sheet has labels for people.
    pub(super) fn wording<P>(&self, context: &CallContext<P>) -> (Option<Language>, bool) {
        (self.language.or(context.asked_language()), self.labels)
    }
}

/// Answers with a list as a sheet.
pub(super) async fn export<R, P: Path, Q>(
    app: &App,
    request: Read<P, Q>,
    negotiated: Option<&Negotiated>,
    options: fn(&Q) -> SheetOptions,
    order: fn(&Q, Language) -> R::Order,
    filter: fn(Q) -> R::Filter,
) -> Result<HttpResponse>
where
    R: SheetRow<Filter: SelectsCycles>,
{
    let Read { context, query } = request;
    let options = options(&query);
    let format = options.format(negotiated)?;
    let order = order(&query, options.language.unwrap_or(context.language()));
    let filter = options.over_cycles(filter(query))?;
    let task_force_id = context.path.task_force_id().ok_or(RefusalCode::NotFound)?;
    let wording = options.wording(&context);
    let sheet = app.export::<R>(&context.caller, task_force_id, (filter, &order), wording).await?;
    response(sheet, format, options).await
}

/// The response with a sheet.
pub(super) async fn response<R: SheetRow>(
    export: Export<R>,
    format: SheetFormat,
    options: SheetOptions,
) -> Result<HttpResponse> {
    let kind = format.kind();
    let plain = format!("{}.{}", export.plain_title(), file_name::first_ending(kind));
    let name = file_name::of_title(&export.title(), kind);
    let media_type = kind.media_type();
    let content_type = match format {
        SheetFormat::Csv => format!("{media_type}; charset=utf-8; header=present"),
        SheetFormat::Xlsx => media_type.to_owned(),
    };
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((CONTENT_LANGUAGE, HeaderValue::from_static(export.language().code())))
        .insert_header(attachment(name, plain))
        .insert_header((CACHE_CONTROL, REVALIDATE))
        .insert_header((VARY, "Authorization, Accept, Accept-Language"));
    match format {
        SheetFormat::Csv => csv(response, export, options.byte_order_mark).await,
        SheetFormat::Xlsx => {
            let workbook = export.xlsx().await?;
            let size = workbook.file.metadata().map_err(Error::internal)?.len();
            Ok(response.body(SizedStream::new(size, Box::pin(slices(workbook)))))
        }
    }
}

/// A sheet as CSV. The first rows are read before the response begins, so that a refusal is a problem and no file that
/// broke off; a short sheet is complete by then.
async fn csv<R: SheetRow>(
    mut response: actix_web::HttpResponseBuilder,
    mut export: Export<R>,
    byte_order_mark: bool,
) -> Result<HttpResponse> {
    let mut first = export.csv_headings(byte_order_mark)?;
    loop {
        first.extend(export.csv_lines().await?.unwrap_or_default());
        if export.is_complete() {
            return Ok(response.body(first));
        }
        if first.len() >= FIRST_BYTES {
            break;
        }
    }
    let rest = stream::try_unfold(export, async |mut export| {
        let lines =
            export.csv_lines().await.inspect_err(|error| tracing::warn!(%error, "a sheet breaks off"))?;
        Ok::<_, Error>(lines.map(|lines| (Bytes::from(lines), export)))
    });
    let first = stream::once(std::future::ready(Ok(Bytes::from(first))));
    Ok(response.body(BodyStream::new(Box::pin(first.chain(rest)))))
}

/// A workbook, slice by slice as the reader takes it. The place of its user is free when the reader has all of it, has left,
/// or has taken too long.
fn slices(workbook: Workbook) -> impl Stream<Item = std::result::Result<Bytes, Error>> + 'static {
    stream::try_unfold((workbook, Instant::now()), async |(mut workbook, begun)| {
        if begun.elapsed() > MOST_TIME {
            return Err(Error::Unavailable("the client reads a workbook too slowly".to_owned()));
        }
        let read = actix_web::web::block(move || {
            let mut slice = Vec::with_capacity(SLICE);
            let limit = u64::try_from(SLICE).unwrap_or(u64::MAX);
            (&mut workbook.file).take(limit).read_to_end(&mut slice).map(|_| (slice, workbook))
        });
        let (slice, workbook) = read.await.map_err(Error::internal)?.map_err(Error::internal)?;
        Ok((!slice.is_empty()).then(|| (Bytes::from(slice), (workbook, begun))))
    })
}

fn one_cycle_and_all() -> Problem {
    let error = FieldError::parameter("allCycles", FieldErrorCode::Invalid)
        .saying("contradicts `cycle`: leave one of them out", "يتعارض مع cycle: احذف أحدهما");
    Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into()
}
