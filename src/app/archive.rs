//! The archive of a task force: everything that the task force has, as one file.
//!
//! An archive shows one instant, although it takes as long as the client takes to read it. Its transaction therefore
//! outlives the time of a request, on a connection beside the pool. Packing keeps a thread of its own busy, which waits for
//! the database and for the client; nothing but a few slices is in memory.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use super::caller::Caller;
use super::connection::{DATABASE_TIMEOUT, within};
use super::{App, Error, Result};
use crate::db::archive::{ArchivedColumn, Place, Rows};
use crate::db::{self, Conn, QueryResult};
use crate::domain::archive::Content;
use crate::domain::refusal::RefusalCode;
use crate::domain::sealed_ballot::{BallotReader, is_sealed, may_archive_sealed};
use crate::domain::text::LocalizedText;
use crate::render::archive::writer::ArchiveWriter;
use crate::render::archive::{
    ArchivedHead, ArchivedTaskForce, Contents, FORMAT, FORMAT_VERSION, PEOPLE, README, table_path,
};
use crate::util::places;
use crate::util::places::LONGEST_WAIT;

/// The most archives at the same time. Each takes a connection, a thread, and a snapshot that keeps Postgres from removing
/// old rows.
pub(super) const MAX_ARCHIVERS: usize = 2;

/// The time that an archive may take, however slow its client is: 1 GiB at 5 Mbit/s.
pub const TIME_LIMIT: Duration = Duration::from_secs(30 * 60);

/// The bytes of a chunk that is sent to the client, and the chunks that wait for the client.
const CHUNK: usize = 64 * 1024;
const WAITING_CHUNKS: usize = 4;

/// The time in which a client should read a chunk: 64 KiB in a second.
const CHUNK_TIME: Duration = Duration::from_secs(1);

/// The most bytes of a content that one statement reads.
const SLICE: i32 = 256 * 1024;

/// The lines that one statement reads are as many as have about so many bytes.
const LINES_BYTES: usize = 256 * 1024;
const MOST_LINES: usize = 1000;

/// An archive whose snapshot was taken.
#[expect(missing_debug_implementations, reason = "a connection has none")]
pub struct Archive {
    pub name: LocalizedText,
    /// The day of the snapshot in the task force's time zone.
    pub day: NaiveDate,
    task_force_id: Uuid,
    as_of: DateTime<Utc>,
    head: ArchivedHead,
    schema_version: String,
    conn: Conn,
    /// Freed when the archive is made, or dropped.
    _place: places::Place,
}

impl App {
    /// Takes a snapshot of a task force that the caller may read, and prepares its archive.
    ///
    /// # Errors
    /// As [`App::access`]; `voteOpen` while a vote is open whose choices are sealed for the caller; `busy` if the limit of
    /// archives is reached, or this user has one in progress, also after a wait; `unavailable`.
    pub async fn archive(&self, caller: &Caller, task_force_id: Uuid) -> Result<Archive> {
        // A caller who may not read the task force is refused at once.
        self.access(caller, task_force_id).await?;
        let place = self.archivers.acquire_within(LONGEST_WAIT, caller.user_id).await.ok_or(Error::Busy(
            "Your request waited 10 seconds for its turn. As many archives as the service makes at once are being downloaded, or you are downloading one already. Try again when a download has ended.",
            "انتظر طلبك دوره 10 ثوانٍ. بلغ عدد الأرشيفات الجاري تنزيلها الحدَّ الذي تُعدّه الخدمة في وقت واحد، أو أنك تنزّل أرشيفًا الآن. أعد المحاولة بعد انتهاء أحد التنزيلات.",
        ))?;
        // The right and the instant are those after the wait.
        let access = self.access(caller, task_force_id).await?;
        let begin = async {
            let mut conn = db::pool::connect_beside(&self.pool)
                .await
                .map_err(|error| Error::Unavailable(error.to_string()))?;
            let found = db::archive::begin(&mut conn, task_force_id).await?;
            // In the snapshot of the archive, so that no vote has been opened in between.
            if !may_archive_sealed(access.effective_role) {
                let voters = db::submissions::open_voters(&conn, task_force_id).await?;
                if is_sealed(voters.as_deref(), BallotReader::User(access.actor.user_id)) {
                    return Err(RefusalCode::VoteOpen.into());
                }
            }
            Ok::<_, Error>((conn, found.ok_or(RefusalCode::NotFound)?))
        };
        let (conn, found) = within(Instant::now() + DATABASE_TIMEOUT, Box::pin(begin)).await??;
        Ok(Archive {
            name: found.name,
            day: access.today,
            task_force_id,
            as_of: access.now,
            head: ArchivedHead { seq: found.seq, hash: hex::encode(found.hash) },
            schema_version: found.schema_version,
            conn,
            _place: place,
        })
    }
}

/// The bytes of an archive, while it is made.
#[derive(Debug)]
pub struct ArchiveBytes {
    chunks: Receiver<Vec<u8>>,
    maker: JoinHandle<Result<()>>,
}

impl ArchiveBytes {
    /// The next bytes; `None` after the last ones.
    ///
    /// # Errors
    /// The error that ended the archive. What was sent so far is no ZIP file.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        match self.chunks.recv().await {
            Some(chunk) => Ok(Some(chunk)),
            None => (&mut self.maker).await.map_err(Error::internal)?.map(|()| None),
        }
    }
}

impl Archive {
    /// Makes the archive on a thread of its own, as fast as the bytes are taken. Dropping the bytes ends the making, and so
    /// does a client that falls so far behind the pace of a download.
    pub fn make(self, tolerance: Duration) -> ArchiveBytes {
        let (sender, chunks) = mpsc::channel(WAITING_CHUNKS);
        let runtime = Handle::current();
        let maker = tokio::task::spawn_blocking(move || {
            let task_force_id = self.task_force_id;
            let result = Maker::new(self, runtime, sender, Pace::new(tolerance)).make();
            if let Err(error) = &result {
                tracing::warn!(%error, %task_force_id, "an archive was not completed");
            }
            result
        });
        ArchiveBytes { chunks, maker }
    }
}

/// The pace at which a client has to read. A client may fall behind by a while, and catches up by reading faster. Without
/// the pace, two clients that read as slowly as they can would keep all others from archives for the whole [`TIME_LIMIT`].
#[derive(Debug, Clone, Copy)]
struct Pace {
    tolerance: Duration,
    /// The part of the tolerance that is left.
    left: Duration,
}

impl Pace {
    fn new(tolerance: Duration) -> Self {
        Self { tolerance, left: tolerance }
    }

    /// Notes that the client has taken a chunk after this time.
    fn taken_after(&mut self, time: Duration) {
        self.left = (self.left.saturating_sub(time) + CHUNK_TIME).min(self.tolerance);
    }
}

/// The sink of an archive: gathers chunks, and waits until the client takes them.
struct Chunks {
    sender: Sender<Vec<u8>>,
    chunk: Vec<u8>,
    runtime: Handle,
    pace: Pace,
    deadline: Instant,
}

impl Chunks {
    fn send(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        let begun = Instant::now();
        let until = self.deadline.min(begun + self.pace.left);
        let sent = async { tokio::time::timeout_at(until, self.sender.send(chunk)).await };
        match self.runtime.block_on(sent) {
            Ok(Ok(())) => {
                self.pace.taken_after(begun.elapsed());
                Ok(())
            }
            Ok(Err(_)) => Err(io::Error::other("the client has left")),
            Err(_) => Err(io::Error::other("the client is too slow")),
        }
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() { Ok(()) } else { self.send() }
    }
}

/// Makes an archive on a thread that may wait.
struct Maker {
    archive: Archive,
    runtime: Handle,
    writer: ArchiveWriter<Chunks>,
    counts: BTreeMap<String, u64>,
}

impl Maker {
    fn new(archive: Archive, runtime: Handle, sender: Sender<Vec<u8>>, pace: Pace) -> Self {
        let deadline = Instant::now() + TIME_LIMIT;
        let chunk = Vec::with_capacity(CHUNK);
        let sink = Chunks { sender, chunk, runtime: runtime.clone(), pace, deadline };
        let writer = ArchiveWriter::new(sink, archive.as_of);
        Self { archive, runtime, writer, counts: BTreeMap::new() }
    }

    fn make(mut self) -> Result<()> {
        for (path, text) in README {
            self.writer.begin(path).map_err(Error::internal)?;
            self.writer.write(text.as_bytes()).map_err(Error::internal)?;
        }
        let columns = self.read(async |conn| db::archive::columns(conn).await)?;
        for table in db::archive::TABLES {
            let columns = columns.get(table).map(Vec::as_slice).unwrap_or_default();
            self.write_table(table, columns)?;
        }
        let task_force_id = self.archive.task_force_id;
        self.read(async |conn| db::archive::open_people(conn, task_force_id).await)?;
        self.write_lines(PEOPLE, "users")?;
        let Self { archive, writer, counts, .. } = self;
        let contents = Contents {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            service_version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_version: archive.schema_version,
            as_of: archive.as_of,
            task_force: ArchivedTaskForce { id: archive.task_force_id, name: archive.name },
            head: archive.head,
            counts,
        };
        writer.finish(contents).map_err(Error::internal)
    }

    /// Runs one statement.
    fn read<T>(&mut self, work: impl AsyncFnOnce(&mut Conn) -> QueryResult<T>) -> Result<T> {
        let conn = &mut self.archive.conn;
        self.runtime.block_on(async {
            let work = within(Instant::now() + DATABASE_TIMEOUT, Box::pin(work(conn)));
            Ok(work.await??)
        })
    }

    fn write_table(&mut self, table: &str, columns: &[ArchivedColumn]) -> Result<()> {
        let rows = Rows { table, columns, task_force_id: self.archive.task_force_id };
        self.read(async |conn| rows.open(conn).await)?;
        self.write_lines(&table_path(table), table)?;
        let Some(content) = Content::of(table) else { return Ok(()) };
        self.read(async |conn| rows.open_contents(conn, content).await)?;
        loop {
            let places = self.read(async |conn| db::archive::next_places(conn, MOST_LINES).await)?;
            if places.is_empty() {
                return self.read(db::archive::close);
            }
            for place in places {
                self.write_content(content, &place)?;
            }
        }
    }

    /// Writes the lines that were opened, as the rows of a table.
    fn write_lines(&mut self, path: &str, table: &str) -> Result<()> {
        self.writer.begin(path).map_err(Error::internal)?;
        let (mut count, mut rows) = (1, 0_u64);
        loop {
            let lines = self.read(async |conn| db::archive::next_lines(conn, count).await)?;
            if lines.is_empty() {
                break;
            }
            let mut bytes = 0;
            for line in &lines {
                bytes += line.len();
                self.writer.write(line.as_bytes()).map_err(Error::internal)?;
                self.writer.write(b"\n").map_err(Error::internal)?;
            }
            rows += u64::try_from(lines.len()).unwrap_or_default();
            // Twice as many at most, since the next rows may be larger.
            let fitting = LINES_BYTES.saturating_mul(lines.len()) / bytes.max(1);
            count = fitting.clamp(1, count.saturating_mul(2).min(MOST_LINES));
        }
        self.counts.insert(table.to_owned(), rows);
        self.read(db::archive::close)
    }

    fn write_content(&mut self, content: Content, place: &Place) -> Result<()> {
        self.writer.begin(&place.path).map_err(Error::internal)?;
        let mut offset = 0;
        while offset < place.bytes {
            let slice =
                self.read(async |conn| db::archive::slice(conn, content, place, offset, SLICE).await)?;
            if slice.is_empty() {
                return Err(Error::internal(format!("the content of {} ends early", place.path)));
            }
            self.writer.write(&slice).map_err(Error::internal)?;
            offset += i64::try_from(slice.len()).unwrap_or(i64::MAX);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_falls_behind_by_its_tolerance_and_catches_up() {
        let seconds = Duration::from_secs;
        let mut pace = Pace::new(seconds(30));
        let mut left = |taken: u64| {
            pace.taken_after(seconds(taken));
            pace.left
        };
        assert_eq!(left(0), seconds(30), "no more than at the beginning");
        assert_eq!(left(11), seconds(20));
        assert_eq!(left(1), seconds(20), "as fast as the pace");
        assert_eq!(left(0), seconds(21));
        assert_eq!(left(21), seconds(1));
        assert_eq!(left(2), seconds(1), "late, and forgiven: the wait would have ended");
    }
}
