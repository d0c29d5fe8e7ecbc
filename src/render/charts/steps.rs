//! The five steps as a path, with the step at which the task force is.

use chrono::NaiveDate;

use super::Chart;
use super::drawing::{
    ACCENT, Anchor, BODY, Drawing, Fill, INK, Ink, MARGIN, MUTED, SMALL, SMALL_STRONG, STRONG, Stroke, THICK,
    THIN, WIDTH,
};
use super::words::{joined, labelled};
use crate::domain::step::{StepName, StepState};
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;
use crate::render::{bidi, dates};

words! {
    /// Fixed texts of the chart.
    pub(super) struct Words {
        caption: "The five steps", "الخطوات الخمس";
        step: "Step", "الخطوة";
        here: "The task force is here", "فريق العمل هنا";
        target_date: "target date", "الموعد المستهدف";
        passed_on: "on", "بتاريخ";
        none: "The task force has no steps yet.", "لا خطوات لفريق العمل بعد.";
    }
}

/// The steps of the current cycle.
#[derive(Debug, Clone)]
pub struct StepsPath {
    /// The steps in order.
    pub steps: Vec<PathStep>,
}

/// A step of the path.
#[derive(Debug, Clone)]
pub struct PathStep {
    /// Name of the step.
    pub step: StepName,
    /// State of the step.
    pub state: StepState,
    /// The day on which the step is to pass.
    pub target_date: Option<NaiveDate>,
    /// The day on which the step passed.
    pub passed_on: Option<NaiveDate>,
}

impl PathStep {
    /// Tells whether the task force works on the step, or its members vote on it.
    fn is_current(&self) -> bool {
        matches!(self.state, StepState::Open | StepState::Submitted)
    }

    /// The state with its day.
    fn state_line(&self, language: Language) -> String {
        let words = Words::of(language);
        let state = self.state.label().in_language(language).to_owned();
        let day =
            |word: &str, day: NaiveDate| format!("{word} {}", bidi::isolate(&dates::day(language, day)));
        match (self.state, self.passed_on, self.target_date) {
            (StepState::Passed, Some(passed), _) => format!("{state} {}", day(words.passed_on, passed)),
            (StepState::Passed, None, _) | (_, _, None) => state,
            (_, _, Some(target)) => joined(language, &[state, day(words.target_date, target)]),
        }
    }
}

/// Place of the circles.
const TRACK: f64 = 26.0;
const RADIUS: f64 = 14.0;
/// Beginning of the texts.
const TEXT: f64 = 54.0;
const TEXT_WIDTH: f64 = WIDTH - TEXT - 2.0 * MARGIN;

/// Draws the path.
pub fn steps(path: &StepsPath, language: Language) -> Chart {
    let words = Words::of(language);
    let mut drawing = Drawing::new("steps", language);
    if path.steps.is_empty() {
        return drawing.sentence_instead(words.caption, words.none);
    }
    let mut description = Vec::new();
    let mut above: Option<(f64, &PathStep)> = None;
    let mut y = MARGIN;
    for step in &path.steps {
        let label = step.step.label();
        let label = label.in_language(language);
        let state_line = step.state_line(language);
        let top = y + 8.0;
        let text = |ink: Ink, drawing: &mut Drawing, top: f64, text: &str| {
            drawing.paragraph((TEXT, top), TEXT_WIDTH, 3, ink, text)
        };
        let middle = top + 12.0;
        let mut bottom = top;
        if step.is_current() {
            bottom = text(Ink::new(SMALL_STRONG, ACCENT), &mut drawing, bottom, words.here);
        }
        let (font, color) = match step.state {
            StepState::Open | StepState::Submitted => (STRONG, INK),
            StepState::Passed => (BODY, INK),
            StepState::Locked => (BODY, MUTED),
        };
        bottom = text(Ink::new(font, color), &mut drawing, bottom, label);
        bottom = text(Ink::new(SMALL, MUTED), &mut drawing, bottom, &state_line) + 8.0;
        if step.is_current() {
            drawing.rectangle(
                (MARGIN / 2.0, y),
                (WIDTH - MARGIN, bottom - y),
                None,
                Stroke { color: ACCENT, ..THICK },
            );
        }
        if let Some((from, before)) = above {
            let passed = before.state == StepState::Passed;
            let way = if passed { THICK } else { Stroke { is_dashed: true, ..THIN } };
            drawing.line((TRACK, from + RADIUS), (TRACK, middle - RADIUS), way);
        }
        sign(&mut drawing, step, middle);
        let mut parts = vec![label.to_owned(), state_line];
        parts.extend(step.is_current().then(|| words.here.to_owned()));
        let subject = format!("{} {}", words.step, step.step.ordinal());
        description.push(labelled(&subject, &joined(language, &parts)));
        above = Some((middle, step));
        y = bottom + 4.0;
    }
    let description = description.iter().map(|sentence| format!("{sentence}.")).collect::<Vec<_>>().join(" ");
    drawing.finish(y + MARGIN, words.caption, description)
}

/// The circle of a step: filled with a check mark once the step is passed, with a broken outline while the step is
/// locked, and with its number otherwise.
fn sign(drawing: &mut Drawing, step: &PathStep, y: f64) {
    let number = step.step.ordinal().to_string();
    let baseline = (TRACK, y + 4.5);
    match step.state {
        StepState::Passed => {
            drawing.circle((TRACK, y), RADIUS, Fill::Solid, Stroke { color: ACCENT, ..THIN });
            drawing.check_mark((TRACK, y), "#ffffff");
        }
        StepState::Open | StepState::Submitted => {
            drawing.circle((TRACK, y), RADIUS, Fill::Paper, Stroke { color: ACCENT, ..THICK });
            drawing.text(baseline, Anchor::Middle, STRONG, INK, &number);
        }
        StepState::Locked => {
            let outline = Stroke { color: MUTED, is_dashed: true, ..THIN };
            drawing.circle((TRACK, y), RADIUS, Fill::Paper, outline);
            drawing.text(baseline, Anchor::Middle, BODY, MUTED, &number);
        }
    }
}
