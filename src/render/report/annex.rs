//! The members of the task force, the evidence, and the values by which a copy of the report is verified.

use super::wording::{Wording, brief, fact, section, table, text, value, words};
use crate::domain::report::{ReportEvidence, ReportMember, ReportModel};
use crate::render::document::{Block, Line, Section, Span, fill};

words! {
    /// Fixed texts of the annex.
    struct AnnexWords {
        members: "Members of the task force", "أعضاء فريق العمل";
        members_caption: "Current members, and members who left in this cycle", "الأعضاء الحاليون، ومن انتهت عضويتهم في هذه الدورة";
        member: "Member", "العضو";
        role: "Role", "الدور";
        expertise: "Expertise", "مجال الخبرة";
        from: "Since", "منذ";
        to: "Until", "حتى";
        ended: "{0}: {1}", "{0}: {1}";
        evidence: "Annex: evidence", "ملحق: مستندات الإثبات";
        evidence_caption: "The evidence of the cycle", "مستندات الإثبات في هذه الدورة";
        title: "Evidence", "مستند الإثبات";
        about: "About", "بشأن";
        about_value: "{0}: {1}", "{0}: {1}";
        content: "Link, or fingerprint of the file", "الرابط أو بصمة الملف";
        no_file: "No file yet", "لم يُرفع ملف بعد";
        removed: "{0} (the file was removed)", "{0} (أُزيل الملف)";
        verification: "Verification", "التحقق";
        explanation: "A copy of this report is genuine if the fingerprint of its content is this one. The service shows the fingerprint with the report.", "تكون نسخة هذا التقرير أصلية إذا كانت بصمة محتواها هي البصمة الآتية. وتعرض الخدمة البصمة مع التقرير.";
        hash: "Fingerprint of the content", "بصمة المحتوى";
        last_event: "Last event that the report covers", "آخر حدث يشمله التقرير";
        head_hash: "Fingerprint of that event", "بصمة ذلك الحدث";
    }
}

pub(super) fn members(wording: Wording, model: &ReportModel) -> Section {
    let fixed = AnnexWords::of(wording.language);
    let row = |member: &ReportMember| {
        let until = wording.optional_day(member.to_date);
        let until = match (member.to_date, &member.end_reason) {
            (Some(day), Some(reason)) => fill(fixed.ended, &[wording.day(day), wording.text(reason)]),
            _ => until,
        };
        vec![
            vec![wording.text(&member.name)],
            vec![wording.label(member.role)],
            member.expertise.as_ref().map_or_else(|| wording.nothing(), value),
            vec![wording.day(member.from_date)],
            until,
        ]
    };
    let columns =
        vec![text(fixed.member), brief(fixed.role), text(fixed.expertise), brief(fixed.from), text(fixed.to)];
    let rows = model.members.iter().map(row).collect();
    section("members", fixed.members, vec![table(wording, fixed.members_caption, columns, rows)])
}

pub(super) fn evidence(wording: Wording, model: &ReportModel) -> Section {
    let fixed = AnnexWords::of(wording.language);
    let row = |evidence: &ReportEvidence| {
        let kind = wording.label(evidence.subject.kind);
        let about = match &evidence.subject.title {
            Some(title) => fill(fixed.about_value, &[kind, wording.text(title)]),
            None => vec![kind],
        };
        vec![vec![wording.text(&evidence.title)], about, content(wording, evidence)]
    };
    let columns = vec![text(fixed.title), text(fixed.about), text(fixed.content)];
    let rows = model.evidence.iter().map(row).collect();
    section("evidence", fixed.evidence, vec![table(wording, fixed.evidence_caption, columns, rows)])
}

fn content(wording: Wording, evidence: &ReportEvidence) -> Line {
    let fixed = AnnexWords::of(wording.language);
    match (&evidence.url, &evidence.sha256) {
        (Some(url), _) => vec![Span::Address(url.clone())],
        (None, Some(sha256)) if evidence.file_removed => fill(fixed.removed, &[Span::Code(sha256.clone())]),
        (None, Some(sha256)) => vec![Span::Code(sha256.clone())],
        (None, None) => words(fixed.no_file),
    }
}

pub(super) fn verification(wording: Wording, model: &ReportModel, hash: &str) -> Section {
    let fixed = AnnexWords::of(wording.language);
    let facts = vec![
        fact(fixed.hash, vec![Span::Code(hash.to_owned())]),
        fact(fixed.last_event, value(model.control.last_seq)),
        fact(fixed.head_hash, vec![Span::Code(model.control.head_hash.clone())]),
    ];
    let blocks = vec![Block::Paragraph(words(fixed.explanation)), Block::Facts(facts)];
    section("verification", fixed.verification, blocks)
}

#[cfg(test)]
mod tests {
    use super::AnnexWords;
    use crate::render::words::assert_bilingual;

    #[test]
    fn each_text_is_there_in_both_languages() {
        assert_bilingual::<AnnexWords>();
    }
}
