//! Keyset pages: a query loads one row more than a page holds, which says whether there is a next page.

use std::future::Future;

use diesel::QueryableByName;
use diesel::result::QueryResult;
use diesel::sql_types::BigInt;
use uuid::Uuid;

use crate::domain::text::Language;

/// The size of a page, and whether the whole list is counted beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The most rows of the page.
    pub limit: i64,
    /// True if all rows that match the filters are counted.
    pub counted: bool,
}

impl Window {
    /// A page of at most `limit` rows, of a list that is not counted.
    pub fn of(limit: i64) -> Self {
        Self { limit, counted: false }
    }

    /// The number of rows that a query loads.
    pub fn rows(self) -> i64 {
        self.limit + 1
    }

    /// The page of these rows. The rows and their total are read in one round trip; the total only if it is asked for.
    ///
    /// # Errors
    /// The errors of both queries.
    pub async fn page<T>(
        self,
        rows: impl Future<Output = QueryResult<Vec<T>>>,
        total: impl Future<Output = QueryResult<i64>>,
    ) -> QueryResult<Page<T>> {
        let total = async { if self.counted { total.await.map(Some) } else { Ok(None) } };
        let (rows, total) = tokio::try_join!(rows, total)?;
        Ok(Page { total, ..Page::of(rows, self.limit) })
    }
}

/// The total of a list, as hand-written SQL counts it in the column `total`.
#[derive(Debug, QueryableByName)]
pub(super) struct Total {
    #[diesel(sql_type = BigInt)]
    pub(super) total: i64,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// True if there is a next page.
    pub more: bool,
    /// The number of rows on all pages, if it was asked for.
    pub total: Option<i64>,
}

impl<T> Page<T> {
    /// Makes a page of at most `limit + 1` rows.
    pub fn of(mut rows: Vec<T>, limit: i64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        Self { items: rows, more, total: None }
    }

    /// The same page of other items.
    pub fn map<U>(self, item: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(item).collect(), more: self.more, total: self.total }
    }
}

/// The order of a list of users or task forces, with the key of the row after which a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameOrder {
    /// Oldest first.
    CreatedAt(Option<Uuid>),
    /// By the name in a language, or in the other one where there is none.
    Name(Language, Option<(String, Uuid)>),
}

impl NameOrder {
    /// The language of a list sorted by name.
    pub fn language(&self) -> Option<Language> {
        match self {
            Self::Name(language, _) => Some(*language),
            Self::CreatedAt(_) => None,
        }
    }
}

/// A row of a list that can be sorted by title, with the key of the row in that order.
#[derive(Debug, Clone)]
pub struct Keyed<T> {
    pub row: T,
    /// The folded title, in a list sorted by title.
    pub key: Option<String>,
}

impl<T> From<(T, Option<String>)> for Keyed<T> {
    fn from((row, key): (T, Option<String>)) -> Self {
        Self { row, key }
    }
}
