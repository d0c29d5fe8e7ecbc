//! The status of a task force as a page.

use askama::Template;

use super::{Assets, Frame};
use crate::domain::step::{StepName, StepState};
use crate::domain::task_force::TaskForceState;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;

/// The status of a task force.
#[derive(Debug)]
pub struct StatusPage {
    pub name: LocalizedText,
    pub state: TaskForceState,
    pub steps: Vec<StepOnPage>,
}

/// A step.
#[derive(Debug, Clone, Copy)]
pub struct StepOnPage {
    pub step: StepName,
    pub state: StepState,
}

#[derive(Template)]
#[template(path = "pages/status.html")]
struct StatusTemplate<'a> {
    frame: Frame<'a>,
    page: &'a StatusPage,
}

impl StatusTemplate<'_> {
    fn text<'t>(&self, text: &'t LocalizedText) -> &'t str {
        text.in_language(self.frame.language)
    }

    fn label(&self, message: crate::domain::message::Message) -> String {
        message.in_language(self.frame.language).to_owned()
    }
}

/// The page.
///
/// # Errors
/// A template that cannot be written.
pub fn status(page: &StatusPage, language: Language, assets: &Assets) -> Result<String, askama::Error> {
    StatusTemplate { frame: Frame::new(language, assets), page }.render()
}
