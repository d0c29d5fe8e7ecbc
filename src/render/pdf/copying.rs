//! The letters behind the glyphs, as readers search and copy them.
//!
//! typst gives each glyph all letters of its cluster: both the glyph of an Arabic letter and the glyph of its vowel have
//! both letters. A viewer that knows no `ActualText`, as most do not, finds each twice. Each glyph therefore gets the
//! letters that the glyph shows, and controls that show nothing are left out.

use typst::layout::{Em, Frame, FrameItem, PagedDocument};
use typst::text::{Font, Glyph, TextItem};
use unicode_normalization::char::is_combining_mark;

/// Gives each glyph of a document its letters.
pub(super) fn letters_behind_glyphs(mut document: PagedDocument) -> PagedDocument {
    for page in &mut document.pages {
        rewrite_frame(&mut page.frame);
    }
    document
}

fn rewrite_frame(frame: &mut Frame) {
    let items: Vec<_> = frame.items().cloned().collect();
    frame.clear();
    frame.push_multiple(items.into_iter().map(|(place, mut item)| {
        match &mut item {
            FrameItem::Group(group) => rewrite_frame(&mut group.frame),
            FrameItem::Text(text) => rewrite_text(text),
            _ => {}
        }
        (place, item)
    }));
}

fn rewrite_text(item: &mut TextItem) {
    // Without marks and controls, each glyph has its letters already.
    if !item.text.chars().any(|letter| is_combining_mark(letter) || is_control(letter)) {
        return;
    }
    let mut text = String::with_capacity(item.text.len());
    let mut glyphs = item.glyphs.clone();
    for glyph in &mut glyphs {
        let cluster = item.text.get(glyph.range()).unwrap_or_default();
        let start = text.len();
        text.push_str(&letters_of(glyph, cluster, &item.font));
        let (Ok(start), Ok(end)) = (u16::try_from(start), u16::try_from(text.len())) else { return };
        glyph.range = start..end;
    }
    item.text = text.into();
    item.glyphs = glyphs;
}

/// The letters of a cluster that a glyph shows; all of them, if the glyph shows none.
fn letters_of(glyph: &Glyph, cluster: &str, font: &Font) -> String {
    let (marks, letters): (Vec<_>, Vec<_>) =
        cluster.chars().filter(|&letter| !is_control(letter)).partition(|&letter| is_combining_mark(letter));
    let shown: String = if marks.is_empty() || letters.is_empty() {
        cluster.chars().filter(|&letter| !is_control(letter)).collect()
    } else if glyph.x_advance == Em::zero() {
        // The glyph of a mark takes no space. One glyph can show several marks.
        let is_own = |mark: &&char| font.ttf().glyph_index(**mark).is_some_and(|id| id.0 == glyph.id);
        marks.iter().find(is_own).map_or_else(|| marks.iter().collect(), ToString::to_string)
    } else {
        letters.iter().collect::<String>()
    };
    if shown.is_empty() { cluster.to_owned() } else { shown }
}

/// Tells whether a character controls the direction, or the places where a line may wrap.
fn is_control(letter: char) -> bool {
    matches!(letter, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}')
}
