//! Evidence, as a link or as a file; and the resources that activities and evidence can be about.

use uuid::Uuid;

vocabulary! {
    /// What evidence can be about.
    pub enum EvidenceSubjectKind in "evidenceSubjectKinds" {
        Activity = "activity", "Activity", "نشاط";
        Policy = "policy", "Policy", "سياسة";
        Study = "study", "Study", "دراسة";
        Assessment = "assessment", "Assessment", "تقييم نضج";
        Pilot = "pilot", "Pilot", "مشروع تجريبي";
        Migration = "migration", "Migration", "ترحيل";
        Condition = "condition", "Condition", "شرط";
    }
}

vocabulary! {
    /// What an activity can be about.
    pub enum ActivitySubjectKind in "activitySubjectKinds" {
        Policy = "policy", "Policy", "سياسة";
        Sector = "sector", "Sector", "قطاع";
        Pilot = "pilot", "Pilot", "مشروع تجريبي";
        Migration = "migration", "Migration", "ترحيل";
        Condition = "condition", "Condition", "شرط";
    }
}

/// The resource that an activity or a piece of evidence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct About<K> {
    pub kind: K,
    pub id: Uuid,
}

/// The media types of uploads: documents, tables and pictures. A browser executes none of them.
pub const MEDIA_TYPES: [&str; 11] = [
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "image/png",
    "image/jpeg",
    "text/csv",
    "text/plain",
];

/// The size limit of an upload, in bytes.
pub const MAX_FILE_BYTES: usize = 10 * 1024 * 1024;
