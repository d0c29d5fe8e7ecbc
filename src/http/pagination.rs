//! Pages of lists: their query parameters, and the cursor where each begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::problem::{Problem, Result};
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};

/// Writes down where the next page begins.
pub(super) fn cursor(after: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(after).unwrap_or_default())
}

/// What the last item of a page is known by.
pub(super) trait Key: DeserializeOwned {
    /// Whether the database knows such a key: a date can hold more years than it, and than RFC 3339 writes.
    fn in_range(&self) -> bool {
        true
    }
}

impl Key for i32 {}
impl Key for i64 {}
impl Key for Uuid {}

impl Key for NaiveDate {
    fn in_range(&self) -> bool {
        (0..=9999).contains(&self.year())
    }
}

impl Key for DateTime<Utc> {
    fn in_range(&self) -> bool {
        self.date_naive().in_range()
    }
}

impl<K: Key> Key for Option<K> {
    fn in_range(&self) -> bool {
        self.as_ref().is_none_or(Key::in_range)
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    fn in_range(&self) -> bool {
        self.0.in_range() && self.1.in_range()
    }
}

/// Reads where a page begins.
///
/// # Errors
/// A cursor that this list did not give.
pub(super) fn after<K: Key>(cursor: Option<&str>) -> Result<Option<K>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let key = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| serde_json::from_slice::<K>(&bytes).ok());
    key.filter(Key::in_range).map(Some).ok_or_else(foreign_cursor)
}

/// A cursor that this list did not give.
pub(super) fn foreign_cursor() -> Problem {
    let fault = FieldError::parameter("cursor", FieldErrorCode::Invalid).saying(
        "is not a cursor that this list gave; leave it out to begin at the first page",
        "ليس مؤشرًا أعطته هذه القائمة؛ احذفه للبدء من الصفحة الأولى",
    );
    Refusal::field_errors(RefusalCode::InvalidRequest, vec![fault]).into()
}

/// Declares a page of a list: a concrete type each, so that generated clients get a name for it.
macro_rules! page {
    ($(#[$meta:meta])* $page:ident of $item:ty) => {
        $(#[$meta])*
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        pub(super) struct $page {
            /// The items of this page.
            items: Vec<$item>,
            /// The cursor of the next page; null on the last.
            #[schema(required, example = "WzEyXQ")]
            next: Option<String>,
        }

        impl $page {
            /// The page of these rows; `key` names the last one in the cursor.
            pub(super) fn new<T, K: serde::Serialize>(
                page: $crate::db::page::Page<T>,
                key: impl FnOnce(&T) -> K,
                item: impl FnMut(T) -> $item,
            ) -> Self {
                let next = page
                    .items
                    .last()
                    .filter(|_| page.more)
                    .map(|last| $crate::http::pagination::cursor(&key(last)));
                Self { items: page.items.into_iter().map(item).collect(), next }
            }
        }
    };
}
pub(super) use page;

/// The parameters of a page that every list has, for the fields that a list adds.
macro_rules! page_query {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(super) struct $name {
            $( $(#[$field_meta])* pub(super) $field: $type, )*
            /// How many items at most.
            #[serde(default = "crate::http::pagination::default_limit")]
            #[param(minimum = 1, maximum = 100, default = 25, required = false, example = 25)]
            pub(super) limit: i64,
            /// Where the page begins: `next` of the page before.
            #[param(nullable = false, min_length = 1, max_length = 1000, example = "WzEyXQ")]
            pub(super) cursor: Option<String>,
        }
    };
}
pub(super) use page_query;

/// Items of a page if the request does not say.
pub(super) fn default_limit() -> i64 {
    25
}

page_query! {
    /// A list that is narrowed by nothing.
    PageQuery {}
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_went(
            number in any::<i32>(),
            id in any::<u128>(),
            // From the year 0 to the end of 9999.
            seconds in -62_167_219_200_i64..253_402_300_800,
        ) {
            let moment = DateTime::from_timestamp(seconds, 0).unwrap();
            let key = (Some(moment.date_naive()), (number, (moment, Uuid::from_u128(id))));
            prop_assert_eq!(after(Some(&cursor(&key))).unwrap(), Some(key));
        }

        #[test]
        fn no_cursor_panics(text in "\\PC{0,60}") {
            let _: Result<Option<(DateTime<Utc>, Uuid)>> = after(Some(&text));
        }
    }

    #[test]
    fn a_year_that_the_database_does_not_know_is_no_cursor() {
        for (day, known) in
            [("9999-12-31", true), ("0000-01-01", true), ("+10000-01-01", false), ("-0001-12-31", false)]
        {
            assert_eq!(after::<(NaiveDate, i32)>(Some(&cursor(&(day, 1)))).is_ok(), known, "{day}");
            let moment = format!("{day}T00:00:00Z");
            assert_eq!(after::<(DateTime<Utc>, i32)>(Some(&cursor(&(moment, 1)))).is_ok(), known, "{day}");
        }
    }
}
