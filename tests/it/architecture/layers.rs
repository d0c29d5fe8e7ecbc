//! The floors: none imports one above it, no files import each other in a circle, each tool stays where it belongs.

mod imports;
mod planted;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use self::imports::Imports;
use super::rust_files;

/// Each floor, and the floors that it may import.
const FLOORS: [(&str, &[&str]); 11] = [
    // Helpers that know nothing of the service. Files and addresses are I/O, so `domain` may not import them.
    ("util", &[]),
    ("domain", &[]),
    ("db", &["domain", "util"]),
    ("auth", &["domain", "util"]),
    ("delivery", &["domain", "util"]),
    ("render", &["domain", "util"]),
    ("app", &["auth", "db", "delivery", "render", "domain", "util"]),
    ("http", &["app", "auth", "db", "render", "domain", "util"]),
    ("demo", &["app", "auth", "db", "domain", "util"]),
    ("cli", &["demo", "http", "app", "auth", "db", "delivery", "render", "domain", "util"]),
    ("main", &["cli"]),
];

static IMPORTS: LazyLock<Imports> = LazyLock::new(|| Imports::of("taskforce", &rust_files("src")));

/// The floor of a file: the first part of its path.
fn floor_of(file: &str) -> &str {
    file.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

/// The imports of a floor that is not below the importing one.
fn upward(imports: &Imports, floors: &[(&str, &[&str])]) -> Vec<String> {
    let fine = |from: &str, to: &str| {
        let below = floors.iter().find(|(floor, _)| *floor == from).map(|(_, below)| *below);
        below.is_some_and(|below| from == to || below.contains(&to))
    };
    let wrong = imports.edges.iter().filter(|edge| !fine(floor_of(&edge.from), floor_of(&edge.to)));
    wrong.map(ToString::to_string).collect()
}

#[test]
fn every_file_is_understood_and_stands_on_a_floor() {
    assert_eq!(IMPORTS.problems, [""; 0]);
    let homeless = |file: &String| {
        let floor = floor_of(file);
        floor != "lib" && FLOORS.iter().all(|(name, _)| *name != floor)
    };
    let homeless: Vec<_> = rust_files("src").into_keys().filter(homeless).collect();
    assert_eq!(homeless, [""; 0], "FLOORS lists each folder of src/");
    assert!(IMPORTS.edges.len() > 500, "{}", IMPORTS.edges.len());
}

#[test]
fn no_floor_imports_one_above_it() {
    assert_eq!(upward(&IMPORTS, &FLOORS), [""; 0]);
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let circles = IMPORTS.circles();
    let lines: Vec<_> = circles.iter().flatten().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} circles:\n{}", circles.len(), lines.join("\n"));
}

/// Files that use a crate, by the first part of a path.
fn users_of<'a>(tool: &'a str) -> impl Iterator<Item = &'static str> + 'a {
    let uses = move |path: &String| path.split("::").next() == Some(tool);
    IMPORTS.external.iter().filter(move |(_, paths)| paths.iter().any(uses)).map(|(file, _)| file.as_str())
}

#[test]
fn the_domain_knows_no_crate_that_does_anything_but_compute() {
    const PURE: [&str; 19] = [
        "bigdecimal",
        "caseless",
        "celes",
        "chrono",
        "chrono_tz",
        "core",
        "flate2",
        "hex",
        "icu_properties",
        "serde",
        "serde_json",
        "serde_json_canonicalizer",
        "sha2",
        "std",
        "strum",
        "thiserror",
        "unicode_normalization",
        "utoipa",
        "uuid",
    ];
    const PRIMITIVE: [&str; 13] =
        ["i16", "i32", "i64", "u8", "u16", "u32", "u64", "u128", "usize", "str", "char", "bool", "f64"];
    const IO: [&str; 7] =
        ["std::fs", "std::net", "std::io", "std::env", "std::process", "std::thread", "std::time"];
    let files = IMPORTS.external.iter().filter(|(file, _)| floor_of(file) == "domain");
    for (file, path) in files.flat_map(|(file, paths)| paths.iter().map(move |path| (file, path))) {
        let crate_name = path.split("::").next().unwrap_or_default();
        // Types of the prelude and parameters: `Vec::new`, `T::NAME`.
        let is_type = crate_name.starts_with(|c: char| c.is_uppercase());
        let is_pure = PURE.contains(&crate_name) || PRIMITIVE.contains(&crate_name);
        assert!(is_type || is_pure, "{file}: {path}");
        let is_io = IO.iter().any(|io| path == io || path.starts_with(&format!("{io}::")));
        assert!(!is_io, "{file}: {path}");
    }
}

#[test]
fn each_tool_stays_on_its_floor() {
    for (tool, allowed) in [
        ("diesel", ["db/", "app/write.rs", "app/error.rs"].as_slice()),
        ("diesel_async", &["db/", "app/write.rs", "app/connection.rs"]),
        ("diesel_migrations", &["db/"]),
        ("tokio_postgres", &["db/"]),
        ("deadpool", &["db/", "app/error.rs"]),
        ("actix_web", &["http/", "cli/"]),
        ("actix_http", &["http/"]),
        ("actix_cors", &["http/"]),
        ("utoipa_actix_web", &["http/"]),
        ("jsonschema", &["http/"]),
        ("jsonwebtoken", &["auth/"]),
        ("openidconnect", &["auth/"]),
        ("argon2", &["auth/"]),
        ("askama", &["render/"]),
        ("lettre", &["delivery/"]),
        ("clap", &["cli/"]),
        ("svg", &["render/"]),
        ("typst", &["render/"]),
        ("typst_pdf", &["render/"]),
    ] {
        let strangers = users_of(tool).filter(|file| !allowed.iter().any(|place| file.starts_with(place)));
        assert_eq!(strangers.collect::<Vec<_>>(), [""; 0], "{tool} belongs to {allowed:?}");
    }
}

/// Only `http` knows status codes and responses, and only `db` builds statements, whichever crate they come from.
#[test]
fn app_knows_no_http_and_http_no_sql() {
    for (floors, words) in [
        (["app", "db", "domain"].as_slice(), ["StatusCode", "HttpResponse", "HttpRequest"].as_slice()),
        (&["http", "cli", "demo", "auth", "domain"], &["sql_query", "QueryDsl", "RunQueryDsl", "sql_types"]),
    ] {
        for (file, paths) in IMPORTS.external.iter().filter(|(file, _)| floors.contains(&floor_of(file))) {
            let known = paths.iter().find(|path| path.split("::").any(|part| words.contains(&part)));
            assert_eq!(known, None, "{file}");
        }
    }
}

#[test]
fn time_is_an_argument() {
    for (file, paths) in &IMPORTS.external {
        let now = paths
            .iter()
            .find(|path| ["Utc::now", "Local::now", "SystemTime::now"].iter().any(|now| path.ends_with(now)));
        assert!(now.is_none() || file == "app/clock.rs", "{file}: {now:?}");
    }
}

/// Code that endpoints share, and the server below them, knows no endpoint.
#[test]
fn only_the_server_and_the_document_list_the_endpoints() {
    let is_endpoint = |file: &str| file.starts_with("http/endpoints");
    let known = IMPORTS.edges.iter().filter(|edge| is_endpoint(&edge.to) && !is_endpoint(&edge.from));
    let known: BTreeSet<_> = known.map(|edge| edge.from.as_str()).collect();
    assert_eq!(known, BTreeSet::from(["http/openapi.rs", "http/server/application.rs"]));
}
