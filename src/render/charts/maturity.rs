//! The maturity of each sector: from the level now to the target.

use super::Chart;
use super::drawing::{
    ACCENT, Anchor, BODY, Drawing, Fill, GRID, INK, Ink, MARGIN, MUTED, NONE, PAGE, SMALL, SMALL_STRONG,
    Stroke, THICK, THIN, WIDTH, line_height, rows_within, text_height,
};
use super::words::{labelled, sentence, value};
use crate::domain::sector::AssessmentKind;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;

words! {
    /// Fixed texts of the chart.
    pub(super) struct Words {
        caption: "Maturity of the sectors", "نضج القطاعات";
        levels: "Maturity level, from 1 to 5", "مستوى النضج من 1 إلى 5";
        sector: "Sector", "القطاع";
        not_drawn: "Further sectors that are not shown", "قطاعات أخرى غير معروضة";
        not_assessed: "not assessed", "لم يُقيَّم";
        none: "There are no sectors yet.", "لا قطاعات بعد.";
    }
}

/// The maturity of the sectors.
#[derive(Debug, Clone)]
pub struct Maturity {
    /// The sectors, the most important first.
    pub sectors: Vec<SectorMaturity>,
}

/// The maturity of a sector.
#[derive(Debug, Clone)]
pub struct SectorMaturity {
    /// Name of the sector.
    pub name: LocalizedText,
    /// The level now, from 1 to 5.
    pub now: Option<i16>,
    /// The level to be reached, from 1 to 5.
    pub target: Option<i16>,
}

/// The end of the names and the beginning of the scale.
const NAMES: f64 = 150.0;
const FIRST_LEVEL: f64 = NAMES + 40.0;
const LAST_LEVEL: f64 = WIDTH - MARGIN - 18.0;

/// The place of a level.
fn place(level: i16) -> f64 {
    let steps = f64::from(level.clamp(1, 5)) - 1.0;
    FIRST_LEVEL + steps * (LAST_LEVEL - FIRST_LEVEL) / 4.0
}

/// Draws the maturity.
pub fn maturity(maturity: &Maturity, language: Language) -> Chart {
    let words = Words::of(language);
    let mut drawing = Drawing::new("maturity", language);
    if maturity.sectors.is_empty() {
        return drawing.sentence_instead(words.caption, words.none);
    }
    let head = legend(&mut drawing, language);
    let mut y = head + 22.0;
    let mut description = vec![format!("{}.", words.levels)];
    let height = |sector: &SectorMaturity| {
        let lines = BODY.wrap(&value(language, &sector.name), NAMES - MARGIN, 2);
        text_height(BODY, &lines) + 10.0
    };
    let drawn = rows_within(PAGE, maturity.sectors.iter().map(height));
    for sector in maturity.sectors.iter().take(drawn) {
        let name = value(language, &sector.name);
        let bottom = y + height(sector);
        drawing.paragraph((MARGIN, y + 4.0), NAMES - MARGIN, 2, Ink::new(BODY, INK), &name);
        row(&mut drawing, sector, (y + bottom) / 2.0, language);
        drawing.line((MARGIN, bottom), (WIDTH - MARGIN, bottom), GRID);
        let level = |kind: AssessmentKind, level: Option<i16>| {
            let level = level.map_or_else(|| words.not_assessed.to_owned(), |level| level.to_string());
            format!("{} {level}", kind.label().in_language(language))
        };
        let parts =
            [level(AssessmentKind::Current, sector.now), level(AssessmentKind::Target, sector.target)];
        description.push(sentence(language, &format!("{} {name}", words.sector), &parts));
        y = bottom;
    }
    for level in 1..=5 {
        let x = place(level);
        drawing.text((x, head + 14.0), Anchor::Middle, SMALL, MUTED, &level.to_string());
    }
    let more = maturity.sectors.len().saturating_sub(drawn);
    if more > 0 {
        let rest = labelled(words.not_drawn, &more.to_string());
        y += 4.0;
        y = drawing.paragraph((MARGIN, y), WIDTH - 2.0 * MARGIN, 2, Ink::new(SMALL_STRONG, INK), &rest);
        description.push(format!("{rest}."));
    }
    drawing.finish(y + MARGIN, words.caption, description.join(" "))
}

/// The signs and their meaning. Returns the place below.
fn legend(drawing: &mut Drawing, language: Language) -> f64 {
    let words = Words::of(language);
    let width = WIDTH - 2.0 * MARGIN;
    let mut y = drawing.paragraph((MARGIN, MARGIN), width, 2, Ink::new(SMALL, MUTED), words.levels) + 2.0;
    for kind in AssessmentKind::ALL {
        let middle = y + line_height(SMALL) / 2.0;
        match kind {
            AssessmentKind::Current => now(drawing, MARGIN + 8.0, middle),
            AssessmentKind::Target => target(drawing, MARGIN + 8.0, middle),
        }
        let label = kind.label();
        let ink = Ink::new(SMALL, INK);
        y = drawing.paragraph((MARGIN + 22.0, y), width - 22.0, 1, ink, label.in_language(language));
    }
    y
}

/// The sign of the level now: a ring, in which the sign of the target has room.
fn now(drawing: &mut Drawing, x: f64, y: f64) {
    drawing.circle((x, y), 7.5, Fill::Paper, Stroke { width: 1.5, ..THIN });
}

/// The sign of the target: a filled square on its corner.
fn target(drawing: &mut Drawing, x: f64, y: f64) {
    let corners = [(x, y - 5.0), (x + 5.0, y), (x, y + 5.0), (x - 5.0, y)];
    drawing.polygon(&corners, Fill::Solid, NONE);
}

fn row(drawing: &mut Drawing, sector: &SectorMaturity, y: f64, language: Language) {
    drawing.line((FIRST_LEVEL, y), (LAST_LEVEL, y), GRID);
    for level in 1..=5 {
        let x = place(level);
        drawing.line((x, y - 4.0), (x, y + 4.0), GRID);
    }
    if let (Some(from), Some(to)) = (sector.now, sector.target) {
        drawing.line((place(from), y), (place(to), y), Stroke { color: ACCENT, ..THICK });
    }
    if let Some(level) = sector.now {
        now(drawing, place(level), y);
    }
    if let Some(level) = sector.target {
        target(drawing, place(level), y);
    }
    if sector.now.is_none() && sector.target.is_none() {
        let middle = (FIRST_LEVEL + LAST_LEVEL) / 2.0;
        let words = Words::of(language).not_assessed;
        drawing.rectangle((middle - 60.0, y - 8.0), (120.0, 16.0), Some(Fill::Paper), NONE);
        drawing.text((middle, y + 4.0), Anchor::Middle, SMALL, MUTED, words);
    }
}
