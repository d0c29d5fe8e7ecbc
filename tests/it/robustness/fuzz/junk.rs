//! What nobody should send.

use serde_json::Value;

use crate::support::chance::Chance;

/// Pieces of text that parsers and databases have stumbled over.
const PIECES: [&str; 40] = [
    "",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\0",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{ad}",
    "\u{61c}",
    "\u{200b}",
    "\u{200f}",
    "\u{202e}",
    "\u{2028}",
    "\u{2066}",
    "\u{feff}",
    "\u{fffd}",
    "\u{ffff}",
    "\u{10ffff}",
    "e\u{301}",
    "ﷺ",
    "👩‍👩‍👧",
    "🇯🇴",
    "سياسة",
    "İ",
    "ß",
    "'",
    "\"",
    "\\",
    "%00",
    "${x}",
    "{{x}}",
    "<script>",
    "null",
    "-0",
    "1e999",
    "../..",
    ",",
    ";",
];

/// Some text: ordinary, odd, or long.
pub(super) fn text(chance: &mut Chance) -> String {
    let mut text = String::new();
    for _ in 0..=chance.below(4) {
        match chance.below(6) {
            0 => text.push_str(&"مدينة ".repeat(1 + chance.below(4))),
            1 => text.push_str("Open data"),
            2 => text.extend(std::iter::repeat_n('x', chance.below(260))),
            3 => text.extend(char::from_u32(u32::try_from(chance.below(0x11_0000)).unwrap())),
            _ => text.push_str(chance.of::<&str>(&PIECES)),
        }
    }
    text
}

/// The same as it can stand in a header: no control character.
pub(super) fn header(chance: &mut Chance) -> String {
    text(chance).chars().filter(|letter| !letter.is_ascii_control()).collect()
}

/// Text as a JSON string, with escapes that need not be, and some that no text has.
fn quoted(chance: &mut Chance, text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        if chance.percent(15) {
            let mut units = [0; 2];
            letter
                .encode_utf16(&mut units)
                .iter()
                .for_each(|unit| quoted.push_str(&format!("\\u{unit:04x}")));
        } else {
            let plain = Value::from(letter.to_string()).to_string();
            quoted.push_str(&plain[1..plain.len() - 1]);
        }
    }
    if chance.percent(6) {
        quoted.push_str(chance.of::<&str>(&[
            "\\ud800",
            "\\udc00",
            "\\ud800\\u0041",
            "\\u0000",
            "\\x",
            "\\u12",
        ]));
    }
    quoted.push('"');
    quoted
}

/// JSON as text, for most of the time: numbers beyond all bounds, names given twice, nesting.
pub(super) fn json(chance: &mut Chance, names: &[&str], depth: usize) -> String {
    const PLAIN: [&str; 20] = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "-1",
        "5.0",
        "1e2",
        "1e999",
        "-1e-999",
        "1E400",
        "9223372036854775808",
        "18446744073709551616",
        "0.1000000000000000055",
        "NaN",
        "01",
        "+1",
        ".5",
        "[]",
    ];
    match chance.below(if depth == 0 { 3 } else { 6 }) {
        0 => (*chance.of(&PLAIN)).to_owned(),
        1 | 2 => {
            let text = text(chance);
            quoted(chance, &text)
        }
        3 => {
            let items: Vec<_> = (0..chance.below(4)).map(|_| json(chance, names, depth - 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => object(chance, names, depth),
    }
}

/// An object of some of these names, one of them twice now and then.
pub(super) fn object(chance: &mut Chance, names: &[&str], depth: usize) -> String {
    let mut fields = Vec::new();
    for _ in 0..chance.below(4) {
        let name = if chance.percent(90) { (*chance.of(names)).to_owned() } else { text(chance) };
        let (name, value) = (quoted(chance, &name), json(chance, names, depth.saturating_sub(1)));
        fields.push(format!("{name}:{value}"));
    }
    format!("{{{}}}", fields.join(","))
}

/// Bytes with something done to them.
pub(super) fn mutated(chance: &mut Chance, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=chance.below(3) {
        if bytes.is_empty() {
            bytes.push(b'{');
        }
        let at = chance.below(bytes.len());
        match chance.below(5) {
            0 => bytes[at] ^= 1 << chance.below(8),
            1 => bytes.truncate(at),
            2 => bytes.insert(at, u8::try_from(chance.below(256)).unwrap()),
            3 => drop(bytes.remove(at)),
            _ => bytes.extend_from_within(at..),
        }
    }
    bytes
}

/// One letter of a text exchanged for another that could stand there.
pub(super) fn one_letter_off(chance: &mut Chance, text: &str, letters: &str) -> String {
    let at = chance.below(text.len());
    let other = char::from(*chance.of(letters.as_bytes()));
    text.char_indices().map(|(n, letter)| if n == at { other } else { letter }).collect()
}
