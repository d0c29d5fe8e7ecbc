//! The people and the resources that a representation names. There is one form for each: a user, a seat, a resource.
//!
//! A request refers by id: `owner` in a representation is `ownerId` in a request.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::text::{LocalizedName, LocalizedText as LongText};
use crate::domain::event::SubjectKind;
use crate::domain::reference;
use crate::domain::text::LocalizedText;

/// A person, by the account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserReference {
    /// The id of the user. Only the administrator, the secretariat and the person can read the account itself.
    id: Uuid,
    /// The current name of the person.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
}

impl From<reference::UserReference> for UserReference {
    fn from(user: reference::UserReference) -> Self {
        let reference::UserReference { id, name } = user;
        Self { id, name }
    }
}

/// A member of a task force, by the seat. The seat can have ended. Requests, also merge patches, name a seat by its id in a property that ends in `Id`: `assignee.id` of a representation is `assigneeId` of a request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberReference {
    /// The id of the seat, to which requests refer.
    id: Uuid,
    /// The id of the person who holds or held the seat.
    user_id: Uuid,
    /// The current name of the person.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
}

impl From<reference::MemberReference> for MemberReference {
    fn from(member: reference::MemberReference) -> Self {
        let reference::MemberReference { id, user_id, name, .. } = member;
        Self { id, user_id, name }
    }
}

/// A resource, by kind, id and title. Requests, also merge patches, name a resource by its id in a property that ends in `Id`: `sector.id` of a representation is `sectorId` of a request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResourceReference {
    /// The kind of resource.
    #[schema(example = "activity")]
    kind: SubjectKind,
    /// The id of the resource.
    id: Uuid,
    /// The number of an activity, a report or a decision; null for other kinds.
    #[schema(required, minimum = 1, example = 12)]
    number: Option<i32>,
    /// The current title or name. An assessment, a measurement and a comment have the title of the resource that they belong to, and a deleted resource has its last title. Null if there is none, as for a health statement.
    #[schema(required, value_type = Option<LongText>)]
    title: Option<LocalizedText>,
    /// The path of the resource in this API; null if the resource was deleted, or cannot be read by itself.
    #[schema(
        required,
        example = "/v1/task-forces/0199f0c2-7a3b-7c11-9d2e-000000000001/activities/0199f0c2-7a3b-7c11-9d2e-00000000000a"
    )]
    href: Option<String>,
}

impl From<reference::Reference> for ResourceReference {
    fn from(named: reference::Reference) -> Self {
        let href = href(&named);
        let reference::Reference { kind, id, number, title, .. } = named;
        Self { kind, id, number, title, href }
    }
}

impl From<&reference::Reference> for ResourceReference {
    fn from(named: &reference::Reference) -> Self {
        Self::from(named.clone())
    }
}

/// The path of a resource. The `match` has no wildcard, so that a new kind does not compile without its path.
pub(super) fn href(named: &reference::Reference) -> Option<String> {
    let id = named.id;
    let (parent, grandparent) = match named.parent_ids.as_slice() {
        [] => (None, None),
        [parent] => (Some(*parent), None),
        [grandparent, parent, ..] => (Some(*parent), Some(*grandparent)),
    };
    let within = match named.kind {
        SubjectKind::User => return Some(format!("/v1/users/{id}")),
        SubjectKind::Session | SubjectKind::ApiKey | SubjectKind::HealthStatement => return None,
        SubjectKind::TaskForce => String::new(),
        SubjectKind::Member => format!("/members/{id}"),
        SubjectKind::Step => {
            let (step, cycle) = named.step?;
            format!("/steps/{step}?cycle={cycle}")
        }
        SubjectKind::Submission => format!("/submissions/{id}"),
        SubjectKind::Policy => format!("/policies/{id}"),
        SubjectKind::Sector => format!("/sectors/{id}"),
        SubjectKind::Assessment => format!("/sectors/{}/assessments/{id}", parent?),
        SubjectKind::Study => format!("/sectors/{}/studies/{id}", parent?),
        SubjectKind::Pilot => format!("/pilots/{id}"),
        SubjectKind::Indicator => format!("/pilots/{}/indicators/{id}", parent?),
        SubjectKind::Measurement => {
            format!("/pilots/{}/indicators/{}/measurements/{id}", grandparent?, parent?)
        }
        SubjectKind::Migration => format!("/migrations/{id}"),
        SubjectKind::ChecklistItem => format!("/migrations/{}/checklist-items/{id}", parent?),
        SubjectKind::Evidence => format!("/evidence/{id}"),
        SubjectKind::Report => format!("/reports/{}", named.number?),
        SubjectKind::Decision => format!("/decisions/{}", named.number?),
        SubjectKind::Condition => format!("/conditions/{id}"),
        SubjectKind::Activity => format!("/activities/{id}"),
        SubjectKind::Comment => format!("/activities/{}/comments/{id}", parent?),
        SubjectKind::ShareLink => format!("/share-links/{id}"),
        SubjectKind::Webhook => format!("/webhooks/{id}"),
    };
    Some(format!("/v1/task-forces/{}{within}", named.task_force_id?))
}
