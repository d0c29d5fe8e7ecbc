//! Charts: drawings as SVG, for pages and for paper.
//!
//! Each chart is a function of its data and a language. The same data and language give the same bytes. A chart is as
//! wide as a phone, and stays readable without its colours. What does not fit on a page is counted.

mod activities;
mod aims;
mod drawing;
mod indicators;
mod maturity;
mod source;
mod steps;
#[cfg(test)]
mod tests;
mod text;
mod timeline;
mod words;

pub use activities::{ActivityCounts, ActivityHistory, ActivityPoint, activities};
pub use aims::{AimMatrix, PilotAims, aims};
pub use indicators::{IndicatorProgress, Indicators, indicators};
pub use maturity::{Maturity, SectorMaturity, maturity};
pub use source::{ChartSource, Charts};
pub use steps::{PathStep, StepsPath, steps};
pub use timeline::{DateKind, Timeline, TimelineDate, timeline};

/// A chart.
#[derive(Debug, Clone)]
pub struct Chart {
    /// The drawing: an `svg` element without a prologue, which names no resource elsewhere. A page shows the description
    /// beside the drawing to those who need it, since the drawing contains only its title for them.
    pub svg: String,
    /// Width in units of the drawing.
    pub width: u32,
    /// Height in units of the drawing.
    pub height: u32,
    /// A title.
    pub caption: String,
    /// The contents of the drawing in sentences with all its numbers, for those who do not see the drawing.
    pub description: String,
}
