//! Shared pages: what somebody with a link reads in a browser, in both languages. A page is complete without scripts and
//! loads nothing but its style and its script.

mod message;
mod password;
mod portfolio;
mod report;
mod say;
mod status;
mod words;

pub use message::{Message, message, opened_elsewhere, unavailable, unopened, unsubscribe};
pub use password::{PasswordPageError, PasswordPageState, password};
pub use portfolio::{PortfolioPage, TaskForceOnPage, TaskForcesOnPage, portfolio};
pub use report::{ReportPage, report};
pub use status::{
    ActivitiesOnPage, BlockedOnPage, ChartsOnPage, ConditionOnPage, DecisionOnPage, DueOnPage, HealthOnPage,
    MigrationOnPage, PilotOnPage, ReportOnPage, Shown, StatusPage, StepOnPage, status,
};

use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;
use words::PageWords;

/// The style of all pages.
pub const STYLE: &[u8] = include_bytes!("style.css");

/// The style of the bar above the page of a report.
pub const BAR_STYLE: &[u8] = include_bytes!("bar.css");

/// The script by which an open page refreshes itself.
pub const SCRIPT: &[u8] = include_bytes!("refresh.js");

/// The addresses of the style and of the script.
#[derive(Debug, Clone)]
pub struct Assets {
    pub style: String,
    pub script: String,
}

/// The part of a page that is the same on all pages.
#[derive(Debug)]
struct Frame<'a> {
    language: Language,
    words: &'static PageWords,
    assets: &'a Assets,
    /// True if the page refreshes itself where scripts run.
    refreshes: bool,
}

impl<'a> Frame<'a> {
    fn new(language: Language, assets: &'a Assets) -> Self {
        Self { language, words: PageWords::of(language), assets, refreshes: true }
    }

    /// The tag of the language.
    fn code(&self) -> &'static str {
        self.language.code()
    }

    /// The direction of the language.
    fn direction(&self) -> &'static str {
        direction(self.language)
    }

    /// The tag of the other language, to which the page can be switched.
    fn other_code(&self) -> &'static str {
        other(self.language).code()
    }

    /// The direction of the other language.
    fn other_direction(&self) -> &'static str {
        direction(other(self.language))
    }
}

fn direction(language: Language) -> &'static str {
    match language {
        Language::English => "ltr",
        Language::Arabic => "rtl",
    }
}

fn other(language: Language) -> Language {
    match language {
        Language::English => Language::Arabic,
        Language::Arabic => Language::English,
    }
}
