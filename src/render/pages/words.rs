//! The fixed texts of pages.

words! {
    /// Fixed texts of pages.
    pub(super) struct PageWords {
        other_language: "العربية", "English";
        to_content: "Skip to the content", "الانتقال إلى المحتوى";
        languages: "Language", "اللغة";
        steps: "The five steps", "الخطوات الخمس";
        unavailable_title: "This page cannot be opened", "لا يمكن فتح هذه الصفحة";
        unavailable: "The link is not valid: its time may be over, it may have been revoked, or part of the address may be missing. Ask the person who gave you the link for a new one.",
            "هذا الرابط غير صالح: ربما انتهت مدته أو أُلغي، أو سقط جزء من العنوان. اطلب رابطًا جديدًا ممن أعطاك إياه.";
    }
}
