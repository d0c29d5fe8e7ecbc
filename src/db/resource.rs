//! The queries that resources share, written once.
//!
//! A *product* of a step (policy, sector, pilot, migration) counts in the cycles from `cycle` to `last_cycle`, has a
//! state, and is listed and searched like every other product: [`resource_queries!`]. A *child* (a sector's study, a
//! pilot's indicator) belongs to a parent and is deleted with it: [`child_queries!`].
//!
//! Both are macros because a function that is generic over diesel's tables needs a page of trait bounds for each
//! statement. The functions that a macro makes are named in its documentation and at the top of each file that uses
//! it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::cycles::{Cycles, SelectsCycles};
use super::page::{Page, Window};
use super::{Conn, QueryResult};
use crate::domain::text::Language;

/// Narrows a list of products.
#[derive(Debug, Clone)]
pub struct ProductFilter<S> {
    /// Only products that count in these cycles.
    pub cycles: Cycles,
    /// Only products in one of these states; an empty list stands for every state.
    pub states: Vec<S>,
    /// Only products whose text contains this, folded.
    pub q: Option<String>,
    /// Only products of this pilot, for migrations.
    pub pilot_id: Option<Uuid>,
}

impl<S> Default for ProductFilter<S> {
    fn default() -> Self {
        Self { cycles: Cycles::Current, states: Vec::new(), q: None, pilot_id: None }
    }
}

impl<S> SelectsCycles for ProductFilter<S> {
    fn select_cycles(&mut self, cycles: Cycles) {
        self.cycles = cycles;
    }
}

/// The order of a list of products, with the key of the row after which a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductOrder {
    /// Oldest first.
    CreatedAt(Option<Uuid>),
    /// By the title in a language, or in the other one where there is none.
    Title(Language, Option<(String, Uuid)>),
    /// The latest change first.
    UpdatedAt(Option<(DateTime<Utc>, Uuid)>),
}

impl ProductOrder {
    /// The language of a list sorted by title.
    pub fn language(&self) -> Option<Language> {
        match self {
            Self::Title(language, _) => Some(*language),
            Self::CreatedAt(_) | Self::UpdatedAt(_) => None,
        }
    }
}

/// The row of a product in a list, as [`resource_queries!`] makes the list.
pub trait ProductRow {
    /// Id of the product.
    fn id(&self) -> Uuid;
    /// Time of the last change.
    fn updated_at(&self) -> DateTime<Utc>;
}

/// A row of a child that belongs to one parent, and its queries, as [`child_queries!`] makes them.
#[expect(async_fn_in_trait, reason = "these futures never leave their thread")]
pub trait ChildRow: Sized {
    /// The fields that can be changed.
    type Fields;

    fn id(&self) -> Uuid;
    /// The version, which counts changes.
    fn version(&self) -> i32;
    /// The fields that can be changed.
    fn fields(&self) -> &Self::Fields;

    /// Finds a child of a parent.
    async fn find(conn: &Conn, task_force_id: Uuid, parent_id: Uuid, id: Uuid) -> QueryResult<Option<Self>>;

    /// A page of the children of a parent, oldest first.
    async fn list(
        conn: &Conn,
        task_force_id: Uuid,
        parent_id: Uuid,
        after: Option<Uuid>,
        window: Window,
    ) -> QueryResult<Page<Self>>;

    /// The number of children of a parent that were made in the current cycle.
    async fn count(conn: &Conn, task_force_id: Uuid, parent_id: Uuid) -> QueryResult<i64>;

    /// Inserts a child under its parent.
    async fn insert(
        conn: &Conn,
        task_force_id: Uuid,
        id: Uuid,
        parent_id: Uuid,
        fields: &Self::Fields,
        now: DateTime<Utc>,
    ) -> QueryResult<()>;

    /// Sets the changeable fields of a child.
    async fn update(
        conn: &Conn,
        task_force_id: Uuid,
        id: Uuid,
        fields: &Self::Fields,
        now: DateTime<Utc>,
    ) -> QueryResult<()>;

    /// Deletes a child.
    async fn delete(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<()>;
}

/// Makes the functions `update` and `delete`, by the key that every table below a task force has.
macro_rules! update_and_delete {
    (table: $table:ident, fields: $fields:ty $(,)?) => {
        /// Sets the changeable fields of one row.
        pub async fn update(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            id: uuid::Uuid,
            fields: &$fields,
            now: chrono::DateTime<chrono::Utc>,
        ) -> diesel::QueryResult<()> {
            diesel::update($table::table.find((task_force_id, id)))
                .set((fields, $table::version.eq($table::version + 1), $table::updated_at.eq(now)))
                .execute(&mut &*conn)
                .await
                .map(drop)
        }

        /// Deletes one row; its children go with it.
        pub async fn delete(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            id: uuid::Uuid,
        ) -> diesel::QueryResult<()> {
            diesel::delete($table::table.find((task_force_id, id))).execute(&mut &*conn).await.map(drop)
        }
    };
}
pub(super) use update_and_delete;

/// Makes the queries of a product: `insert`, `update`, `exists`, `list`, `ids`, `with_ids`, `delete`; and `set_state` if
/// the type of the state is given. A product whose transitions set more than state and reason has an update of its own instead.
///
/// `title` is the column that a list is sorted by. `final_states` are the states of products that count apart from those
/// in force. `narrowed_by` names what the filter has beside cycle, states and text:
/// `filter field: column`.
macro_rules! resource_queries {
    (
        table: $table:ident,
        row: $row:ty,
        fields: $fields:ty,
        $(state: $state:ty,)?
        title: $title:ident,
        filter: $filter:ty $(,
        narrowed_by: { $($narrowed:ident: $column:ident),+ })? $(,
        final_states: $final_states:expr)? $(,)?
    ) => {
        $crate::db::resource::update_and_delete! { table: $table, fields: $fields }

        /// Inserts one row, which counts in this cycle.
        pub async fn insert(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            id: uuid::Uuid,
            cycle: i32,
            fields: &$fields,
            now: chrono::DateTime<chrono::Utc>,
        ) -> diesel::QueryResult<()> {
            diesel::insert_into($table::table)
                .values((
                    fields,
                    $table::task_force_id.eq(task_force_id),
                    $table::id.eq(id),
                    $table::cycle.eq(cycle),
                    $table::last_cycle.eq(cycle),
                    $table::state_since.eq(now),
                    $table::created_at.eq(now),
                    $table::updated_at.eq(now),
                ))
                .execute(&mut &*conn)
                .await
                .map(drop)
        }

        $(
            /// Sets the state of one row, and its reason.
            pub async fn set_state(
                conn: &$crate::db::Conn,
                task_force_id: uuid::Uuid,
                id: uuid::Uuid,
                state: $state,
                reason: Option<&$crate::domain::text::LocalizedText>,
                now: chrono::DateTime<chrono::Utc>,
            ) -> diesel::QueryResult<()> {
                diesel::update($table::table.find((task_force_id, id)))
                    .set((
                        $table::state.eq(state),
                        $table::state_reason.eq(reason),
                        $table::state_since.eq(now),
                        $table::version.eq($table::version + 1),
                        $table::updated_at.eq(now),
                    ))
                    .execute(&mut &*conn)
                    .await
                    .map(drop)
            }
        )?

        /// The numbers of rows that count in a cycle and in no later one.
        pub async fn count(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            cycle: i32,
        ) -> diesel::QueryResult<$crate::domain::size::ProductCount> {
            let all = || {
                $table::table
                    .filter($table::task_force_id.eq(task_force_id))
                    .filter($table::last_cycle.eq(cycle))
            };
            let in_force = all()$(.filter($table::state.ne_all($final_states)))?;
            let (in_force, all) = tokio::try_join!(
                async { in_force.count().get_result(&mut &*conn).await },
                async { all().count().get_result(&mut &*conn).await },
            )?;
            Ok($crate::domain::size::ProductCount { in_force, all })
        }

        /// Returns whether the task force has a row with this id.
        pub async fn exists(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            id: uuid::Uuid,
        ) -> diesel::QueryResult<bool> {
            diesel::select(diesel::dsl::exists($table::table.find((task_force_id, id))))
                .get_result(&mut &*conn)
                .await
        }

        impl $crate::db::resource::ProductRow for $row {
            fn id(&self) -> uuid::Uuid {
                self.id
            }

            fn updated_at(&self) -> chrono::DateTime<chrono::Utc> {
                self.updated_at
            }
        }

        impl From<$crate::db::page::Keyed<$row>> for $row {
            fn from(keyed: $crate::db::page::Keyed<$row>) -> Self {
                keyed.row
            }
        }

        /// The rows that a filter lets through.
        fn matching(
            task_force_id: uuid::Uuid,
            filter: &$filter,
        ) -> $table::BoxedQuery<'_, diesel::pg::Pg> {
            use $crate::db::cycles::Cycles;
            use $crate::db::schema::task_forces;

            let mut query = $table::table.filter($table::task_force_id.eq(task_force_id)).into_boxed();
            query = match filter.cycles {
                Cycles::All => query,
                Cycles::One(cycle) => query.filter($table::cycle.le(cycle)).filter($table::last_cycle.ge(cycle)),
                Cycles::Current => query.filter(
                    $table::last_cycle.nullable().eq(task_forces::table
                        .find(task_force_id)
                        .select(task_forces::current_cycle)
                        .single_value()),
                ),
            };
            if !filter.states.is_empty() {
                query = query.filter($table::state.eq_any(&filter.states));
            }
            if let Some(q) = &filter.q {
                query = query.filter($table::search.nullable().like($crate::db::functions::pattern(q)));
            }
            $($(
                if let Some(wanted) = filter.$narrowed {
                    query = query.filter($table::$column.eq(wanted));
                }
            )+)?
            query
        }

        /// The ids of all rows that a filter lets through, in this order, whatever its key.
        pub async fn ids(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            filter: &$filter,
            order: &$crate::db::resource::ProductOrder,
        ) -> diesel::QueryResult<Vec<uuid::Uuid>> {
            use diesel::sql_types::Text;
            use $crate::db::relations;
            use $crate::db::resource::ProductOrder;

            let query = matching(task_force_id, filter).select($table::id);
            let query = match order {
                ProductOrder::CreatedAt(_) => query.order($table::id),
                ProductOrder::Title(language, _) => {
                    let title = concat!(stringify!($table), ".", stringify!($title));
                    let key = relations::expression::<Text>(relations::sort_key(title, *language));
                    query.order((key, $table::id))
                }
                ProductOrder::UpdatedAt(_) => query.order(($table::updated_at.desc(), $table::id.desc())),
            };
            query.load(&mut &*conn).await
        }

        /// The rows with these ids, in no order.
        pub async fn with_ids(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            ids: &[uuid::Uuid],
        ) -> diesel::QueryResult<Vec<$row>> {
            $table::table
                .filter($table::task_force_id.eq(task_force_id))
                .filter($table::id.eq_any(ids))
                .select(<$row>::as_select())
                .load(&mut &*conn)
                .await
        }

        /// A page of the rows that a filter lets through.
        pub async fn list(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            filter: &$filter,
            order: &$crate::db::resource::ProductOrder,
            window: $crate::db::page::Window,
        ) -> diesel::QueryResult<$crate::db::page::Page<$crate::db::page::Keyed<$row>>> {
            use diesel::sql_types::Text;
            use $crate::db::resource::ProductOrder;
            use $crate::db::{page, relations};

            let title = concat!(stringify!($table), ".", stringify!($title));
            let matching = || {
                let columns = (<$row>::as_select(), relations::key_column(title, order.language()));
                matching(task_force_id, filter).select(columns)
            };
            let mut query = matching().limit(window.rows());
            query = match order {
                ProductOrder::CreatedAt(after) => {
                    if let Some(after) = after {
                        query = query.filter($table::id.gt(*after));
                    }
                    query.order($table::id)
                }
                ProductOrder::Title(language, after) => {
                    let key = || relations::expression::<Text>(relations::sort_key(title, *language));
                    if let Some((after, id)) = after {
                        query = query
                            .filter(key().ge(after.as_str()))
                            .filter(key().gt(after.as_str()).or($table::id.gt(*id)));
                    }
                    query.order((key(), $table::id))
                }
                ProductOrder::UpdatedAt(after) => {
                    if let Some((at, id)) = after {
                        query = query
                            .filter($table::updated_at.le(*at))
                            .filter($table::updated_at.lt(*at).or($table::id.lt(*id)));
                    }
                    query.order(($table::updated_at.desc(), $table::id.desc()))
                }
            };
            let rows = async { query.load::<($row, Option<String>)>(&mut &*conn).await };
            let total = async { matching().count().get_result(&mut &*conn).await };
            Ok(window.page(rows, total).await?.map(page::Keyed::from))
        }
    };
}
pub(super) use resource_queries;

/// Makes the queries of a child: `insert`, `update`, `find`, `list` and `delete`.
///
/// `parent` is the pattern of the argument that identifies the parent; it binds the variables in `parent_columns`.
/// `insert_with` names further columns that are set once. `implements: ChildRow` is for children whose parent is one id;
/// `counted_if` narrows the children that `ChildRow::count` counts.
macro_rules! child_queries {
    (
        table: $table:ident,
        row: $row:ty,
        fields: $fields:ty,
        parent: $parent:pat_param,
        parent_type: $parent_type:ty,
        parent_columns: [$($column:ident),+] $(,
        insert_with: ($($once:ident: $once_type:ty),+))? $(,
        implements: $child_row:path $(,
        counted_if: $counted:expr)?)? $(,)?
    ) => {
        $crate::db::resource::update_and_delete! { table: $table, fields: $fields }

        /// Inserts one row under its parent.
        pub async fn insert(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            id: uuid::Uuid,
            $parent: $parent_type,
            $(($($once,)+): ($($once_type,)+),)?
            fields: &$fields,
            now: chrono::DateTime<chrono::Utc>,
        ) -> diesel::QueryResult<()> {
            diesel::insert_into($table::table)
                .values((
                    fields,
                    $table::task_force_id.eq(task_force_id),
                    $table::id.eq(id),
                    $($table::$column.eq($column),)+
                    $($($table::$once.eq($once),)+)?
                    $table::created_at.eq(now),
                    $table::updated_at.eq(now),
                ))
                .execute(&mut &*conn)
                .await
                .map(drop)
        }

        /// Finds one row of a parent.
        pub async fn find(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            $parent: $parent_type,
            id: uuid::Uuid,
        ) -> diesel::QueryResult<Option<$row>> {
            $table::table
                .filter($table::task_force_id.eq(task_force_id))
                .filter($table::id.eq(id))
                $(.filter($table::$column.eq($column)))+
                .select(<$row>::as_select())
                .first(&mut &*conn)
                .await
                .optional()
        }

        /// The rows of a parent.
        fn of_parent(
            task_force_id: uuid::Uuid,
            $parent: $parent_type,
        ) -> $table::BoxedQuery<'static, diesel::pg::Pg> {
            $table::table
                .filter($table::task_force_id.eq(task_force_id))
                $(.filter($table::$column.eq($column)))+
                .into_boxed()
        }

        /// A page of the rows of a parent, oldest first.
        pub async fn list(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            parent: $parent_type,
            after: Option<uuid::Uuid>,
            window: $crate::db::page::Window,
        ) -> diesel::QueryResult<$crate::db::page::Page<$row>> {
            let matching = || of_parent(task_force_id, parent).select(<$row>::as_select());
            let mut query = matching().order($table::id).limit(window.rows());
            if let Some(after) = after {
                query = query.filter($table::id.gt(after));
            }
            let rows = async { query.load(&mut &*conn).await };
            let total = async { matching().count().get_result(&mut &*conn).await };
            window.page(rows, total).await
        }

        $(
            impl $child_row for $row {
                type Fields = $fields;

                fn id(&self) -> uuid::Uuid {
                    self.id
                }

                fn version(&self) -> i32 {
                    self.version
                }

                fn fields(&self) -> &$fields {
                    &self.fields
                }

                async fn find(
                    conn: &$crate::db::Conn,
                    task_force_id: uuid::Uuid,
                    parent_id: uuid::Uuid,
                    id: uuid::Uuid,
                ) -> diesel::QueryResult<Option<Self>> {
                    find(conn, task_force_id, parent_id, id).await
                }

                async fn list(
                    conn: &$crate::db::Conn,
                    task_force_id: uuid::Uuid,
                    parent_id: uuid::Uuid,
                    after: Option<uuid::Uuid>,
                    window: $crate::db::page::Window,
                ) -> diesel::QueryResult<$crate::db::page::Page<Self>> {
                    list(conn, task_force_id, parent_id, after, window).await
                }

                async fn count(
                    conn: &$crate::db::Conn,
                    task_force_id: uuid::Uuid,
                    parent_id: uuid::Uuid,
                ) -> diesel::QueryResult<i64> {
                    of_parent(task_force_id, parent_id)
                        .filter($crate::db::cycles::made_in_current(stringify!($table)))
                        $(.filter($counted))?
                        .count()
                        .get_result(&mut &*conn)
                        .await
                }

                async fn insert(
                    conn: &$crate::db::Conn,
                    task_force_id: uuid::Uuid,
                    id: uuid::Uuid,
                    parent_id: uuid::Uuid,
                    fields: &$fields,
                    now: chrono::DateTime<chrono::Utc>,
                ) -> diesel::QueryResult<()> {
                    insert(conn, task_force_id, id, parent_id, fields, now).await
                }

                async fn update(
                    conn: &$crate::db::Conn,
                    task_force_id: uuid::Uuid,
                    id: uuid::Uuid,
                    fields: &$fields,
                    now: chrono::DateTime<chrono::Utc>,
                ) -> diesel::QueryResult<()> {
                    update(conn, task_force_id, id, fields, now).await
                }

                async fn delete(
                    conn: &$crate::db::Conn,
                    task_force_id: uuid::Uuid,
                    id: uuid::Uuid,
                ) -> diesel::QueryResult<()> {
                    delete(conn, task_force_id, id).await
                }
            }
        )?
    };
}
pub(super) use child_queries;
