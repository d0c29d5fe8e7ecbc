//! Names of files, as they are kept and given back: without a path, and with nothing that a file system refuses, that
//! hides what follows, or that makes a program of a text.

use super::characters::{is_blank, is_invisible};
use super::file::FileKind;

/// The maximum length of a name in bytes: no common file system takes more.
const MAX_BYTES: usize = 255;

/// The name that browsers give to data without one.
const UNNAMED: &str = "blob";

/// Windows drops these at the end of a name; a dot at the beginning hides a file.
const DROPPED: [char; 2] = [' ', '.'];

/// Names that Windows keeps for devices, whatever ending they have.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
    "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// The name of a file as it is kept; `None` if nothing of the given name remains.
///
/// A name that stands for another kind of file gets the ending of its kind: a text called `run.bat` is a script as soon
/// as a reader has saved it.
pub fn kept(given: &str, kind: FileKind) -> Option<String> {
    // Some programs send the whole path (RFC 7578, section 4.2).
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    if last == UNNAMED { None } else { of_title(last, kind) }
}

/// The name of a file that has only a title; `None` if nothing of the title can stand in a name.
pub fn of_title(title: &str, kind: FileKind) -> Option<String> {
    let title = title.trim_end_matches(DROPPED);
    let (stem, ending) = match title.rsplit_once('.') {
        Some((stem, ending)) if is_ending_of(kind, ending) => (stem, ending),
        _ => (title, first_ending(kind)),
    };
    named(stem, ending)
}

/// The name of a file that the service makes; `None` if nothing of the title can stand in a name.
pub fn made(title: &str, ending: &str) -> Option<String> {
    named(title.trim_end_matches(DROPPED), ending)
}

/// The first ending of a kind.
pub fn first_ending(kind: FileKind) -> &'static str {
    kind.endings().first().copied().unwrap_or("bin")
}

fn is_ending_of(kind: FileKind, ending: &str) -> bool {
    kind.endings().iter().any(|own| ending.eq_ignore_ascii_case(own))
}

/// A name from the part before its ending, and the ending.
fn named(stem: &str, ending: &str) -> Option<String> {
    let mut kept: String = stem.chars().map(in_name).collect();
    // The dot and the mark before the name of a device take one byte each.
    let available = MAX_BYTES.saturating_sub(ending.len() + 2);
    while kept.len() > available {
        kept.pop();
    }
    let kept = kept.trim_matches(DROPPED);
    let is_named = !is_blank(&kept.replace(['_', '.'], ""));
    let device = kept.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let mark = if DEVICES.contains(&device.as_str()) { "_" } else { "" };
    is_named.then(|| format!("{mark}{kept}.{ending}"))
}

/// A character as it stands in a name. Joiners shape Arabic and Persian words and stay; every other character that shows
/// nothing, such as a control of the writing direction, could hide the ending.
fn in_name(character: char) -> char {
    match character {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        '\u{200c}' | '\u{200d}' => character,
        blank
            if blank.is_whitespace() && !blank.is_control() && !matches!(blank, '\u{2028}' | '\u{2029}') =>
        {
            ' '
        }
        invisible if is_invisible(invisible) => '_',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_kept_without_what_no_name_may_have() {
        for (given, name) in [
            ("minutes.pdf", Some("minutes.pdf")),
            ("محضر الاجتماع.pdf", Some("محضر الاجتماع.pdf")),
            ("Minutes.PDF", Some("Minutes.PDF")),
            ("minutes", Some("minutes.pdf")),
            ("v1.2", Some("v1.2.pdf")),
            ("run.exe", Some("run.exe.pdf")),
            ("a.pdf. .", Some("a.pdf")),
            ("/etc/passwd", Some("passwd.pdf")),
            ("..\\..\\a.pdf", Some("a.pdf")),
            ("C:\\fakepath\\a.pdf", Some("a.pdf")),
            ("a/", None),
            ("a\"b'c.pdf", Some("a_b'c.pdf")),
            ("a:b*c?d<e>f|g.pdf", Some("a_b_c_d_e_f_g.pdf")),
            ("a\r\nSet-Cookie: x=1.pdf", Some("a__Set-Cookie_ x=1.pdf")),
            ("a\u{202e}fdp.exe", Some("a_fdp.exe.pdf")),
            ("a\u{61c}\u{200b}\u{2028}\u{feff}\u{202e}b.pdf", Some("a_____b.pdf")),
            ("a\u{2066}b\u{2069}\u{ad}\u{3164}.pdf", Some("a_b___.pdf")),
            ("می\u{200c}خواهم.pdf", Some("می\u{200c}خواهم.pdf")),
            ("a\u{a0}b\u{3000}c.pdf", Some("a b c.pdf")),
            ("a\0b\tc\u{7f}.pdf", Some("a_b_c_.pdf")),
            (".htaccess", Some("htaccess.pdf")),
            (" . a . .pdf", Some("a.pdf")),
            (".pdf", None),
            ("", None),
            (".", None),
            ("..", None),
            ("...", None),
            ("\u{202e}\u{200b}", None),
            ("\"\"", None),
            ("blob", None),
            ("con", Some("_con.pdf")),
            ("NUL.pdf", Some("_NUL.pdf")),
            ("com1.notes.pdf", Some("_com1.notes.pdf")),
            ("console.pdf", Some("console.pdf")),
        ] {
            assert_eq!(kept(given, FileKind::Pdf).as_deref(), name, "{given:?}");
        }
        assert_eq!(kept("a.jpeg", FileKind::Jpeg).as_deref(), Some("a.jpeg"));
        assert_eq!(kept("run.bat", FileKind::Text).as_deref(), Some("run.bat.txt"));
        assert_eq!(of_title("محضر 12/2026", FileKind::Pdf).as_deref(), Some("محضر 12_2026.pdf"));
        assert_eq!(of_title("Annex A.pdf", FileKind::Pdf).as_deref(), Some("Annex A.pdf"));
    }

    #[test]
    fn a_long_name_is_cut_before_its_ending() {
        for letter in ["x", "ض", "한", "👩"] {
            let name = kept(&format!("{}.pdf", letter.repeat(300)), FileKind::Pdf).unwrap();
            assert!(name.len() <= MAX_BYTES && name.len() > MAX_BYTES - 5, "{}", name.len());
            assert!(name.ends_with(&format!("{letter}.pdf")), "{name}");
        }
    }

    #[test]
    fn each_kind_has_an_ending_of_its_own() {
        let mut endings: Vec<_> = FileKind::ALL.into_iter().map(first_ending).collect();
        endings.sort_unstable();
        endings.dedup();
        assert_eq!(endings.len(), FileKind::ALL.len());
    }

    proptest! {
        #[test]
        fn a_kept_name_is_kept_as_it_is(given in "\\PC{0,300}") {
            for kind in FileKind::ALL {
                if let Some(name) = kept(&given, kind) {
                    prop_assert_eq!(kept(&name, kind), Some(name.clone()));
                    prop_assert!((1..=MAX_BYTES).contains(&name.len()));
                    prop_assert!(!name.contains(['/', '\\', '"', '\r', '\n']));
                }
            }
        }
    }
}
