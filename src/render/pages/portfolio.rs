//! The status of all task forces as a page: those that need attention first.

use askama::Template;
use chrono::NaiveDate;

use super::say::Say;
use super::{Assets, Frame, Shown};
use crate::domain::step::StepName;
use crate::domain::task_force::{HealthRating, TaskForceState};
use crate::domain::text::{Language, LocalizedText};

/// The portfolio.
#[derive(Debug)]
pub struct PortfolioPage {
    pub today: NaiveDate,
    /// The number of task forces in each state that has any.
    pub states: Vec<TaskForcesOnPage>,
    /// The number of reports that wait for the council.
    pub before_council: i64,
    pub overdue: i64,
    pub blocked: i64,
    /// The task forces, those first that need attention most.
    pub task_forces: Shown<TaskForceOnPage>,
}

/// The number of task forces in a state.
#[derive(Debug)]
pub struct TaskForcesOnPage {
    pub state: TaskForceState,
    pub count: i64,
}

/// A task force. Days are those of its time zone.
#[derive(Debug)]
pub struct TaskForceOnPage {
    pub name: LocalizedText,
    pub city: LocalizedText,
    pub state: TaskForceState,
    pub health: Option<HealthRating>,
    /// The step that is open or submitted.
    pub step: Option<StepName>,
    pub step_target_date: Option<NaiveDate>,
    pub is_step_late: bool,
    /// The report that waits for the council, with the day of its submission.
    pub report: Option<(i32, NaiveDate)>,
    pub next_council_date: Option<NaiveDate>,
    pub overdue: i64,
    pub blocked: i64,
}

/// The groups of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    BeforeCouncil,
    Attention,
    OnCourse,
    Closed,
}

impl TaskForceOnPage {
    /// The day of the council's next meeting, if it has not passed.
    fn next_meeting(&self, today: &NaiveDate) -> Option<&NaiveDate> {
        self.next_council_date.as_ref().filter(|day| *day >= today)
    }

    fn group(&self) -> Group {
        let is_worrying = matches!(self.health, Some(HealthRating::AtRisk | HealthRating::OffTrack))
            || self.state == TaskForceState::Suspended
            || self.is_step_late
            || self.overdue > 0
            || self.blocked > 0;
        match self.report {
            Some(_) => Group::BeforeCouncil,
            None if self.state.is_closed() => Group::Closed,
            None if is_worrying => Group::Attention,
            None => Group::OnCourse,
        }
    }
}

/// The task forces of a group, under a title.
struct Section<'a> {
    id: &'static str,
    title: &'static str,
    task_forces: Vec<&'a TaskForceOnPage>,
}

#[derive(Template)]
#[template(path = "pages/portfolio.html")]
struct PortfolioTemplate<'a> {
    frame: Frame<'a>,
    say: Say,
    page: &'a PortfolioPage,
    sections: Vec<Section<'a>>,
}

/// The page.
///
/// # Errors
/// A template that cannot be written.
pub fn portfolio(page: &PortfolioPage, language: Language, assets: &Assets) -> Result<String, askama::Error> {
    let frame = Frame::new(language, assets);
    let of_group = |group: Group| {
        page.task_forces
            .items
            .iter()
            .filter(move |task_force| task_force.group() == group)
            .collect::<Vec<_>>()
    };
    let sections = [
        ("asked", frame.words.asked, Group::BeforeCouncil),
        ("attention", frame.words.attention, Group::Attention),
        ("on-course", frame.words.on_course, Group::OnCourse),
        ("closed", frame.words.closed, Group::Closed),
    ]
    .map(|(id, title, group)| Section { id, title, task_forces: of_group(group) });
    // What the council is asked is said even if the answer is nothing.
    let sections =
        sections.into_iter().filter(|section| !section.task_forces.is_empty() || section.id == "asked");
    PortfolioTemplate { frame, say: Say { language }, page, sections: sections.collect() }.render()
}
