//! Reports as files for people. The file of a report that was put before the council is stored at its first rendering, and
//! stays as it is: next year's download has the same bytes, whatever version of the service answers. A draft is rendered
//! each time.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::caller::{Access, Caller};
use super::rendering::{Renderer, RenderingPlace};
use super::{App, Error, Result};
use crate::db::report_files::{MissingFile, NewReportFile};
use crate::db::reports::ReportWithContent;
use crate::db::{self, Conn, QueryResult};
use crate::domain::refusal::RefusalCode;
use crate::domain::report::{ReportFormat, ReportModel};
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;
use crate::render;
use crate::render::report::ReportFacts;

/// The most files that housekeeping renders in one go.
const BATCH: i64 = 8;

/// A report as a file.
#[derive(Debug)]
pub struct ReportFile {
    /// Name of the file, without an ending.
    pub name: String,
    pub content: Vec<u8>,
}

/// A report as the database has it: with its file, or with the content to be rendered.
enum Found {
    Stored(db::report_files::ReportFile),
    Written(Box<ReportWithContent>),
}

/// Finds the file of a report, or the content to be rendered.
async fn find(
    conn: &Conn,
    task_force_id: Uuid,
    number: i32,
    format: ReportFormat,
    language: Language,
) -> QueryResult<Option<Found>> {
    match db::report_files::find(conn, task_force_id, number, format, language).await? {
        None => Ok(None),
        Some(Some(stored)) => Ok(Some(Found::Stored(stored))),
        Some(None) => {
            let written = db::reports::find(conn, task_force_id, number).await?;
            Ok(written.map(|written| Found::Written(Box::new(written))))
        }
    }
}

impl App {
    /// One report as a file to be read by people.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`; `busy` after a long wait for other renderings.
    pub async fn report_file(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        number: i32,
        format: ReportFormat,
        language: Language,
    ) -> Result<ReportFile> {
        let (_, stored) = self
            .read(caller, task_force_id, async |conn| {
                db::report_files::find(conn, task_force_id, number, format, language).await
            })
            .await?;
        let renderer = Renderer::User(caller.user_id);
        let stored = stored.ok_or(RefusalCode::NotFound)?;
        self.file_of(stored, task_force_id, number, (format, language), renderer).await
    }

    /// One report as a file, for somebody who may see its task force.
    ///
    /// # Errors
    /// `notFound`; `busy` after a long wait for other renderings.
    pub(super) async fn report_file_for(
        &self,
        access: &Access,
        number: i32,
        format: ReportFormat,
        language: Language,
        renderer: Renderer,
    ) -> Result<ReportFile> {
        let id = access.task_force_id;
        let stored = self
            .with_conn(async |conn| Ok(db::report_files::find(conn, id, number, format, language).await?))
            .await?;
        let stored = stored.ok_or(RefusalCode::NotFound)?;
        self.file_of(stored, id, number, (format, language), renderer).await
    }

    /// The stored file, or else the content, rendered. The content is read when the rendering has its place, so that no
    /// request that waits holds it; another request may have stored the file by then.
    async fn file_of(
        &self,
        stored: Option<db::report_files::ReportFile>,
        task_force_id: Uuid,
        number: i32,
        (format, language): (ReportFormat, Language),
        renderer: Renderer,
    ) -> Result<ReportFile> {
        if let Some(stored) = stored {
            return Ok(ReportFile::stored(stored, number, language));
        }
        let place = self.rendering_place(renderer).await?;
        let found = self
            .with_conn(async |conn| Ok(find(conn, task_force_id, number, format, language).await?))
            .await?;
        match found.ok_or(RefusalCode::NotFound)? {
            Found::Stored(stored) => Ok(ReportFile::stored(stored, number, language)),
            Found::Written(written) => self.rendered(place, task_force_id, *written, format, language).await,
        }
    }

    /// Stores files of reports that were put before the council and have none yet, and returns how many.
    ///
    /// # Errors
    /// Errors of the database; `busy` after a long wait for other renderings. A report that can't be rendered does not keep the others from being stored.
    pub async fn store_report_files(&self) -> Result<usize> {
        let missing = self
            .with_conn(async |conn| {
                Ok(db::report_files::missing(conn, render::files::FORMS, Language::ALL, BATCH).await?)
            })
            .await?;
        let mut stored = 0;
        for MissingFile { task_force_id, number, format, language } in missing {
            let place = self.rendering_place(Renderer::Housekeeping).await?;
            let written = self
                .with_conn(async |conn| Ok(db::reports::find(conn, task_force_id, number).await?))
                .await?
                .ok_or_else(|| Error::internal("reports are never deleted"))?;
            match self.rendered(place, task_force_id, written, format, language).await {
                Ok(_) => stored += 1,
                Err(error) => {
                    tracing::error!(%error, %task_force_id, number, %format, "a report could not be rendered");
                }
            }
        }
        Ok(stored)
    }

    /// Renders a report. A file of a report that was put before the council is stored, and the file that is stored is the
    /// answer.
    async fn rendered(
        &self,
        place: RenderingPlace,
        task_force_id: Uuid,
        written: ReportWithContent,
        format: ReportFormat,
        language: Language,
    ) -> Result<ReportFile> {
        let ReportWithContent { report, model } = written;
        let (report_id, number, is_draft) = (report.id, report.number, report.submitted_at.is_none());
        let facts = ReportFacts { hash: hex::encode(&report.hash), submitted_at: report.submitted_at };
        let file = place.render(move || ReportFile::new(&model, &facts, format, language)).await??;
        if is_draft {
            return Ok(file);
        }
        let now = self.clock.now();
        let stored = self
            .with_conn(async |conn| {
                let new = NewReportFile {
                    task_force_id,
                    report_id,
                    format,
                    language,
                    content: &file.content,
                    sha256: &Sha256::digest(&file.content),
                    rendered_by: env!("CARGO_PKG_VERSION"),
                    created_at: now,
                };
                db::report_files::insert(conn, &new).await?;
                Ok(db::report_files::find(conn, task_force_id, number, format, language).await?)
            })
            .await?
            .flatten()
            .ok_or_else(|| Error::internal("a stored file is never deleted"))?;
        Ok(ReportFile::stored(stored, number, language))
    }
}

impl ReportFile {
    /// A file that is stored.
    fn stored(stored: db::report_files::ReportFile, number: i32, language: Language) -> Self {
        let name = render::report::file_name(&stored.task_force, number, language);
        Self { name, content: stored.content }
    }

    /// Renders a report from its stored content.
    fn new(model: &str, facts: &ReportFacts, format: ReportFormat, language: Language) -> Result<Self> {
        let model: ReportModel = serde_json::from_str(model).map_err(Error::internal)?;
        let document = render::report::document(&model, facts, language);
        let content = render::files::file(&document, format).map_err(Error::internal)?;
        let name = render::report::file_name(&model.control.name, model.control.number, language);
        Ok(Self { name, content })
    }
}
