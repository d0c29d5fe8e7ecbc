//! The indicators of pilots: from the baseline over the last measurement to the target.

use super::Chart;
use super::drawing::{
    ACCENT, Anchor, Drawing, Fill, GRID, INK, Ink, MARGIN, MUTED, NONE, PAGE, SMALL, SMALL_STRONG, STRONG,
    Stroke, THIN, WIDTH, line_height, rows_within, text_height,
};
use super::words::{joined, labelled, sentence, value};
use crate::domain::decimal::Decimal;
use crate::domain::pilot::IndicatorDirection;
use crate::domain::report::TargetVerdict;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;
use crate::render::bidi;

words! {
    /// Fixed texts of the chart.
    pub(super) struct Words {
        caption: "Indicators of the pilots", "مؤشرات المشاريع التجريبية";
        baseline: "Baseline", "خط الأساس";
        actual: "Measured", "القياس";
        not_measured: "not yet", "لا يوجد بعد";
        target: "Target", "المستهدف";
        not_set: "not set", "لم يُحدَّد";
        indicator: "Indicator", "المؤشر";
        pilot: "pilot", "المشروع التجريبي";
        not_drawn: "Further indicators that are not shown", "مؤشرات أخرى غير معروضة";
        none: "There are no indicators yet.", "لا مؤشرات بعد.";
    }
}

/// The indicators.
#[derive(Debug, Clone)]
pub struct Indicators {
    /// The indicators, the most important first.
    pub indicators: Vec<IndicatorProgress>,
}

/// The values of an indicator.
#[derive(Debug, Clone)]
pub struct IndicatorProgress {
    /// Name of the indicator.
    pub name: LocalizedText,
    /// Title of the pilot; `None` where the chart is about one pilot.
    pub pilot: Option<LocalizedText>,
    /// Unit of the values.
    pub unit: String,
    /// Direction of an improvement.
    pub direction: IndicatorDirection,
    /// Value at the beginning.
    pub baseline: Option<Decimal>,
    /// Value of the last measurement.
    pub actual: Option<Decimal>,
    /// Value to be reached.
    pub target: Option<Decimal>,
    /// Comparison of the last measurement with the target.
    pub verdict: TargetVerdict,
}

/// The three kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Baseline,
    Actual,
    Target,
}

impl Kind {
    /// Every kind, in the order of drawing: the measurement is drawn above the others.
    const ALL: [Self; 3] = [Self::Baseline, Self::Target, Self::Actual];

    /// The sign of the kind: a ring, a filled square on its corner, and a bar.
    fn sign(self, drawing: &mut Drawing, x: f64, y: f64) {
        match self {
            Self::Baseline => drawing.circle((x, y), 4.5, Fill::Paper, Stroke { width: 1.5, ..THIN }),
            Self::Actual => {
                let corners = [(x, y - 6.0), (x + 6.0, y), (x, y + 6.0), (x - 6.0, y)];
                drawing.polygon(&corners, Fill::Solid, NONE);
            }
            Self::Target => drawing.line((x, y - 8.0), (x, y + 8.0), Stroke { width: 3.0, ..THIN }),
        }
    }
}

impl IndicatorProgress {
    fn value(&self, kind: Kind) -> Option<&Decimal> {
        match kind {
            Kind::Baseline => self.baseline.as_ref(),
            Kind::Actual => self.actual.as_ref(),
            Kind::Target => self.target.as_ref(),
        }
    }

    /// A value with its unit, in one line. A missing value is named as such.
    fn written(&self, kind: Kind, language: Language) -> String {
        match (self.value(kind), kind) {
            // The unit may be written in the other language, and does not turn the number around.
            (Some(value), _) => {
                let (number, unit) = (bidi::isolate(&value.to_string()), bidi::isolate(&self.unit));
                format!("{number}\u{a0}{unit}")
            }
            (None, Kind::Actual) => Words::of(language).not_measured.to_owned(),
            (None, _) => Words::of(language).not_set.to_owned(),
        }
    }

    /// The place of a value on a way from 0 to 1 on which an improvement goes towards 1. Without a distance between the
    /// values, each is in the middle.
    fn place(&self, kind: Kind) -> Option<f64> {
        let number = |kind: Kind| self.value(kind).and_then(|value| value.to_string().parse::<f64>().ok());
        let known: Vec<f64> = Kind::ALL.into_iter().filter_map(number).collect();
        let least = known.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let place = number(kind)
            .map(|number| if greatest > least { (number - least) / (greatest - least) } else { 0.5 })?;
        Some(match self.direction {
            IndicatorDirection::Up => place,
            IndicatorDirection::Down => 1.0 - place,
        })
    }
}

const TEXT_WIDTH: f64 = WIDTH - 2.0 * MARGIN;
/// The ends of the way.
const FROM: f64 = MARGIN + 10.0;
const TO: f64 = WIDTH - MARGIN - 16.0;
/// The height of the way with its signs.
const WAY: f64 = 24.0;
/// The width of a value with its label.
const COLUMN: f64 = TEXT_WIDTH / 3.0;

/// The parts of a row.
struct Row<'a> {
    indicator: &'a IndicatorProgress,
    name: String,
    /// Direction and verdict.
    verdict: String,
    /// The values with their labels.
    values: [(Kind, String); 3],
}

impl<'a> Row<'a> {
    fn new(indicator: &'a IndicatorProgress, language: Language) -> Self {
        let words = Words::of(language);
        let labelled =
            |kind: Kind, label: &str| (kind, format!("{label} {}", indicator.written(kind, language)));
        let direction = indicator.direction.label().in_language(language).to_owned();
        let verdict = indicator.verdict.label().in_language(language).to_owned();
        Self {
            name: value(language, &indicator.name),
            verdict: joined(language, &[direction, verdict]),
            values: [
                labelled(Kind::Baseline, words.baseline),
                labelled(Kind::Actual, words.actual),
                labelled(Kind::Target, words.target),
            ],
            indicator,
        }
    }

    fn height(&self) -> f64 {
        let values =
            self.values.iter().map(|(_, text)| text_height(SMALL, &SMALL.wrap(text, COLUMN - 18.0, 3)));
        let name = text_height(STRONG, &STRONG.wrap(&self.name, TEXT_WIDTH, 2));
        name + line_height(SMALL) + WAY + values.fold(0.0, f64::max) + 14.0
    }

    fn draw(&self, drawing: &mut Drawing, top: f64, language: Language) {
        let mut y = drawing.paragraph((MARGIN, top + 4.0), TEXT_WIDTH, 2, Ink::new(STRONG, INK), &self.name);
        let verdict = Ink { font: SMALL_STRONG, color: INK, anchor: Anchor::End };
        drawing.paragraph((WIDTH - MARGIN, y), TEXT_WIDTH, 1, verdict, &self.verdict);
        if let Some(pilot) = &self.indicator.pilot {
            let rest = TEXT_WIDTH - SMALL_STRONG.width(&self.verdict) - 8.0;
            drawing.paragraph((MARGIN, y), rest, 1, Ink::new(SMALL, MUTED), &value(language, pilot));
        }
        y += line_height(SMALL);
        let middle = y + WAY / 2.0;
        drawing.line((FROM, middle), (TO, middle), Stroke { width: 1.5, ..GRID });
        // Shows in which direction the way leads.
        let head = [(TO + 14.0, middle), (TO + 7.0, middle - 4.0), (TO + 7.0, middle + 4.0)];
        drawing.polygon(&head, Fill::Shade, Stroke { color: MUTED, ..THIN });
        let place = |kind| self.indicator.place(kind).map(|place| FROM + place * (TO - FROM));
        if let (Some(from), Some(to)) = (place(Kind::Baseline), place(Kind::Actual)) {
            drawing.line(
                (from, middle),
                (to, middle),
                Stroke { color: ACCENT, width: 4.0, is_dashed: false },
            );
        }
        for kind in Kind::ALL {
            if let Some(x) = place(kind) {
                kind.sign(drawing, x, middle);
            }
        }
        for ((kind, text), x) in self.values.iter().zip([MARGIN, MARGIN + COLUMN, MARGIN + 2.0 * COLUMN]) {
            kind.sign(drawing, x + 7.0, middle + WAY / 2.0 + line_height(SMALL) / 2.0 + 1.0);
            let top = (x + 16.0, middle + WAY / 2.0);
            drawing.paragraph(top, COLUMN - 18.0, 3, Ink::new(SMALL, INK), text);
        }
    }

    fn description(&self, language: Language) -> String {
        let words = Words::of(language);
        let pilot = self.indicator.pilot.as_ref();
        let mut parts: Vec<String> =
            pilot.map(|pilot| format!("{} {}", words.pilot, value(language, pilot))).into_iter().collect();
        parts.extend(self.values.iter().map(|(_, text)| text.clone()));
        parts.push(self.verdict.clone());
        sentence(language, &format!("{} {}", words.indicator, self.name), &parts)
    }
}

/// Draws the indicators.
pub fn indicators(indicators: &Indicators, language: Language) -> Chart {
    let words = Words::of(language);
    let mut drawing = Drawing::new("indicators", language);
    if indicators.indicators.is_empty() {
        return drawing.sentence_instead(words.caption, words.none);
    }
    let rows: Vec<Row<'_>> =
        indicators.indicators.iter().map(|indicator| Row::new(indicator, language)).collect();
    let drawn = rows_within(PAGE, rows.iter().map(Row::height));
    let mut description = Vec::new();
    let mut y = MARGIN;
    for row in rows.iter().take(drawn) {
        row.draw(&mut drawing, y, language);
        y += row.height();
        drawing.line((MARGIN, y), (WIDTH - MARGIN, y), GRID);
        description.push(row.description(language));
    }
    let more = rows.len().saturating_sub(drawn);
    if more > 0 {
        let rest = labelled(words.not_drawn, &more.to_string());
        y = drawing.paragraph((MARGIN, y + 4.0), TEXT_WIDTH, 2, Ink::new(SMALL_STRONG, INK), &rest);
        description.push(format!("{rest}."));
    }
    drawing.finish(y + MARGIN, words.caption, description.join(" "))
}
