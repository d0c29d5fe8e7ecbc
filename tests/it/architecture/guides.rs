//! The guides name what is there: files, functions, types, make targets, commands, settings, operations and codes.
//!
//! A name is text in backticks (or a relative link) that looks like one of these; the rest of what stands in backticks,
//! such as statements of SQL, is left alone. Code blocks are read for settings, commands and make targets only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::tokens::{Tokens, words};
use super::{root, texts};

/// Names that nothing in the tree has, and why a guide may use them.
const OTHERS: [(&str, &str); 6] = [
    ("README.ar.md", "a member of an archive"),
    ("manifest.json", "a member of an archive"),
    ("schemaVersion", "a field of the manifest of an archive"),
    ("CHECK", "a word of SQL, which the migrations write small"),
    ("jq", "a program that a reader runs"),
    (".taskforce/", "made by the service when it runs"),
];

/// Everything that the guides can name.
#[derive(Debug, Default)]
struct Names {
    /// Every file, by its path.
    files: BTreeSet<String>,
    /// Identifiers and words of texts, by file.
    words: BTreeMap<String, BTreeSet<String>>,
    /// Texts of the program, as a whole.
    texts: Vec<String>,
    /// Make targets.
    targets: BTreeSet<String>,
    /// Paths of operations, each parameter as `{}`.
    operations: BTreeSet<String>,
    /// Headings of each guide, as links name them.
    headings: BTreeMap<String, BTreeSet<String>>,
}

impl Names {
    fn of_the_tree() -> Self {
        let mut names = Self::default();
        for folder in ["src", "tests", "benches", "migrations", "scripts", "docs", "examples"] {
            for (file, text) in texts(folder) {
                names.add(&format!("{folder}/{file}"), &text);
            }
        }
        for entry in fs::read_dir(root()).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap();
            if let (true, Ok(text)) = (path.is_file(), fs::read_to_string(&path)) {
                names.add(file, &text);
            }
        }
        names
    }

    fn add(&mut self, file: &str, text: &str) {
        self.files.insert(file.to_owned());
        if file.ends_with(".md") {
            let headings = outside_code(text).filter(|line| line.starts_with('#')).map(anchor);
            self.headings.insert(file.to_owned(), headings.collect());
            return;
        }
        let own = self.words.entry(file.to_owned()).or_default();
        if file.starts_with("tests/it/architecture/") && file.ends_with(".rs") {
            // The texts of these tests are wrong names, among others.
            own.extend(Tokens::of(text).idents);
        } else if file.ends_with(".rs") {
            let tokens = Tokens::of(text);
            own.extend(tokens.idents);
            own.extend(tokens.texts.iter().flat_map(|text| words(text)).map(str::to_owned));
            self.texts.extend(tokens.texts);
        } else {
            own.extend(words(text).map(str::to_owned));
        }
        if file == "Makefile" {
            let target = |line: &str| line.split_once(':').map(|(target, _)| target.to_owned());
            self.targets.extend(text.lines().filter_map(target).filter(|target| is_kebab(target)));
        }
        if file == "openapi.yaml" {
            let path = |line: &str| {
                line.strip_prefix("  /")
                    .map(|path| without_parameters(&format!("/{}", path.trim_end_matches(':'))))
            };
            self.operations.extend(text.lines().filter_map(path));
        }
    }

    fn has_word(&self, word: &str) -> bool {
        self.words.values().any(|words| has(words, word)) || self.has_stem(word)
    }

    /// A file or folder has this name, with or without its extension.
    fn has_stem(&self, name: &str) -> bool {
        self.files
            .iter()
            .any(|file| file.split('/').any(|part| part == name || part.split('.').next() == Some(name)))
    }

    /// The path leads to a file or folder, seen from the usual places; `<feature>` and `*` stand for anything.
    fn has_path(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        ["", "src/", "tests/", "tests/it/", "tests/it/*/", "docs/"].iter().any(|place| {
            let path = format!("{place}{path}");
            self.files.iter().any(|file| {
                let (mut file, path): (Vec<_>, Vec<_>) =
                    (file.split('/').collect(), path.split('/').collect());
                file.truncate(path.len());
                file.len() == path.len()
                    && file.iter().zip(&path).all(|(part, pattern)| {
                        matches(pattern, part) || matches(&format!("{pattern}.rs"), part)
                    })
            })
        })
    }

    fn has_operation(&self, path: &str) -> bool {
        let path = path.split('?').next().unwrap_or_default();
        let path = without_parameters(path);
        let known = match path.strip_prefix('…') {
            Some(end) => self.operations.iter().any(|operation| operation.ends_with(end)),
            None => self.operations.iter().any(|operation| matches(&path, operation)),
        };
        known || self.texts.iter().any(|text| text.contains(path.trim_end_matches('/')))
    }
}

/// The word is among others, or begins one of them if it ends in an ellipsis.
fn has(words: &BTreeSet<String>, word: &str) -> bool {
    match word.strip_suffix('…') {
        Some(start) => words.range(start.to_owned()..).next().is_some_and(|word| word.starts_with(start)),
        None => words.contains(word),
    }
}

/// The name matches a pattern, in which `*` and `<…>` stand for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let start = pattern.find(['*', '<']);
    let Some(start) = start else { return pattern == name };
    let end = pattern.rfind(['*', '>']).map_or(pattern.len(), |end| end + 1);
    name.len() >= pattern.len() - (end - start)
        && name.starts_with(&pattern[..start])
        && name.ends_with(&pattern[end..])
}

fn without_parameters(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        parts.push(if part.starts_with('{') { "{}" } else { part });
    }
    parts.join("/")
}

fn is_kebab(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

fn is_ident(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// A setting: `TASKFORCE_BIND`.
fn is_setting(word: &str) -> bool {
    word.contains('_')
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && word.starts_with(|c: char| c.is_ascii_uppercase())
}

/// A heading as links name it.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The lines of a guide that are no code block.
fn outside_code(guide: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    guide.lines().filter(move |line| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// The texts in backticks, also across the end of a line.
fn spans(guide: &str) -> Vec<String> {
    let text = outside_code(guide).collect::<Vec<_>>().join("\n");
    let spans = text.split("\n\n").flat_map(|paragraph| {
        let parts: Vec<_> = paragraph.split('`').collect();
        parts.into_iter().skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    });
    spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn code_blocks(guide: &str) -> impl Iterator<Item = &str> {
    let outside: BTreeSet<_> = outside_code(guide).map(str::as_ptr).collect();
    guide.lines().filter(move |line| !outside.contains(&line.as_ptr()))
}

/// The targets of relative links.
fn links(guide: &str) -> Vec<String> {
    let text = outside_code(guide).collect::<Vec<_>>().join("\n");
    let ends = text.match_indices("](").map(|(at, _)| &text[at + 2..]);
    let targets = ends.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned());
    targets.filter(|target| !target.contains("://")).collect()
}

/// The names of a guide that nothing has.
fn unknown(guide: &str, text: &str, names: &Names) -> Vec<String> {
    let known = |span: &String| span_is_known(span, names) || OTHERS.iter().any(|(name, _)| name == span);
    let mut unknown: Vec<String> = spans(text).into_iter().filter(|span| !known(span)).collect();
    for line in code_blocks(text) {
        unknown.extend(unknown_in_code(line, names));
    }
    for link in links(text) {
        let (path, heading) = link.split_once('#').unwrap_or((&link, ""));
        let folder = guide.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = match (path, path.strip_prefix("../")) {
            ("", _) => guide.to_owned(),
            (_, Some(path)) => path.to_owned(),
            (path, None) if folder.is_empty() => path.to_owned(),
            (path, None) => format!("{folder}/{path}"),
        };
        let has_heading =
            heading.is_empty() || names.headings.get(&path).is_some_and(|all| all.contains(heading));
        if !names.files.contains(&path) || !has_heading {
            unknown.push(link);
        }
    }
    unknown
}

/// Settings, commands and make targets.
fn unknown_in_code(line: &str, names: &Names) -> Vec<String> {
    let mut unknown: Vec<_> = words(line)
        .filter(|word| word.starts_with("TASKFORCE_") && !names.has_word(word))
        .map(str::to_owned)
        .collect();
    let parts: Vec<_> = line.split_whitespace().filter(|word| !word.contains('=')).collect();
    match parts.as_slice() {
        ["make", target, ..] if is_kebab(target) && !names.targets.contains(*target) => {
            unknown.push(format!("make {target}"));
        }
        ["taskforce", command, ..] if is_kebab(command) && !is_command(command, names) => {
            unknown.push(format!("taskforce {command}"));
        }
        _ => {}
    }
    unknown
}

/// The command line has the command: a variant of its enum, in kebab case.
fn is_command(command: &str, names: &Names) -> bool {
    let variant: String =
        command.split('-').map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..])).collect();
    names.words.get("src/cli/mod.rs").is_some_and(|words| words.contains(&variant))
}

fn span_is_known(span: &str, names: &Names) -> bool {
    if words(span).any(|word| is_setting(word) && !names.has_word(word.trim_end_matches('_')))
        && !span.contains('*')
    {
        return false;
    }
    let method =
        ["GET ", "POST ", "PUT ", "PATCH ", "DELETE "].iter().find_map(|method| span.strip_prefix(method));
    if let Some(path) = method {
        return path.contains(' ') || names.has_operation(path);
    }
    if span.contains(' ') {
        // The name of a test can be a part of one.
        let wanted =
            span.strip_prefix("cargo test ").and_then(|rest| rest.rsplit_once("-- ")).map(|(_, name)| name);
        return unknown_in_code(span, names).is_empty()
            && wanted.is_none_or(|name| name.starts_with('-') || span_is_known(&format!("{name}…"), names));
    }
    if let Some(flag) = span.strip_prefix("--") {
        return !is_kebab(flag) || names.has_word(&flag.replace('-', "_"));
    }
    if span.starts_with('/') || span.starts_with('…') {
        return names.has_operation(span);
    }
    let is_path = span.chars().all(|c| c.is_ascii_alphanumeric() || "_-./*<>".contains(c));
    let has_extension = [".rs", ".md", ".yaml", ".yml", ".toml", ".sql", ".sh", ".snap", ".json", ".py"]
        .iter()
        .any(|extension| span.ends_with(extension));
    if is_path && span.contains('/') {
        return names.has_path(span) || names.texts.iter().any(|text| text.contains(span));
    }
    if is_path && has_extension {
        return names.has_path(span)
            || names
                .files
                .iter()
                .any(|file| file.rsplit('/').next().is_some_and(|name| matches(span, name)));
    }
    let name = span.trim_end_matches("()").trim_end_matches('!');
    let name = name.split('<').next().unwrap_or_default().trim_end_matches("::");
    let parts: Vec<_> = name.split("::").collect();
    if !parts.iter().all(|part| is_ident(part.trim_end_matches('…'))) {
        // A path of fields, or something else.
        let fields: Vec<_> = name.split('.').collect();
        return !fields.iter().all(|field| is_ident(field))
            || fields.iter().all(|field| names.has_word(field));
    }
    match parts.as_slice() {
        [] => true,
        [word] => names.has_word(word),
        // A file that has the last part, and the one before it or its name.
        [.., place, word] => names.words.iter().any(|(file, words)| {
            let is_place =
                words.contains(*place) || file.split('/').any(|part| part.split('.').next() == Some(place));
            is_place && has(words, word)
        }),
    }
}

#[test]
fn the_guides_name_what_is_there() {
    let names = Names::of_the_tree();
    let guides =
        names.headings.keys().filter(|guide| *guide != "CHANGELOG.md" && !guide.starts_with("tests/"));
    let mut wrong = Vec::new();
    for guide in guides {
        let text = fs::read_to_string(root().join(guide)).unwrap();
        wrong.extend(unknown(guide, &text, &names).into_iter().map(|name| format!("{guide}: {name}")));
    }
    assert!(wrong.is_empty(), "{} names that nothing has:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_wrong_name_in_a_guide_is_found() {
    let mut names = Names::default();
    for (file, text) in [
        (
            "src/app/policies.rs",
            "/// Of `forgotten`.\npub fn adopt() { let a = \"policyNotAdopted\"; } impl App { fn read() {} }",
        ),
        (
            "src/cli/mod.rs",
            "enum Command { CreateAdmin { grant_to: u8 } } const A: &str = \"TASKFORCE_BIND\";",
        ),
        ("tests/it/features/policies.rs", "fn a_policy_is_adopted() {}"),
        ("Makefile", "demo: ## the demo\n\tcargo run\nfuzz-long:\n"),
        ("openapi.yaml", "paths:\n  /v1/policies/{policyId}/transitions:\n    post:\n"),
        ("docs/limits.md", "# Limits\n## Of clients, and more\n"),
    ] {
        names.add(file, text);
    }
    let right = "
`adopt` `adopt()` `policies::adopt` `App::read` `app/policies.rs` `policies.rs` `src/app/` `app/<feature>.rs` `tests/it/features`
`policies::a_policy_is…` `a_policy_is_adopted` `policyNotAdopted` `make demo` `make fuzz-long` `TASKFORCE_BIND`
`taskforce create-admin --email a` `--grant-to` `POST …/transitions` `POST /v1/policies/{id}/transitions` `/v1/policies/*`
`select * from things` `cargo test --test it -- a_policy_is_adopted` `features/*.rs` [limits](limits.md#of-clients-and-more)
[here](#right)

# Right

```sh
make demo
TASKFORCE_BIND=1 taskforce create-admin
```
";
    names.headings.insert("docs/right.md".to_owned(), ["right".to_owned()].into());
    names.files.insert("docs/right.md".to_owned());
    assert_eq!(unknown("docs/right.md", right, &names), [""; 0]);
    for wrong in [
        "`adopted`",
        "`forgotten`",
        "`adopt_all()`",
        "`policies::adopted`",
        "`pilots::adopt`",
        "`App::write`",
        "`app/pilots.rs`",
        "`pilots.rs`",
        "`src/db/`",
        "`policies::another_policy…`",
        "`policyAdopted`",
        "`make clean`",
        "`TASKFORCE_BOUND`",
        "`TASKFORCE_BOUND=1 serve`",
        "`taskforce delete-admin`",
        "`--grant-from`",
        "`POST …/transition`",
        "`/v1/policies/all`",
        "`cargo test --test it -- another_policy`",
        "`policies.state`",
        "[limits](limits.md#of-nobody)",
        "[limits](limit.md)",
        "[limits](#wrong)",
        "```sh\nmake clean\n```",
        "```sh\nTASKFORCE_BOUND=1 ./program\n```",
    ] {
        let found = unknown("docs/right.md", wrong, &names);
        assert_eq!(found.len(), 1, "{wrong}: {found:?}");
    }
}
