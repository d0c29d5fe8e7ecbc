//! Gates: what must be true before a step may be submitted. Readiness and the submission ask the same function.

use super::refusal::{Code, Listing, Reference, Refusal};

vocabulary! {
    /// A criterion of a gate.
    pub enum CriterionCode in "gateCriteria" {
        ActivitiesSettled = "activitiesSettled", "None of the step's activities is open", "لا يوجد نشاط مفتوح في الخطوة";
    }
}

impl CriterionCode {
    /// Whether the chair may waive it, with a reason.
    pub fn is_waivable(self) -> bool {
        match self {
            Self::ActivitiesSettled => true,
        }
    }
}

/// What the gates look at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepFacts {
    /// The step's activities that are neither done nor cancelled: the first of them, and how many there are.
    pub open_activities: (Vec<Reference>, i64),
}

/// One criterion, and exactly what fails it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// Which one.
    pub code: CriterionCode,
    /// What fails it, the first hundred; empty where it is met.
    pub unmet: Vec<Reference>,
    /// How many fail it.
    pub unmet_total: i64,
}

impl Criterion {
    /// Whether it holds.
    pub fn is_met(&self) -> bool {
        self.unmet_total == 0
    }
}

/// The gate of a step with these facts.
pub fn criteria(facts: StepFacts) -> Vec<Criterion> {
    let (unmet, unmet_total) = facts.open_activities;
    vec![Criterion { code: CriterionCode::ActivitiesSettled, unmet, unmet_total }]
}

/// Whether a step with these criteria may be submitted.
///
/// # Errors
/// `gateNotMet`, listing the criteria.
pub fn check(criteria: Vec<Criterion>) -> Result<(), Refusal> {
    if criteria.iter().all(Criterion::is_met) {
        return Ok(());
    }
    Err(Refusal::from(Code::GateNotMet).listing(Listing::Criteria(criteria)))
}
