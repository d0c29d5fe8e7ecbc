//! Pages of lists: their schema, their query parameters and the cursor at which each begins.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use utoipa::openapi::schema::{
    ArrayBuilder, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::problem::{Problem, Result};
use crate::db;
use crate::db::page::Window;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;

/// The page that a request asks for. A cursor belongs to the list, the filters and the sort of the page
/// whose `next` it was, which are its `fingerprint`.
#[derive(Debug)]
pub(super) struct Paging {
    fingerprint: String,
    cursor: Option<String>,
    window: Window,
}

impl Paging {
    /// The page with these parameters of a list. `query` is the text of the filters and of the sort.
    pub(super) fn new(query: &str, cursor: Option<&str>, limit: i64, count: bool) -> Self {
        let window = Window { limit, counted: count };
        Self { fingerprint: fingerprint(query), cursor: cursor.map(str::to_owned), window }
    }

    /// The same page of a list whose order depends on the language.
    pub(super) fn in_language(self, language: Language) -> Self {
        Self { fingerprint: fingerprint(&format!("{}{}", self.fingerprint, language.code())), ..self }
    }

    /// The size of the page.
    pub(super) fn window(&self) -> Window {
        self.window
    }

    /// The key of the item after which the page begins.
    ///
    /// # Errors
    /// `invalidRequest` for a cursor that this list did not return for these filters and this sort.
    pub(super) fn after<K: Key>(&self) -> Result<Option<K>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let read = |bytes: Vec<u8>| serde_json::from_slice::<(String, K)>(&bytes).ok();
        let key = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(read);
        let key = key.filter(|(of, _)| *of == self.fingerprint).map(|(_, key)| key);
        key.filter(Key::in_range).map(Some).ok_or_else(foreign_cursor)
    }

    /// Encodes the key of a page's last item as the cursor of the next page.
    pub(super) fn cursor(&self, after: &impl Serialize) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&(&self.fingerprint, after)).unwrap_or_default())
    }
}

/// A short hash.
fn fingerprint(text: &str) -> String {
    hex::encode(Sha256::digest(text).iter().take(6).copied().collect::<Vec<_>>())
}

/// The key of an item in the order of its list.
pub(super) trait Key: DeserializeOwned {
    /// Tells whether the database can hold the key: `chrono` has dates that neither Postgres nor RFC 3339 has.
    fn in_range(&self) -> bool {
        true
    }
}

impl Key for i32 {}
impl Key for i64 {}
impl Key for Uuid {}

impl Key for String {
    fn in_range(&self) -> bool {
        !self.contains('\0')
    }
}

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

/// The refusal of a cursor that this list did not return.
fn foreign_cursor() -> Problem {
    let error = FieldError::parameter("cursor", FieldErrorCode::Invalid).saying(
        "is not a cursor that this list gave for these filters and this sort; leave it out to begin at the first page",
        "رمز الصفحة هذا لم يصدر عن هذه القائمة بمعاملات التصفية والترتيب هذه؛ احذفه للبدء من الصفحة الأولى",
    );
    Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into()
}

/// An item of a list, with the schema of the list's pages: each kind of page has a name in the document, so that
/// generated clients have a type for it.
pub(super) trait ListItem: Serialize + ToSchema {
    /// The name of the page's schema.
    const PAGE_NAME: &'static str;
    /// The description of the page's schema.
    const PAGE_DESCRIPTION: &'static str;
}

/// The bytes of JSON at which a page ends, although `limit` would let it have further items. A response is in memory
/// until its client has read it, and many clients may read slowly.
pub(super) const PAGE_BYTES: usize = 256 * 1024;

/// A page of a list: at most `limit` items, and at most [`PAGE_BYTES`] unless its first item alone has more.
#[derive(Debug, Serialize)]
pub(super) struct Page<I> {
    pub(super) items: Vec<I>,
    pub(super) next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<i64>,
}

impl<I: Serialize> Page<I> {
    /// The page of these rows; `key` makes the cursor from the last row of the page.
    pub(super) fn new<T, K: Serialize>(
        paging: &Paging,
        page: db::page::Page<T>,
        key: impl Fn(&T) -> K,
        mut item: impl FnMut(T) -> I,
    ) -> Self {
        let (mut items, mut last, mut more) = (Vec::new(), None, page.more);
        let mut bytes = 0;
        for row in page.items {
            let key = key(&row);
            let item = item(row);
            bytes += size_of_json(&item);
            if bytes > PAGE_BYTES && last.is_some() {
                more = true;
                break;
            }
            items.push(item);
            last = Some(key);
        }
        Self { items, next: last.filter(|_| more).map(|key| paging.cursor(&key)), total: page.total }
    }
}

/// The bytes of a value as JSON.
fn size_of_json(value: &impl Serialize) -> usize {
    let mut bytes = Bytes(0);
    // What cannot be serialized is reported when the response is written.
    serde_json::to_writer(&mut bytes, value).ok();
    bytes.0
}

/// Counts bytes that are written.
struct Bytes(usize);

impl std::io::Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<I: ListItem> PartialSchema for Page<I> {
    fn schema() -> RefOr<Schema> {
        let items = ArrayBuilder::new().items(Ref::from_schema_name(I::name())).description(Some(
            "The items of this page: at most `limit`, and fewer if the page would exceed 256 KiB.",
        ));
        let mut next = ObjectBuilder::new()
            .schema_type(SchemaType::Array(vec![Type::String, Type::Null]))
            .description(Some("Cursor of the next page; null on the last page."))
            .build();
        // The derived schemas have `example`, too; the builder prefers `examples`.
        next.example = Some("WzEyXQ".into());
        ObjectBuilder::new()
            .property("items", items)
            .required("items")
            .property("next", next)
            .required("next")
            .property("total", total())
            .description(Some(I::PAGE_DESCRIPTION))
            .into()
    }
}

/// The schema of a page's `total`.
pub(super) fn total() -> Object {
    let mut total = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0))
        .description(Some(
            "Number of items on all pages, as of this request. Present only with `count=true`.",
        ))
        .build();
    total.example = Some(57.into());
    total
}

impl<I: ListItem> ToSchema for Page<I> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(I::PAGE_NAME)
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((I::name().into_owned(), I::schema()));
        I::schemas(schemas);
    }
}

/// The parameters by which every list is paged.
pub(super) trait PageParameters {
    /// The page that the request asks for.
    fn paging(&self) -> Paging;
}

/// Declares the query parameters of a list: those of the list itself, and `limit` and `cursor`. `exported by` also
/// declares the parameters of the list as a sheet ([`export_query!`](super::sheet)).
///
/// A macro, since `utoipa::IntoParams` cannot flatten one struct into another, and serde cannot flatten into a struct
/// that denies unknown fields.
macro_rules! page_query {
    ($(#[$meta:meta])* $name:ident, exported by $Export:ident {
        $($(#[$field_meta:meta])* $field:ident: $type:ty,)*
    }) => {
        $crate::http::pagination::page_query! {
            $(#[$meta])* $name { $($(#[$field_meta])* $field: $type,)* }
        }
        $crate::http::sheet::export_query! {
            $(#[$meta])* $Export { $($(#[$field_meta])* $field: $type,)* }
        }
    };
    ($(#[$meta:meta])* $name:ident, exported beyond cycles by $Export:ident {
        $($(#[$field_meta:meta])* $field:ident: $type:ty,)*
    }) => {
        $crate::http::pagination::page_query! {
            $(#[$meta])* $name { $($(#[$field_meta])* $field: $type,)* }
        }
        $crate::http::sheet::export_query! {
            $(#[$meta])* $Export beyond cycles { $($(#[$field_meta])* $field: $type,)* }
        }
    };
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(super) struct $name {
            $( $(#[$field_meta])* pub(super) $field: $type, )*
            /// Maximum number of items.
            #[serde(default = "crate::http::pagination::default_limit")]
            #[param(minimum = 1, maximum = 100, default = 25, required = false, example = 25)]
            pub(super) limit: i64,
            /// Cursor of the page: `next` of the previous page.
            #[param(nullable = false, min_length = 1, max_length = 1000, example = "WzEyXQ")]
            pub(super) cursor: Option<String>,
            /// Count the items of all pages (`total`). Counting reads all items that match the filters, also those of other pages: ask once, with the first page.
            #[serde(default)]
            #[param(default = false, required = false)]
            pub(super) count: bool,
        }

        impl $crate::http::pagination::PageParameters for $name {
            fn paging(&self) -> $crate::http::pagination::Paging {
                // The values of each parameter but for those of the page.
                let filters: Vec<String> = vec![$(format!("{:?}", self.$field)),*];
                let query = format!("{}{filters:?}", stringify!($name));
                $crate::http::pagination::Paging::new(&query, self.cursor.as_deref(), self.limit, self.count)
            }
        }
    };
}
pub(super) use page_query;

/// The `limit` of a request without one.
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
            let first = Paging::new("list", None, 25, false);
            let next = Paging::new("list", Some(&first.cursor(&key)), 25, false);
            prop_assert_eq!(next.after().unwrap(), Some(key));
            let other = Paging::new("other list", Some(&first.cursor(&key)), 25, false);
            prop_assert!(other.after::<(Option<NaiveDate>, (i32, (DateTime<Utc>, Uuid)))>().is_err());
        }

        #[test]
        fn no_cursor_panics(text in "\\PC{0,60}") {
            let _: Result<Option<(DateTime<Utc>, Uuid)>> = Paging::new("list", Some(&text), 25, false).after();
        }
    }

    #[test]
    fn a_page_ends_when_it_has_the_bytes_that_a_page_may_have() {
        let ends_at = |sizes: &[usize], more: bool| {
            let items = sizes.iter().copied().enumerate().collect();
            let paging = Paging::new("list", None, 25, false);
            let page = Page::new(
                &paging,
                db::page::Page { items, more, total: None },
                |(at, _)| i64::try_from(*at).unwrap(),
                |(_, size)| "x".repeat(size),
            );
            let next = page
                .next
                .map(|next| Paging::new("list", Some(&next), 25, false).after::<i64>().unwrap().unwrap());
            (page.items.len(), next)
        };
        assert_eq!(ends_at(&[], false), (0, None));
        assert_eq!(ends_at(&[10, 10], false), (2, None));
        assert_eq!(ends_at(&[10, 10], true), (2, Some(1)));
        assert_eq!(ends_at(&[100_000; 5], false), (2, Some(1)));
        assert_eq!(
            ends_at(&[PAGE_BYTES, 10], false),
            (1, Some(0)),
            "the first item is there whatever its size"
        );
        assert_eq!(ends_at(&[10, PAGE_BYTES], true), (1, Some(0)));
        // The quotes count, too.
        assert_eq!(ends_at(&[PAGE_BYTES / 2 - 2, PAGE_BYTES / 2 - 2], false), (2, None));
    }

    #[test]
    fn a_year_that_the_database_does_not_know_is_no_cursor() {
        for (day, known) in
            [("9999-12-31", true), ("0000-01-01", true), ("+10000-01-01", false), ("-0001-12-31", false)]
        {
            let first = Paging::new("list", None, 25, false);
            let next = |cursor: String| Paging::new("list", Some(&cursor), 25, false);
            assert_eq!(next(first.cursor(&(day, 1))).after::<(NaiveDate, i32)>().is_ok(), known, "{day}");
            let moment = format!("{day}T00:00:00Z");
            assert_eq!(
                next(first.cursor(&(moment, 1))).after::<(DateTime<Utc>, i32)>().is_ok(),
                known,
                "{day}"
            );
        }
    }
}
