//! Coverage: a run must reach almost every state and succeed with almost every operation.

use std::collections::{BTreeMap, BTreeSet};

use taskforce::domain::activity::ActivityState;
use taskforce::domain::decision::{ConditionState, DecisionOutcome};
use taskforce::domain::migration::MigrationState;
use taskforce::domain::pilot::PilotState;
use taskforce::domain::policy::PolicyState;
use taskforce::domain::report::ReportState;
use taskforce::domain::sector::SectorState;
use taskforce::domain::step::StepState;
use taskforce::domain::submission::SubmissionState;
use taskforce::domain::task_force::TaskForceState;
use taskforce::domain::vocabulary::Vocabulary;

use super::Answered;
use crate::support::TestApp;

/// States that random runs reach so seldom that a run may miss them.
const RARE: [&str; 11] = [
    "policy rejected",
    "policy superseded",
    "condition met",
    "condition waived",
    "condition superseded",
    "migration rolledBack",
    "outcome stop",
    "outcome conclude",
    "taskForce dissolved",
    "taskForce concluded",
    "cycle 3",
];

/// Every state of a kind, as events name them.
fn states<T: Vocabulary>(kind: &str) -> impl Iterator<Item = String> {
    T::ALL.iter().map(move |state| format!("{kind} {}", state.code()))
}

/// Fails if a state was never reached, or an operation never succeeded.
pub(super) async fn check(apps: &[&TestApp], answered: &Answered) {
    let expected = states::<TaskForceState>("taskForce")
        .chain(states::<StepState>("step"))
        .chain(states::<SubmissionState>("submission"))
        .chain(states::<PolicyState>("policy"))
        .chain(states::<SectorState>("sector"))
        .chain(states::<PilotState>("pilot"))
        .chain(states::<MigrationState>("migration"))
        .chain(states::<ActivityState>("activity"))
        .chain(states::<ReportState>("report"))
        .chain(states::<ConditionState>("condition"))
        .chain(states::<DecisionOutcome>("outcome"))
        .chain(["cycle 2".to_owned(), "cycle 3".to_owned()]);
    let expected: BTreeSet<String> = expected.collect();
    let query = "
        select subject_kind || ' ' || state as met, count(*) from (
            select subject_kind, body::json ->> 'from' as state from events where action like '%.transitioned'
            union all
            select subject_kind, body::json ->> 'to' from events where action like '%.transitioned'
        ) s group by 1
        union all select 'outcome ' || outcome, count(*) from decisions group by 1
        union all select 'cycle ' || number, count(*) from cycles group by 1
        order by 1";
    let mut met: BTreeMap<String, i64> = BTreeMap::new();
    for app in apps {
        for row in app.db().await.query(query, &[]).await.unwrap() {
            *met.entry(row.get(0)).or_default() += row.get::<_, i64>(1);
        }
    }
    let mut operations: BTreeMap<&str, BTreeMap<u16, usize>> = BTreeMap::new();
    for ((operation, status), times) in answered {
        *operations.entry(operation).or_default().entry(*status).or_default() += times;
    }
    println!("{met:#?}");
    operations.iter().for_each(|(operation, statuses)| println!("{operation:24} {statuses:?}"));
    let missed: Vec<_> =
        expected.iter().filter(|one| !met.contains_key(*one) && !RARE.contains(&one.as_str())).collect();
    assert!(missed.is_empty(), "never met: {missed:?}");
    // Deleting is only possible for as long as nothing refers to it, which is rare for some of it.
    let awaited =
        operations.iter().filter(|(operation, _)| **operation != "none" && !operation.starts_with("delete"));
    let refused: Vec<_> =
        awaited.filter(|(_, answers)| answers.keys().all(|status| *status >= 300)).collect();
    // A random run may miss a few; most must have succeeded.
    assert!(refused.len() <= 5, "never went through: {refused:?}");
}
