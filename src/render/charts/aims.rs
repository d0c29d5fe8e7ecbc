//! The matrix of the four aims and the pilots that serve them.

use super::Chart;
use super::drawing::{
    ALERT, Anchor, BODY, Drawing, Fill, GRID, INK, Ink, MARGIN, NONE, PAGE, SMALL_STRONG, STRONG, THIN,
    WIDTH, rows_within, text_height,
};
use super::text::Font;
use super::words::{labelled, sentence, short, value};
use crate::domain::scales::Aim;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;

words! {
    /// Fixed texts of the chart.
    pub(super) struct Words {
        caption: "Aims and pilots", "الأهداف والمشاريع التجريبية";
        aim: "Aim", "الهدف";
        pilots: "Number of pilots", "عدد المشاريع التجريبية";
        no_pilot: "no pilot", "لا مشروع";
        serves_none: "serves no aim", "لا يخدم أي هدف";
        pilot: "Pilot", "المشروع التجريبي";
        not_drawn: "Further pilots that are not shown", "مشاريع تجريبية أخرى غير معروضة";
        none: "There are no pilots yet.", "لا مشاريع تجريبية بعد.";
    }
}

/// The pilots with the aims that they serve.
#[derive(Debug, Clone)]
pub struct AimMatrix {
    /// The pilots that were not cancelled.
    pub pilots: Vec<PilotAims>,
}

/// A pilot with the aims that it serves.
#[derive(Debug, Clone)]
pub struct PilotAims {
    /// Title of the pilot.
    pub title: LocalizedText,
    /// The aims.
    pub aims: Vec<Aim>,
}

impl AimMatrix {
    /// The number of pilots that serve an aim.
    fn serving(&self, aim: Aim) -> usize {
        self.pilots.iter().filter(|pilot| pilot.aims.contains(&aim)).count()
    }
}

/// The end of the titles.
const TITLES: f64 = 130.0;
/// The width of a column.
const COLUMN: f64 = (WIDTH - MARGIN - TITLES) / 4.0;
/// The names of the aims, which contain long words.
const HEADING: Ink = Ink { font: Font { size: 10.0, is_bold: false }, color: INK, anchor: Anchor::Middle };
const TITLE: Ink = Ink { font: BODY, color: INK, anchor: Anchor::Start };

/// The aims with the middles of their columns.
fn columns() -> impl Iterator<Item = (Aim, f64)> {
    Aim::ALL.iter().zip(0_u8..).map(|(aim, number)| (*aim, TITLES + (f64::from(number) + 0.5) * COLUMN))
}

/// Draws the matrix.
pub fn aims(matrix: &AimMatrix, language: Language) -> Chart {
    let words = Words::of(language);
    let mut drawing = Drawing::new("aims", language);
    if matrix.pilots.is_empty() {
        return drawing.sentence_instead(words.caption, words.none);
    }
    let head = columns().fold(MARGIN, |head, (aim, middle)| {
        let name = name(aim, language);
        head.max(drawing.paragraph((middle, MARGIN), COLUMN - 4.0, 4, HEADING, &name))
    }) + 4.0;
    let rows: Vec<(String, &PilotAims)> =
        matrix.pilots.iter().map(|pilot| (value(language, &pilot.title), pilot)).collect();
    let height = |title: &str| {
        let lines = TITLE.font.wrap(title, TITLES - MARGIN - 4.0, 2);
        text_height(TITLE.font, &lines) + 8.0
    };
    let drawn = rows_within(PAGE, rows.iter().map(|(title, _)| height(title)));
    let end = rows.iter().take(drawn).fold(head, |y, (title, _)| y + height(title));
    // Behind the rows, so that the column stands out as a whole.
    for (_, middle) in columns().filter(|(aim, _)| matrix.serving(*aim) == 0) {
        drawing.rectangle((middle - COLUMN / 2.0, head), (COLUMN, end - head), Some(Fill::Hatch), NONE);
    }

    let mut description = Vec::new();
    for (aim, _) in columns() {
        let serving = matrix.serving(aim);
        let count = format!("{} {serving}", words.pilots);
        let none = (serving == 0).then(|| words.no_pilot.to_owned());
        let parts: Vec<String> = [Some(count), none].into_iter().flatten().collect();
        description.push(sentence(language, &format!("{} {}", words.aim, name(aim, language)), &parts));
    }
    let mut y = head;
    drawing.line((MARGIN, y), (WIDTH - MARGIN, y), THIN);
    for (title, pilot) in rows.iter().take(drawn) {
        drawing.paragraph((MARGIN, y + 4.0), TITLES - MARGIN - 4.0, 2, TITLE, title);
        let bottom = y + height(title);
        for (aim, middle) in columns() {
            if pilot.aims.contains(&aim) {
                drawing.circle((middle, (y + bottom) / 2.0), 6.5, Fill::Solid, NONE);
            }
        }
        y = bottom;
        drawing.line((MARGIN, y), (WIDTH - MARGIN, y), GRID);
        let served: Vec<String> = pilot.aims.iter().map(|aim| name(*aim, language)).collect();
        let parts = if served.is_empty() { vec![words.serves_none.to_owned()] } else { served };
        description.push(sentence(language, &format!("{} {title}", words.pilot), &parts));
    }
    for (_, middle) in columns() {
        let x = middle - COLUMN / 2.0;
        drawing.line((x, head), (x, y), GRID);
    }
    drawing.line((MARGIN, y), (WIDTH - MARGIN, y), THIN);
    y = totals(&mut drawing, matrix, y + 3.0, language);
    let more = matrix.pilots.len().saturating_sub(drawn);
    if more > 0 {
        let rest = labelled(words.not_drawn, &more.to_string());
        y = drawing.paragraph((MARGIN, y), WIDTH - 2.0 * MARGIN, 2, Ink::new(SMALL_STRONG, INK), &rest);
        description.push(format!("{rest}."));
    }
    drawing.finish(y + MARGIN, words.caption, description.join(" "))
}

/// The number of pilots below each column, also of those that are not drawn. Returns the place below.
fn totals(drawing: &mut Drawing, matrix: &AimMatrix, y: f64, language: Language) -> f64 {
    let words = Words::of(language);
    let width = TITLES - MARGIN - 4.0;
    let mut bottom = drawing.paragraph((MARGIN, y), width, 2, Ink::new(SMALL_STRONG, INK), words.pilots);
    for (aim, middle) in columns() {
        let serving = matrix.serving(aim);
        let centered = |color| Ink { font: STRONG, color, anchor: Anchor::Middle };
        let color = if serving == 0 { ALERT } else { INK };
        let mut below = drawing.paragraph((middle, y), COLUMN, 1, centered(color), &serving.to_string());
        if serving == 0 {
            let ink = Ink { font: SMALL_STRONG, ..centered(ALERT) };
            below = drawing.paragraph((middle, below), COLUMN - 4.0, 2, ink, words.no_pilot);
        }
        bottom = bottom.max(below);
    }
    bottom + 2.0
}

fn name(aim: Aim, language: Language) -> String {
    short(aim.label().in_language(language)).to_owned()
}
