//! Sentences that depend on the changes of an event.

use serde_json::Value;

use super::telling::{Telling, Told};
use crate::domain::criterion::CriterionCode;
use crate::domain::decision::DecisionOutcome;
use crate::domain::pilot::PilotOutcome;
use crate::domain::report::ReportState;
use crate::domain::rights::SeatRole;
use crate::domain::sector::AssessmentKind;
use crate::domain::step::StepName;
use crate::domain::submission::SubmissionState;
use crate::domain::task_force::{HealthRating, TaskForceState};
use crate::domain::user::{UserRole, UserState};
use crate::domain::vocabulary::Vocabulary;

/// The state after the change.
fn to<V: Vocabulary>(telling: Telling<'_>) -> Option<V> {
    telling.facts.to.and_then(V::parse)
}

pub(super) fn task_force_updated(telling: Telling<'_>) -> Told {
    if telling.facts.changes_only("nextCouncilDate") {
        return match telling.day_after("nextCouncilDate") {
            Some(day) => telling.say_with(
                "{actor} set the date of the council's next meeting to {day}",
                "حُدِّد يوم {day} موعدًا للاجتماع التالي للمجلس",
                &[("day", day)],
            ),
            None => telling.say(
                "{actor} removed the date of the council's next meeting",
                "أُزيل موعد الاجتماع التالي للمجلس",
            ),
        };
    }
    telling
        .say("{actor} changed the task force {title}", "عُدِّلت بيانات فريق العمل {title}")
        .with_fields(telling)
}

pub(super) fn task_force_transitioned(telling: Telling<'_>) -> Told {
    let moved =
        telling.say("The task force {title} is now {state}", "انتقل فريق العمل {title} إلى حالة {state}");
    match to::<TaskForceState>(telling) {
        // A decision of the council concludes a task force, and the event of the decision has the same reason.
        Some(TaskForceState::Concluded) => moved,
        _ => moved.because(telling, "reason"),
    }
}

pub(super) fn member_appointed(telling: Telling<'_>) -> Told {
    match telling.label_after::<SeatRole>("role") {
        Some(role) => telling.say_with(
            "{actor} appointed {title} to the task force as {role}",
            "جرى تعيين {title} في فريق العمل بصفة {role}",
            &[("role", role)],
        ),
        None => telling.say("{actor} appointed {title} to the task force", "جرى تعيين {title} في فريق العمل"),
    }
}

pub(super) fn member_updated(telling: Telling<'_>) -> Told {
    let role = telling.facts.after("role").and_then(Value::as_str).and_then(SeatRole::parse);
    match role {
        Some(SeatRole::Chair) => telling
            .say("{actor} made {title} the chair of the task force", "انتقلت رئاسة فريق العمل إلى {title}"),
        Some(SeatRole::Expert) => telling.say(
            "{title} no longer chairs the task force and stays as a member",
            "انتهت رئاسة {title} لفريق العمل مع بقاء العضوية",
        ),
        None => telling
            .say("{actor} changed the seat of {title}", "عُدِّلت بيانات عضوية {title}")
            .with_fields(telling),
    }
}

pub(super) fn account_transitioned(telling: Telling<'_>) -> Told {
    match to::<UserState>(telling) {
        Some(UserState::Disabled) => {
            telling.say("{actor} disabled the account of {title}", "عُطِّل حساب {title}")
        }
        _ => telling.say("{actor} enabled the account of {title} again", "أُعيد تفعيل حساب {title}"),
    }
    .because(telling, "reason")
}

pub(super) fn health_stated(telling: Telling<'_>) -> Told {
    let health = telling.label_after::<HealthRating>("health").unwrap_or_default();
    telling
        .say_with(
            "{actor} stated the health of the task force as {health}",
            "أُعلنت الحالة العامة لفريق العمل بأنه {health}",
            &[("health", health)],
        )
        .because(telling, "note")
}

pub(super) fn step_updated(telling: Telling<'_>) -> Told {
    match telling.day_after("targetDate") {
        Some(day) => telling.say_with(
            "{actor} set the target date of the step {title} to {day}",
            "حُدِّد يوم {day} موعدًا مستهدفًا للخطوة {title}",
            &[("day", day)],
        ),
        None => telling.say(
            "{actor} removed the target date of the step {title}",
            "أُزيل الموعد المستهدف للخطوة {title}",
        ),
    }
}

pub(super) fn submission_transitioned(telling: Telling<'_>) -> Told {
    match to::<SubmissionState>(telling) {
        Some(SubmissionState::Passed) => {
            telling.say("The members passed the step {step}", "أقرّ الأعضاء الخطوة {step}")
        }
        Some(SubmissionState::Returned) if telling.facts.after("quorumLost").is_some() => telling.say(
            "The step {step} was returned, since too few members are left who can approve it",
            "أُعيدت الخطوة {step} لأن من بقي من الأعضاء لا يكفي لإقرارها",
        ),
        Some(SubmissionState::Returned) if telling.facts.after("votingEnded").is_some() => telling.say(
            "The step {step} was returned, since the time for voting ended before the step passed",
            "أُعيدت الخطوة {step} لأن مدة التصويت انتهت قبل إقرارها",
        ),
        Some(SubmissionState::Returned) => telling.say(
            "The members returned the step {step} for more work",
            "أعاد الأعضاء الخطوة {step} لمزيد من العمل",
        ),
        _ => telling
            .say("{actor} withdrew the submission of the step {step}", "سُحب طلب إقرار الخطوة {step}")
            .because(telling, "reason"),
    }
}

/// A sentence about a vote that pauses with its task force, or goes on.
pub(super) fn submission_updated(telling: Telling<'_>) -> Told {
    if telling.facts.after("votingPausedAt").is_some() {
        telling.say(
            "The vote on the step {step} pauses while the task force is suspended",
            "توقف التصويت على الخطوة {step} مؤقتًا ما دام عمل الفريق موقوفًا",
        )
    } else {
        telling.say(
            "The vote on the step {step} goes on, and ends later by the length of the pause",
            "استؤنف التصويت على الخطوة {step}، وتأخر موعد انتهائه بقدر مدة التوقف",
        )
    }
}

/// A sentence about the waiver of a criterion.
pub(super) fn waiver(telling: Telling<'_>, english: &str, arabic: &str) -> Told {
    let criterion = telling.facts.after("criterion").or_else(|| telling.facts.before("criterion"));
    let criterion = criterion.and_then(Value::as_str).and_then(CriterionCode::parse);
    let criterion = criterion.map(|criterion| telling.label(criterion)).unwrap_or_default();
    telling.say_with(english, arabic, &[("criterion", criterion)])
}

pub(super) fn policy_transitioned(telling: Telling<'_>) -> Told {
    let moved =
        telling.say("{actor} moved the policy {title} to {state}", "انتقلت السياسة {title} إلى حالة {state}");
    let moved = match telling.named(telling.facts.after("supersededById")) {
        Some(other) => moved.and(telling.say_with(
            ", since the policy {other} takes its place",
            "، وحلّت محلها السياسة {other}",
            &[("other", telling.quoted_text(&other.title))],
        )),
        None => moved,
    };
    moved.because(telling, "reason")
}

pub(super) fn assessment_created(telling: Telling<'_>) -> Told {
    let kind = telling.label_after::<AssessmentKind>("kind").unwrap_or_default();
    let level = telling.text_after("level").unwrap_or_default();
    telling.say_with(
        "{actor} assessed the sector {title}: {kind} is level {level}",
        "قُيِّم القطاع {title}: {kind} عند المستوى {level}",
        &[("kind", kind), ("level", level)],
    )
}

pub(super) fn study_updated(telling: Telling<'_>) -> Told {
    if telling.facts.after("completed") == Some(&Value::Bool(true)) {
        return telling.say("{actor} completed the study {title}", "اكتملت الدراسة {title}");
    }
    telling.say("{actor} changed the study {title}", "عُدِّلت الدراسة {title}").with_fields(telling)
}

pub(super) fn pilot_updated(telling: Telling<'_>) -> Told {
    match telling.named(telling.facts.after("ownerId")) {
        Some(owner) if telling.facts.changes_only("ownerId") => telling.say_with(
            "{actor} gave the responsibility for the pilot {title} to {owner}",
            "نُقلت مسؤولية المشروع التجريبي {title} إلى {owner}",
            &[("owner", telling.name(&owner.title))],
        ),
        _ => telling
            .say("{actor} changed the pilot {title}", "عُدِّل المشروع التجريبي {title}")
            .with_fields(telling),
    }
}

pub(super) fn pilot_transitioned(telling: Telling<'_>) -> Told {
    let moved = telling
        .say("{actor} moved the pilot {title} to {state}", "انتقل المشروع التجريبي {title} إلى حالة {state}");
    let moved = match telling.label_after::<PilotOutcome>("outcome") {
        Some(outcome) => moved.and(telling.say_with(
            " with the outcome {outcome}",
            "، ونتيجته {outcome}",
            &[("outcome", outcome)],
        )),
        None => moved,
    };
    moved.because(telling, "reason")
}

pub(super) fn indicator_updated(telling: Telling<'_>) -> Told {
    if telling.facts.after("retirementReason").is_some() {
        return telling
            .say("{actor} retired the indicator {title}", "أُوقف العمل بالمؤشر {title}")
            .because(telling, "retirementReason");
    }
    telling.say("{actor} changed the indicator {title}", "عُدِّل المؤشر {title}").with_fields(telling)
}

pub(super) fn measurement_created(telling: Telling<'_>) -> Told {
    let value = telling.text_after("value").unwrap_or_default();
    let day = telling.day_after("measuredOn").unwrap_or_default();
    telling.say_with(
        "{actor} recorded a measurement of the indicator {title}: {value} on {day}",
        "سُجِّل قياس للمؤشر {title}: {value} في {day}",
        &[("value", value), ("day", day)],
    )
}

pub(super) fn checklist_item_updated(telling: Telling<'_>) -> Told {
    match telling.facts.after("done").and_then(Value::as_bool) {
        Some(true) => telling.say("{actor} ticked off the checklist item {title}", "أُنجز بند التحقق {title}"),
        Some(false) => {
            telling.say("{actor} reopened the checklist item {title}", "أُعيد فتح بند التحقق {title}")
        }
        None => telling
            .say("{actor} changed the checklist item {title}", "عُدِّل بند التحقق {title}")
            .with_fields(telling),
    }
}

pub(super) fn evidence_uploaded(telling: Telling<'_>) -> Told {
    match telling.text_after("fileName") {
        Some(file) => telling.say_with(
            "{actor} uploaded the file {file} to the evidence {title}",
            "رُفع الملف {file} إلى مستند الإثبات {title}",
            &[("file", file)],
        ),
        None => {
            telling.say("{actor} uploaded a file to the evidence {title}", "رُفع ملف إلى مستند الإثبات {title}")
        }
    }
}

pub(super) fn report_created(telling: Telling<'_>) -> Told {
    let built = telling.say("{actor} built report {number}", "أُعدَّ التقرير {number}");
    match telling.label_after::<DecisionOutcome>("recommendation") {
        Some(outcome) => built.and(telling.say_with(
            " with the recommendation {outcome}",
            "، وتوصيته {outcome}",
            &[("outcome", outcome)],
        )),
        None => built,
    }
}

pub(super) fn report_transitioned(telling: Telling<'_>) -> Told {
    match to::<ReportState>(telling) {
        Some(ReportState::Submitted) => {
            telling.say("Report {number} is before the council", "التقرير {number} معروض على المجلس")
        }
        Some(ReportState::Decided) => {
            telling.say("The council has decided on report {number}", "صدر قرار المجلس بشأن التقرير {number}")
        }
        Some(ReportState::Superseded) => telling
            .say("A later report took the place of report {number}", "حلّ تقرير لاحق محل التقرير {number}"),
        _ => telling.say("Report {number} is a draft again", "عاد التقرير {number} مسودة"),
    }
}

pub(super) fn decision_recorded(telling: Telling<'_>) -> Told {
    let outcome = telling.label_after::<DecisionOutcome>("outcome").unwrap_or_default();
    let mut recorded = telling.say_with(
        "{actor} recorded decision {number} of the council, {outcome}",
        "سُجِّل قرار المجلس رقم {number} {outcome}",
        &[("outcome", outcome)],
    );
    if let Some(step) = telling.label_after::<StepName>("returnToStep") {
        recorded =
            recorded.and(telling.say_with(", for the step {step}", " في الخطوة {step}", &[("step", step)]));
    }
    if let Some(number) = telling.text_after("supersedesNumber") {
        recorded = recorded.and(telling.say_with(
            ", which corrects decision {corrected}",
            "، تصحيحًا للقرار رقم {corrected}",
            &[("corrected", number)],
        ));
    }
    recorded.because(telling, "reason")
}

/// A sentence about a cycle.
pub(super) fn cycle(telling: Telling<'_>, english: &str, arabic: &str) -> Told {
    // A cycle that was taken back is the one before the change.
    let opened = telling.facts.action == crate::domain::event::EventAction::CycleOpened;
    let cycle = if opened { telling.text_after("cycle") } else { telling.text_before("cycle") };
    telling.say_with(english, arabic, &[("cycle", cycle.unwrap_or_default())])
}

pub(super) fn condition_created(telling: Telling<'_>) -> Told {
    let set = telling.say("The council set the condition {title}", "وضع المجلس الشرط {title}");
    let owner = telling.named(telling.facts.after("ownerId")).map(|owner| telling.name(&owner.title));
    match (owner, telling.day_after("dueDate")) {
        (Some(owner), Some(day)) => set.and(telling.say_with(
            ", for which {owner} answers by {day}",
            "، ومسؤوليته على {owner} وموعده {day}",
            &[("owner", owner), ("day", day)],
        )),
        _ => set,
    }
}

pub(super) fn condition_updated(telling: Telling<'_>) -> Told {
    match telling.named(telling.facts.after("ownerId")) {
        Some(owner) => telling.say_with(
            "{actor} gave the responsibility for the condition {title} to {owner}",
            "نُقلت مسؤولية الشرط {title} إلى {owner}",
            &[("owner", telling.name(&owner.title))],
        ),
        None => telling.say("{actor} changed the condition {title}", "عُدِّل الشرط {title}"),
    }
}

pub(super) fn activity_created(telling: Telling<'_>) -> Told {
    match telling.named(telling.facts.after("assigneeId")) {
        Some(assignee) if telling.is_actor(assignee) => telling.say(
            "{actor} created the activity {title} and took it on",
            "أُنشئ النشاط {title}، وهو في عهدة {actor}",
        ),
        Some(assignee) => telling.say_with(
            "{actor} created the activity {title} and assigned it to {assignee}",
            "أُنشئ النشاط {title} وأُسند إلى {assignee}",
            &[("assignee", telling.name(&assignee.title))],
        ),
        None => telling.say("{actor} created the activity {title}", "أُنشئ النشاط {title}"),
    }
}

pub(super) fn activity_updated(telling: Telling<'_>) -> Told {
    let facts = telling.facts;
    if let Some(assignee) = telling.named(facts.after("assigneeId")) {
        return if telling.is_actor(assignee) {
            telling.say("{actor} took on the activity {title}", "صار النشاط {title} في عهدة {actor}")
        } else {
            telling.say_with(
                "{actor} assigned the activity {title} to {assignee}",
                "أُسند النشاط {title} إلى {assignee}",
                &[("assignee", telling.name(&assignee.title))],
            )
        };
    }
    if facts.changes_only("assigneeId") {
        return telling.say(
            "Nobody is assigned to the activity {title} any more",
            "لم يعد النشاط {title} مسندًا إلى أحد",
        );
    }
    if facts.changes_only("dueDate") {
        return match telling.day_after("dueDate") {
            Some(day) => telling.say_with(
                "{actor} set the due date of the activity {title} to {day}",
                "حُدِّد يوم {day} موعدًا للنشاط {title}",
                &[("day", day)],
            ),
            None => telling
                .say("{actor} removed the due date of the activity {title}", "أُزيل موعد النشاط {title}"),
        };
    }
    telling.say("{actor} changed the activity {title}", "عُدِّل النشاط {title}").with_fields(telling)
}

pub(super) fn dependency_added(telling: Telling<'_>) -> Told {
    match telling.named(telling.facts.after("dependsOn")) {
        Some(other) => telling.say_with(
            "{actor} made the activity {title} wait for the activity {other}",
            "صار النشاط {title} ينتظر إنجاز النشاط {other}",
            &[("other", telling.quoted_text(&other.title))],
        ),
        None => telling.say(
            "{actor} made the activity {title} wait for another activity",
            "صار النشاط {title} ينتظر إنجاز نشاط آخر",
        ),
    }
}

pub(super) fn dependency_removed(telling: Telling<'_>) -> Told {
    match telling.named(telling.facts.before("dependsOn")) {
        Some(other) => telling.say_with(
            "{actor} ended the wait of the activity {title} for the activity {other}",
            "لم يعد النشاط {title} ينتظر إنجاز النشاط {other}",
            &[("other", telling.quoted_text(&other.title))],
        ),
        None => telling.say(
            "{actor} ended the wait of the activity {title} for another activity",
            "لم يعد النشاط {title} ينتظر إنجاز نشاط آخر",
        ),
    }
}

/// The text of a comment is not part of its sentence: the author may have deleted the comment since.
pub(super) fn comment_created(telling: Telling<'_>) -> Told {
    let written =
        telling.say("{actor} commented on the activity {title}", "ورد تعليق من {actor} على النشاط {title}");
    mentioning(telling, written)
}

pub(super) fn comment_updated(telling: Telling<'_>) -> Told {
    let changed =
        telling.say("{actor} changed a comment on the activity {title}", "عُدِّل تعليق على النشاط {title}");
    mentioning(telling, changed)
}

/// Adds the members whom a comment mentions, and did not mention before the change.
fn mentioning(telling: Telling<'_>, told: Told) -> Told {
    let mentioned = telling.newly_named("mentions");
    if mentioned.is_empty() {
        return told;
    }
    told.and(telling.say_with(
        " and mentioned {mentioned}",
        "، وفيه إشارة إلى {mentioned}",
        &[("mentioned", telling.listed(&mentioned))],
    ))
}

pub(super) fn user_invited(telling: Telling<'_>) -> Told {
    match telling.label_after::<UserRole>("role") {
        Some(role) => telling.say_with(
            "{actor} invited {title} as {role}",
            "أُرسلت دعوة إلى {title} بصفة {role}",
            &[("role", role)],
        ),
        None => telling.say("{actor} invited {title}", "أُرسلت دعوة إلى {title}"),
    }
}
