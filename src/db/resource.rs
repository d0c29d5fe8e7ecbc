//! What the products of the steps and their parts share in the database, written once.
//!
//! A *product* (policy, sector, pilot, migration) has a table of its own, counts in the cycles from `cycle` to
//! `last_cycle`, has a state, and is listed and searched like all the others. A *part* (a sector's study, a pilot's
//! indicator) belongs to something above it and goes with it.

use uuid::Uuid;

/// What a list of products is narrowed by.
#[derive(Debug, Clone)]
pub struct ProductFilter<S> {
    /// Only what counts in this cycle; the present one if not said.
    pub cycle: Option<i32>,
    /// Only in one of these states.
    pub states: Vec<S>,
    /// Only those whose text holds this, folded.
    pub q: Option<String>,
    /// Only those that belong to this: pilots to a sector, migrations to a pilot.
    pub of: Option<Uuid>,
}

impl<S> Default for ProductFilter<S> {
    fn default() -> Self {
        Self { cycle: None, states: Vec::new(), q: None, of: None }
    }
}

/// Changing and deleting by the key that every table below a task force has.
macro_rules! stored {
    ($table:ident: $fields:ty) => {
        /// Sets the fields of one.
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

        /// Deletes one, with its own parts.
        pub async fn delete(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            id: uuid::Uuid,
        ) -> diesel::QueryResult<()> {
            diesel::delete($table::table.find((task_force_id, id))).execute(&mut &*conn).await.map(drop)
        }
    };
}
pub(super) use stored;

/// A product: made in a cycle, moved from state to state, listed by cycle, state and text; `of` is the column that
/// [`ProductFilter::of`] narrows by.
macro_rules! product {
    ($table:ident: $row:ty, $fields:ty, $state:ty $(, of $of:ident)?) => {
        $crate::db::resource::stored!($table: $fields);

        /// Inserts one, made in this cycle.
        pub async fn insert(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            cycle: i32,
            fields: &$fields,
            now: chrono::DateTime<chrono::Utc>,
        ) -> diesel::QueryResult<uuid::Uuid> {
            let id = uuid::Uuid::now_v7();
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
                .await?;
            Ok(id)
        }

        /// Moves one to another state.
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

        /// Whether there is one with this id.
        pub async fn is_there(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            id: uuid::Uuid,
        ) -> diesel::QueryResult<bool> {
            diesel::select(diesel::dsl::exists($table::table.find((task_force_id, id))))
                .get_result(&mut &*conn)
                .await
        }

        /// A page of those that count in a cycle, oldest first.
        pub async fn list(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            filter: &$crate::db::resource::ProductFilter<$state>,
            after: Option<uuid::Uuid>,
            limit: i64,
        ) -> diesel::QueryResult<$crate::db::page::Page<$row>> {
            use $crate::db::schema::task_forces;

            let mut query = $table::table
                .filter($table::task_force_id.eq(task_force_id))
                .order($table::id)
                .limit(limit + 1)
                .select(<$row>::as_select())
                .into_boxed();
            query = match filter.cycle {
                Some(cycle) => query.filter($table::cycle.le(cycle)).filter($table::last_cycle.ge(cycle)),
                None => query.filter($table::last_cycle.nullable().eq(
                    task_forces::table.find(task_force_id).select(task_forces::current_cycle).single_value(),
                )),
            };
            if !filter.states.is_empty() {
                query = query.filter($table::state.eq_any(&filter.states));
            }
            if let Some(q) = &filter.q {
                query = query.filter($table::search.like($crate::db::functions::holding(q)));
            }
            $(
                if let Some(of) = filter.of {
                    query = query.filter($table::$of.eq(of));
                }
            )?
            if let Some(after) = after {
                query = query.filter($table::id.gt(after));
            }
            Ok($crate::db::page::Page::of(query.load(&mut &*conn).await?, limit))
        }
    };
}
pub(super) use product;

/// A part of what its column `$parent` names.
macro_rules! part {
    ($table:ident: $row:ty, $fields:ty, of $parent:ident) => {
        $crate::db::resource::stored!($table: $fields);

        /// Finds one of what it is part of.
        pub async fn find(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            parent: uuid::Uuid,
            id: uuid::Uuid,
        ) -> diesel::QueryResult<Option<$row>> {
            $table::table
                .filter($table::task_force_id.eq(task_force_id))
                .filter($table::id.eq(id))
                .filter($table::$parent.eq(parent))
                .select(<$row>::as_select())
                .first(&mut &*conn)
                .await
                .optional()
        }

        /// A page of the parts of something, oldest first.
        pub async fn list(
            conn: &$crate::db::Conn,
            task_force_id: uuid::Uuid,
            parent: uuid::Uuid,
            after: Option<uuid::Uuid>,
            limit: i64,
        ) -> diesel::QueryResult<$crate::db::page::Page<$row>> {
            let mut query = $table::table
                .filter($table::task_force_id.eq(task_force_id))
                .filter($table::$parent.eq(parent))
                .order($table::id)
                .limit(limit + 1)
                .select(<$row>::as_select())
                .into_boxed();
            if let Some(after) = after {
                query = query.filter($table::id.gt(after));
            }
            Ok($crate::db::page::Page::of(query.load(&mut &*conn).await?, limit))
        }
    };
}
pub(super) use part;

/// Inserts a part under the columns that say what it is part of; apart from [`part!`], since a measurement has more
/// of them than the others.
macro_rules! inserted {
    ($conn:expr, $table:ident, $task_force_id:expr, $fields:expr, $now:expr, { $($column:ident: $value:expr),+ }) => {{
        let id = uuid::Uuid::now_v7();
        diesel::insert_into($table::table)
            .values((
                $fields,
                $table::task_force_id.eq($task_force_id),
                $table::id.eq(id),
                $( $table::$column.eq($value), )+
                $table::created_at.eq($now),
                $table::updated_at.eq($now),
            ))
            .execute(&mut &*$conn)
            .await?;
        Ok(id)
    }};
}
pub(super) use inserted;
