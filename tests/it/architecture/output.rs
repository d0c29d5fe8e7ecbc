//! One file writes to standard output and standard error. `print!` and its kind panic if they cannot write.

use super::rust_files;

/// The file that may.
const WRITER: &str = "util/output.rs";

/// What writes to the two streams. The lints `print_stdout` and `print_stderr` know only the macros.
const WAYS: [&str; 8] = [
    "print!(",
    "println!(",
    "eprint!(",
    "eprintln!(",
    "dbg!(",
    "io::stdout",
    "io::stderr",
    "log_internal_errors(true",
];

/// The lines of a file that write, as `file:line`.
fn writes(file: &str, text: &str) -> Vec<String> {
    let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let found = code.filter(|(_, line)| WAYS.iter().any(|way| line.contains(way)));
    found.map(|(number, _)| format!("{file}:{}", number + 1)).collect()
}

#[test]
fn only_one_file_writes_to_standard_output_and_standard_error() {
    let mut found = Vec::new();
    for (file, text) in rust_files("src") {
        let of_file = writes(&file, &text);
        if file == WRITER {
            assert!(!of_file.is_empty(), "{WRITER} writes");
        } else {
            found.extend(of_file);
        }
    }
    assert_eq!(found, [""; 0], "use {WRITER}");
    let manifest = std::fs::read_to_string(super::root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("print_stdout = ") && manifest.contains("print_stderr = "));
}

#[test]
fn a_line_that_writes_is_found() {
    for text in ["fn f() { eprintln!(\"a\"); }", "    let mut out = std::io::stdout().lock();"] {
        assert_eq!(writes("cli/mod.rs", text), ["cli/mod.rs:1"], "{text}");
    }
    assert_eq!(writes("cli/mod.rs", "// `print!(…)` panics.\nprint(text)?;"), [""; 0]);
}
