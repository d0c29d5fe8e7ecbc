//! What the service's own role may do in a database that somebody else owns.
//!
//! Whoever owns a table can switch off its triggers, and so change what was written once. Therefore the owner
//! migrates, and the service runs as a role that may do what its statements need and nothing else. The list is by
//! hand: a new table is unknown to the service until its line here says what for, and the tests run as such a role.

use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text};
use diesel_async::{AnsiTransactionManager, RunQueryDsl, TransactionManager};

use super::Conn;
use super::pool::Pool;

const READ: &[&str] = &["SELECT"];
/// What is written once.
const APPEND: &[&str] = &["SELECT", "INSERT"];
const LINK: &[&str] = &["SELECT", "INSERT", "DELETE"];
const KEEP: &[&str] = &["SELECT", "INSERT", "UPDATE"];
const ALL: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE"];

/// What the service needs on each table. What goes with its parent needs no right to be deleted: Postgres does it
/// in the owner's name.
const NEEDS: &[(&str, &[&str])] = &[
    ("__diesel_schema_migrations", READ),
    ("activities", ALL),
    ("activity_dependencies", LINK),
    ("api_keys", KEEP),
    ("assessments", ALL),
    ("ballots", KEEP),
    ("checklist_items", ALL),
    ("comments", ALL),
    ("conditions", KEEP),
    ("cycles", LINK),
    ("decisions", KEEP),
    ("events", APPEND),
    ("evidence", ALL),
    ("evidence_contents", KEEP),
    ("health_statements", APPEND),
    ("idempotency_keys", ALL),
    ("indicators", ALL),
    ("installation_events", APPEND),
    ("invitations", ALL),
    ("measurements", ALL),
    ("members", KEEP),
    ("migrations", ALL),
    ("pilots", ALL),
    ("policies", ALL),
    ("refresh_tokens", KEEP),
    ("refused_attempts", ALL),
    ("reports", KEEP),
    ("sectors", ALL),
    ("sessions", ALL),
    ("steps", ALL),
    ("studies", ALL),
    ("submissions", KEEP),
    ("task_force_heads", KEEP),
    ("task_forces", KEEP),
    ("user_identities", APPEND),
    ("users", KEEP),
    ("waivers", ALL),
];

/// Everything that may be done to a table.
const POSSIBLE: [&str; 7] = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];

/// Why a role did not get its rights. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The role is none that can be limited.
    #[error("{0}")]
    Role(String),
    /// It was tried and did not work.
    #[error("the rights were not granted: {0}")]
    Failed(String),
}

impl From<diesel::result::Error> for GrantError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Grants a role what the service needs and takes back whatever else it was granted on our tables.
///
/// # Errors
/// A role that does not exist, or that owns the tables; one that may do more in another way.
pub async fn grant(pool: &Pool, role: &str) -> Result<(), GrantError> {
    // Twice: the pool is impatient, as requests want it.
    let conn = match pool.get().await {
        Ok(conn) => Ok(conn),
        Err(_) => pool.get().await,
    };
    let mut conn = conn.map_err(|error| GrantError::Failed(error.to_string()))?;
    AnsiTransactionManager::begin_transaction(&mut *conn).await?;
    match grant_on(&conn, role).await {
        Ok(()) => Ok(AnsiTransactionManager::commit_transaction(&mut *conn).await?),
        Err(error) => {
            AnsiTransactionManager::rollback_transaction(&mut *conn).await?;
            Err(error)
        }
    }
}

async fn grant_on(conn: &Conn, role: &str) -> Result<(), GrantError> {
    super::schema_migrations::lock_until_the_end(conn).await?;
    let schema = match role_rights(conn, role).await? {
        None => return Err(GrantError::Role(format!("there is no role {role:?}: create it first"))),
        Some(RoleRights { owns: true, .. }) => {
            return Err(GrantError::Role(format!(
                "the role {role:?} owns the tables, is a superuser or may create roles, and can't be kept from anything: \
                 name another"
            )));
        }
        Some(RoleRights { schema, .. }) => schema,
    };
    for statement in statements(&schema, role) {
        diesel::sql_query(statement).execute(&mut &*conn).await?;
    }
    match excess(conn, role).await?.as_slice() {
        [] => Ok(()),
        some => Err(GrantError::Role(format!(
            "the role {role:?} could still do more than it needs, as a member of another role or by what PUBLIC may: {}",
            some.join(", ")
        ))),
    }
}

#[derive(QueryableByName)]
struct RoleRights {
    /// Where the tables are.
    #[diesel(sql_type = Text)]
    schema: String,
    /// Whether the role can do as their owner does, or make itself one that can.
    #[diesel(sql_type = Bool)]
    owns: bool,
}

async fn role_rights(conn: &Conn, role: &str) -> QueryResult<Option<RoleRights>> {
    diesel::sql_query(
        "select current_schema()::text as schema, exists (
             select from pg_class c where c.relnamespace = current_schema()::regnamespace
               and c.relname = any($2) and pg_has_role(r.oid, c.relowner, 'member')
         ) or r.rolcreaterole as owns from pg_roles r where r.rolname = $1",
    )
    .bind::<Text, _>(role)
    .bind::<Array<Text>, _>(tables())
    .get_result(&mut &*conn)
    .await
    .optional()
}

fn tables() -> Vec<&'static str> {
    NEEDS.iter().map(|(table, _)| *table).collect()
}

/// A name as it stands in a statement.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// They go through together, so that a service at work never misses a right that it has.
fn statements(schema: &str, role: &str) -> Vec<String> {
    let (schema, role) = (quoted(schema), quoted(role));
    let mut statements = vec![
        format!("revoke create on schema {schema} from public, {role}"),
        format!("grant usage on schema {schema} to {role}"),
        // The numbers of an identity column are drawn in the owner's name.
        format!("revoke all on all sequences in schema {schema} from {role}"),
    ];
    for (table, needs) in NEEDS {
        let (table, needs) = (quoted(table), needs.join(", "));
        statements.push(format!("revoke all on {schema}.{table} from {role}"));
        statements.push(format!("grant {needs} on {schema}.{table} to {role}"));
    }
    statements
}

/// What a role may do beyond what it needs, itself or as another role whose member it is: `UPDATE on events`.
async fn excess(conn: &Conn, role: &str) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Right {
        #[diesel(sql_type = Text)]
        relation: String,
        #[diesel(sql_type = Text)]
        privilege: String,
    }
    let rights: Vec<Right> = diesel::sql_query(
        "with could_be as (select oid from pg_roles where pg_has_role($1::name, oid, 'member'))
         select distinct c.relname::text as relation, p as privilege
         from pg_class c cross join unnest($2) as p cross join could_be b
         where c.relnamespace = current_schema()::regnamespace and c.relname = any($3)
           and case when p in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
                    then has_any_column_privilege(b.oid, c.oid, p)
                    else has_table_privilege(b.oid, c.oid, p) end
         union select 'schema ' || current_schema(), 'CREATE' from could_be b
         where has_schema_privilege(b.oid, current_schema()::text, 'CREATE')
         order by 1, 2",
    )
    .bind::<Text, _>(role)
    .bind::<Array<Text>, _>(POSSIBLE.to_vec())
    .bind::<Array<Text>, _>(tables())
    .load(&mut &*conn)
    .await?;
    let is_needed = |right: &Right| {
        let of_this = NEEDS.iter().find(|(table, _)| *table == right.relation);
        of_this.is_some_and(|(_, needs)| needs.contains(&right.privilege.as_str()))
    };
    let beyond = rights.iter().filter(|right| !is_needed(right));
    Ok(beyond.map(|right| format!("{} on {}", right.privilege, right.relation)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_nothing_but_a_name() {
        assert_eq!(quoted("service"), "\"service\"");
        assert_eq!(quoted("a\"; drop table events; --"), "\"a\"\"; drop table events; --\"");
    }

    #[test]
    fn what_is_written_once_is_only_appended() {
        for table in ["events", "installation_events"] {
            assert_eq!(NEEDS.iter().find(|(name, _)| *name == table).unwrap().1, ["SELECT", "INSERT"]);
        }
        assert!(NEEDS.is_sorted_by_key(|(table, _)| *table));
    }
}
