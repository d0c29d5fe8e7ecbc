//! Lists of a report that are cut. A report has a largest size, and nothing that members wrote may keep a task force from
//! reporting: many records can be neither changed nor deleted. Lists that are too long are therefore cut, and the report
//! says how many items each of them has.

use serde::Serialize;

use super::changes::ReportChanges;
use super::lists::{ReportAbridgement, ReportList};
use super::model::{
    Parts, ReportAsked, ReportControl, ReportDecision, ReportModel, ReportPilot, ReportSector,
};
use crate::domain::size::MOST_CONTENT;
use crate::domain::vocabulary::Vocabulary as _;

impl Parts {
    /// The number of items of a list. The changes are no part that is read.
    fn count(&self, list: ReportList) -> usize {
        match list {
            ReportList::Changes => 0,
            ReportList::Submissions => self.steps.iter().map(|step| step.submissions.len()).sum(),
            ReportList::AdjustmentNotes => self.steps.iter().map(|step| step.adjustment_notes.len()).sum(),
            ReportList::Policies => self.policies.len(),
            ReportList::Sectors => self.sectors.len(),
            ReportList::Studies => self.sectors.iter().map(|sector| sector.studies.len()).sum(),
            ReportList::Pilots => self.pilots.len(),
            ReportList::Indicators => self.pilots.iter().map(|pilot| pilot.indicators.len()).sum(),
            ReportList::Evaluations => self.pilots.iter().map(|pilot| pilot.evaluations.len()).sum(),
            ReportList::Migrations => self.migrations.len(),
            ReportList::Decisions => self.decisions.len(),
            ReportList::Conditions => self.decisions.iter().map(|decision| decision.conditions.len()).sum(),
            ReportList::Members => self.members.len(),
            ReportList::Evidence => self.evidence.len(),
        }
    }

    /// The lists that are shorter than the records.
    pub(super) fn abridged(&self) -> Vec<ReportAbridgement> {
        let abridged = |(list, total): (&ReportList, &usize)| {
            let (list, listed, total) = (*list, self.count(*list), *total);
            (listed < total).then_some(ReportAbridgement { list, listed, total })
        };
        self.totals.iter().filter_map(abridged).collect()
    }

    /// Completes the numbers of all items by those of the lists that were read as a whole.
    #[must_use]
    pub fn counted(mut self) -> Self {
        for list in ReportList::ALL {
            let count = self.count(*list);
            self.totals.entry(*list).or_insert(count);
        }
        self
    }

    /// Tells whether the parts have all items of a list.
    pub(super) fn has_all(&self, list: ReportList) -> bool {
        self.abridged().iter().all(|abridged| abridged.list != list)
    }

    /// Cuts each list to its first items, which together have `share` bytes at most; submissions and decisions to the
    /// last ones.
    fn cut(&mut self, share: usize) {
        let mut left = share;
        for step in self.steps.iter_mut().rev() {
            left = cut_to_last(&mut step.submissions, left, bytes);
        }
        cut_lists(self.steps.iter_mut().map(|step| &mut step.adjustment_notes), share);
        cut(&mut self.policies, share, bytes);
        cut(&mut self.sectors, share, |one: &ReportSector| bytes(one).saturating_sub(bytes(&one.studies)));
        cut_lists(self.sectors.iter_mut().map(|sector| &mut sector.studies), share);
        cut(&mut self.pilots, share, |one: &ReportPilot| {
            bytes(one).saturating_sub(bytes(&one.indicators)).saturating_sub(bytes(&one.evaluations))
        });
        cut_lists(self.pilots.iter_mut().map(|pilot| &mut pilot.indicators), share);
        cut_lists(self.pilots.iter_mut().map(|pilot| &mut pilot.evaluations), share);
        cut(&mut self.migrations, share, bytes);
        cut(&mut self.activities.done_items, share, bytes);
        cut(&mut self.activities.overdue_items, share, bytes);
        cut(&mut self.timeline.due_items, share, bytes);
        cut(&mut self.risks.items, share, bytes);
        cut_to_last(&mut self.decisions, share, |one: &ReportDecision| {
            bytes(one).saturating_sub(bytes(&one.conditions))
        });
        cut_lists(self.decisions.iter_mut().map(|decision| &mut decision.conditions), share);
        cut(&mut self.members, share, bytes);
        cut(&mut self.evidence, share, bytes);
    }
}

/// The bytes of a value as JSON.
fn bytes<T: Serialize>(value: &T) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |json| json.len())
}

/// Cuts a list to the first items that have `share` bytes at most, and returns the bytes that are left.
fn cut<T>(items: &mut Vec<T>, share: usize, bytes: impl Fn(&T) -> usize) -> usize {
    let mut left = share;
    let mut fitting = 0;
    for item in items.iter() {
        let Some(rest) = left.checked_sub(bytes(item)) else { break };
        (left, fitting) = (rest, fitting + 1);
    }
    items.truncate(fitting);
    left
}

/// Cuts a list to the last items that have `share` bytes at most, and returns the bytes that are left.
fn cut_to_last<T>(items: &mut Vec<T>, share: usize, bytes: impl Fn(&T) -> usize) -> usize {
    items.reverse();
    let left = cut(items, share, bytes);
    items.reverse();
    left
}

/// Cuts lists whose items together have `share` bytes at most.
fn cut_lists<'a, T: Serialize + 'a>(lists: impl Iterator<Item = &'a mut Vec<T>>, share: usize) {
    let mut left = share;
    for list in lists {
        left = cut(list, left, bytes);
    }
}

/// The canonical JSON (RFC 8785) of a report with these parts, which has at most [`MOST_CONTENT`] bytes. Where all lists
/// together are too long, each is cut to a share of the size, and the share is halved until the report fits.
///
/// # Errors
/// A value that JSON can't represent.
pub fn compose(
    control: &ReportControl,
    asked: &ReportAsked,
    changes: Option<&ReportChanges>,
    parts: &Parts,
) -> Result<String, serde_json::Error> {
    let changed = changes.map_or(0, |changes| changes.items.len());
    let mut share = None;
    loop {
        let (mut some, mut some_changes) = (parts.clone(), changes.cloned());
        if let Some(share) = share {
            some.cut(share);
            if let Some(changes) = &mut some_changes {
                cut(&mut changes.items, share, bytes);
            }
        }
        let listed = some_changes.as_ref().map_or(0, |changes| changes.items.len());
        let mut model = ReportModel::new(control.clone(), asked.clone(), some_changes, some);
        if listed < changed {
            let list = ReportList::Changes;
            model.abridged.insert(0, ReportAbridgement { list, listed, total: changed });
        }
        let text = model.canonical()?;
        // Without its lists a report has a few texts of limited length.
        if text.len() <= MOST_CONTENT || share == Some(0) {
            return Ok(text);
        }
        share = Some(share.map_or(MOST_CONTENT / 8, |share: usize| share / 2));
    }
}

impl ReportModel {
    /// Tells whether the report has all items of a list.
    pub(super) fn has_all(&self, list: ReportList) -> bool {
        self.abridged.iter().all(|abridged| abridged.list != list)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::report::comparison::tests::{parts, report};

    /// A text of as many letters in both languages as a title can have at most, each of four bytes.
    fn long(letters: usize) -> Value {
        json!({ "en": "𝒜".repeat(letters), "ar": "𝒜".repeat(letters) })
    }

    fn composed(rest: &Value) -> ReportModel {
        let model = report(1, rest);
        let (control, asked, changes) = (model.control.clone(), model.asked.clone(), model.changes.clone());
        let text = compose(&control, &asked, changes.as_ref(), &parts(model)).unwrap();
        assert!(text.len() <= MOST_CONTENT, "{}", text.len());
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_report_that_fits_has_everything() {
        let id = uuid::Uuid::nil();
        let policy = json!({ "id": id, "title": long(200), "kind": "policy", "reference": null, "aims": ["sustainable"],
                             "adoptedAt": "2026-11-20T08:00:00Z" });
        let model = composed(&json!({ "policies": vec![policy; 300] }));
        assert_eq!((model.policies.len(), model.abridged), (300, Vec::new()));
    }

    #[test]
    fn whatever_there_is_the_report_has_its_size_and_says_what_is_missing() {
        let (id, time) = (uuid::Uuid::nil(), "2026-11-20T08:00:00Z");
        let person = json!({ "memberId": id, "name": long(200) });
        let policy = json!({ "id": id, "title": long(200), "kind": "policy", "reference": null, "aims": ["sustainable"],
                             "adoptedAt": time });
        let study = json!({ "id": id, "title": long(200), "recommendation": long(2000) });
        let sector = json!({ "id": id, "name": long(200), "state": "studied", "stateReason": long(2000), "first": null,
                             "now": null, "target": null, "studies": vec![study; 3] });
        let indicator = json!({ "name": long(200), "unit": "min", "direction": "down", "baseline": null, "target": null,
                                "actual": null, "measuredOn": null, "verdict": "notMeasured" });
        let pilot = json!({
            "id": id, "title": long(200), "sectorId": id, "sectorName": long(200), "policyId": null, "owner": person,
            "aims": ["sustainable", "generatesWealth"], "startDate": "2026-11-20", "endDate": "2026-11-20",
            "state": "evaluated", "stateReason": null, "outcome": "scale", "lessons": long(4000),
            "indicators": vec![indicator; 3], "evaluations": [],
        });
        let vote = json!({ "memberId": id, "name": long(200), "choice": "recuse", "comment": null, "reason": long(2000) });
        let submission = json!({
            "id": id, "state": "returned", "submittedAt": time, "decidedAt": time, "votes": vec![vote; 2],
            "tally": { "entitled": 7, "denominator": 0, "approve": 0, "return": 0, "abstain": 0, "recuse": 7, "absent": 0,
                       "pending": 0 },
        });
        let step = json!({ "step": "policy", "state": "open", "targetDate": null, "openedAt": null, "passedAt": null,
                           "submissions": vec![submission; 30], "waivers": [] });
        let member = json!({ "memberId": id, "name": long(200), "role": "expert", "expertise": null,
                             "fromDate": "2026-11-20", "toDate": "2026-11-20", "endReason": long(2000) });
        let condition = json!({ "id": id, "text": long(2000), "owner": person, "dueDate": "2026-11-20", "state": "open" });
        let decision = json!({ "number": 1, "reportNumber": 1, "outcome": "continue", "returnToStep": null,
                               "reason": long(2000), "decidedOn": "2026-11-20", "meetingReference": "C 1",
                               "supersedes": null, "departs": false, "conditions": vec![condition; 5] });
        let risk = json!({ "id": id, "number": 1, "title": long(200), "why": "blocked", "reason": long(2000),
                           "since": time, "dueDate": null });
        let evidence = json!({ "id": id, "subject": { "kind": "submission", "id": id }, "title": long(200),
                               "url": "س".repeat(2000), "sha256": null, "mediaType": null, "size": null });
        let change = json!({ "kind": "policy", "id": id, "title": long(200), "aspect": "added", "before": null,
                             "after": "adopted" });
        let model = composed(&json!({
            "policies": vec![policy; 200], "sectors": vec![sector; 50], "pilots": vec![pilot; 50],
            "steps": [step], "members": vec![member; 100], "decisions": vec![decision; 100],
            "risks": { "total": 200, "items": vec![risk; 200] }, "evidence": vec![evidence; 200],
            "changes": { "sinceReport": 1, "since": time, "items": vec![change; 500] },
        }));
        let totals = |model: &ReportModel| -> Vec<(ReportList, usize)> {
            model.abridged.iter().map(|one| (one.list, one.total)).collect()
        };
        let expected = [
            (ReportList::Changes, 500),
            (ReportList::Submissions, 30),
            (ReportList::Policies, 200),
            (ReportList::Sectors, 50),
            (ReportList::Studies, 150),
            (ReportList::Pilots, 50),
            (ReportList::Indicators, 150),
            (ReportList::Decisions, 100),
            (ReportList::Conditions, 500),
            (ReportList::Members, 100),
            (ReportList::Evidence, 200),
        ];
        assert_eq!(totals(&model), expected);
        for one in &model.abridged {
            assert!(one.listed > 0 && one.listed < one.total, "{one:?}");
        }
        assert_eq!((model.risks.total, model.steps.len()), (200, 1));
        assert!(!model.has_all(ReportList::Evidence) && model.has_all(ReportList::Migrations));
    }
}
