//! The activities by state over time, as a column for each week.

use chrono::NaiveDate;

use super::Chart;
use super::drawing::{
    Anchor, Drawing, Fill, GRID, INK, Ink, MARGIN, MUTED, SMALL, Stroke, THIN, WIDTH, line_height,
};
use super::words::{labelled, sentence};
use crate::domain::activity::ActivityState;
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;
use crate::render::{bidi, dates};

words! {
    /// Fixed texts of the chart.
    pub(super) struct Words {
        caption: "Activities by state over time", "الأنشطة حسب الحالة على مر الزمن";
        number: "Number of activities", "عدد الأنشطة";
        last: "The numbers beside the states are those of", "الأعداد بجانب الحالات هي أعداد يوم";
        from: "From", "من";
        to: "to", "إلى";
        no_activity: "no activities", "لا أنشطة";
        none: "There are no activities yet.", "لا أنشطة بعد.";
    }
}

/// The activities by state over time.
#[derive(Debug, Clone)]
pub struct ActivityHistory {
    /// The counts, oldest first.
    pub points: Vec<ActivityPoint>,
}

impl ActivityHistory {
    /// Tells whether there was no activity on any day.
    pub fn is_empty(&self) -> bool {
        self.points.iter().all(|point| point.counts.total() == 0)
    }
}

/// The activities on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityPoint {
    /// The day.
    pub day: NaiveDate,
    /// Number of activities of each state.
    pub counts: ActivityCounts,
}

/// Numbers of activities by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ActivityCounts {
    pub planned: u32,
    pub in_progress: u32,
    pub in_review: u32,
    pub blocked: u32,
    pub done: u32,
    pub cancelled: u32,
}

/// The states from the bottom of a column to its top, with what tells them apart.
const STATES: [(ActivityState, Fill); 6] = [
    (ActivityState::Done, Fill::Solid),
    (ActivityState::InReview, Fill::Dots),
    (ActivityState::InProgress, Fill::Hatch),
    (ActivityState::Blocked, Fill::Mesh),
    (ActivityState::Planned, Fill::Paper),
    (ActivityState::Cancelled, Fill::Stripes),
];

impl ActivityCounts {
    fn of(&self, state: ActivityState) -> u32 {
        match state {
            ActivityState::Planned => self.planned,
            ActivityState::InProgress => self.in_progress,
            ActivityState::InReview => self.in_review,
            ActivityState::Blocked => self.blocked,
            ActivityState::Done => self.done,
            ActivityState::Cancelled => self.cancelled,
        }
    }

    fn total(&self) -> u32 {
        STATES.iter().fold(0, |total, (state, _)| total.saturating_add(self.of(*state)))
    }

    /// The states with a count, such as `Done 3`.
    fn written(&self, language: Language) -> Vec<String> {
        let counted = STATES.iter().filter(|(state, _)| self.of(*state) > 0);
        let parts: Vec<String> = counted
            .map(|(state, _)| format!("{} {}", state.label().in_language(language), self.of(*state)))
            .collect();
        if parts.is_empty() { vec![Words::of(language).no_activity.to_owned()] } else { parts }
    }
}

/// The sides of the columns.
const FROM: f64 = MARGIN + 34.0;
const TO: f64 = WIDTH - MARGIN;
/// Top and bottom of the columns.
const TOP: f64 = MARGIN + 24.0;
const BOTTOM: f64 = TOP + 170.0;
/// The widest column.
const WIDEST: f64 = 36.0;

/// Draws the activities.
pub fn activities(history: &ActivityHistory, language: Language) -> Chart {
    let words = Words::of(language);
    let mut drawing = Drawing::new("activities", language);
    let greatest = history.points.iter().map(|point| point.counts.total()).max().unwrap_or(0);
    let (Some(first), Some(last), true) = (history.points.first(), history.points.last(), greatest > 0)
    else {
        return drawing.sentence_instead(words.caption, words.none);
    };
    drawing.paragraph((MARGIN, MARGIN), WIDTH - 2.0 * MARGIN, 1, Ink::new(SMALL, MUTED), words.number);
    let step = tick(greatest);
    let top = f64::from(greatest.div_ceil(step)) * f64::from(step);
    let height = |count: u32| f64::from(count) / top * (BOTTOM - TOP);
    for count in (0..=greatest.div_ceil(step)).map(|number| number.saturating_mul(step)) {
        let y = BOTTOM - height(count);
        drawing.line((FROM, y), (TO, y), GRID);
        drawing.text((FROM - 5.0, y + 4.0), Anchor::End, SMALL, MUTED, &count.to_string());
    }
    let number = u32::try_from(history.points.len()).unwrap_or(u32::MAX);
    let place = (TO - FROM) / f64::from(number);
    let width = (place * 0.86).min(WIDEST);
    // The latest column is at the end of the axis, also if there are few.
    let distance = place.min(WIDEST * 1.5);
    let mut columns: Vec<(f64, &ActivityCounts, f64)> = Vec::with_capacity(history.points.len());
    for (point, after) in history.points.iter().rev().zip(0_u32..) {
        columns.push((TO - (f64::from(after) + 0.5) * distance - width / 2.0, &point.counts, BOTTOM));
    }
    // Narrow columns would be all outline.
    let outline = Stroke { width: if width < 8.0 { 0.5 } else { 1.0 }, ..THIN };
    for (state, fill) in STATES {
        let mut parts = Vec::new();
        for (x, counts, top) in &mut columns {
            let count = counts.of(state);
            if count > 0 {
                *top -= height(count);
                parts.push(((*x, *top), (width, height(count))));
            }
        }
        drawing.rectangles(&parts, fill, outline);
    }
    drawing.line((FROM, BOTTOM), (TO, BOTTOM), THIN);
    let day = |day: NaiveDate| dates::day(language, day);
    let baseline = BOTTOM + 15.0;
    drawing.text((TO, baseline), Anchor::End, SMALL, MUTED, &bidi::isolate(&day(last.day)));
    let begins_at = TO - f64::from(number) * distance;
    // Both days have room only if the columns fill the axis.
    if history.points.len() > 1 && begins_at + 240.0 < TO {
        drawing.text((begins_at, baseline), Anchor::Start, SMALL, MUTED, &bidi::isolate(&day(first.day)));
    }
    let y = legend(&mut drawing, &last.counts, baseline + 8.0, language);
    let note = format!("{} {}", words.last, bidi::isolate(&day(last.day)));
    let y = drawing.paragraph((MARGIN, y), WIDTH - 2.0 * MARGIN, 2, Ink::new(SMALL, MUTED), &note);
    drawing.finish(y + MARGIN, words.caption, describe(history, language))
}

/// The distance of the lines behind the columns: 1, 2 or 5 times a power of ten, with at most five lines.
fn tick(greatest: u32) -> u32 {
    let powers = std::iter::successors(Some(1_u32), |power| power.checked_mul(10));
    let steps = powers.flat_map(|power| [1, 2, 5].map(|factor| power.saturating_mul(factor)));
    steps.into_iter().find(|step| greatest.div_ceil(*step) <= 5).unwrap_or(u32::MAX)
}

/// The states with their looks and their last counts, in two columns. Returns the place below.
fn legend(drawing: &mut Drawing, counts: &ActivityCounts, top: f64, language: Language) -> f64 {
    let half = (WIDTH - 2.0 * MARGIN) / 2.0;
    let row = line_height(SMALL) + 3.0;
    let places = [0.0, 1.0, 2.0].into_iter().flat_map(|line| [(MARGIN, line), (MARGIN + half, line)]);
    for ((state, fill), (x, line)) in STATES.iter().zip(places) {
        let y = top + line * row;
        drawing.rectangle((x, y + 1.0), (20.0, 13.0), Some(*fill), THIN);
        let text = labelled(state.label().in_language(language), &counts.of(*state).to_string());
        drawing.paragraph((x + 27.0, y), half - 30.0, 1, Ink::new(SMALL, INK), &text);
    }
    top + 3.0 * row
}

/// The counts of each day; days with the same counts as the day before are told together.
fn describe(history: &ActivityHistory, language: Language) -> String {
    let words = Words::of(language);
    let same = history.points.chunk_by(|one, next| one.counts == next.counts);
    let told = same.filter_map(|points| {
        let (first, last) = (points.first()?, points.last()?);
        let day = |day: NaiveDate| bidi::isolate(&dates::day(language, day));
        let when = if first.day == last.day {
            day(first.day)
        } else {
            format!("{} {} {} {}", words.from, day(first.day), words.to, day(last.day))
        };
        Some(sentence(language, &when, &first.counts.written(language)))
    });
    told.collect::<Vec<_>>().join(" ")
}
