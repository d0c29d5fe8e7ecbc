//! The house itself: its floors stay apart, its schema keeps its promises, its tables are as printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use taskforce::domain::criterion::CriterionCode;
use taskforce::domain::rights::{Action, Decision, EffectiveRole, authorize};
use taskforce::domain::state_machine::TransitionRule;
use taskforce::domain::step::{StepCommand, StepState};
use taskforce::domain::vocabulary::Vocabulary as _;
use taskforce::domain::{
    activity, decision, migration, pilot, policy, report, sector, submission, task_force, user,
};

use crate::support::postgres;

/// Each floor, and what stands below it.
const FLOORS: [(&str, &[&str]); 6] = [
    ("domain", &[]),
    ("db", &["domain"]),
    ("auth", &["domain"]),
    ("app", &["auth", "db", "domain"]),
    ("http", &["app", "auth", "db", "domain"]),
    ("cli", &["http", "app", "auth", "db", "domain"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files under a folder of the source, with their text but without their comments.
fn sources(folder: &str) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join("src").join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
                let code = code.collect::<Vec<_>>().join("\n");
                found.insert(path.strip_prefix(root()).unwrap().to_owned(), code);
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// What paths begin with: the word before `::`, where no other path or word stands before that.
fn path_roots(code: &str) -> BTreeSet<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let root = |(at, _): (usize, &str)| {
        let before = &code[..at];
        let start = before.rfind(|c| !is_word(c)).map_or(0, |at| at + 1);
        let word = &before[start..];
        let begins = !before[..start].ends_with(':') && !code[at..].starts_with("::<");
        (begins && word.starts_with(|c: char| c.is_lowercase())).then_some(word)
    };
    code.match_indices("::").filter_map(root).collect()
}

/// The words that follow a prefix.
fn words_after<'a>(code: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let rest = |(at, _): (usize, &str)| &code[at + prefix.len()..];
    let word = |rest: &'a str| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap();
    code.match_indices(prefix).map(|found| word(rest(found))).collect()
}

#[test]
fn no_floor_imports_one_above_it() {
    for (floor, below) in FLOORS {
        for (path, code) in sources(floor) {
            assert!(!code.contains("crate::{"), "{}: name the floor right after `crate::`", path.display());
            for other in words_after(&code, "crate::") {
                let known = FLOORS.iter().any(|(name, _)| *name == other);
                let fine = !known || other == floor || below.contains(&other);
                assert!(fine, "{}: {floor} must not know {other}", path.display());
            }
            for (other, _) in FLOORS.iter().filter(|(other, _)| *other != floor) {
                assert!(!code.contains(&format!("super::{other}::")), "{}: super::{other}", path.display());
            }
        }
    }
    let main = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(
        words_after(&main, "taskforce::").iter().all(|floor| *floor == "cli"),
        "main.rs knows the cli only"
    );
}

#[test]
fn the_domain_knows_no_crate_that_does_anything_but_compute() {
    const PURE: [&str; 15] = [
        "bigdecimal",
        "std",
        "core",
        "chrono",
        "chrono_tz",
        "uuid",
        "serde",
        "serde_json",
        "serde_json_canonicalizer",
        "sha2",
        "strum",
        "thiserror",
        "utoipa",
        "proptest",
        "hex",
    ];
    const LANGUAGE: [&str; 4] = ["crate", "self", "super", "prop"];
    let files = sources("domain");
    let modules: BTreeSet<_> = files.keys().map(|path| path.file_stem().unwrap().to_str().unwrap()).collect();
    for (path, code) in &files {
        for root in path_roots(code) {
            let fine = PURE.contains(&root)
                || LANGUAGE.contains(&root)
                || modules.contains(root)
                || is_primitive(root);
            assert!(fine, "{}: {root}", path.display());
        }
        for io in ["std::fs", "std::net", "std::io", "std::env", "std::process", "std::thread", "std::time"] {
            assert!(!code.contains(io), "{}: {io}", path.display());
        }
    }
}

fn is_primitive(word: &str) -> bool {
    ["i16", "i32", "i64", "u8", "u16", "u32", "u64", "usize", "str", "char", "bool", "f64"].contains(&word)
}

#[test]
fn each_tool_stays_on_its_floor() {
    let everywhere: BTreeMap<_, _> = FLOORS.iter().flat_map(|(floor, _)| sources(floor)).collect();
    for (tool, allowed) in [
        ("diesel", ["src/db", "src/app/door.rs", "src/app/error.rs"].as_slice()),
        ("diesel_async", &["src/db", "src/app/door.rs"]),
        ("tokio_postgres", &["src/db"]),
        ("deadpool", &["src/db", "src/app/error.rs"]),
        ("actix_web", &["src/http", "src/cli"]),
        ("utoipa_actix_web", &["src/http"]),
        ("jsonwebtoken", &["src/auth"]),
        ("argon2", &["src/auth"]),
        ("clap", &["src/cli"]),
    ] {
        for (path, code) in &everywhere {
            let uses = path_roots(code).contains(tool) || code.contains(&format!("use {tool} as"));
            let allowed = allowed.iter().any(|place| path.starts_with(place));
            assert!(allowed || !uses, "{}: {tool}", path.display());
        }
    }
    for (path, code) in &everywhere {
        let clock = ["Utc::now", "Local::now", "SystemTime::now"].iter().any(|now| code.contains(now));
        assert!(!clock || path.ends_with("app/clock.rs"), "{}: time is an argument", path.display());
    }
}

#[test]
fn the_document_at_the_root_is_the_one_that_is_served() {
    let written = fs::read_to_string(root().join("openapi.yaml")).unwrap();
    let served = taskforce::http::openapi::yaml().unwrap();
    let differ = written.lines().zip(served.lines()).find(|(written, served)| written != served);
    assert!(
        written.trim() == served.trim(),
        "run `taskforce openapi > openapi.yaml`; it differs at {differ:?}"
    );
}

#[test]
fn the_rights_are_as_printed() {
    let mut table = format!("{:<24}", "");
    table.extend(
        EffectiveRole::ALL.iter().map(|effective_role| format!("{:<15}", format!("{effective_role:?}"))),
    );
    for action in Action::ALL {
        table.push_str(&format!("\n{:<24}", format!("{action:?}")));
        table.extend(EffectiveRole::ALL.iter().map(|effective_role| {
            let told = match authorize(*effective_role, action) {
                Decision::Allowed => "yes",
                Decision::Forbidden => "403",
                Decision::OutOfScope => unreachable!("that is the credential's business"),
                Decision::Hidden => "404",
            };
            format!("{told:<15}")
        }));
    }
    insta::assert_snapshot!("rights", trimmed(&table));
}

#[test]
fn the_transitions_are_as_printed() {
    let mut table = String::new();
    for (noun, moves) in [
        ("policy", policy::all_transitions()),
        ("sector", sector::all_transitions()),
        ("pilot", pilot::all_transitions()),
        ("migration", migration::all_transitions()),
        ("report", report::all_transitions()),
        ("condition", decision::all_condition_transitions()),
        ("submission", submission::all_transitions()),
        ("activity", activity::all_transitions()),
        ("task force", task_force::all_transitions()),
        ("user", user::all_transitions()),
    ] {
        table.push_str(&format!("{noun}\n"));
        for TransitionRule { from, to, reason_required } in moves {
            let reason = if reason_required { "  with a reason" } else { "" };
            table.push_str(&format!("  {from:<12} -> {to:<12}{reason}\n"));
        }
    }
    table.push_str("step\n");
    for state in StepState::ALL {
        for command in StepCommand::ALL {
            let next = match state.transition(command) {
                Ok(next) => next.code().to_owned(),
                Err(refusal) => format!("({})", refusal.code),
            };
            table.push_str(&format!("  {:<12} {:<8} -> {next}\n", state.code(), format!("{command:?}")));
        }
    }
    insta::assert_snapshot!("transitions", trimmed(&table));
}

#[test]
fn the_gates_are_as_printed() {
    let line = |code: &CriterionCode| {
        let waivable = if code.is_waivable() { "can be waived" } else { "can't be waived" };
        format!("{:<20} {waivable:<16} {}", code.code(), code.label().en)
    };
    insta::assert_snapshot!("gates", CriterionCode::ALL.iter().map(line).collect::<Vec<_>>().join("\n"));
}

fn trimmed(table: &str) -> String {
    table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Everything that the migrations make, as text.
async fn db_catalogue(client: &tokio_postgres::Client) -> Vec<String> {
    let query = "
        select format('column %s.%s %s %s %s %s', table_name, column_name, data_type, is_nullable,
                      column_default, generation_expression)
        from information_schema.columns where table_schema = 'public'
        union all select format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        from pg_constraint where connamespace = 'public'::regnamespace
        union all select 'index ' || indexdef from pg_indexes where schemaname = 'public'
        union all select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
        union all select 'function ' || pg_get_functiondef(p.oid) from pg_proc p
        where pronamespace = 'public'::regnamespace
          and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
        union all select 'extension ' || extname from pg_extension
        order by 1";
    let rows = client.query(query, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).filter(|line: &String| !line.contains("__diesel")).collect()
}

#[tokio::test]
async fn migrations_go_down_to_nothing_and_up_to_the_same_schema() {
    let client = postgres::connect(&postgres::copy_of(postgres::migrated().await).await).await;
    let before = db_catalogue(&client).await;
    assert!(before.len() > 100);
    let folders = fs::read_dir(root().join("migrations")).unwrap().map(|entry| entry.unwrap().path());
    let folders: BTreeSet<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    for folder in folders.iter().rev() {
        client.batch_execute(&fs::read_to_string(folder.join("down.sql")).unwrap()).await.unwrap();
    }
    assert_eq!(db_catalogue(&client).await, ["extension plpgsql"]);
    for folder in &folders {
        client.batch_execute(&fs::read_to_string(folder.join("up.sql")).unwrap()).await.unwrap();
    }
    assert_eq!(db_catalogue(&client).await, before);
}

#[tokio::test]
async fn every_table_is_the_installations_or_below_a_task_force() {
    let client = postgres::connect(&postgres::copy_of(postgres::migrated().await).await).await;
    let names = async |query: &str| -> Vec<String> {
        client.query(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    };
    let of_the_installation = "select relname::text from pg_class c
        where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and not exists (
            select from pg_attribute where attrelid = c.oid and attname = 'task_force_id'
        ) order by 1";
    assert_eq!(
        names(of_the_installation).await,
        [
            "__diesel_schema_migrations",
            "api_keys",
            "idempotency_keys",
            "installation_events",
            "invitations",
            "refresh_tokens",
            "refused_attempts",
            "sessions",
            "task_forces",
            "user_identities",
            "users"
        ]
    );
    // In the others `task_force_id` stands first in every key.
    let keys_without =
        "select format('%s of %s', i.indexrelid::regclass, i.indrelid::regclass) from pg_index i
        join pg_attribute a on a.attrelid = i.indrelid and a.attname = 'task_force_id'
        join pg_class c on c.oid = i.indrelid and c.relnamespace = 'public'::regnamespace
        where i.indisunique and i.indkey[0] <> a.attnum";
    assert_eq!(names(keys_without).await, [""; 0]);
    let without_key = "select c.relname::text from pg_class c
        where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not exists (
            select from pg_index where indrelid = c.oid and indisprimary
        )";
    assert_eq!(names(without_key).await, [""; 0]);
    // And where one refers to another, it refers by it.
    let by_id_alone = "select format('%s of %s', f.conname, f.conrelid::regclass) from pg_constraint f
        join pg_attribute here on here.attrelid = f.conrelid and here.attname = 'task_force_id'
        join pg_attribute there on there.attrelid = f.confrelid and there.attname = 'task_force_id'
        where f.contype = 'f' and (f.conkey[1], f.confkey[1]) <> (here.attnum, there.attnum)";
    assert_eq!(names(by_id_alone).await, [""; 0]);
}

/// A violated one becomes a clear problem only if it has a name that somebody chose.
#[tokio::test]
async fn every_check_and_reference_between_nouns_is_named() {
    let client = postgres::connect(&postgres::copy_of(postgres::migrated().await).await).await;
    let unnamed = "select conname::text from pg_constraint
        where connamespace = 'public'::regnamespace and contype = 'c' and conname like '%\\_check'";
    let rows = client.query(unnamed, &[]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), [""; 0]);
}
