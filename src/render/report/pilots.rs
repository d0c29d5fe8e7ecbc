//! Pilots with their indicators, their migrations into the city's digital government, and their lessons.

use super::wording::{Wording, brief, fact, listed, number, section, table, text, value, words};
use crate::domain::decimal::Decimal;
use crate::domain::evaluation::PilotEvaluation;
use crate::domain::report::{
    ReportIndicator, ReportMigration, ReportModel, ReportPilot, ReportReconciliation,
};
use crate::render::document::{Block, Line, Section, Span, Table, fill, joined};

words! {
    /// Fixed texts on pilots.
    struct PilotWords {
        pilots: "Pilots", "المشاريع التجريبية";
        caption: "The pilots of the cycle", "المشاريع التجريبية في هذه الدورة";
        pilot: "Pilot", "المشروع التجريبي";
        state: "State", "الحالة";
        outcome: "Outcome", "النتيجة";
        owner: "Responsible", "المسؤول";
        sector: "Sector", "القطاع";
        policy: "Policy", "السياسة";
        period: "Period", "الفترة";
        period_value: "{0} to {1}", "من {0} إلى {1}";
        aims: "Aims", "الأهداف";
        reason: "Reason for the state", "سبب الحالة";
        indicators: "Indicators of the pilot: {0}", "مؤشرات المشروع التجريبي: {0}";
        indicator: "Indicator", "المؤشر";
        baseline: "Baseline", "خط الأساس";
        target: "Target", "المستهدف";
        actual: "Measured", "القيمة المقيسة";
        measured: "Measured on", "تاريخ القياس";
        verdict: "Verdict", "التقييم";
        indicator_unit: "{0} ({1})", "{0} ({1})";
        retired: "{0}: {1}", "{0}: {1}";
        earlier: "Earlier evaluations", "تقييمات سابقة";
        evaluation: "Evaluation {0}, cycle {1}, {2}: {3}", "التقييم {0}، الدورة {1}، {2}: {3}";
        lessons: "Lessons of the pilots", "الدروس المستفادة من المشاريع التجريبية";
        lesson_outcome: "{0}: {1}", "{0}: {1}";
    }
}

words! {
    /// Fixed texts on migrations.
    struct MigrationWords {
        migrations: "Migrations into the city's digital government", "الترحيل إلى الحكومة الرقمية المحلية للمدينة";
        migrations_caption: "The migrations of the cycle, and how far each is", "عمليات الترحيل في هذه الدورة وما بلغته كل منها";
        migration: "Migration", "الترحيل";
        pilot: "Pilot", "المشروع التجريبي";
        system: "Target system", "النظام المستهدف";
        planned: "Planned for", "مخطط له في";
        state: "State", "الحالة";
        checklist: "Checklist", "قائمة التحقق";
        count_of: "{0} of {1}", "{0} من {1}";
        reconciliation: "Records of the migrations, counted", "أعداد سجلات الترحيل";
        source: "In the source", "في المصدر";
        loaded: "Loaded", "المحمَّلة";
        rejected: "Rejected", "المرفوضة";
        difference: "Neither loaded nor rejected", "غير محمَّلة ولا مرفوضة";
        differs: "Reasons why counts differ", "أسباب عدم تطابق الأعداد";
        handed_over: "Hand-over", "التسليم";
        handed_over_value: "{0}; responsible for the service: {1}", "{0}؛ المسؤول عن الخدمة: {1}";
        reasons: "Reasons for the states", "أسباب الحالات الراهنة";
        named: "{0}: {1}", "{0}: {1}";
    }
}

pub(super) fn pilots(wording: Wording, model: &ReportModel) -> Section {
    let fixed = PilotWords::of(wording.language);
    let row = |pilot: &ReportPilot| {
        vec![
            vec![wording.text(&pilot.title)],
            vec![wording.strong(pilot.state)],
            pilot.outcome.map_or_else(|| wording.nothing(), |outcome| vec![wording.strong(outcome)]),
            vec![wording.text(&pilot.owner.name)],
        ]
    };
    let columns = vec![text(fixed.pilot), brief(fixed.state), brief(fixed.outcome), brief(fixed.owner)];
    let rows = model.pilots.iter().map(row).collect();
    let mut blocks = vec![table(wording, fixed.caption, columns, rows)];
    blocks.extend(model.pilots.iter().flat_map(|pilot| details(wording, pilot)));
    section("pilots", fixed.pilots, blocks)
}

/// One pilot with its indicators.
fn details(wording: Wording, pilot: &ReportPilot) -> Vec<Block> {
    let fixed = PilotWords::of(wording.language);
    let period = [wording.day(pilot.start_date), wording.day(pilot.end_date)];
    let mut facts = vec![
        fact(fixed.sector, vec![wording.text(&pilot.sector_name)]),
        fact(fixed.period, fill(fixed.period_value, &period)),
        fact(fixed.aims, wording.labels(&pilot.aims)),
    ];
    if let Some(policy) = &pilot.policy_title {
        facts.push(fact(fixed.policy, vec![wording.text(policy)]));
    }
    if let Some(reason) = &pilot.state_reason {
        facts.push(fact(fixed.reason, vec![wording.text(reason)]));
    }
    let mut blocks = vec![Block::Heading(vec![wording.text(&pilot.title)]), Block::Facts(facts)];
    if !pilot.indicators.is_empty() {
        blocks.push(indicators(wording, pilot));
    }
    // The last evaluation is the outcome of the pilot.
    if let Some((_, earlier)) = pilot.evaluations.split_last()
        && !earlier.is_empty()
    {
        blocks.push(Block::Heading(words(fixed.earlier)));
        blocks.push(Block::List(earlier.iter().map(|one| evaluation(wording, one)).collect()));
    }
    blocks
}

fn evaluation(wording: Wording, evaluation: &PilotEvaluation) -> Line {
    let fixed = PilotWords::of(wording.language);
    let (number, cycle) = (Span::value(evaluation.number), Span::value(evaluation.cycle));
    let day = wording.day_of(evaluation.evaluated_at);
    let mut line = fill(fixed.evaluation, &[number, cycle, day, wording.strong(evaluation.outcome)]);
    line.extend([Span::Break, wording.text(&evaluation.lessons)]);
    line
}

fn indicators(wording: Wording, pilot: &ReportPilot) -> Block {
    let fixed = PilotWords::of(wording.language);
    let number_of = |number: &Option<Decimal>| number.as_ref().map_or_else(|| wording.nothing(), value);
    let row = |indicator: &ReportIndicator| {
        let name = [wording.text(&indicator.name), Span::value(&indicator.unit)];
        let verdict = wording.strong(indicator.verdict);
        let verdict = match &indicator.retirement_reason {
            Some(reason) => fill(fixed.retired, &[verdict, wording.text(reason)]),
            None => vec![verdict],
        };
        vec![
            fill(fixed.indicator_unit, &name),
            number_of(&indicator.baseline),
            number_of(&indicator.target),
            number_of(&indicator.actual),
            wording.optional_day(indicator.measured_on),
            verdict,
        ]
    };
    let columns = vec![
        text(fixed.indicator),
        number(fixed.baseline),
        number(fixed.target),
        number(fixed.actual),
        brief(fixed.measured),
        brief(fixed.verdict),
    ];
    let caption = fill(fixed.indicators, &[wording.text(&pilot.title)]);
    Block::Table(Table { caption, columns, rows: pilot.indicators.iter().map(row).collect() })
}

pub(super) fn migrations(wording: Wording, model: &ReportModel) -> Section {
    let fixed = MigrationWords::of(wording.language);
    let row = |migration: &ReportMigration| {
        let done = [Span::value(migration.checklist_done), Span::value(migration.checklist_total)];
        vec![
            vec![wording.text(&migration.title)],
            vec![wording.text(&migration.pilot_title)],
            value(&migration.target_system),
            vec![wording.day(migration.planned_on)],
            vec![wording.strong(migration.state)],
            fill(fixed.count_of, &done),
        ]
    };
    let columns = vec![
        text(fixed.migration),
        text(fixed.pilot),
        text(fixed.system),
        brief(fixed.planned),
        brief(fixed.state),
        brief(fixed.checklist),
    ];
    let rows = model.migrations.iter().map(row).collect();
    let mut blocks = vec![table(wording, fixed.migrations_caption, columns, rows)];
    blocks.extend(reconciliations(wording, model));
    let handed_over = model.migrations.iter().filter_map(|migration| handed_over(wording, migration));
    listed(&mut blocks, fixed.handed_over, handed_over.collect());
    let reasons = model.migrations.iter().filter_map(|migration| {
        let reason = migration.state_reason.as_ref()?;
        Some(fill(fixed.named, &[wording.text(&migration.title), wording.text(reason)]))
    });
    listed(&mut blocks, fixed.reasons, reasons.collect());
    section("migrations", fixed.migrations, blocks)
}

/// The counted records of each migration, and the reasons for differences.
fn reconciliations(wording: Wording, model: &ReportModel) -> Vec<Block> {
    let fixed = MigrationWords::of(wording.language);
    let counted: Vec<(&ReportMigration, &ReportReconciliation)> = model
        .migrations
        .iter()
        .filter_map(|migration| Some((migration, migration.reconciliation.as_ref()?)))
        .collect();
    if counted.is_empty() {
        return Vec::new();
    }
    let row = |(migration, counts): &(&ReportMigration, &ReportReconciliation)| {
        let difference =
            if counts.difference == 0 { value(0) } else { vec![Span::strong(counts.difference)] };
        vec![
            vec![wording.text(&migration.title)],
            value(counts.source),
            value(counts.loaded),
            value(counts.rejected),
            difference,
        ]
    };
    let columns = vec![
        text(fixed.migration),
        number(fixed.source),
        number(fixed.loaded),
        number(fixed.rejected),
        number(fixed.difference),
    ];
    let mut blocks = vec![table(wording, fixed.reconciliation, columns, counted.iter().map(row).collect())];
    let reasons = counted.iter().filter_map(|(migration, counts)| {
        let reason = counts.reason.as_ref()?;
        Some(fill(fixed.named, &[wording.text(&migration.title), wording.text(reason)]))
    });
    listed(&mut blocks, fixed.differs, reasons.collect());
    blocks
}

fn handed_over(wording: Wording, migration: &ReportMigration) -> Option<Line> {
    let fixed = MigrationWords::of(wording.language);
    let (unit, owner) = (migration.receiving_unit.as_ref()?, migration.service_owner.as_ref()?);
    let to = fill(fixed.handed_over_value, &[Span::value(unit), Span::value(owner)]);
    Some(joined([vec![wording.text(&migration.title)], to], ": "))
}

/// The lessons of the evaluated pilots.
pub(super) fn lessons(wording: Wording, model: &ReportModel) -> Section {
    let fixed = PilotWords::of(wording.language);
    let blocks = model.lessons.iter().flat_map(|lesson| {
        let title = [wording.text(&lesson.title), wording.short(lesson.outcome)];
        let heading = Block::Heading(fill(fixed.lesson_outcome, &title));
        std::iter::once(heading).chain(wording.paragraphs(&lesson.lessons).map(Block::Paragraph))
    });
    let blocks: Vec<Block> = blocks.collect();
    let blocks = if blocks.is_empty() { vec![wording.none()] } else { blocks };
    section("lessons", fixed.lessons, blocks)
}

#[cfg(test)]
mod tests {
    use super::{MigrationWords, PilotWords};
    use crate::render::words::assert_bilingual;

    #[test]
    fn each_text_is_there_in_both_languages() {
        assert_bilingual::<PilotWords>();
        assert_bilingual::<MigrationWords>();
    }
}
