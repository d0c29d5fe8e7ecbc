//! The archive of a task force over HTTP.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, get};
use futures_util::{Stream, stream};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::app;
use crate::app::App;
use crate::app::archive::{Archive, ArchiveBytes};
use crate::domain::file_name;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::http::attachment::attachment;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::problem::Result;
use crate::http::request::{Read, TaskForcePath};
use crate::http::server::settings::Settings;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(download_archive);
}

/// The bytes of an archive.
#[derive(Debug)]
struct ArchiveFile;

impl PartialSchema for ArchiveFile {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The bytes of a ZIP file."))
            .into()
    }
}

impl ToSchema for ArchiveFile {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ArchiveFile")
    }
}

/// Download the archive
///
/// Sends everything that the task force has as one ZIP file, as of one instant: the rows of all tables, the events with
/// their hashes, submissions, reports, and evidence with its files. The page `/docs/archive` describes the layout. Of people,
/// the archive contains ids and names; it contains no addresses, passwords or keys.
///
/// The archive is made while it is sent, so that its size is not known beforehand. An archive that breaks off is no ZIP
/// file, since the directory of a ZIP file is at its end. `taskforce verify-audit --archive` verifies an archive without a
/// database, and `taskforce restore` restores the task force from it.
///
/// The archive contains every vote. While a vote is open whose choices you cannot see yet, the archive is refused with
/// `voteOpen`, except for the secretariat and for administrators.
///
/// The service makes two archives at once, and one for each user; another request waits 10 seconds for its turn, and is then
/// refused with 503. A download breaks off after 30 minutes, or when its reader falls 30 seconds behind a pace of 64 KiB per
/// second.
#[utoipa::path(
    tag = "task forces",
    params(TaskForcePath),
    responses((
        status = 200,
        description = "The archive.",
        headers(
            ("Content-Disposition" = String, description = "The name of the file: `filename*` (RFC 8187), and for programs that read only ASCII `filename`."),
        ),
        content(
            (ArchiveFile = "application/zip"),
            // Generators that know no type of archives take this one, and read bytes.
            (ArchiveFile = "application/octet-stream"),
        )
    )),
    extensions(
        ("x-any-accept" = json!(true)),
        ("x-problem-codes" = json!(requires(Action::ReadTaskForce).refuses([RefusalCode::VoteOpen]))),
    )
)]
#[get("/v1/task-forces/{taskForceId}/archive")]
async fn download_archive(
    app: Data<App>,
    settings: Data<Settings>,
    read: Read<TaskForcePath>,
) -> Result<HttpResponse> {
    let task_force_id = read.context.path.task_force_id;
    let archive = app.archive(&read.context.caller, task_force_id).await?;
    let title = format!("{} {}", archive.name.in_language(read.context.language()), archive.day);
    let name = attachment(file_name::made(&title, "zip"), format!("{task_force_id}.zip"));
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/zip"))
        .insert_header(name)
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(bytes(archive, settings.timeouts.write)))
}

/// An archive that is made as soon as its first bytes are asked for, for a client that may
/// be so far behind, or that is being made.
enum Body {
    Prepared(Box<Archive>, Duration),
    Making(ArchiveBytes),
}

/// The bytes of an archive. Nothing is made for a response that is sent without its body. A client may be behind the pace of
/// a download as long as it may read nothing.
fn bytes(
    archive: Archive,
    tolerance: Duration,
) -> impl Stream<Item = std::result::Result<Bytes, app::Error>> {
    let body = Body::Prepared(Box::new(archive), tolerance);
    Box::pin(stream::try_unfold(body, async |body| {
        let mut making = match body {
            Body::Prepared(archive, tolerance) => archive.make(tolerance),
            Body::Making(making) => making,
        };
        let chunk = making.next().await?;
        Ok(chunk.map(|chunk| (Bytes::from(chunk), Body::Making(making))))
    }))
}
