//! Lists of a task force as sheets, for spreadsheets and for other programs.
//!
//! A sheet has all rows of a list, so that it is read in slices: each slice is a read of its own, with a connection and a
//! check of the caller's rights of its own. A client that reads slowly therefore holds no connection, and a caller who
//! loses the rights gets no further rows. No transaction outlasts a slice: a snapshot of the database that covers all of
//! them would hold a connection for as long as the slowest client reads. Instead, one statement decides which rows the
//! sheet has and in which order, and the slices read the rows by their ids: no row is missing or there twice, whatever is
//! changed in the meantime. A row that was deleted since is left out, and a changed row is shown as it is when its slice
//! is read. The ids take 16 bytes for each row.

mod activities;
mod evidence;
mod indicators;
mod migrations;
mod pilots;
mod policies;
mod sectors;
mod votes;

pub use votes::VoteFilter;

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

use chrono_tz::Tz;
use uuid::Uuid;

use super::caller::Caller;
use super::rendering::{Renderer, RenderingPlace};
use super::{App, Error, Result};
use crate::db::{self, Conn, QueryResult};
use crate::domain::text::{Language, LocalizedText};
use crate::render::sheet::{Cell, Layout, Reader, Sheet};
use crate::render::{csv, xlsx};
use crate::util::places::{LONGEST_WAIT, Place};

/// The most rows of a slice. Reading them takes some tenths of the time that one use of the database may take.
const SLICE: usize = 500;

/// The rows of the first slice. The next ones have as many rows as fit into [`SLICE_BYTES`].
const FIRST_SLICE: usize = 8;

/// The bytes of text of a slice, about. A slice is in memory until the client has read it, and many clients may read
/// slowly; a row alone can have a hundred kilobytes.
const SLICE_BYTES: usize = 256 * 1024;

/// The workbooks that are made and sent at once. Each has temporary files.
pub(super) const WORKBOOKS: usize = 16;

/// A row of a list that can be had as a sheet.
#[expect(async_fn_in_trait, reason = "these futures never leave their thread")]
pub trait SheetRow: Sized + Send + 'static {
    /// The filter of the list.
    type Filter: 'static;
    /// The order of the list.
    type Order;

    /// The columns.
    fn sheet(language: Language) -> Sheet<Self>;

    fn id(&self) -> Uuid;

    /// The ids of all rows that a filter lets through, in an order.
    async fn ids(
        conn: &Conn,
        task_force_id: Uuid,
        filter: &Self::Filter,
        order: &Self::Order,
    ) -> QueryResult<Vec<Uuid>>;

    /// The rows with these ids of the list, in no order.
    async fn with_ids(
        conn: &Conn,
        task_force_id: Uuid,
        filter: &Self::Filter,
        ids: &[Uuid],
    ) -> QueryResult<Vec<Self>>;
}

/// The rows of a list of products, which `resource_queries!` lists.
macro_rules! product_rows {
    ($table:ident, $Filter:ty) => {
        type Filter = $Filter;
        type Order = $crate::db::resource::ProductOrder;

        fn id(&self) -> uuid::Uuid {
            self.id
        }

        async fn ids(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            filter: &Self::Filter,
            order: &Self::Order,
        ) -> $crate::db::QueryResult<Vec<uuid::Uuid>> {
            $crate::db::$table::ids(conn, task_force_id, filter, order).await
        }

        async fn with_ids(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            _filter: &Self::Filter,
            ids: &[uuid::Uuid],
        ) -> $crate::db::QueryResult<Vec<Self>> {
            $crate::db::$table::with_ids(conn, task_force_id, ids).await
        }
    };
}
use product_rows;

/// A sheet whose rows are being read.
#[expect(missing_debug_implementations, reason = "the service holds keys")]
pub struct Export<R: SheetRow> {
    app: App,
    caller: Caller,
    task_force_id: Uuid,
    task_force: LocalizedText,
    sheet: Arc<Sheet<R>>,
    reader: Reader,
    filter: R::Filter,
    /// The rows that are still to be read.
    ids: std::vec::IntoIter<Uuid>,
    /// The rows of the next slice.
    slice: usize,
    /// True once something of the sheet was rendered.
    has_begun: bool,
}

impl App {
    /// All rows of a list, for a sheet.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn export<R: SheetRow>(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        (filter, order): (R::Filter, &R::Order),
        (language, labels): (Option<Language>, bool),
    ) -> Result<Export<R>> {
        let (access, (ids, task_force)) = self
            .read(caller, task_force_id, async |conn| {
                tokio::try_join!(
                    R::ids(conn, task_force_id, &filter, order),
                    db::task_forces::find(conn, task_force_id)
                )
            })
            .await?;
        let language = language.or_else(|| caller.preferred_language.get()).unwrap_or(Language::English);
        let fields = task_force.fields;
        // A zone that is no longer known counts as UTC, as in the database.
        let time_zone = fields.time_zone.parse().unwrap_or(Tz::UTC);
        Ok(Export {
            app: self.clone(),
            caller: caller.clone(),
            task_force_id,
            task_force: fields.name,
            sheet: Arc::new(R::sheet(language)),
            reader: Reader { language, labels, today: access.today, time_zone },
            filter,
            ids: ids.into_iter(),
            slice: FIRST_SLICE,
            has_begun: false,
        })
    }
}

impl<R: SheetRow> Export<R> {
    /// The language of the sheet.
    pub fn language(&self) -> Language {
        self.reader.language
    }

    /// True if all rows have been read.
    pub fn is_complete(&self) -> bool {
        self.ids.len() == 0
    }

    /// The title of the sheet, for the name of a file: the task force, the list and the day.
    pub fn title(&self) -> String {
        let task_force = self.task_force.in_language(self.reader.language);
        format!("{task_force} – {} – {}", self.layout().title, self.reader.today)
    }

    /// The same in ASCII: the list and the day.
    pub fn plain_title(&self) -> String {
        format!("{} {}", self.sheet.title.en, self.reader.today)
    }

    /// The name of the sheet and its columns.
    fn layout(&self) -> Layout {
        self.sheet.layout(&self.reader)
    }

    /// The place of the next rendering. A sheet that has begun waits as long as it takes: a response that has begun could
    /// only break off, and the sheet holds no rows while it waits.
    async fn place(&mut self) -> Result<RenderingPlace> {
        let renderer = Renderer::User(self.caller.user_id);
        if self.has_begun {
            return self.app.next_rendering_place(renderer).await;
        }
        let place = self.app.rendering_place(renderer).await?;
        self.has_begun = true;
        Ok(place)
    }

    /// The next slice of rows.
    async fn next(&mut self) -> Result<Vec<R>> {
        let ids: Vec<Uuid> = self.ids.by_ref().take(self.slice).collect();
        let (task_force_id, filter) = (self.task_force_id, &self.filter);
        let query = async |conn: &Conn| R::with_ids(conn, task_force_id, filter, &ids).await;
        let (_, rows) = self.app.read(&self.caller, task_force_id, query).await?;
        let mut rows: HashMap<Uuid, R> = rows.into_iter().map(|row| (row.id(), row)).collect();
        Ok(ids.iter().filter_map(|id| rows.remove(id)).collect())
    }

    /// Reads the next rows and renders them on a thread for blocking work, and fits the slice after them to their size.
    /// The rows are read when the rendering has its place.
    async fn render_next<T: Send + 'static>(
        &mut self,
        rendering: impl FnOnce(&[Vec<Cell>]) -> T + Send + 'static,
    ) -> Result<T> {
        let place = self.place().await?;
        let rows = self.next().await?;
        let (sheet, reader, count) = (Arc::clone(&self.sheet), self.reader, rows.len());
        let render = move || {
            let cells = rows.iter().map(|row| sheet.row(row, &reader)).collect::<Vec<_>>();
            (cells.iter().flatten().map(Cell::bytes).sum::<usize>(), rendering(&cells))
        };
        let (bytes, rendered) = place.render(render).await?;
        self.slice = next_slice(self.slice, count, bytes);
        Ok(rendered)
    }

    /// The beginning of the sheet as CSV: its headings.
    ///
    /// # Errors
    /// An error of the service.
    pub fn csv_headings(&self, byte_order_mark: bool) -> Result<Vec<u8>> {
        csv::headings(&self.layout(), byte_order_mark).map_err(Error::internal)
    }

    /// The next lines of the sheet as CSV; `None` at the end.
    ///
    /// # Errors
    /// As [`App::read`]; `busy` after a long wait for other renderings, before the first lines; an error of the service if
    /// the rendering panics.
    pub async fn csv_lines(&mut self) -> Result<Option<Vec<u8>>> {
        if self.is_complete() {
            return Ok(None);
        }
        self.render_next(csv::rows).await?.map_err(Error::internal).map(Some)
    }

    /// The sheet as a workbook.
    ///
    /// # Errors
    /// As [`App::read`]; `busy` after a long wait for other workbooks or renderings; an error of the service if a rendering
    /// panics or a temporary file cannot be written.
    pub async fn xlsx(mut self) -> Result<Workbook> {
        let place = self.app.workbook_place(self.caller.user_id).await?;
        let (layout, created_at) = (self.layout(), self.app.clock.now());
        let book = self.place().await?.render(move || xlsx::Book::new(&layout, created_at)).await?;
        let mut book = book.map_err(Error::internal)?;
        while !self.is_complete() {
            let added = self.render_next(move |rows| book.add(rows).map(|()| book)).await?;
            book = added.map_err(Error::internal)?;
        }
        let file = self.place().await?.render(move || book.save()).await?.map_err(Error::internal)?;
        Ok(Workbook { file, _place: place })
    }
}

/// A workbook as a temporary file, which exists as long as it is open. The place of its user is taken as long.
#[derive(Debug)]
pub struct Workbook {
    pub file: File,
    _place: Place,
}

impl App {
    /// Waits until this user has no other workbook, and less than the most are made and sent.
    async fn workbook_place(&self, user_id: Uuid) -> Result<Place> {
        self.workbooks.acquire_within(LONGEST_WAIT, user_id).await.ok_or(Error::Busy(
            "You are downloading another workbook, or as many as the service makes at once are being downloaded. Try again when a download has ended, or ask for CSV.",
            "أنت تنزّل مصنفًا آخر الآن، أو بلغ عدد المصنفات الجاري تنزيلها الحدَّ الذي تُعدّه الخدمة في وقت واحد. أعد المحاولة بعد انتهاء أحد التنزيلات، أو اطلب CSV.",
        ))
    }
}

/// The rows of the slice after one of so many rows and bytes: at most twice as many, since the next rows may be larger.
fn next_slice(slice: usize, rows: usize, bytes: usize) -> usize {
    let fitting = SLICE_BYTES.saturating_mul(rows) / bytes.max(1);
    fitting.clamp(1, slice.saturating_mul(2).min(SLICE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_has_as_many_rows_as_fit_into_its_bytes() {
        let mut slices = vec![FIRST_SLICE];
        for _ in 0..7 {
            let rows = *slices.last().unwrap();
            slices.push(next_slice(rows, rows, rows * 200));
        }
        assert_eq!(slices, [8, 16, 32, 64, 128, 256, 500, 500], "short rows");
        assert_eq!(next_slice(500, 500, 500 * 80_000), 3, "long rows");
        assert_eq!(next_slice(3, 3, 3 * 1_000_000), 1, "a row that is too large is read alone");
        assert_eq!(next_slice(1, 1, 200), 2);
        assert_eq!(next_slice(8, 0, 0), 1, "all rows were deleted meanwhile");
    }
}
