//! The privileges of the service's own role in a database that another role owns.
//!
//! The owner of a table can switch off its triggers, and so change events that are written once. Therefore the owner
//! runs the migrations, and the service runs as a role that has the privileges its statements need and no others. The list
//! is written by hand: the service has no privilege on a new table until a line here grants it, and the tests run as such
//! a role.

use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text};
use diesel_async::{AnsiTransactionManager, RunQueryDsl, TransactionManager};

use super::Conn;
use super::pool::Pool;

const READ: &[&str] = &["SELECT"];
/// For rows that are written once.
const APPEND: &[&str] = &["SELECT", "INSERT"];
const NO_UPDATE: &[&str] = &["SELECT", "INSERT", "DELETE"];
const NO_DELETE: &[&str] = &["SELECT", "INSERT", "UPDATE"];
const ALL: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE"];

/// The privileges that the service needs on each table. Rows that only go with their parent need no `DELETE`: Postgres
/// cascades in the owner's name.
const NEEDS: &[(&str, &[&str])] = &[
    ("__diesel_schema_migrations", READ),
    ("activities", ALL),
    ("activity_assignees", APPEND),
    ("activity_dependencies", NO_UPDATE),
    ("adjustment_notes", NO_DELETE),
    ("api_keys", NO_DELETE),
    ("assessments", ALL),
    ("ballots", NO_DELETE),
    ("checklist_items", ALL),
    ("comments", ALL),
    ("conditions", NO_DELETE),
    ("cycles", NO_UPDATE),
    ("decisions", NO_DELETE),
    ("emails", ALL),
    ("evaluations", APPEND),
    ("events", APPEND),
    ("evidence", ALL),
    ("evidence_contents", ALL),
    ("feed_marks", NO_DELETE),
    ("health_statements", APPEND),
    ("idempotency_keys", ALL),
    ("indicators", ALL),
    ("installation_events", APPEND),
    ("invitations", ALL),
    ("measurements", ALL),
    ("members", NO_DELETE),
    ("migrations", ALL),
    ("notification_cursors", NO_DELETE),
    ("notification_settings", NO_DELETE),
    ("notifications", ALL),
    ("open_activity_counts", NO_DELETE),
    ("page_links", ALL),
    ("password_reset_requests", ALL),
    ("password_resets", ALL),
    ("passwords", NO_DELETE),
    ("pilots", ALL),
    ("policies", ALL),
    ("refresh_tokens", NO_DELETE),
    ("refused_attempts", ALL),
    ("reminders", ALL),
    ("report_files", APPEND),
    ("reports", NO_DELETE),
    ("sectors", ALL),
    ("sessions", ALL),
    ("share_links", NO_DELETE),
    ("steps", ALL),
    ("studies", ALL),
    ("submissions", NO_DELETE),
    ("task_force_heads", NO_DELETE),
    ("task_forces", NO_DELETE),
    ("user_identities", APPEND),
    ("users", NO_DELETE),
    ("waivers", ALL),
    ("webhook_deliveries", ALL),
    ("webhook_positions", NO_DELETE),
    ("webhook_secrets", ALL),
    ("webhooks", ALL),
];

/// Every privilege that Postgres knows for tables.
const PRIVILEGES: [&str; 7] = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];

/// A role did not get its privileges. No privilege was changed.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The role can't be limited.
    #[error("{0}")]
    Role(String),
    /// Postgres refused.
    #[error("the privileges were not granted: {0}")]
    Failed(String),
}

impl From<diesel::result::Error> for GrantError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Grants a role the privileges that the service needs, and revokes all others on the service's tables.
///
/// # Errors
/// A role that does not exist, that owns the tables, or that keeps further privileges by other means.
pub async fn grant(pool: &Pool, role: &str) -> Result<(), GrantError> {
    // A second attempt, since the pool waits only as long as a request may.
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
    let schema = match role_facts(conn, role).await? {
        None => return Err(GrantError::Role(format!("there is no role {role:?}: create it first"))),
        Some(RoleFacts { owns: true, .. }) => {
            return Err(GrantError::Role(format!(
                "the role {role:?} owns the tables, is a superuser or may create roles, and can't be kept from anything: \
                 name another"
            )));
        }
        Some(RoleFacts { schema, .. }) => schema,
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
struct RoleFacts {
    /// The schema of the tables.
    #[diesel(sql_type = Text)]
    schema: String,
    /// True if the role can act as the owner of the tables, or can make itself a role that can.
    #[diesel(sql_type = Bool)]
    owns: bool,
}

async fn role_facts(conn: &Conn, role: &str) -> QueryResult<Option<RoleFacts>> {
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

/// A name as an identifier of SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The statements run in one transaction, so that a running service never misses a privilege.
fn statements(schema: &str, role: &str) -> Vec<String> {
    let (schema, role) = (quoted(schema), quoted(role));
    let mut statements = vec![
        format!("revoke create on schema {schema} from public, {role}"),
        format!("grant usage on schema {schema} to {role}"),
        // Postgres draws the numbers of an identity column in the owner's name.
        format!("revoke all on all sequences in schema {schema} from {role}"),
    ];
    for (table, needs) in NEEDS {
        let (table, needs) = (quoted(table), needs.join(", "));
        statements.push(format!("revoke all on {schema}.{table} from {role}"));
        statements.push(format!("grant {needs} on {schema}.{table} to {role}"));
    }
    statements
}

/// The privileges that a role has beyond its needs, itself or as a member of another role: `UPDATE on events`.
async fn excess(conn: &Conn, role: &str) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct TablePrivilege {
        #[diesel(sql_type = Text)]
        relation: String,
        #[diesel(sql_type = Text)]
        privilege: String,
    }
    let privileges: Vec<TablePrivilege> = diesel::sql_query(
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
    .bind::<Array<Text>, _>(PRIVILEGES.to_vec())
    .bind::<Array<Text>, _>(tables())
    .load(&mut &*conn)
    .await?;
    let is_needed = |held: &TablePrivilege| {
        let of_this = NEEDS.iter().find(|(table, _)| *table == held.relation);
        of_this.is_some_and(|(_, needs)| needs.contains(&held.privilege.as_str()))
    };
    let beyond = privileges.iter().filter(|held| !is_needed(held));
    Ok(beyond.map(|held| format!("{} on {}", held.privilege, held.relation)).collect())
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
        for table in ["events", "installation_events", "report_files"] {
            assert_eq!(NEEDS.iter().find(|(name, _)| *name == table).unwrap().1, ["SELECT", "INSERT"]);
        }
        assert!(NEEDS.is_sorted_by_key(|(table, _)| *table));
    }
}
