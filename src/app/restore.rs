//! The restoration of a task force from its archive, for the operator: all of it in one transaction, or nothing.

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::App;
use crate::db::archive::{ArchivedColumn, TABLES};
use crate::db::{self, Conn, QueryResult};
use crate::domain::archive::Content;
use crate::domain::event::{ActorKind, EventAction, EventActor, NewEvent, SubjectKind};
use crate::domain::text::LocalizedText;
use crate::render::archive::reader::{ArchiveError, ArchiveReader};
use crate::render::archive::verification::verify;
use crate::render::archive::{ArchivedHead, Contents, PEOPLE, table_path};

/// The bytes of rows that one statement inserts.
const BATCH: usize = 512 * 1024;

/// The request id of the events of a restoration.
const REQUEST_ID: &str = "restore";

/// The reason why a task force was not restored. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The archive cannot be read, or is broken.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The archive does not fit this database.
    #[error("{0}")]
    Refused(String),
    /// The database is not available, or refuses a row.
    #[error("{0}")]
    Database(String),
}

type Result<T> = std::result::Result<T, RestoreError>;

/// A task force that was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub task_force_id: Uuid,
    pub name: LocalizedText,
    pub rows: u64,
    /// The last event.
    pub head: ArchivedHead,
    /// The people whom the rows name.
    pub people: u64,
    /// The people whom the database did not know, and who are disabled now.
    pub new_people: u64,
}

/// An archive that was verified. The archive is opened twice, since a row and its content are read at the same time.
#[expect(missing_debug_implementations, reason = "the reader of the file may have none")]
pub struct IntactArchive<R> {
    rows: ArchiveReader<R>,
    contents: ArchiveReader<R>,
}

impl<R: Read + Seek> IntactArchive<R> {
    /// Verifies an archive. No database is needed, so that a broken archive leaves every database alone.
    ///
    /// # Errors
    /// An archive that is broken, or that was exchanged meanwhile.
    pub fn verified(mut rows: ArchiveReader<R>, contents: ArchiveReader<R>) -> Result<Self> {
        let mut first = None;
        let verified = verify(&mut rows, |defect| {
            first.get_or_insert_with(|| defect.to_owned());
        })?;
        if let Some(defect) = first {
            return Err(refused(format!(
                "the archive is broken: {defect} (one of {} defects, which `taskforce verify-audit --archive` lists)",
                verified.defects
            )));
        }
        if contents.manifest().contents != rows.manifest().contents {
            return Err(refused("the archive was exchanged while it was read"));
        }
        Ok(Self { rows, contents })
    }
}

impl App {
    /// Restores the task force of an archive with ids, numbers and events as they were.
    ///
    /// # Errors
    /// An archive of another schema; a task force that is there already; a row that the database refuses.
    pub async fn restore<R: Read + Seek + Send + 'static>(
        &self,
        archive: IntactArchive<R>,
    ) -> Result<Restored> {
        let IntactArchive { rows, contents } = archive;
        let conn = db::pool::connect_beside(&self.pool)
            .await
            .map_err(|error| RestoreError::Database(error.to_string()))?;
        let session = Session { conn, runtime: Handle::current() };
        let restoration = Restoration { rows, contents, session, now: self.clock.now() };
        // Dropping the connection before the commit rolls back.
        tokio::task::spawn_blocking(move || restoration.restore())
            .await
            .map_err(|error| RestoreError::Database(error.to_string()))?
    }
}

/// The connection of a restoration, on a thread that may wait.
struct Session {
    conn: Conn,
    runtime: Handle,
}

impl Session {
    /// Runs a statement, which concerns a table or all of them.
    fn run<T>(
        &mut self,
        table: Option<&str>,
        work: impl AsyncFnOnce(&mut Conn) -> QueryResult<T>,
    ) -> Result<T> {
        self.runtime.block_on(work(&mut self.conn)).map_err(|error| {
            RestoreError::Database(match table {
                Some(table) => format!("the database refuses a row of {table}: {error}"),
                None => format!("the database refuses the restoration: {error}"),
            })
        })
    }
}

struct Restoration<R> {
    rows: ArchiveReader<R>,
    /// The same archive.
    contents: ArchiveReader<R>,
    session: Session,
    now: DateTime<Utc>,
}

impl<R: Read + Seek> Restoration<R> {
    fn restore(mut self) -> Result<Restored> {
        let archived = self.rows.manifest().contents.clone();
        self.session.run(None, async |conn| db::restore::begin(conn).await)?;
        self.check(&archived)?;
        let new_people = self.restore_people()?;
        let columns = self.session.run(None, async |conn| db::archive::columns(conn).await)?;
        let mut rows = 0;
        for table in TABLES {
            let columns = columns.get(table).map(Vec::as_slice).unwrap_or_default();
            rows += match Content::of(table) {
                Some(content) => self.restore_with_contents(table, columns, content)?,
                None => self.restore_rows(table, columns)?,
            };
        }
        let Contents { task_force, head, as_of, counts, .. } = archived;
        // Nobody is told again of what the archive contains.
        self.session.run(None, async |conn| db::notifications::skip_events(conn, task_force.id).await)?;
        self.record(
            NewEvent::new(EventAction::TaskForceRestored, SubjectKind::TaskForce, task_force.id)
                .with_change("asOf", None::<()>, as_of)
                .with_change("headHash", None::<()>, &head.hash),
        )?;
        self.session.run(None, async |conn| db::restore::commit(conn).await)?;
        let people = counts.get("users").copied().unwrap_or_default();
        Ok(Restored { task_force_id: task_force.id, name: task_force.name, rows, people, new_people, head })
    }

    /// Checks whether the database can take the task force.
    fn check(&mut self, archived: &Contents) -> Result<()> {
        let id = archived.task_force.id;
        let facts = self.session.run(None, async |conn| db::restore::facts(conn, id).await)?;
        if facts.exists {
            return Err(refused(format!("the task force {id} is in this database already")));
        }
        if facts.schema_version != archived.schema_version {
            return Err(refused(format!(
                "the archive has the schema {}, and the database has the schema {}: restore the archive with the version of \
                 taskforce that wrote it ({}), and migrate the database then",
                archived.schema_version, facts.schema_version, archived.service_version
            )));
        }
        let tables: BTreeSet<&str> = archived.counts.keys().map(String::as_str).collect();
        if tables != TABLES.into_iter().chain(["users"]).collect() {
            return Err(refused("the archive has other tables than this version of taskforce"));
        }
        Ok(())
    }

    /// Inserts the people whom the database does not know; returns their number.
    fn restore_people(&mut self) -> Result<u64> {
        let (now, mut new) = (self.now, Vec::new());
        let Self { rows, session, .. } = self;
        each_batch(rows, PEOPLE, &["id", "name"], |people| {
            let inserted = async |conn: &mut Conn| db::restore::insert_people(conn, people, now).await;
            new.extend(session.run(Some("users"), inserted)?);
            Ok(())
        })?;
        for id in &new {
            self.record(NewEvent::new(EventAction::UserRestored, SubjectKind::User, *id))?;
        }
        Ok(u64::try_from(new.len()).unwrap_or(u64::MAX))
    }

    /// Inserts the rows of a table; returns their number.
    fn restore_rows(&mut self, table: &str, columns: &[ArchivedColumn]) -> Result<u64> {
        let Self { rows, session, .. } = self;
        let mut count = 0;
        each_batch(rows, &table_path(table), &names(columns), |batch| {
            let inserted =
                async |conn: &mut Conn| db::restore::insert_rows(conn, table, columns, batch).await;
            count += session.run(Some(table), inserted)?;
            Ok(())
        })?;
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// Inserts the rows of a table one by one with their contents; returns their number.
    fn restore_with_contents(
        &mut self,
        table: &str,
        columns: &[ArchivedColumn],
        content: Content,
    ) -> Result<u64> {
        let Self { rows, contents, session, .. } = self;
        let names = names(columns);
        let mut member = rows.member(&table_path(table))?;
        let (mut line, mut count) = (String::new(), 0);
        while member.next_line(&mut line)? {
            let row = check_row(table, &names, &line)?;
            let path = row.get(content.column).and_then(Value::as_str).unwrap_or_default();
            let bytes = contents.member(path)?.read_whole()?;
            let inserted = async |conn: &mut Conn| {
                let row = format!("[{line}]");
                db::restore::insert_row_with_content(conn, table, columns, &row, &bytes).await
            };
            session.run(Some(table), inserted)?;
            count += 1;
        }
        member.finish()?;
        Ok(count)
    }

    /// Records an event of the installation.
    fn record(&mut self, event: NewEvent) -> Result<()> {
        let (now, actor) = (self.now, EventActor { kind: ActorKind::System, id: None });
        self.session.run(Some("installation_events"), async |conn| {
            db::events::insert_installation(conn, actor, REQUEST_ID, now, &event).await
        })
    }
}

fn refused(why: impl Into<String>) -> RestoreError {
    RestoreError::Refused(why.into())
}

fn names(columns: &[ArchivedColumn]) -> Vec<&str> {
    columns.iter().map(|column| column.name.as_str()).collect()
}

/// Passes the rows of a member on, some at a time, as JSON arrays.
fn each_batch<R: Read + Seek>(
    archive: &mut ArchiveReader<R>,
    path: &str,
    names: &[&str],
    mut insert: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    let mut member = archive.member(path)?;
    let mut line = String::new();
    let mut batch = String::new();
    loop {
        let is_row = member.next_line(&mut line)?;
        if is_row {
            check_row(path, names, &line)?;
            batch.push(if batch.is_empty() { '[' } else { ',' });
            batch.push_str(&line);
        }
        if !batch.is_empty() && (!is_row || batch.len() >= BATCH) {
            batch.push(']');
            insert(&batch)?;
            batch.clear();
        }
        if !is_row {
            return Ok(member.finish()?);
        }
    }
}

/// Checks that a row has exactly the columns of its table: Postgres would leave out the others, and take null for those
/// that are missing.
fn check_row(table: &str, names: &[&str], line: &str) -> Result<Map<String, Value>> {
    let row: Map<String, Value> =
        serde_json::from_str(line).map_err(|error| refused(format!("{table}: {error}")))?;
    let has_all = names.iter().all(|name| row.contains_key(*name));
    if has_all && row.len() == names.len() {
        Ok(row)
    } else {
        Err(refused(format!("{table}: a row has other columns")))
    }
}
