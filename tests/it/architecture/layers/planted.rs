//! The checker of imports finds what is planted, in each way in which Rust can write it.

use super::imports::{Imports, Sources};
use super::{FLOORS, upward};

/// A small crate: `domain` and `db` below `app`, each with a file or two.
fn tree(changes: &[(&str, &str)]) -> Sources {
    let files = [
        ("lib.rs", "pub mod app; pub mod db; pub mod domain;"),
        ("main.rs", "fn main() {}"),
        ("app/mod.rs", "pub mod users; mod error; pub use error::{Error, Result}; pub struct App;"),
        ("app/error.rs", "pub struct Error; pub type Result<T> = std::result::Result<T, Error>;"),
        (
            "app/users.rs",
            "use super::{App, Result}; use crate::db::users as rows; impl App { fn f() -> Result<()> { rows::find() } }",
        ),
        ("db/mod.rs", "pub mod users; pub mod pool; pub use diesel::QueryResult;"),
        ("db/users.rs", "use super::pool::Pool; use crate::domain::user::User; pub fn find() {}"),
        ("db/pool.rs", "pub struct Pool;"),
        ("domain/mod.rs", "#[macro_use] mod words; pub mod user; pub mod text;"),
        ("domain/words.rs", "macro_rules! words { ($name:ident) => { pub enum $name {} }; }"),
        ("domain/user.rs", "use super::text::Text; words! { Role } pub struct User(Text);"),
        ("domain/text.rs", "pub struct Text; pub fn shown() {}"),
    ];
    let mut tree: Sources =
        files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    tree.extend(changes.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())));
    tree
}

fn imports(changes: &[(&str, &str)]) -> Imports {
    Imports::of("taskforce", &tree(changes))
}

/// The edges, but for their paths.
fn edges(changes: &[(&str, &str)]) -> Vec<String> {
    let imports = imports(changes);
    assert_eq!(imports.problems, [""; 0]);
    let mut edges: Vec<_> =
        imports.edges.iter().map(|edge| format!("{} -> {}", edge.from, edge.to)).collect();
    edges.dedup();
    edges
}

#[test]
fn a_sound_tree_is_sound() {
    let imports = imports(&[]);
    assert_eq!(imports.problems, [""; 0]);
    assert!(imports.circles().is_empty());
    assert_eq!(upward(&imports, &FLOORS), [""; 0]);
    assert_eq!(
        edges(&[]),
        [
            "app/users.rs -> app/error.rs",
            "app/users.rs -> db/users.rs",
            "db/users.rs -> db/pool.rs",
            "db/users.rs -> domain/user.rs",
            "domain/user.rs -> domain/text.rs",
            "domain/user.rs -> domain/words.rs",
        ]
    );
    let external = imports.external.values().flatten().map(String::as_str);
    assert_eq!(external.collect::<Vec<_>>(), ["std::result::Result", "diesel::QueryResult"]);
}

/// Each way to write an import of `app` into `domain`.
#[test]
fn an_upward_import_is_found_however_it_is_written() {
    for text in [
        "use crate::app::users;",
        "use crate::app::App;",
        "use crate::app::Result;",
        "use crate::{app::Error, domain::user};",
        "use crate::{domain::user, app::{self}};",
        "use crate::app as above;",
        "use crate as root; use root::app::App;",
        "use super::super::app::App;",
        "use crate::app::*;",
        "pub use crate::app::App;",
        "fn f(_: crate::app::App) {}",
        "fn f() { use crate::app::App; }",
        "fn f() { crate::app::users::find(); }",
        "fn f() -> Vec<Option<crate::app::App>> { Vec::new() }",
        "impl crate::app::Named for User {}",
        "struct User; impl User { fn f() { <Self as crate::app::Named>::f() } }",
        "mod inner { use super::super::super::app::App; }",
        "macro_rules! m { () => { $crate::app::users::find() }; }",
        "macro_rules! m { () => { use $crate::{domain::user, app::{Error as E, Result}}; }; }",
        "fn f() { println!(\"{}\", crate::app::users::find()); }",
        "#[serde(with = \"crate::app::users\")] struct User;",
        "#[diesel(sql_type = crate::app::App)] struct User;",
        "#[cfg(not(test))] use crate::app::App;",
    ] {
        let imports = imports(&[
            ("app/users.rs", "pub fn find() {} pub trait Named {}"),
            ("domain/text.rs", text),
            (
                "app/mod.rs",
                "pub mod users; mod error; pub use error::{Error, Result}; pub use users::Named; pub struct App;",
            ),
            ("domain/user.rs", ""),
        ]);
        let upward = upward(&imports, &FLOORS);
        assert!(!upward.is_empty(), "{text}: {imports:?}");
        assert!(upward.iter().all(|line| line.starts_with("domain/text.rs -> app/")), "{upward:?}");
    }
}

#[test]
fn code_that_imports_nothing_from_above_is_left_alone() {
    for text in [
        "#[cfg(test)] mod tests { use crate::app::App; }",
        "#[cfg(test)] use crate::app::App;",
        "struct User; impl User { #[cfg(test)] fn f(_: crate::app::App) {} }",
        "// use crate::app::App;\n/// [`crate::app::App`]\npub struct User;",
        "const TEXT: &str = \"crate::app::App\";",
        "mod app { pub struct App; } use app::App;",
        "macro_rules! m { ($app:ident) => { $app::App }; }",
    ] {
        assert_eq!(
            upward(&imports(&[("domain/text.rs", text), ("domain/user.rs", "")]), &FLOORS),
            [""; 0],
            "{text}"
        );
    }
}

#[test]
fn an_unknown_floor_and_an_import_from_a_floor_beside_are_found() {
    let lib = ("lib.rs", "pub mod app; pub mod db; pub mod domain; pub mod auth; pub mod cellar;");
    let found = imports(&[lib, ("auth.rs", "use crate::db::pool::Pool;"), ("cellar/mod.rs", "")]);
    assert_eq!(upward(&found, &FLOORS), ["auth.rs -> db/pool.rs (crate::db::pool::Pool)"]);
    let found = imports(&[lib, ("auth.rs", ""), ("cellar/mod.rs", "use crate::domain::user::User;")]);
    assert_eq!(upward(&found, &FLOORS).len(), 1);
    let main = ("main.rs", "use taskforce::app::App; fn main() { taskforce::db::users::find() }");
    assert_eq!(
        upward(&imports(&[main]), &FLOORS),
        [
            "main.rs -> app/mod.rs (taskforce::app::App)",
            "main.rs -> db/users.rs (taskforce::db::users::find)"
        ]
    );
}

/// The files of the only circle there is.
fn circle(changes: &[(&str, &str)]) -> Vec<String> {
    let imports = imports(changes);
    assert_eq!(imports.problems, [""; 0]);
    let circles = imports.circles();
    assert!(circles.len() <= 1, "{circles:?}");
    let mut files: Vec<_> = circles.iter().flatten().map(|edge| edge.from.clone()).collect();
    files.dedup();
    files
}

#[test]
fn a_circle_of_files_is_found_however_it_is_written() {
    let two = ["domain/text.rs", "domain/user.rs"];
    for text in [
        "use super::user::User; pub struct Text;",
        "use crate::domain::user::User; pub struct Text;",
        "use crate::domain::{user::{User, Role}}; pub struct Text;",
        "pub struct Text; fn f(_: super::user::User) {}",
        "pub struct Text; macro_rules! m { () => { $crate::domain::user::User }; }",
        "pub struct Text; fn f() { assert!(super::user::User::is_one()); }",
    ] {
        assert_eq!(circle(&[("domain/text.rs", text)]), two, "{text}");
    }
    // Through re-exports of the folder's module file, by glob and by name.
    let reexport =
        ("domain/mod.rs", "#[macro_use] mod words; mod user; mod text; pub use user::*; pub use text::Text;");
    assert_eq!(
        circle(&[
            reexport,
            ("domain/text.rs", "use super::User; pub struct Text;"),
            ("domain/user.rs", "use super::Text; pub struct User;"),
            ("db/users.rs", "pub fn find() {}")
        ]),
        two
    );
    // Of three.
    assert_eq!(
        circle(&[
            ("domain/text.rs", "use super::words::WORDS; pub struct Text;"),
            ("domain/words.rs", "use super::user::User; pub const WORDS: u8 = 1;"),
            ("domain/user.rs", "use super::text::Text; pub struct User;"),
        ]),
        ["domain/text.rs", "domain/user.rs", "domain/words.rs"]
    );
}

#[test]
fn a_module_file_is_the_table_of_contents_of_its_folder() {
    let shared =
        ("app/mod.rs", "pub mod users; mod error; pub use error::Result; pub struct App(users::Cache);");
    assert_eq!(circle(&[shared, ("app/users.rs", "use super::{App, Result}; pub struct Cache;")]), [""; 0]);
    // A child's uses of other folders count as those of any file.
    let beside =
        ("app/error.rs", "use crate::db::pool::Pool; pub struct Error; pub type Result<T> = Option<T>;");
    assert!(edges(&[beside]).contains(&"app/error.rs -> db/pool.rs".to_owned()));
    // A file that re-exports from elsewhere is used, too.
    let elsewhere = ("db/pool.rs", "pub use crate::domain::text::Text;");
    let found = edges(&[elsewhere, ("db/users.rs", "use super::pool::Text; pub fn find() {}")]);
    assert!(found.contains(&"db/users.rs -> db/pool.rs".to_owned()));
    assert!(found.contains(&"db/users.rs -> domain/text.rs".to_owned()));
}

#[test]
fn code_that_the_checker_cannot_read_is_reported() {
    for (file, text) in [
        ("domain/lost.rs", ""),
        ("domain/text.rs", "mod nowhere;"),
        ("domain/text.rs", "use super::nothing::Something;"),
        ("domain/text.rs", "#[path = \"elsewhere.rs\"] mod other;"),
        ("domain/text.rs", "fn f( {"),
    ] {
        assert!(!imports(&[(file, text)]).problems.is_empty(), "{file}: {text}");
    }
}
