//! The letters behind the glyphs, as readers search and copy them.
//!
//! typst gives each glyph all letters of its cluster, so that an Arabic letter with a vowel mark is found twice: behind
//! the glyph of the letter and behind that of the mark. Each glyph therefore gets the letters that the glyph shows, and
//! controls that show nothing are left out.
//!
//! Viewers take a mark above the line for a line of its own, and put the mark before its letter: they find no word that
//! has one. Arabic vowel marks are therefore drawn as shapes. A reader sees the marks, and searches and copies the word
//! as it is usually written, without marks.

use ttf_parser::GlyphId;
use ttf_parser::gdef::GlyphClass;
use typst::layout::{Em, Frame, FrameItem, PagedDocument, Point};
use typst::syntax::Span;
use typst::text::{Font, Glyph, TextItem};
use typst::visualize::{Curve, Geometry, Shape};
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
    for (place, item) in items {
        match item {
            FrameItem::Group(mut group) => {
                rewrite_frame(&mut group.frame);
                frame.push(place, FrameItem::Group(group));
            }
            // Without marks and controls, each glyph has its letters already.
            FrameItem::Text(text) if text.text.chars().any(|c| is_combining_mark(c) || is_control(c)) => {
                let marks = draw_vowel_marks(&text, place);
                let text = rewrite_text(text);
                if !text.glyphs.is_empty() {
                    frame.push(place, FrameItem::Text(text));
                }
                frame.push_multiple(marks);
            }
            item => frame.push(place, item),
        }
    }
}

/// The shapes of the vowel marks in a text.
fn draw_vowel_marks(item: &TextItem, place: Point) -> Vec<(Point, FrameItem)> {
    let mut shapes = Vec::new();
    let mut x = Em::zero();
    for glyph in &item.glyphs {
        if is_vowel_mark(glyph, item) {
            let origin = place + Point::with_x((x + glyph.x_offset).at(item.size));
            let outline = Outline::of(glyph, item);
            shapes.push((origin, FrameItem::Shape(outline.filled(item), Span::detached())));
        }
        x += glyph.x_advance;
    }
    shapes
}

fn rewrite_text(mut item: TextItem) -> TextItem {
    let mut text = String::with_capacity(item.text.len());
    let mut glyphs = Vec::with_capacity(item.glyphs.len());
    for glyph in item.glyphs.iter().filter(|glyph| !is_vowel_mark(glyph, &item)) {
        let start = text.len();
        text.push_str(&letters_of(glyph, cluster_of(glyph, &item), &item.font));
        let (Ok(start), Ok(end)) = (u16::try_from(start), u16::try_from(text.len())) else { return item };
        glyphs.push(Glyph { range: start..end, ..glyph.clone() });
    }
    item.text = text.into();
    item.glyphs = glyphs;
    item
}

/// The text that a glyph is a part of.
fn cluster_of<'a>(glyph: &Glyph, item: &'a TextItem) -> &'a str {
    item.text.get(glyph.range()).unwrap_or_default()
}

/// The letters of a cluster that a glyph shows; all of them, if the glyph shows none.
fn letters_of(glyph: &Glyph, cluster: &str, font: &Font) -> String {
    let (marks, letters): (Vec<_>, Vec<_>) =
        cluster.chars().filter(|&letter| !is_control(letter)).partition(|&letter| is_combining_mark(letter));
    let shown: String = if marks.is_empty() || letters.is_empty() {
        cluster.chars().filter(|&letter| !is_control(letter)).collect()
    } else if is_mark(glyph, font) {
        // One glyph can show several marks.
        let is_own = |mark: &&char| font.ttf().glyph_index(**mark).is_some_and(|id| id.0 == glyph.id);
        marks.iter().find(is_own).map_or_else(|| marks.iter().collect(), ToString::to_string)
    } else {
        letters.iter().collect()
    };
    if shown.is_empty() { cluster.to_owned() } else { shown }
}

/// Tells whether a glyph is a mark, as the font says.
fn is_mark(glyph: &Glyph, font: &Font) -> bool {
    let class = font.ttf().tables().gdef.and_then(|gdef| gdef.glyph_class(GlyphId(glyph.id)));
    class == Some(GlyphClass::Mark)
}

/// Tells whether a glyph shows Arabic vowel marks on a letter.
fn is_vowel_mark(glyph: &Glyph, item: &TextItem) -> bool {
    let cluster = cluster_of(glyph, item);
    let is_vowel = |letter: char| matches!(letter, '\u{64b}'..='\u{652}' | '\u{670}');
    is_mark(glyph, &item.font)
        && cluster.chars().any(is_vowel)
        && cluster.chars().any(|letter| !is_combining_mark(letter) && !is_control(letter))
        && cluster.chars().all(|letter| !is_combining_mark(letter) || is_vowel(letter))
}

/// Tells whether a character controls the direction, or the places where a line may wrap.
fn is_control(letter: char) -> bool {
    matches!(letter, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}')
}

/// The outline of a glyph.
struct Outline<'a> {
    curve: Curve,
    /// The end of the last segment, in units of the font.
    last: (f32, f32),
    item: &'a TextItem,
}

impl<'a> Outline<'a> {
    fn of(glyph: &Glyph, item: &'a TextItem) -> Self {
        let mut outline = Self { curve: Curve::new(), last: (0.0, 0.0), item };
        item.font.ttf().outline_glyph(GlyphId(glyph.id), &mut outline);
        outline
    }

    fn filled(self, item: &TextItem) -> Shape {
        Geometry::Curve(self.curve).filled(item.fill.clone())
    }

    /// A point of the font, whose second axis points upwards.
    fn point(&self, x: f32, y: f32) -> Point {
        let length = |units: f32| self.item.font.to_em(units).at(self.item.size);
        Point::new(length(x), -length(y))
    }
}

impl ttf_parser::OutlineBuilder for Outline<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.curve.move_(self.point(x, y));
        self.last = (x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.curve.line(self.point(x, y));
        self.last = (x, y);
    }

    /// A quadratic segment as a cubic one.
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let towards = |from: f32, control: f32| from + (control - from) * 2.0 / 3.0;
        let (from_x, from_y) = self.last;
        self.curve_to(towards(from_x, x1), towards(from_y, y1), towards(x, x1), towards(y, y1), x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.curve.cubic(self.point(x1, y1), self.point(x2, y2), self.point(x, y));
        self.last = (x, y);
    }

    fn close(&mut self) {
        self.curve.close();
    }
}
