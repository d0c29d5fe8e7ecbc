//! Hand-written SQL, prepared once per connection.
//!
//! diesel does not cache the prepared statement of a `sql_query`, since its text could differ every time: each call would
//! cost a second round trip and a plan. The statements of this program have a fixed text and can be cached. Neither
//! diesel nor diesel-async has an option for that, so the wrapper implements diesel's public traits of a query.

use diesel::Selectable;
use diesel::pg::{Pg, PgQueryBuilder};
use diesel::query_builder::{AstPass, Query, QueryBuilder as _, QueryFragment, QueryId};
use diesel::result::QueryResult;

/// A `sql_query` with one of a fixed number of texts. The cache of a connection is never emptied, so that no value may
/// become part of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prepared<Q>(pub(crate) Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    // Without a static id, the cache is looked up by the text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

/// The columns of a row, for hand-written SQL that names the table without an alias: `"users"."id", "users"."email",
/// …`. Thereby a statement leaves out columns that the row does not have, such as the text for searches, and repeats
/// no column.
pub(crate) fn columns<T>() -> QueryResult<String>
where
    T: Selectable<Pg, SelectExpression: QueryFragment<Pg>>,
{
    let mut builder = PgQueryBuilder::default();
    T::construct_selection().to_sql(&mut builder, &Pg)?;
    Ok(builder.finish())
}

/// Checks the deferred constraints now instead of at the commit.
pub(crate) async fn check_deferred(conn: &super::Conn) -> QueryResult<()> {
    let query = diesel::sql_query("set constraints all immediate");
    diesel_async::RunQueryDsl::execute(query, &mut &*conn).await.map(drop)
}
