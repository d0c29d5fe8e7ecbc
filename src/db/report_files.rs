//! The files of reports that were put before the council. A file is stored once and never changed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Int4, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::schema::{report_files, reports, task_forces};
use super::statement::Prepared;
use crate::domain::report::ReportFormat;
use crate::domain::text::{Language, LocalizedText};

/// A file to be stored.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = report_files, check_for_backend(diesel::pg::Pg))]
pub struct NewReportFile<'a> {
    pub task_force_id: Uuid,
    pub report_id: Uuid,
    pub format: ReportFormat,
    pub language: Language,
    pub content: &'a [u8],
    pub sha256: &'a [u8],
    /// The version of the service that rendered the file.
    pub rendered_by: &'static str,
    pub created_at: DateTime<Utc>,
}

/// A stored file.
#[derive(Debug, Clone)]
pub struct ReportFile {
    pub content: Vec<u8>,
    /// The name of the task force.
    pub task_force: LocalizedText,
}

/// Finds the file of a report, by the number of the report: `None` if there is no such report, `Some(None)` if its file is
/// not stored.
pub async fn find(
    conn: &Conn,
    task_force_id: Uuid,
    number: i32,
    format: ReportFormat,
    language: Language,
) -> QueryResult<Option<Option<ReportFile>>> {
    let of_the_report = report_files::task_force_id
        .eq(reports::task_force_id)
        .and(report_files::report_id.eq(reports::id))
        .and(report_files::format.eq(format))
        .and(report_files::language.eq(language));
    let report: Option<(Option<Vec<u8>>, LocalizedText)> = reports::table
        .inner_join(task_forces::table.on(task_forces::id.eq(reports::task_force_id)))
        .left_join(report_files::table.on(of_the_report))
        .filter(reports::task_force_id.eq(task_force_id))
        .filter(reports::number.eq(number))
        .select((report_files::content.nullable(), task_forces::name))
        .first(&mut &*conn)
        .await
        .optional()?;
    Ok(report.map(|(content, task_force)| content.map(|content| ReportFile { content, task_force })))
}

/// Stores a file, unless one is stored already: of two that are rendered at the same time, the first stays.
pub async fn insert(conn: &Conn, file: &NewReportFile<'_>) -> QueryResult<()> {
    diesel::insert_into(report_files::table)
        .values(file)
        .on_conflict_do_nothing()
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// A file that is not stored yet.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct MissingFile {
    #[diesel(sql_type = SqlUuid)]
    pub task_force_id: Uuid,
    /// The number of the report.
    #[diesel(sql_type = Int4)]
    pub number: i32,
    #[diesel(sql_type = Text)]
    pub format: ReportFormat,
    #[diesel(sql_type = Text)]
    pub language: Language,
}

/// The files in these formats and languages that reports before the council do not have yet, those of the newest reports
/// first.
pub async fn missing(
    conn: &Conn,
    formats: &[ReportFormat],
    languages: &[Language],
    limit: i64,
) -> QueryResult<Vec<MissingFile>> {
    use crate::domain::vocabulary::Vocabulary as _;

    let formats: Vec<&str> = formats.iter().map(|format| format.code()).collect();
    let languages: Vec<&str> = languages.iter().map(|language| language.code()).collect();
    let query = diesel::sql_query(
        "select r.task_force_id, r.number, f.format, l.language
         from reports r
         cross join unnest($1) as f (format)
         cross join unnest($2) as l (language)
         where r.submitted_at is not null
           and not exists (select from report_files x
                           where x.task_force_id = r.task_force_id and x.report_id = r.id
                             and x.format = f.format and x.language = l.language)
         order by r.submitted_at desc, r.id, f.format, l.language limit $3",
    )
    .bind::<Array<Text>, _>(formats)
    .bind::<Array<Text>, _>(languages)
    .bind::<BigInt, _>(limit);
    Prepared(query).load(&mut &*conn).await
}
