use std::process::Command;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::*;
use crate::render::charts::Chart;
use crate::render::document::{Block, Column, ColumnKind, Fact, Line, Section, Span, Table};
use crate::util::output;

/// The output of a program that reads a file; `None`, with a line that says so, where the program is not installed. The
/// program must succeed.
fn output_of(program: &str, arguments: &[&str], content: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("document.pdf");
    std::fs::write(&file, content).unwrap();
    let arguments = arguments
        .iter()
        .map(|argument| if *argument == "FILE" { file.as_os_str() } else { argument.as_ref() });
    let Ok(output) = Command::new(program).args(arguments).output() else {
        let skipped = format!("skipped: there is no {program} here (scripts/prepare.sh tests installs it)\n");
        output::print(&skipped).unwrap();
        return None;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{program}: {text}{}", String::from_utf8_lossy(&output.stderr));
    Some(text)
}

/// The text of a file in the order in which the file has the text, without controls of the direction.
fn text_of(content: &[u8]) -> Option<String> {
    let text = output_of("pdftotext", &["FILE", "-"], content)?;
    Some(
        text.replace(
            ['\u{202a}', '\u{202b}', '\u{202c}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}'],
            "",
        ),
    )
}

fn document(language: Language, blocks: Vec<Block>) -> Document {
    Document {
        title: vec![Span::words("Report of "), Span::value("بلدية النور")],
        mark: None,
        author: "Taskforce".to_owned(),
        date: "2026-11-28T02:03:04Z".parse().unwrap(),
        hash: "0123456789abcdef".repeat(4),
        footer: vec![Span::words("R-7 · "), Span::Code("0123456789abcdef".repeat(4))],
        sections: vec![Section { id: "section", title: "Section", starts_page: false, blocks }],
        ..specimen::document(language)
    }
}

fn values(text: &str) -> Block {
    Block::Paragraph(vec![Span::value(text)])
}

#[test]
fn fonts_and_template_print_every_kind_of_content_without_a_warning() {
    check().unwrap();
}

#[test]
fn every_document_also_satisfies_the_standard_for_readers_of_any_ability() {
    for &language in Language::ALL {
        let Warned { output, warnings } = compile(&specimen::document(language), PdfStandard::Ua_1).unwrap();
        output.unwrap();
        assert_eq!(sentences(&warnings), "");
    }
}

#[test]
fn the_same_document_has_the_same_bytes() {
    for &language in Language::ALL {
        let document = document(language, vec![values("Open data"), values("بيانات")]);
        let first = print(&document).unwrap();
        // Another document in between: nothing of it is remembered.
        print(&specimen::document(language)).unwrap();
        assert_eq!(first, print(&document).unwrap());
        let later = Document { date: "2026-11-29T00:00:00Z".parse().unwrap(), ..document };
        assert_ne!(first, print(&later).unwrap());
    }
}

#[test]
fn the_metadata_state_standard_title_language_and_time_of_the_document() {
    for (language, tag) in [(Language::English, "/Lang (en)"), (Language::Arabic, "/Lang (ar)")] {
        let content = print(&document(language, vec![values("Open data")])).unwrap();
        let text = String::from_utf8_lossy(&content);
        for part in [
            tag,
            "<pdfaid:part>2</pdfaid:part>",
            "<pdfaid:conformance>A</pdfaid:conformance>",
            "Report of \u{2068}بلدية النور\u{2069}",
            "<xmp:CreateDate>2026-11-28T02:03:04+00:00</xmp:CreateDate>",
            "<xmp:ModifyDate>2026-11-28T02:03:04+00:00</xmp:ModifyDate>",
            "/MarkInfo",
            "/StructTreeRoot",
        ] {
            assert!(text.contains(part), "{part}");
        }
    }
}

#[test]
fn nothing_in_a_record_is_markup() {
    let text = r#"#set page(fill: red) *bold* _it_ $x$ \ @ref <label> `raw` // -- ~ "q" = /* #panic()"#;
    let table = Table {
        caption: vec![Span::value(text)],
        columns: vec![Column { title: "Title", kind: ColumnKind::Text }],
        rows: vec![vec![vec![Span::value(text)]]],
    };
    let blocks = vec![
        Block::Heading(vec![Span::value(text)]),
        Block::Frame(vec![vec![Span::strong(text)]]),
        Block::List(vec![vec![Span::value(text)]]),
        Block::Facts(vec![Fact { label: "Label", value: vec![Span::value(text)] }]),
        Block::Table(table),
    ];
    let content = print(&document(Language::English, blocks)).unwrap();
    let Some(printed) = text_of(&content) else { return };
    // Lines wrap at other places in each block.
    let without_blanks = |text: &str| text.split_whitespace().collect::<String>();
    let printed = without_blanks(&printed);
    assert_eq!(printed.matches(&without_blanks(text)).count(), 6, "{printed}");
}

#[test]
fn arabic_is_printed_in_the_order_of_its_letters() {
    let line: Line = vec![
        Span::words("يُطلب من المجلس البتّ في "),
        Span::value("Open Data Portal v2.1"),
        Span::words(" قبل "),
        Span::strong("15 ديسمبر 2026"),
        Span::words("، بميزانية "),
        Span::value("12.50"),
        Span::words(" مليون. ولا بدّ من الإلمام بها؛ تقاطعًا، مُدُنًا، هٰذا، لاَ، لَا، عبد الله."),
    ];
    let content = print(&document(Language::Arabic, vec![Block::Paragraph(line)])).unwrap();
    let Some(text) = text_of(&content) else { return };
    // The vowel marks are shapes, which a word is found without.
    let expected = "يطلب من المجلس البت في Open Data Portal v2.1 قبل 15 ديسمبر 2026، بميزانية 12.50 مليون. \
                    ولا بد من الإلمام بها؛ تقاطعا، مدنا، هذا، لا، لا، عبد الله.";
    let (found, expected) = (words(&text), words(expected));
    assert!(found.windows(expected.len()).any(|words| words == expected), "{found:?}");
}

/// The words of a text, of Arabic or of other letters and digits. pdftotext puts blanks and signs between two directions
/// on either side.
fn words(text: &str) -> Vec<String> {
    let is_arabic = |letter: char| ('\u{600}'..'\u{700}').contains(&letter);
    let mut words: Vec<String> = Vec::new();
    let mut last = None;
    for letter in text.chars() {
        let kind = letter.is_alphanumeric().then(|| is_arabic(letter));
        match words.last_mut() {
            Some(word) if kind.is_some() && kind == last => word.push(letter),
            _ if kind.is_some() => words.push(letter.into()),
            _ => {}
        }
        last = kind;
    }
    words
}

#[test]
fn a_table_repeats_its_heading_on_each_page_and_each_page_has_its_number_and_the_hash() {
    let row =
        |number: i32| vec![vec![Span::value(number)], vec![Span::value("Count the cars at the crossing")]];
    let table = Table {
        caption: Vec::new(),
        columns: vec![
            Column { title: "Nr.", kind: ColumnKind::Number },
            Column { title: "Activity", kind: ColumnKind::Text },
        ],
        rows: (1..=100).map(row).collect(),
    };
    let content = print(&document(Language::English, vec![Block::Table(table)])).unwrap();
    let Some(text) = text_of(&content) else { return };
    let pages: Vec<_> = text.split('\u{c}').filter(|page| !page.is_empty()).collect();
    assert!(pages.len() > 2, "{text}");
    for (index, page) in pages.iter().enumerate() {
        assert!(page.contains("Nr. Activity"), "{page}");
        assert!(page.contains(&format!("Page {} of {}", index + 1, pages.len())), "{page}");
        assert!(page.contains(&"0123456789abcdef".repeat(4)), "{page}");
    }
}

#[test]
fn long_words_and_identifiers_stay_on_the_page() {
    let long = "a".repeat(400);
    let blocks = vec![
        values(&long),
        Block::Facts(vec![Fact { label: "Label", value: vec![Span::Code(long.clone())] }]),
        Block::Table(Table {
            caption: Vec::new(),
            columns: ["A", "B", "C"].map(|title| Column { title, kind: ColumnKind::Text }).into(),
            rows: vec![vec![vec![Span::value(&long)], vec![Span::Address(long)], vec![Span::value(1)]]],
        }),
    ];
    let content = print(&document(Language::English, blocks)).unwrap();
    // The boxes of all words, with the size of the page.
    let Some(boxes) = output_of("pdftotext", &["-bbox", "FILE", "-"], &content) else { return };
    let number = |line: &str, name: &str| -> f64 {
        let (_, rest) = line.split_once(&format!("{name}=\"")).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    };
    let words: Vec<_> = boxes.lines().filter(|line| line.contains("<word")).collect();
    assert!(words.len() > 10, "{boxes}");
    for word in words {
        assert!(number(word, "xMin") > 55.0 && number(word, "xMax") < 540.0, "{word}");
    }
}

#[test]
fn fonts_are_embedded_and_the_file_is_sound() {
    for &language in Language::ALL {
        let content = print(&specimen::document(language)).unwrap();
        if let Some(fonts) = output_of("pdffonts", &["FILE"], &content) {
            let fonts: Vec<_> = fonts.lines().skip(2).collect();
            assert_eq!(fonts.len(), FONTS, "{fonts:?}");
            for font in fonts {
                assert!(font.contains("Noto") && font.contains("Identity-H       yes yes yes"), "{font}");
            }
        }
        output_of("qpdf", &["--check", "FILE"], &content);
    }
}

/// The fonts of the specimen: regular and bold of two families, and two fonts of signs.
const FONTS: usize = 6;

#[test]
fn any_text_can_be_printed() {
    let mut runner = TestRunner::deterministic();
    let mut any = |pattern: &str| {
        let strategy = proptest::string::string_regex(pattern).unwrap();
        strategy.new_tree(&mut runner).unwrap().current()
    };
    for &language in Language::ALL {
        let mut blocks = Vec::new();
        for _ in 0..15 {
            // Anything at all; letters with marks of several scripts; joiners, controls and signs.
            for pattern in [
                r"\PC{0,20}",
                r"[\x00-\x{10ffff}]{0,12}",
                r"([a-zα-ωа-яء-ي0-9 ][\u{300}-\u{36f}\u{64b}-\u{65f}\u{610}-\u{61a}]{0,3}){1,8}",
                r"[\u{600}-\u{6ff}\u{750}-\u{77f}\u{fb50}-\u{fdff}\u{fe70}-\u{feff}]{1,12}",
                r"[\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}\u{fe00}-\u{fe0f}a-cا-ت1-3\r\n\t]{1,12}",
                r"[\u{1f1e6}-\u{1f1ff}\u{1f3fb}-\u{1f6ff}\u{200d}\u{2190}-\u{2bff}]{1,8}",
            ] {
                let text = any(pattern);
                blocks.push(Block::Facts(vec![Fact {
                    label: "Label",
                    value: vec![
                        Span::value(&text),
                        Span::strong(&text),
                        Span::Code(text.clone()),
                        Span::Address(text),
                    ],
                }]));
            }
        }
        let svg = |text: &str| {
            let text: String = text.chars().filter(|letter| letter.is_alphanumeric()).collect();
            format!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text y="9">{text}</text></svg>"#
            )
        };
        for _ in 0..15 {
            let text = any(r"\PC{0,20}");
            blocks.push(Block::Chart(Chart {
                svg: svg(&text),
                width: 9,
                height: 9,
                description: format!("Chart of {text}"),
                caption: text,
            }));
        }
        print(&document(language, blocks)).unwrap();
    }
}
