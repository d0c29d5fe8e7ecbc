//! The results of the first two steps: policies in force, sectors and their maturity; and the aims that all of it serves.

use super::wording::{Wording, brief, listed, section, table, text, value};
use crate::domain::report::{ReportMaturity, ReportModel, ReportSector};
use crate::domain::scales::MaturityLevel;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;
use crate::render::document::{Line, Section, Span, fill};
use crate::render::words::short;

words! {
    /// Fixed texts on policies, sectors and aims.
    struct ProductWords {
        policies: "Policies in force", "السياسات المعتمدة";
        policies_caption: "Adopted policies with their aims", "السياسات المعتمدة وأهدافها";
        policy: "Policy", "السياسة";
        kind: "Kind", "النوع";
        reference: "Reference", "المرجع";
        aims: "Aims", "الأهداف";
        adopted: "Adopted on", "اعتُمدت في";
        sectors: "Sectors", "القطاعات";
        maturity_caption: "Sectors and their maturity, on a scale from 1 to 5", "القطاعات ومستوى نضجها على مقياس من 1 إلى 5";
        sector: "Sector", "القطاع";
        state: "State", "الحالة";
        first: "First assessment", "التقييم الأول";
        now: "Maturity now", "النضج الحالي";
        target: "Target", "المستهدف";
        level: "{0} ({1}), {2}", "{0} ({1})، {2}";
        level_without_label: "{0}, {1}", "{0}، {1}";
        reasons: "Reasons for the selection", "أسباب الاختيار أو عدمه";
        reason: "{0}: {1}", "{0}: {1}";
        studies: "Completed studies", "الدراسات المكتملة";
        study: "{0} ({1})", "{0} ({1})";
        study_recommends: "{0} ({1}): {2}", "{0} ({1}): {2}";
        aims_section: "Aims", "الأهداف";
        aims_caption: "The four aims, with the policies and pilots that serve each", "الأهداف الأربعة، والسياسات والمشاريع التجريبية التي تخدم كلًّا منها";
        aim: "Aim", "الهدف";
        pilots: "Pilots", "المشاريع التجريبية";
        policies_of_aim: "Policies", "السياسات";
        unserved: "Served by no pilot", "لا يخدمه مشروع تجريبي";
    }
}

pub(super) fn policies(wording: Wording, model: &ReportModel) -> Section {
    let fixed = ProductWords::of(wording.language);
    let rows = model.policies.iter().map(|policy| {
        vec![
            vec![wording.text(&policy.title)],
            vec![wording.label(policy.kind)],
            policy.reference.as_ref().map_or_else(|| wording.nothing(), value),
            wording.labels(&policy.aims),
            vec![wording.day_of(policy.adopted_at)],
        ]
    });
    let columns = vec![
        text(fixed.policy),
        brief(fixed.kind),
        brief(fixed.reference),
        text(fixed.aims),
        brief(fixed.adopted),
    ];
    section("policies", fixed.policies, vec![table(wording, fixed.policies_caption, columns, rows.collect())])
}

pub(super) fn sectors(wording: Wording, model: &ReportModel) -> Section {
    let fixed = ProductWords::of(wording.language);
    let row = |sector: &ReportSector| {
        vec![
            vec![wording.text(&sector.name)],
            vec![wording.strong(sector.state)],
            maturity(wording, sector.first.as_ref()),
            maturity(wording, sector.now.as_ref()),
            maturity(wording, sector.target.as_ref()),
        ]
    };
    let columns = vec![
        text(fixed.sector),
        brief(fixed.state),
        brief(fixed.first),
        brief(fixed.now),
        brief(fixed.target),
    ];
    let rows = model.sectors.iter().map(row).collect();
    let mut blocks = vec![table(wording, fixed.maturity_caption, columns, rows)];
    let reason = |sector: &ReportSector| {
        let reason = sector.state_reason.as_ref()?;
        Some(fill(fixed.reason, &[wording.text(&sector.name), wording.text(reason)]))
    };
    let reasons: Vec<Line> = model.sectors.iter().filter_map(reason).collect();
    listed(&mut blocks, fixed.reasons, reasons);
    let studies: Vec<Line> = model.sectors.iter().flat_map(|sector| studies(wording, sector)).collect();
    listed(&mut blocks, fixed.studies, studies);
    section("sectors", fixed.sectors, blocks)
}

/// The completed studies of a sector with their recommendations.
fn studies(wording: Wording, sector: &ReportSector) -> Vec<Line> {
    let fixed = ProductWords::of(wording.language);
    let of_sector = wording.text(&sector.name);
    let study = |study: &crate::domain::report::ReportStudy| {
        let title = wording.text(&study.title);
        match &study.recommendation {
            Some(said) => fill(fixed.study_recommends, &[title, of_sector.clone(), wording.text(said)]),
            None => fill(fixed.study, &[title, of_sector.clone()]),
        }
    };
    sector.studies.iter().map(study).collect()
}

/// A level with its name and its day; a dash where there is none.
fn maturity(wording: Wording, maturity: Option<&ReportMaturity>) -> Line {
    let fixed = ProductWords::of(wording.language);
    let Some(maturity) = maturity else { return wording.nothing() };
    let (level, day) = (Span::strong(maturity.level), wording.day(maturity.assessed_on));
    match MaturityLevel::parse(&maturity.level.to_string()) {
        Some(named) => fill(fixed.level, &[level, wording.short(named), day]),
        None => fill(fixed.level_without_label, &[level, day]),
    }
}

pub(super) fn aims(wording: Wording, model: &ReportModel) -> Section {
    let fixed = ProductWords::of(wording.language);
    let rows = model.aims.iter().map(|aim| {
        // Reports of earlier versions name policies and pilots only by their ids.
        let policies = model.policies.iter().filter(|policy| aim.policy_ids.contains(&policy.id));
        let pilots = model.pilots.iter().filter(|pilot| aim.pilot_ids.contains(&pilot.id));
        let titles = |titles: Vec<&LocalizedText>| {
            wording.list(titles.into_iter().map(|title| vec![wording.text(title)]))
        };
        let pilots = if aim.served {
            titles(pilots.map(|pilot| &pilot.title).collect())
        } else {
            vec![Span::strong(fixed.unserved)]
        };
        let label = aim.aim.label();
        let aim = Span::words(short(label.in_language(wording.language)));
        vec![vec![aim], titles(policies.map(|policy| &policy.title).collect()), pilots]
    });
    let columns = vec![text(fixed.aim), text(fixed.policies_of_aim), text(fixed.pilots)];
    section("aims", fixed.aims_section, vec![table(wording, fixed.aims_caption, columns, rows.collect())])
}

#[cfg(test)]
mod tests {
    use super::ProductWords;
    use crate::render::words::assert_bilingual;

    #[test]
    fn each_text_is_there_in_both_languages() {
        assert_bilingual::<ProductWords>();
    }
}
