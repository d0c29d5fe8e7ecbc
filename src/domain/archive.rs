//! The layout of the archive of a task force, as far as its writer, its reader and the database share it.

/// A column whose values are members of the archive of their own. In the row stands the path of the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    pub table: &'static str,
    pub column: &'static str,
    /// The column of the same row with the SHA-256 of the content. The hash of a file of evidence is in another table.
    pub hash: Option<&'static str>,
    /// True if the column is a text, and not bytes.
    pub is_text: bool,
}

/// The columns with contents.
pub const CONTENTS: [Content; 4] = [
    Content { table: "submissions", column: "snapshot", hash: Some("hash"), is_text: true },
    Content { table: "reports", column: "model", hash: Some("hash"), is_text: true },
    Content { table: "report_files", column: "content", hash: Some("sha256"), is_text: false },
    Content { table: "evidence_contents", column: "content", hash: None, is_text: false },
];

impl Content {
    /// The content of a table's rows, if they have one.
    pub fn of(table: &str) -> Option<Self> {
        CONTENTS.into_iter().find(|content| content.table == table)
    }
}
