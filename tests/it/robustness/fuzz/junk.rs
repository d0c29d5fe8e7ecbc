//! Malformed and unusual input.

use serde_json::Value;

use crate::support::random::Rng;

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
pub(super) fn text(rng: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..=rng.below(4) {
        match rng.below(6) {
            0 => text.push_str(&"مدينة ".repeat(1 + rng.below(4))),
            1 => text.push_str("Open data"),
            2 => text.extend(std::iter::repeat_n('x', rng.below(260))),
            3 => text.extend(char::from_u32(u32::try_from(rng.below(0x11_0000)).unwrap())),
            _ => text.push_str(rng.pick::<&str>(&PIECES)),
        }
    }
    text
}

/// The same as it can stand in a header: no control character.
pub(super) fn header(rng: &mut Rng) -> String {
    text(rng).chars().filter(|letter| !letter.is_ascii_control()).collect()
}

/// Text as a JSON string, with escapes that need not be, and some that no text has.
fn quoted(rng: &mut Rng, text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        if rng.percent(15) {
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
    if rng.percent(6) {
        quoted.push_str(rng.pick::<&str>(&[
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
pub(super) fn json(rng: &mut Rng, names: &[&str], depth: usize) -> String {
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
    match rng.below(if depth == 0 { 3 } else { 6 }) {
        0 => (*rng.pick(&PLAIN)).to_owned(),
        1 | 2 => {
            let text = text(rng);
            quoted(rng, &text)
        }
        3 => {
            let items: Vec<_> = (0..rng.below(4)).map(|_| json(rng, names, depth - 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => object(rng, names, depth),
    }
}

/// An object of some of these names, one of them twice now and then.
pub(super) fn object(rng: &mut Rng, names: &[&str], depth: usize) -> String {
    let mut fields = Vec::new();
    for _ in 0..rng.below(4) {
        let name = if rng.percent(90) { (*rng.pick(names)).to_owned() } else { text(rng) };
        let (name, value) = (quoted(rng, &name), json(rng, names, depth.saturating_sub(1)));
        fields.push(format!("{name}:{value}"));
    }
    format!("{{{}}}", fields.join(","))
}

/// Bytes with something done to them.
pub(super) fn mutated(rng: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=rng.below(3) {
        if bytes.is_empty() {
            bytes.push(b'{');
        }
        let at = rng.below(bytes.len());
        match rng.below(5) {
            0 => bytes[at] ^= 1 << rng.below(8),
            1 => bytes.truncate(at),
            2 => bytes.insert(at, u8::try_from(rng.below(256)).unwrap()),
            3 => drop(bytes.remove(at)),
            _ => bytes.extend_from_within(at..),
        }
    }
    bytes
}

/// One letter of a text exchanged for another that could stand there.
pub(super) fn one_letter_off(rng: &mut Rng, text: &str, letters: &str) -> String {
    let at = rng.below(text.len());
    let other = char::from(*rng.pick(letters.as_bytes()));
    text.char_indices().map(|(n, letter)| if n == at { other } else { letter }).collect()
}
