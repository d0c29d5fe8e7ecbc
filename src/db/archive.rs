//! The rows of a task force as an archive has them: read in one snapshot, a slice at a time.
//!
//! The tables are listed by hand, in the order of their foreign keys, so that a row can be inserted when the rows are
//! there that it refers to. The columns come from the catalogue: a new column is in the archive without a change here.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Integer, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection as _};
use uuid::Uuid;

use super::Conn;
use crate::domain::archive::Content;
use crate::domain::file::FileKind;
use crate::domain::file_name;
use crate::domain::text::LocalizedText;

/// The archived tables. A table refers to tables before it; keys that refer otherwise are deferred while rows are
/// restored.
pub const TABLES: [&str; 31] = [
    "task_forces",
    "cycles",
    "task_force_heads",
    "events",
    "members",
    "steps",
    "health_statements",
    "policies",
    "sectors",
    "assessments",
    "studies",
    "pilots",
    "indicators",
    "measurements",
    "evaluations",
    "migrations",
    "checklist_items",
    "submissions",
    "ballots",
    "reports",
    "report_files",
    "decisions",
    "adjustment_notes",
    "waivers",
    "conditions",
    "activities",
    "activity_assignees",
    "activity_dependencies",
    "comments",
    "evidence",
    "evidence_contents",
];

/// Columns that triggers compute when rows are restored.
pub const COMPUTED: [(&str, &str); 1] = [("task_force_heads", "file_bytes")];

/// The path of the member of the row `t`, in SQL. No two rows have the same path.
fn path(content: Content) -> String {
    match content.table {
        "submissions" => "'submissions/' || t.id || '.json'".to_owned(),
        "reports" => "'reports/' || t.number || '.json'".to_owned(),
        "report_files" => "'reports/' || (
                 select r.number from reports r where r.task_force_id = t.task_force_id and r.id = t.report_id
             ) || '.' || t.language || '.' || t.format"
            .to_owned(),
        _ => {
            let ending = |kind: FileKind| {
                format!("when '{}' then '{}'", kind.media_type(), file_name::first_ending(kind))
            };
            let endings = FileKind::ALL.map(ending).join(" ");
            format!(
                "'evidence/' || t.evidence_id || '/' || (
                         select coalesce(e.file_name, 'file.' || case e.media_type {endings} else 'bin' end)
                         from evidence e where e.task_force_id = t.task_force_id and e.id = t.evidence_id)"
            )
        }
    }
}

/// The columns of the archived tables, by table.
pub type Columns = BTreeMap<String, Vec<ArchivedColumn>>;

/// A column of an archived table.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ArchivedColumn {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The type, as SQL writes it.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// The place in the primary key.
    #[diesel(sql_type = Nullable<Integer>)]
    key: Option<i32>,
}

/// The columns of the archived tables, by table: those that Postgres does not compute.
pub async fn columns(conn: &Conn) -> QueryResult<Columns> {
    let query = diesel::sql_query(
        "select c.relname::text as table, a.attname::text as name, format_type(a.atttypid, a.atttypmod) as kind,
                array_position(i.indkey::int2[], a.attnum) as key
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
              and a.attgenerated = '' and a.attidentity = ''
         join pg_index i on i.indrelid = c.oid and i.indisprimary
         where c.relnamespace = current_schema()::regnamespace and c.relname = any($1)
         order by c.relname, a.attnum",
    )
    .bind::<Array<Text>, _>(TABLES.as_slice());
    let columns: Vec<ArchivedColumn> = query.load(&mut &*conn).await?;
    let mut by_table = Columns::new();
    for column in columns {
        if !COMPUTED.contains(&(&column.table, &column.name)) {
            by_table.entry(column.table.clone()).or_default().push(column);
        }
    }
    Ok(by_table)
}

/// A task force at the beginning of its archive.
#[derive(Debug, Clone, QueryableByName)]
pub struct ArchivedHead {
    #[diesel(sql_type = Jsonb)]
    pub name: LocalizedText,
    /// The sequence number of the last event.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// The hash of the last event.
    #[diesel(sql_type = Binary)]
    pub hash: Vec<u8>,
    /// The last migration of the schema.
    #[diesel(sql_type = Text)]
    pub schema_version: String,
}

/// Begins a transaction in which everything is read as it is now; `None` if there is no such task force.
///
/// The transaction is idle while the client reads, so that it may be idle for longer than others.
pub async fn begin(conn: &mut Conn, task_force_id: Uuid) -> QueryResult<Option<ArchivedHead>> {
    conn.batch_execute(
        "set idle_in_transaction_session_timeout = '60s';
         begin transaction isolation level repeatable read, read only",
    )
    .await?;
    diesel::sql_query(
        "select t.name, h.seq, h.hash, (select max(version) from __diesel_schema_migrations)::text as schema_version
         from task_forces t join task_force_heads h on h.task_force_id = t.id
         where t.id = $1",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .get_result(conn)
    .await
    .optional()
}

/// The rows of a task force in one table.
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    pub table: &'a str,
    pub columns: &'a [ArchivedColumn],
    pub task_force_id: Uuid,
}

impl Rows<'_> {
    fn condition(&self) -> String {
        let column = if self.table == "task_forces" { "id" } else { "task_force_id" };
        format!("t.{column} = '{}'", self.task_force_id)
    }

    /// The columns of the primary key, in order.
    fn key(&self) -> String {
        let mut key: Vec<_> =
            self.columns.iter().filter_map(|column| Some((column.key?, &column.name))).collect();
        key.sort_unstable();
        key.iter().map(|(_, name)| format!("t.{name}")).collect::<Vec<_>>().join(", ")
    }

    /// Begins to read the rows, each as a line of JSON.
    ///
    /// Bytes are hexadecimal digits, and decimal numbers are text: JSON would round them.
    pub async fn open(&self, conn: &mut Conn) -> QueryResult<()> {
        let content = Content::of(self.table);
        let value = |ArchivedColumn { name, kind, .. }: &ArchivedColumn| match content {
            Some(content) if content.column == name => format!("{} as {name}", path(content)),
            _ if kind == "bytea" => format!("encode(t.{name}, 'hex') as {name}"),
            _ if kind.starts_with("numeric") => format!("t.{name}::text as {name}"),
            _ => format!("t.{name}"),
        };
        let values: Vec<_> = self.columns.iter().map(value).collect();
        let (values, table, condition, key) = (values.join(", "), self.table, self.condition(), self.key());
        declare(
            conn,
            &format!(
                "select (select row_to_json(r) from (select {values}) r)::text as line
                 from {table} t where {condition} order by {key}"
            ),
        )
        .await
    }

    /// Begins to read where the contents of the rows are.
    pub async fn open_contents(&self, conn: &mut Conn, content: Content) -> QueryResult<()> {
        let (table, condition, key) = (self.table, self.condition(), self.key());
        let (path, column) = (path(content), content.column);
        declare(
            conn,
            &format!(
                "select t.ctid::text as place, {path} as path, octet_length(t.{column})::bigint as bytes
                 from {table} t where {condition} order by {key}"
            ),
        )
        .await
    }
}

/// Begins to read the people whom rows of a task force name, each as a line of JSON with id and name.
pub async fn open_people(conn: &mut Conn, task_force_id: Uuid) -> QueryResult<()> {
    #[derive(QueryableByName)]
    struct Naming {
        #[diesel(sql_type = Text)]
        table: String,
        #[diesel(sql_type = Text)]
        column: String,
    }
    let naming: Vec<Naming> = diesel::sql_query(
        "select f.conrelid::regclass::text as table, a.attname::text as column
         from pg_constraint f
         join pg_class c on c.oid = f.conrelid
         join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]
         where f.contype = 'f' and f.confrelid = 'users'::regclass and c.relname = any($1)
         order by 1, 2",
    )
    .bind::<Array<Text>, _>(TABLES.as_slice())
    .load(conn)
    .await?;
    // Events have no foreign key, since a person can be erased without breaking the chain.
    let of_events = format!("select actor_id from events where task_force_id = '{task_force_id}'");
    let named = naming.iter().map(|Naming { table, column }| {
        format!("select {column} from {table} where task_force_id = '{task_force_id}'")
    });
    let named: Vec<_> = named.chain([of_events]).collect();
    declare(
        conn,
        &format!(
            "select json_build_object('id', u.id, 'name', u.name)::text as line
             from users u where u.id in ({}) order by u.id",
            named.join(" union ")
        ),
    )
    .await
}

/// A cursor, and no pages by key: the keys of the tables differ.
async fn declare(conn: &mut Conn, query: &str) -> QueryResult<()> {
    conn.batch_execute(&format!("declare archived no scroll cursor for {query}")).await
}

/// Ends the reading that was begun last.
pub async fn close(conn: &mut Conn) -> QueryResult<()> {
    conn.batch_execute("close archived").await
}

/// The next lines, at most so many.
pub async fn next_lines(conn: &mut Conn, count: usize) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        line: String,
    }
    let rows: Vec<Row> = diesel::sql_query(format!("fetch {count} from archived")).load(conn).await?;
    Ok(rows.into_iter().map(|row| row.line).collect())
}

/// The place of a content.
#[derive(Debug, Clone, QueryableByName)]
pub struct Place {
    /// The physical place of the row, which stays the same in the snapshot: no row that it shows is removed, and no table
    /// that it has read is rewritten.
    #[diesel(sql_type = Text)]
    place: String,
    /// The path of the member in the archive.
    #[diesel(sql_type = Text)]
    pub path: String,
    /// The size.
    #[diesel(sql_type = BigInt)]
    pub bytes: i64,
}

/// The next places of contents, at most so many.
pub async fn next_places(conn: &mut Conn, count: usize) -> QueryResult<Vec<Place>> {
    diesel::sql_query(format!("fetch {count} from archived")).load(conn).await
}

/// A slice of a content.
pub async fn slice(
    conn: &mut Conn,
    content: Content,
    place: &Place,
    offset: i64,
    length: i32,
) -> QueryResult<Vec<u8>> {
    #[derive(QueryableByName)]
    struct Slice {
        #[diesel(sql_type = Binary)]
        bytes: Vec<u8>,
    }
    let Content { table, column, is_text, .. } = content;
    let value = if is_text { format!("convert_to(t.{column}, 'UTF8')") } else { format!("t.{column}") };
    let query = diesel::sql_query(format!(
        "select substring({value} from $2::int + 1 for $3) as bytes from {table} t where t.ctid = $1::tid"
    ))
    .bind::<Text, _>(&place.place)
    .bind::<BigInt, _>(offset)
    .bind::<Integer, _>(length);
    let slice: Slice = super::statement::Prepared(query).get_result(conn).await?;
    Ok(slice.bytes)
}
