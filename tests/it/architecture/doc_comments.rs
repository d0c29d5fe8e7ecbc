//! Doc comments name their subject: none begins with a pronoun or a question word. The rules of the contract
//! (`tests/contract/rules.mjs`) ask the same of every description in the document.

use super::rust_files;

/// The words that no paragraph of a doc comment begins with.
const NO_SUBJECTS: [&str; 16] = [
    "How", "It", "That", "These", "They", "This", "Those", "What", "When", "Where", "Whether", "Which",
    "Who", "Whoever", "Whose", "Why",
];

/// The doc comment in a line, with the marker that tells an inner one from an outer one.
fn doc_comment(line: &str) -> Option<(&str, &str)> {
    let (marker, text) = line.trim_start().split_at_checked(3)?;
    matches!(marker, "///" | "//!").then(|| (marker, text.trim()))
}

/// The first lines of paragraphs that name no subject, with their numbers.
fn without_subject(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut before = None;
    for (number, line) in (1..).zip(text.lines()) {
        let comment = doc_comment(line);
        if let Some((marker, text)) = comment {
            let begins = before.is_none_or(|(earlier, text)| earlier != marker || str::is_empty(text));
            let first = text.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty());
            if begins && first.is_some_and(|word| NO_SUBJECTS.contains(&word)) {
                found.push(format!("{number}: {text}"));
            }
        }
        before = comment;
    }
    found
}

#[test]
fn every_doc_comment_names_its_subject() {
    let mut found = Vec::new();
    for (file, text) in rust_files("src") {
        found.extend(without_subject(&text).iter().map(|line| format!("src/{file}:{line}")));
    }
    assert!(found.is_empty(), "name the subject first:\n{}", found.join("\n"));
}

#[test]
fn a_doc_comment_without_a_subject_is_found() {
    for text in [
        "/// Why a file is no table.\nenum Error {}",
        "//! What a report leaves out.",
        "/// A limit.\n///\n/// This limit is for a server that has gone silent.",
        "//! A file.\n/// Which reports.",
        "    /// `Whether`: a word in quotes.",
        "/// It.",
    ] {
        assert_eq!(without_subject(text).len(), 1, "{text}");
    }
    for text in [
        "/// A file, of which the service knows\n/// what it contains.",
        "// Which comment is no documentation?",
        "/// Items.",
        "/// Whatever a title contains, every line keeps to its length.",
    ] {
        assert_eq!(without_subject(text), [""; 0], "{text}");
    }
}
