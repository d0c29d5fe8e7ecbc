//! A person or a resource that another resource names: by a relation, in a refusal, or by a criterion of a gate that is
//! not met.

use std::collections::BTreeMap;

use serde::Deserialize;
use uuid::Uuid;

use super::event::SubjectKind;
use super::text::LocalizedText;

/// A user, by id and current name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UserReference {
    pub id: Uuid,
    pub name: LocalizedText,
}

/// A seat, current or ended, with its user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberReference {
    /// The id of the seat.
    pub id: Uuid,
    pub user_id: Uuid,
    /// The current name of the user.
    pub name: LocalizedText,
    pub task_force_id: Uuid,
}

impl From<&MemberReference> for Reference {
    fn from(member: &MemberReference) -> Self {
        Self::new(SubjectKind::Member, member.id, member.name.clone()).in_task_force(member.task_force_id)
    }
}

/// A resource, by kind, id and title, and by what its address consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The kind of resource, as events name it.
    pub kind: SubjectKind,
    /// The id of the resource.
    pub id: Uuid,
    /// The current title or name of the resource. A deleted resource has its last title.
    pub title: Option<LocalizedText>,
    /// The number of an activity, a report or a decision.
    pub number: Option<i32>,
    /// The task force of the resource; `None` outside a task force, and for a deleted resource.
    pub task_force_id: Option<Uuid>,
    /// The resources between the task force and the resource, the outermost first: the pilot of an indicator.
    pub parent_ids: Vec<Uuid>,
    /// The code of a step, and its cycle.
    pub step: Option<(&'static str, i32)>,
}

impl Reference {
    /// A resource with its title or name.
    pub fn new(kind: SubjectKind, id: Uuid, title: LocalizedText) -> Self {
        Self { title: Some(title), ..Self::untitled(kind, id) }
    }

    /// A resource without a title.
    pub fn untitled(kind: SubjectKind, id: Uuid) -> Self {
        Self { kind, id, title: None, number: None, task_force_id: None, parent_ids: Vec::new(), step: None }
    }

    /// A task force.
    pub fn task_force(id: Uuid, name: LocalizedText) -> Self {
        Self::new(SubjectKind::TaskForce, id, name).in_task_force(id)
    }

    /// A report, which has a number in place of a title.
    pub fn report(id: Uuid, number: i32) -> Self {
        let title = LocalizedText::both(format!("التقرير {number}"), format!("Report {number}"));
        Self { number: Some(number), ..Self::new(SubjectKind::Report, id, title) }
    }

    /// A decision of the council, which has a number in place of a title.
    pub fn decision(id: Uuid, number: i32) -> Self {
        let title = LocalizedText::both(format!("القرار {number}"), format!("Decision {number}"));
        Self { number: Some(number), ..Self::new(SubjectKind::Decision, id, title) }
    }

    /// The same resource, with its task force.
    #[must_use]
    pub fn in_task_force(self, task_force_id: Uuid) -> Self {
        Self { task_force_id: Some(task_force_id), ..self }
    }
}

/// A member or a resource that the changes of an event name by its id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Named {
    /// The current title, or the current name of the person.
    pub title: LocalizedText,
    /// The user who holds or held the seat of a member.
    pub user_id: Option<Uuid>,
}

/// The members and resources that the changes of an event name by their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct NamedByChanges(BTreeMap<Uuid, Named>);

impl NamedByChanges {
    /// The member or the resource with this id.
    pub fn get(&self, id: Uuid) -> Option<&Named> {
        self.0.get(&id)
    }
}

impl FromIterator<(Uuid, Named)> for NamedByChanges {
    fn from_iter<I: IntoIterator<Item = (Uuid, Named)>>(named: I) -> Self {
        Self(named.into_iter().collect())
    }
}
