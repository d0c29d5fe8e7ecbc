//! Charts: drawings as SVG, for pages and for paper.

/// A chart.
#[derive(Debug, Clone)]
pub struct Chart {
    /// The drawing: an `svg` element without a prologue, which names no resource elsewhere.
    pub svg: String,
    /// Width in units of the drawing.
    pub width: u32,
    /// Height in units of the drawing.
    pub height: u32,
    /// A title.
    pub caption: String,
    /// The contents of the drawing as a sentence, for those who do not see the drawing.
    pub description: String,
}
