//! The drawing of a chart, over the crate `svg`.
//!
//! A chart is laid out once, from the side on which its language begins: `x` counts from the left in English and from
//! the right in Arabic. No crate for charts lays out from right to left, so that the charts draw their own shapes.
//!
//! Browsers and the importer of the PDF (usvg) differ in how they anchor text of a right-to-left direction. The drawing
//! therefore is left-to-right for both, anchors each text by the side, and isolates an Arabic line as a whole. All
//! properties are attributes, and no text is aligned by `dominant-baseline`, which usvg does not know.

use std::collections::BTreeSet;

use svg::node::Text;
use svg::node::element::{Circle, Definitions, Element, Group, Line, Path, Pattern, Polygon, Rectangle, SVG};
use svg::{Document, Node};

use super::Chart;
use super::text::Font;
use crate::domain::text::Language;

/// Width of every chart in units: a phone shows a unit as a pixel, paper as a point.
pub(super) const WIDTH: f64 = 400.0;

/// The height of the rows of a chart that a page holds.
pub(super) const PAGE: f64 = 540.0;

/// The space at both sides of a chart.
pub(super) const MARGIN: f64 = 10.0;

/// The fonts of the report, and their substitutes.
const FONTS: &str = "Noto Sans, Noto Naskh Arabic, sans-serif";

pub(super) const BODY: Font = Font { size: 12.0, is_bold: false };
pub(super) const STRONG: Font = Font { size: 12.0, is_bold: true };
pub(super) const SMALL: Font = Font { size: 11.0, is_bold: false };
pub(super) const SMALL_STRONG: Font = Font { size: 11.0, is_bold: true };

/// Letters and outlines.
pub(super) const INK: &str = "#1a1a1a";
/// Text of less weight, which is still readable on white.
pub(super) const MUTED: &str = "#555555";
/// Lines behind the contents.
pub(super) const FAINT: &str = "#c4c4c4";
/// The colour of values and of the place where the task force is.
pub(super) const ACCENT: &str = "#0b5394";
/// The colour of lacking and late things, which also differ in shape or words.
pub(super) const ALERT: &str = "#a61c1c";

/// The place of a shape nearest to the beginning of the language, and the size of the shape.
pub(super) type PlacedSize = ((f64, f64), (f64, f64));

/// The side from which a text is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// The text begins at the place.
    Start,
    /// The text has its middle at the place.
    Middle,
    /// The text ends at the place.
    End,
}

/// The fill of a shape. Printed without colours, no two of the fills look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fill {
    /// White.
    Paper,
    /// A light grey.
    Shade,
    /// A colour as dark as ink.
    Solid,
    /// Slanted lines.
    Hatch,
    /// Lines crossing each other, in the colour of late things.
    Mesh,
    /// Dots.
    Dots,
    /// Level lines.
    Stripes,
}

/// The outline of a shape, or a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stroke {
    /// Colour.
    pub color: &'static str,
    /// Width in units; 0 for none.
    pub width: f64,
    /// Tells whether the line is broken.
    pub is_dashed: bool,
}

/// A fine line.
pub(super) const THIN: Stroke = Stroke { color: INK, width: 1.0, is_dashed: false };
/// A line that stands out.
pub(super) const THICK: Stroke = Stroke { color: INK, width: 2.5, is_dashed: false };
/// A line behind the contents.
pub(super) const GRID: Stroke = Stroke { color: FAINT, width: 0.75, is_dashed: false };
/// No line.
pub(super) const NONE: Stroke = Stroke { color: INK, width: 0.0, is_dashed: false };

/// A drawing in the making.
pub(super) struct Drawing {
    /// Name of the chart, which the names of its patterns begin with, so that charts of one page do not share any.
    id: &'static str,
    language: Language,
    /// The lines behind the contents, as one path.
    grid: String,
    contents: Group,
    fills: BTreeSet<Fill>,
}

impl Drawing {
    pub(super) fn new(id: &'static str, language: Language) -> Self {
        Self { id, language, grid: String::new(), contents: Group::new(), fills: BTreeSet::new() }
    }

    /// The chart with everything that was drawn.
    pub(super) fn finish(self, height: f64, caption: &str, description: String) -> Chart {
        let height = height.ceil();
        let background = Rectangle::new().set("width", WIDTH).set("height", height).set("fill", "#ffffff");
        let mut root: SVG = Document::new()
            .set("viewBox", (0, 0, WIDTH, height))
            .set("width", WIDTH)
            .set("height", height)
            .set("role", "img")
            .set("aria-label", caption)
            .set("direction", "ltr")
            .set("font-family", FONTS)
            .set("font-size", SMALL.size)
            .set("text-anchor", self.side(Anchor::Start))
            .set("fill", INK);
        let mut definitions = Definitions::new();
        let patterns: Vec<Pattern> = self.fills.iter().filter_map(|fill| pattern(self.id, *fill)).collect();
        if !patterns.is_empty() {
            for pattern in patterns {
                definitions.append(pattern);
            }
            root.append(definitions);
        }
        root.append(background);
        if !self.grid.is_empty() {
            let grid = Path::new().set("d", self.grid).set("fill", "none");
            root.append(grid.set("stroke", GRID.color).set("stroke-width", GRID.width));
        }
        let svg = root.add(self.contents).to_string();
        Chart { svg, width: units(WIDTH), height: units(height), caption: caption.to_owned(), description }
    }

    /// The place from the left of a place from the side on which the language begins.
    fn x(&self, x: f64) -> f64 {
        rounded(match self.language {
            Language::English => x,
            Language::Arabic => WIDTH - x,
        })
    }

    /// The value of the attribute `text-anchor`.
    fn side(&self, anchor: Anchor) -> &'static str {
        match (anchor, self.language) {
            (Anchor::Middle, _) => "middle",
            (Anchor::Start, Language::English) | (Anchor::End, Language::Arabic) => "start",
            (Anchor::End, Language::English) | (Anchor::Start, Language::Arabic) => "end",
        }
    }

    fn add(&mut self, element: impl Into<Element>, fill: Option<Fill>, stroke: Stroke) {
        let mut element: Element = element.into();
        element.assign("fill", fill.map_or_else(|| "none".to_owned(), |fill| self.paint(fill)));
        if stroke.width > 0.0 {
            element.assign("stroke", stroke.color);
            element.assign("stroke-width", stroke.width);
        }
        if stroke.is_dashed {
            element.assign("stroke-dasharray", "4 3");
        }
        self.contents.append(element);
    }

    /// The value of the attribute `fill`.
    fn paint(&mut self, fill: Fill) -> String {
        match fill {
            Fill::Paper => "#ffffff".to_owned(),
            Fill::Shade => "#e4e4e4".to_owned(),
            Fill::Solid => ACCENT.to_owned(),
            Fill::Hatch | Fill::Mesh | Fill::Dots | Fill::Stripes => {
                self.fills.insert(fill);
                format!("url(#{})", pattern_id(self.id, fill))
            }
        }
    }

    /// A line between two places. Lines of the grid are behind the contents.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        if stroke == GRID {
            let (from, to) = ((self.x(from.0), rounded(from.1)), (self.x(to.0), rounded(to.1)));
            self.grid.push_str(&format!("M{},{}L{},{}", from.0, from.1, to.0, to.1));
            return;
        }
        let line = Line::new()
            .set("x1", self.x(from.0))
            .set("y1", rounded(from.1))
            .set("x2", self.x(to.0))
            .set("y2", rounded(to.1));
        self.add(line, None, stroke);
    }

    /// A rectangle from the place nearest to the beginning.
    pub(super) fn rectangle(
        &mut self,
        from: (f64, f64),
        size: (f64, f64),
        fill: Option<Fill>,
        stroke: Stroke,
    ) {
        let (left, right) = (self.x(from.0), self.x(from.0 + size.0));
        let rectangle = Rectangle::new()
            .set("x", left.min(right))
            .set("y", rounded(from.1))
            .set("width", rounded(size.0.max(0.0)))
            .set("height", rounded(size.1.max(0.0)));
        self.add(rectangle, fill, stroke);
    }

    /// Rectangles of the same look, as one shape, each from the place nearest to the beginning with its size.
    pub(super) fn rectangles(&mut self, rectangles: &[PlacedSize], fill: Fill, stroke: Stroke) {
        let outline = |((x, y), (width, height)): &PlacedSize| {
            let left = self.x(*x).min(self.x(x + width));
            let (width, height) = (rounded(*width), rounded(*height));
            format!("M{left},{}h{width}v{height}h{}z", rounded(*y), -width)
        };
        let outlines: String = rectangles.iter().map(outline).collect();
        if !outlines.is_empty() {
            self.add(Path::new().set("d", outlines), Some(fill), stroke);
        }
    }

    pub(super) fn circle(&mut self, center: (f64, f64), radius: f64, fill: Fill, stroke: Stroke) {
        let circle =
            Circle::new().set("cx", self.x(center.0)).set("cy", rounded(center.1)).set("r", rounded(radius));
        self.add(circle, Some(fill), stroke);
    }

    pub(super) fn polygon(&mut self, places: &[(f64, f64)], fill: Fill, stroke: Stroke) {
        let polygon = Polygon::new().set("points", self.points(places));
        self.add(polygon, Some(fill), stroke);
    }

    /// A check mark, which is not mirrored: both languages write it alike.
    pub(super) fn check_mark(&mut self, center: (f64, f64), color: &'static str) {
        let x = self.x(center.0);
        let (left, low, right) = (rounded(x - 6.0), rounded(x - 1.5), rounded(x + 6.5));
        let (top, middle, bottom) = (rounded(center.1 - 5.0), rounded(center.1), rounded(center.1 + 5.0));
        let path = Path::new().set("d", format!("M{left},{middle} {low},{bottom} {right},{top}"));
        self.add(path, None, Stroke { color, ..THICK });
    }

    fn points(&self, places: &[(f64, f64)]) -> String {
        let points: Vec<String> =
            places.iter().map(|(x, y)| format!("{},{}", self.x(*x), rounded(*y))).collect();
        points.join(" ")
    }

    /// One line of text on a baseline.
    pub(super) fn text(
        &mut self,
        place: (f64, f64),
        anchor: Anchor,
        font: Font,
        color: &'static str,
        line: &str,
    ) {
        let line = match self.language {
            Language::English => line.to_owned(),
            Language::Arabic => format!("\u{2067}{line}\u{2069}"),
        };
        let mut text = with_text("text", &line);
        text.assign("x", self.x(place.0));
        text.assign("y", rounded(place.1));
        // The most frequent properties are those of the drawing.
        if font.size != SMALL.size {
            text.assign("font-size", font.size);
        }
        if anchor != Anchor::Start {
            text.assign("text-anchor", self.side(anchor));
        }
        if color != INK {
            text.assign("fill", color);
        }
        if font.is_bold {
            text.assign("font-weight", "bold");
        }
        self.contents.append(text);
    }

    /// A text below a place, broken into at most `most` lines. Returns the place below the text.
    pub(super) fn paragraph(
        &mut self,
        top: (f64, f64),
        width: f64,
        most: usize,
        ink: Ink,
        text: &str,
    ) -> f64 {
        let mut y = top.1;
        for line in ink.font.wrap(text, width, most) {
            self.text((top.0, y + ink.font.size * ASCENT), ink.anchor, ink.font, ink.color, &line);
            y += line_height(ink.font);
        }
        y
    }

    /// The chart of missing data: a sentence that says so.
    pub(super) fn sentence_instead(mut self, caption: &str, sentence: &str) -> Chart {
        self.rectangle(
            (MARGIN, MARGIN),
            (WIDTH - 2.0 * MARGIN, 44.0),
            None,
            Stroke { is_dashed: true, ..THIN },
        );
        self.text((WIDTH / 2.0, MARGIN + 27.0), Anchor::Middle, BODY, MUTED, sentence);
        self.finish(64.0, caption, sentence.to_owned())
    }
}

/// The look of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ink {
    pub font: Font,
    pub color: &'static str,
    pub anchor: Anchor,
}

impl Ink {
    /// Text from the beginning.
    pub(super) fn new(font: Font, color: &'static str) -> Self {
        Self { font, color, anchor: Anchor::Start }
    }
}

/// The place of the baseline below the top of a line, in parts of the size of the font.
const ASCENT: f64 = 1.05;

/// The height of a line. Arabic letters need more than Latin ones, and both languages have the same layout.
pub(super) fn line_height(font: Font) -> f64 {
    font.size * 1.42
}

/// The number of rows that a height holds, by their heights.
pub(super) fn rows_within(height: f64, heights: impl Iterator<Item = f64>) -> usize {
    let ends = heights.scan(0.0, |end, height| {
        *end += height;
        Some(*end)
    });
    ends.take_while(|end| *end <= height).count()
}

/// The height of a text in a number of lines.
pub(super) fn text_height(font: Font, lines: &[String]) -> f64 {
    lines.iter().map(|_| line_height(font)).sum()
}

/// An element that contains text, without letters that an XML document can't contain.
fn with_text(name: &str, text: &str) -> Element {
    let mut element = Element::new(name);
    element.append(Text::new(text.chars().filter(|letter| is_of_xml(*letter)).collect::<String>()));
    element
}

/// Tells whether an XML document can contain the letter.
fn is_of_xml(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}')
}

/// A length with two digits after the point. A length that is no number would make the whole drawing unreadable.
fn rounded(length: f64) -> f64 {
    let rounded = (length * 100.0).round() / 100.0;
    // Without the sum, -0.001 is written as -0.
    if rounded.is_finite() { rounded + 0.0 } else { 0.0 }
}

/// A length as a whole number of units.
fn units(length: f64) -> u32 {
    // A conversion of a float ends at the limits of the integer.
    length as u32
}

fn pattern_id(id: &str, fill: Fill) -> String {
    format!("chart-{id}-{}", format!("{fill:?}").to_lowercase())
}

/// The pattern of a fill, if it is one.
fn pattern(id: &str, fill: Fill) -> Option<Pattern> {
    let (size, lines) = match fill {
        Fill::Paper | Fill::Shade | Fill::Solid => return None,
        Fill::Hatch => (6, "M-1,7 L7,-1 M-1,1 L1,-1 M5,7 L7,5"),
        Fill::Mesh => (5, "M0,0 L5,5 M5,0 L0,5"),
        Fill::Dots => (5, "M1,2.5 L3,2.5"),
        Fill::Stripes => (5, "M0,2.5 L5,2.5"),
    };
    let (color, width) = match fill {
        Fill::Mesh => (ALERT, 1.0),
        Fill::Dots => (INK, 2.0),
        _ => (INK, 1.0),
    };
    let ground = Rectangle::new().set("width", size).set("height", size).set("fill", "#ffffff");
    let drawn =
        Path::new().set("d", lines).set("stroke", color).set("stroke-width", width).set("fill", "none");
    Some(
        Pattern::new()
            .set("id", pattern_id(id, fill))
            .set("width", size)
            .set("height", size)
            .set("patternUnits", "userSpaceOnUse")
            .add(ground)
            .add(drawn),
    )
}
