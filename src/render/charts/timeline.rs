//! The due dates and the decisions of the council: all of them as signs on an axis, and the nearest as a list.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::Chart;
use super::drawing::{
    ACCENT, ALERT, Anchor, BODY, Drawing, Fill, GRID, INK, Ink, MARGIN, MUTED, NONE, PAGE, SMALL,
    SMALL_STRONG, Stroke, THICK, THIN, WIDTH, line_height, rows_within, text_height,
};
use super::words::{joined, labelled, value};
use crate::domain::event::SubjectKind;
use crate::domain::report::RiskCause;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;
use crate::render::{bidi, dates};

words! {
    /// Fixed texts of the chart.
    pub(super) struct Words {
        caption: "Due dates and decisions", "المواعيد والقرارات";
        today: "Today", "اليوم";
        due: "Due", "لم يحن موعده";
        over: "Done or decided", "منجز أو صدر بشأنه قرار";
        council: "Council", "المجلس";
        council_date: "The council meets", "انعقاد المجلس";
        not_listed: "Further dates that are not listed", "مواعيد أخرى غير مدرجة";
        none: "There are no due dates and no decisions yet.", "لا مواعيد ولا قرارات بعد.";
    }
}

/// The due dates and decisions.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// The current day of the task force.
    pub today: NaiveDate,
    /// The dates, in any order.
    pub dates: Vec<TimelineDate>,
    /// Number of further dates, which the data does not contain.
    pub more: u32,
}

/// A day of the timeline.
#[derive(Debug, Clone)]
pub struct TimelineDate {
    /// The day.
    pub day: NaiveDate,
    /// Kind of the date.
    pub kind: DateKind,
    /// Number of the activity or decision.
    pub number: Option<i32>,
    /// Title of the resource that is due, or the outcome of the decision.
    pub title: Option<LocalizedText>,
    /// Tells whether work is still to be done.
    pub is_open: bool,
}

/// Kind of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DateKind {
    /// A step is to pass.
    Step,
    /// An activity is due.
    Activity,
    /// A migration is planned.
    Migration,
    /// A condition of the council is due.
    Condition,
    /// The council decided.
    Decision,
    /// The council meets.
    CouncilDate,
}

impl DateKind {
    const ALL: [Self; 6] =
        [Self::Step, Self::Activity, Self::Migration, Self::Condition, Self::Decision, Self::CouncilDate];

    fn label(self, language: Language) -> String {
        let subject = match self {
            Self::Step => SubjectKind::Step,
            Self::Activity => SubjectKind::Activity,
            Self::Migration => SubjectKind::Migration,
            Self::Condition => SubjectKind::Condition,
            Self::Decision => SubjectKind::Decision,
            Self::CouncilDate => return Words::of(language).council_date.to_owned(),
        };
        subject.label().in_language(language).to_owned()
    }
}

/// The position of a date towards the current day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    Over,
    Late,
    Due,
}

impl TimelineDate {
    fn urgency(&self, today: NaiveDate) -> Urgency {
        match (self.is_open, self.day < today) {
            (false, _) => Urgency::Over,
            (true, true) => Urgency::Late,
            (true, false) => Urgency::Due,
        }
    }

    /// The kind with number and title, and that the date is over.
    fn written(&self, today: NaiveDate, language: Language) -> String {
        let kind = self.kind.label(language);
        let named = self.number.map_or_else(|| kind.clone(), |number| format!("{kind} {number}"));
        let title = self.title.as_ref().map(|title| value(language, title));
        let text = title.map_or(named.clone(), |title| labelled(&named, &title));
        let late = RiskCause::Overdue.label();
        match self.urgency(today) {
            Urgency::Late => joined(language, &[text, late.in_language(language).to_owned()]),
            Urgency::Over | Urgency::Due => text,
        }
    }
}

/// The ends of the axis.
const FROM: f64 = MARGIN + 104.0;
const TO: f64 = WIDTH - MARGIN - 8.0;
const LANE: f64 = 20.0;
/// The beginning of the texts of the list.
const TEXT: f64 = MARGIN + 130.0;

/// Draws the timeline.
pub fn timeline(timeline: &Timeline, language: Language) -> Chart {
    let words = Words::of(language);
    let mut drawing = Drawing::new("timeline", language);
    if timeline.dates.is_empty() {
        return drawing.sentence_instead(words.caption, words.none);
    }
    let bottom = axis(&mut drawing, timeline, language);
    let mut y = legend(&mut drawing, bottom, language) + 6.0;

    let today = timeline.today;
    let mut nearest: Vec<&TimelineDate> = timeline.dates.iter().collect();
    nearest.sort_by_key(|date| {
        let is_over = date.urgency(today) == Urgency::Over && date.kind != DateKind::Decision;
        (is_over, date.day.signed_duration_since(today).num_days().abs())
    });
    let height = |date: &TimelineDate| {
        let lines = BODY.wrap(&date.written(today, language), WIDTH - MARGIN - TEXT, 2);
        text_height(BODY, &lines) + 6.0
    };
    let listed = rows_within(PAGE - y, nearest.iter().map(|date| height(date)));
    nearest.truncate(listed);
    nearest.sort_by_key(|date| (date.day, date.kind, date.number));
    let mut description = Vec::new();
    let this_day = format!("{} {}", words.today, bidi::isolate(&dates::day(language, today)));
    let (before, after): (Vec<&TimelineDate>, Vec<_>) =
        nearest.into_iter().partition(|date| date.day < today);
    for date in before {
        y = row(&mut drawing, date, today, y, height(date), language);
        description.push(told(date, today, language));
    }
    drawing.text((MARGIN, y + 13.0), Anchor::Start, SMALL_STRONG, ACCENT, &this_day);
    y += 19.0;
    drawing.line((MARGIN, y), (WIDTH - MARGIN, y), Stroke { color: ACCENT, width: 1.5, is_dashed: false });
    description.push(format!("{this_day}."));
    for date in after {
        y = row(&mut drawing, date, today, y, height(date), language);
        description.push(told(date, today, language));
    }
    let unlisted = u32::try_from(timeline.dates.len().saturating_sub(listed)).unwrap_or(u32::MAX);
    let more = timeline.more.saturating_add(unlisted);
    if more > 0 {
        let rest = labelled(words.not_listed, &more.to_string());
        y = drawing.paragraph((MARGIN, y + 4.0), WIDTH - 2.0 * MARGIN, 2, Ink::new(SMALL_STRONG, INK), &rest);
        description.push(format!("{rest}."));
    }
    drawing.finish(y + MARGIN, words.caption, description.join(" "))
}

fn told(date: &TimelineDate, today: NaiveDate, language: Language) -> String {
    let day = bidi::isolate(&dates::day(language, date.day));
    format!("{}.", labelled(&day, &date.written(today, language)))
}

/// A line of the list. Returns the place below.
fn row(
    drawing: &mut Drawing,
    date: &TimelineDate,
    today: NaiveDate,
    y: f64,
    height: f64,
    language: Language,
) -> f64 {
    let urgency = date.urgency(today);
    let color = if urgency == Urgency::Late { ALERT } else { INK };
    let day = bidi::isolate(&dates::day(language, date.day));
    drawing.paragraph((MARGIN, y + 3.0), TEXT - 28.0, 1, Ink::new(SMALL, color), &day);
    sign(drawing, urgency, TEXT - 11.0, y + 3.0 + line_height(BODY) / 2.0);
    let text = date.written(today, language);
    drawing.paragraph((TEXT, y + 2.0), WIDTH - MARGIN - TEXT, 2, Ink::new(BODY, color), &text);
    drawing.line((MARGIN, y + height), (WIDTH - MARGIN, y + height), GRID);
    y + height
}

/// The sign of a date: filled when over, a cross when late, and a ring while there is time.
fn sign(drawing: &mut Drawing, urgency: Urgency, x: f64, y: f64) {
    match urgency {
        Urgency::Over => drawing.circle((x, y), 4.5, Fill::Solid, NONE),
        Urgency::Due => drawing.circle((x, y), 4.5, Fill::Paper, Stroke { width: 1.5, ..THIN }),
        Urgency::Late => {
            for (left, right) in [(-4.5, 4.5), (4.5, -4.5)] {
                drawing.line((x + left, y - 4.5), (x + right, y + 4.5), Stroke { color: ALERT, ..THICK });
            }
        }
    }
}

/// The axis with a lane for each kind. Returns the place below.
fn axis(drawing: &mut Drawing, timeline: &Timeline, language: Language) -> f64 {
    let today = timeline.today;
    let days = || timeline.dates.iter().map(|date| date.day).chain([today]);
    let (first, last) = (days().min().unwrap_or(today), days().max().unwrap_or(today));
    let length = |from: NaiveDate, to: NaiveDate| {
        f64::from(i32::try_from(to.signed_duration_since(from).num_days()).unwrap_or(i32::MAX))
    };
    let whole = length(first, last);
    let place = |day: NaiveDate| {
        let part = if whole > 0.0 { length(first, day) / whole } else { 0.5 };
        FROM + part * (TO - FROM)
    };
    let top = MARGIN + 18.0;
    let mut y = top;
    for kind in DateKind::ALL {
        let mut of_kind = timeline.dates.iter().filter(|date| date.kind == kind).peekable();
        if of_kind.peek().is_none() {
            continue;
        }
        let middle = y + LANE / 2.0;
        drawing.line((FROM - 8.0, middle), (TO + 8.0, middle), GRID);
        let label = match kind {
            DateKind::CouncilDate => Words::of(language).council.to_owned(),
            _ => kind.label(language),
        };
        drawing.paragraph((MARGIN, y + 2.0), FROM - 12.0 - MARGIN, 1, Ink::new(SMALL, INK), &label);
        let mut drawn: BTreeSet<(Urgency, i64)> = BTreeSet::new();
        for date in of_kind {
            // Signs of the same look that cover each other are one sign.
            let x = place(date.day);
            if drawn.insert((date.urgency(today), (x / 2.0).round() as i64)) {
                sign(drawing, date.urgency(today), x, middle);
            }
        }
        y += LANE;
    }
    let now = place(today);
    drawing.line((now, top - 3.0), (now, y), Stroke { color: ACCENT, width: 1.5, is_dashed: true });
    let words = Words::of(language);
    drawing.text((now, top - 7.0), Anchor::Middle, SMALL_STRONG, ACCENT, words.today);
    let day = |day: NaiveDate| bidi::isolate(&dates::day(language, day));
    let baseline = y + 12.0;
    if first == last {
        drawing.text(((FROM + TO) / 2.0, baseline), Anchor::Middle, SMALL, MUTED, &day(first));
    } else {
        drawing.text((FROM - 8.0, baseline), Anchor::Start, SMALL, MUTED, &day(first));
        drawing.text((TO + 8.0, baseline), Anchor::End, SMALL, MUTED, &day(last));
    }
    baseline + 8.0
}

/// The signs and their meaning. Returns the place below.
fn legend(drawing: &mut Drawing, y: f64, language: Language) -> f64 {
    let words = Words::of(language);
    let late = RiskCause::Overdue.label();
    let third = (WIDTH - 2.0 * MARGIN) / 3.0;
    let meanings =
        [(Urgency::Due, words.due), (Urgency::Late, late.in_language(language)), (Urgency::Over, words.over)];
    for ((urgency, meaning), x) in meanings.into_iter().zip([MARGIN, MARGIN + third, MARGIN + 2.0 * third]) {
        sign(drawing, urgency, x + 6.0, y + line_height(SMALL) / 2.0 + 1.0);
        drawing.paragraph((x + 16.0, y), third - 18.0, 2, Ink::new(SMALL, MUTED), meaning);
    }
    y + 2.0 * line_height(SMALL)
}
