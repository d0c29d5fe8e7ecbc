//! The page of the rights, in both languages: equal to what is enforced, and up to date.

use taskforce::domain::rights::{Action, Authorization, EffectiveRole, authorize};
use taskforce::domain::text::Language;
use taskforce::domain::vocabulary::Vocabulary as _;
use taskforce::http::openapi::rights_page;

use crate::support::contract::operations;

fn page(language: Language) -> String {
    rights_page(language).unwrap()
}

/// The cells of the rows below a heading of the page, but for the head of the table.
fn rows<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[test]
fn the_pages_are_up_to_date() {
    for (file, stored, language) in [
        ("docs/rights.md", include_str!("../../../docs/rights.md"), Language::English),
        ("docs/rights.ar.md", include_str!("../../../docs/rights.ar.md"), Language::Arabic),
    ] {
        assert!(stored == page(language), "{file} is out of date: run `make rights`");
    }
}

#[test]
fn the_page_prints_the_table_that_is_enforced() {
    let page = page(Language::English);
    let rows = rows(&page, "Actions");
    assert_eq!(rows.len(), Action::ALL.len());
    for (row, &action) in rows.iter().zip(Action::ALL) {
        let cells = EffectiveRole::ALL.iter().map(|role| match authorize(*role, action) {
            Authorization::Allowed => "yes",
            Authorization::OwnOnly => "own",
            _ => "–",
        });
        assert_eq!(row[1..=EffectiveRole::ALL.len()], cells.collect::<Vec<_>>(), "{action:?}");
    }
}

#[test]
fn the_page_says_of_each_operation_what_its_description_says() {
    let english = page(Language::English);
    let mut rows = rows(&english, "Operations");
    for operation in operations() {
        let described = operation.described["description"].as_str().unwrap();
        let (_, who) = described.rsplit_once("Who may: ").unwrap_or_else(|| panic!("{}", operation.id()));
        // A table of the problems follows.
        let who = who.lines().next().unwrap();
        let name = format!("`{}`", operation.id());
        let at = rows.iter().position(|row| row[0] == name).unwrap_or_else(|| panic!("{name}"));
        let row = rows.remove(at);
        assert_eq!(row[1], format!("`{} {}`", operation.method.to_uppercase(), operation.path));
        assert_eq!(row[2].to_lowercase(), who.to_lowercase(), "{name}");
    }
    assert_eq!(rows, Vec::<Vec<&str>>::new());
}
