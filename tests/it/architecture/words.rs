//! Words that the code has given up for plainer ones don't come back.

use std::collections::BTreeMap;

use super::rust_files;
use super::tokens::{Tokens, words};

/// Parts of identifiers that are gone, and the word to use instead.
const IN_NAMES: [(&str, &str); 14] = [
    ("noun", "resource"),
    ("door", "write transaction, `WriteTx`"),
    ("envelope", "request context, response middleware"),
    ("happening", "event, `NewEvent`"),
    ("dossier", "report data"),
    ("teller", "seeder"),
    ("standing", "effective role; `…StateUpdate` in db"),
    ("trial", "dry run"),
    ("patience", "time-out, `ClientTimeouts`"),
    ("heir", "successor"),
    ("lease", "connection guard"),
    ("leftovers", "expired"),
    ("promise", "invariant"),
    ("fault", "error, `FieldError`"),
];

/// Words of prose that are gone. A sentence names its subject, and is read by people from other projects.
const IN_PROSE: [(&str, &str); 13] = [
    ("whoever", "name the person or the caller"),
    ("whomever", "name the person or the caller"),
    ("dossier", "report data"),
    ("teller", "seeder"),
    ("happening", "event"),
    ("noun", "resource"),
    ("envelope", "request context, response middleware"),
    ("door", "write transaction, `WriteTx`"),
    ("standing", "effective role"),
    ("patience", "time-out"),
    ("lease", "connection guard"),
    ("heir", "successor"),
    ("trial", "dry run"),
];

/// The parts of a name, in lower case: `WriteTx` and `write_tx` have `write` and `tx`.
fn parts(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut was_lower = false;
    for c in name.chars() {
        if c == '_' {
            parts.push(String::new());
        } else {
            if parts.is_empty() || (c.is_uppercase() && was_lower) {
                parts.push(String::new());
            }
            parts.last_mut().unwrap().extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase() || c.is_numeric();
    }
    parts
}

/// The part of a name is this word, in the singular or plural.
fn is(part: &str, word: &str) -> bool {
    part == word || part.strip_suffix('s') == Some(word)
}

/// The words of a file that are gone. Doc comments and attributes below `src/http/` are the OpenAPI document, whose
/// texts are the contract's and not the code's.
fn gone(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in Tokens::of(text).idents.iter() {
        for (word, instead) in IN_NAMES {
            if parts(name).iter().any(|part| is(part, word)) {
                found.push(format!("{file}: {name} ({instead})"));
            }
        }
    }
    for (number, line) in text.lines().enumerate() {
        let Some((before, comment)) = line.split_once("//") else { continue };
        let is_document = file.starts_with("src/http/") && comment.starts_with('/');
        if is_document || before.ends_with(':') {
            continue;
        }
        for word in words(comment).map(str::to_lowercase) {
            for (gone, instead) in IN_PROSE {
                if is(&word, gone) {
                    found.push(format!("{file}:{}: {word} ({instead})", number + 1));
                }
            }
        }
    }
    found.dedup();
    found
}

#[test]
fn words_that_were_given_up_do_not_come_back() {
    let mut found = Vec::new();
    for folder in ["src", "tests"] {
        let files: BTreeMap<_, _> = rust_files(folder);
        for (file, text) in files.iter().filter(|(file, _)| *file != "it/architecture/words.rs") {
            found.extend(gone(&format!("{folder}/{file}"), text));
        }
    }
    assert!(found.is_empty(), "{} times:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_word_that_was_given_up_is_found() {
    for text in [
        "fn open_door() {}",
        "struct WriteDoor;",
        "fn f(nouns: u8) {}",
        "macro_rules! noun { () => {}; }",
        "fn f() { let x = TrialRun; }",
        "// For whoever reads this.",
        "//! Whoever asks.",
        "//! [`resource`] (operations that nouns share).",
        "fn f() {} // a teller",
    ] {
        assert_eq!(gone("src/app/users.rs", text).len(), 1, "{text}");
    }
    for text in [
        "fn outdoors() {}",
        "fn industrial() {}",
        "fn default() {}",
        "const URL: &str = \"https://whoever.example\";",
        "// A storyteller.",
    ] {
        assert_eq!(gone("src/app/users.rs", text), [""; 0], "{text}");
    }
    assert_eq!(gone("src/http/endpoints/service.rs", "/// For whoever restarts it."), [""; 0]);
    assert_eq!(gone("src/http/endpoints/service.rs", "// For whoever restarts it.").len(), 1);
}
