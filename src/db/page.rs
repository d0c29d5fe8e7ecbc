//! Keyset pages: a query loads one row more than a page holds, which says whether there is a next page.

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// True if there is a next page.
    pub more: bool,
}

impl<T> Page<T> {
    /// Makes a page of at most `limit + 1` rows.
    pub fn of(mut rows: Vec<T>, limit: i64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        Self { items: rows, more }
    }

    /// Maps the rows of the page.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(make).collect(), more: self.more }
    }
}
