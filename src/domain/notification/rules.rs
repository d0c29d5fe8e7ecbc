//! The table of notifications: which event tells whom of what. Tests print the table as a golden file.
//!
//! Kinds that no event causes are reminders: of votes that end, and of days on which something is due.

use uuid::Uuid;

use super::{NotificationDetails, NotificationKind};
use crate::domain::event::{EventAction, Subject};
use crate::domain::rights::SeatRole;

/// The events of an action that a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Always,
    /// The subject has reached a state.
    Becomes(&'static str),
    /// The subject has gone from one state to another.
    Goes {
        from: &'static str,
        to: &'static str,
    },
    /// The role of a member has changed.
    RoleChanges,
}

/// The people who are told. Nobody is told of an own deed, and nobody who may not read the task force is told, except for
/// [`Audience::Subject`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The members who can vote on the submission and have not voted.
    Voters,
    /// Every current member.
    Members,
    /// The member whom the event names as the new assignee of an activity.
    NewAssignee,
    /// The assignee of the activity.
    Assignee,
    /// The assignee of the activity, and the chair.
    AssigneeAndChair,
    /// The members who can review the activity: those who have not worked on it.
    Reviewers,
    /// The member whom the event names as the new owner of a condition.
    NewOwner,
    /// The owner of the condition, and the chair.
    OwnerAndChair,
    /// The secretariat of the council.
    Secretariat,
    /// The members of the council and its secretariat.
    Council,
    /// The user by whose right a webhook sends events, and the chair.
    WebhookOwnerAndChair,
    /// The member that the event is about, also if the seat has ended.
    Subject,
    /// The members whom a comment mentions, and did not mention before.
    Mentioned,
}

/// An entry of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub action: EventAction,
    pub when: When,
    pub kind: NotificationKind,
    pub audience: Audience,
}

const fn rule(action: EventAction, when: When, kind: NotificationKind, audience: Audience) -> Rule {
    Rule { action, when, kind, audience }
}

/// The table. An event tells a person of one thing at most, by the first rule that concerns the person.
pub const RULES: [Rule; 27] = {
    use super::NotificationKind as Kind;
    use Audience as To;
    use EventAction as On;
    use When::{Always, Becomes, Goes, RoleChanges};
    [
        rule(On::SubmissionCreated, Always, Kind::VoteOpened, To::Voters),
        rule(On::SubmissionTransitioned, Becomes("passed"), Kind::VotePassed, To::Members),
        rule(On::SubmissionTransitioned, Becomes("returned"), Kind::VoteReturned, To::Members),
        rule(On::SubmissionTransitioned, Becomes("withdrawn"), Kind::VoteWithdrawn, To::Members),
        rule(On::ActivityCreated, Always, Kind::ActivityAssigned, To::NewAssignee),
        rule(On::ActivityUpdated, Always, Kind::ActivityAssigned, To::NewAssignee),
        rule(On::ActivityTransitioned, Becomes("inReview"), Kind::ActivityInReview, To::Reviewers),
        rule(
            On::ActivityTransitioned,
            Goes { from: "inReview", to: "done" },
            Kind::ActivityReviewed,
            To::Assignee,
        ),
        rule(
            On::ActivityTransitioned,
            Goes { from: "inReview", to: "inProgress" },
            Kind::ActivityReviewed,
            To::Assignee,
        ),
        rule(On::ActivityTransitioned, Becomes("blocked"), Kind::ActivityBlocked, To::AssigneeAndChair),
        rule(On::ConditionCreated, Always, Kind::ConditionAssigned, To::NewOwner),
        rule(On::ConditionUpdated, Always, Kind::ConditionAssigned, To::NewOwner),
        rule(On::ConditionTransitioned, Becomes("reportedMet"), Kind::ConditionReported, To::Secretariat),
        rule(On::ConditionTransitioned, Becomes("open"), Kind::ConditionReturned, To::OwnerAndChair),
        rule(On::ConditionTransitioned, Becomes("met"), Kind::ConditionSettled, To::OwnerAndChair),
        rule(On::ConditionTransitioned, Becomes("waived"), Kind::ConditionSettled, To::OwnerAndChair),
        rule(On::ReportTransitioned, Becomes("submitted"), Kind::ReportSubmitted, To::Council),
        rule(On::DecisionRecorded, Always, Kind::DecisionRecorded, To::Members),
        rule(On::MemberAppointed, Always, Kind::MemberAppointed, To::Subject),
        rule(On::MemberUpdated, RoleChanges, Kind::MemberRoleChanged, To::Subject),
        rule(On::MemberEnded, Always, Kind::MemberEnded, To::Subject),
        rule(On::TaskForceTransitioned, Becomes("active"), Kind::TaskForceTransitioned, To::Members),
        rule(On::TaskForceTransitioned, Becomes("suspended"), Kind::TaskForceTransitioned, To::Members),
        rule(On::TaskForceTransitioned, Becomes("dissolved"), Kind::TaskForceTransitioned, To::Members),
        rule(On::WebhookTransitioned, Becomes("disabled"), Kind::WebhookDisabled, To::WebhookOwnerAndChair),
        rule(On::CommentCreated, Always, Kind::Mentioned, To::Mentioned),
        rule(On::CommentUpdated, Always, Kind::Mentioned, To::Mentioned),
    ]
};

/// The parts of an event that the table asks for.
#[derive(Debug, Clone)]
pub struct Occurrence {
    pub action: EventAction,
    pub subject: Subject,
    /// The user who caused the event; `None` for the service itself.
    pub actor_id: Option<Uuid>,
    pub from: Option<String>,
    pub to: Option<String>,
    /// The members whom the event names in these fields after the change.
    pub assignee_id: Option<Uuid>,
    pub owner_id: Option<Uuid>,
    pub mentioned_ids: Vec<Uuid>,
    /// The role of a member after the change.
    pub role: Option<SeatRole>,
    pub details: NotificationDetails,
}

/// A seat of the task force, current or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    pub member_id: Uuid,
    pub user_id: Uuid,
    pub role: SeatRole,
    pub is_current: bool,
}

/// The people who can be told, and what concerns them now. The lists are of pairs: subject and person.
#[derive(Debug, Default)]
pub struct People {
    pub seats: Vec<Seat>,
    /// The users of the secretariat, and the members of the council.
    pub secretariat: Vec<Uuid>,
    pub council_members: Vec<Uuid>,
    /// The members who can vote on a submission and have not voted.
    pub voters: Vec<(Uuid, Uuid)>,
    /// The assignees of activities.
    pub assignees: Vec<(Uuid, Uuid)>,
    /// The users who have worked on an activity, in whatever seat.
    pub workers: Vec<(Uuid, Uuid)>,
    /// The owners of conditions.
    pub owners: Vec<(Uuid, Uuid)>,
    /// The users by whose right webhooks send events, if the users may read the task force.
    pub webhook_owners: Vec<(Uuid, Uuid)>,
}

impl Rule {
    fn is_about(&self, event: &Occurrence) -> bool {
        self.action == event.action
            && match self.when {
                When::Always => true,
                When::Becomes(state) => event.to.as_deref() == Some(state),
                When::Goes { from, to } => {
                    (event.from.as_deref(), event.to.as_deref()) == (Some(from), Some(to))
                }
                When::RoleChanges => event.role.is_some(),
            }
    }
}

/// Tells whether a rule is about the action.
pub fn concerns_people(action: EventAction) -> bool {
    RULES.iter().any(|rule| rule.action == action)
}

/// The people whom an event tells, each with the kind of the notification.
pub fn told(event: &Occurrence, people: &People) -> Vec<(Uuid, NotificationKind)> {
    let mut told: Vec<(Uuid, NotificationKind)> = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.is_about(event)) {
        for user_id in people.of(rule.audience, event) {
            let is_new = Some(user_id) != event.actor_id && !told.iter().any(|(other, _)| *other == user_id);
            if is_new {
                told.push((user_id, rule.kind));
            }
        }
    }
    told
}

impl People {
    /// The users of an audience, without repetitions of their own.
    fn of(&self, audience: Audience, event: &Occurrence) -> Vec<Uuid> {
        let id = event.subject.id;
        let of_subject = |pairs: &[(Uuid, Uuid)], person: Uuid| pairs.contains(&(id, person));
        let chair = |seat: &Seat| seat.role == SeatRole::Chair;
        let current = |is_told: &dyn Fn(&Seat) -> bool| {
            let seats = self.seats.iter().filter(|seat| seat.is_current && is_told(seat));
            seats.map(|seat| seat.user_id).collect()
        };
        match audience {
            Audience::Voters => current(&|seat| of_subject(&self.voters, seat.member_id)),
            Audience::Members => current(&|_| true),
            Audience::NewAssignee => current(&|seat| event.assignee_id == Some(seat.member_id)),
            Audience::Assignee => current(&|seat| of_subject(&self.assignees, seat.member_id)),
            Audience::AssigneeAndChair => {
                current(&|seat| chair(seat) || of_subject(&self.assignees, seat.member_id))
            }
            Audience::Reviewers => current(&|seat| {
                !of_subject(&self.workers, seat.user_id) && !of_subject(&self.assignees, seat.member_id)
            }),
            Audience::NewOwner => current(&|seat| event.owner_id == Some(seat.member_id)),
            Audience::OwnerAndChair => {
                current(&|seat| chair(seat) || of_subject(&self.owners, seat.member_id))
            }
            Audience::Secretariat => self.secretariat.clone(),
            Audience::WebhookOwnerAndChair => {
                let owners = self.webhook_owners.iter().filter(|(webhook_id, _)| *webhook_id == id);
                let chairs: Vec<Uuid> = current(&chair);
                chairs.into_iter().chain(owners.map(|(_, user_id)| *user_id)).collect()
            }
            Audience::Council => self.secretariat.iter().chain(&self.council_members).copied().collect(),
            Audience::Subject => {
                let seat = self.seats.iter().find(|seat| seat.member_id == id);
                seat.map(|seat| seat.user_id).into_iter().collect()
            }
            Audience::Mentioned => current(&|seat| event.mentioned_ids.contains(&seat.member_id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::SubjectKind;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    /// A chair (user 1, member 11) and two experts; expert 3 has left.
    fn people() -> People {
        let seat = |number: u128, role, is_current| Seat {
            member_id: id(10 + number),
            user_id: id(number),
            role,
            is_current,
        };
        People {
            seats: vec![
                seat(1, SeatRole::Chair, true),
                seat(2, SeatRole::Expert, true),
                seat(3, SeatRole::Expert, false),
                seat(4, SeatRole::Expert, true),
            ],
            secretariat: vec![id(7)],
            council_members: vec![id(8), id(9)],
            voters: vec![(id(100), id(12)), (id(100), id(13)), (id(101), id(11))],
            assignees: vec![(id(200), id(12)), (id(201), id(13))],
            workers: vec![(id(200), id(2))],
            owners: vec![(id(300), id(14))],
            webhook_owners: vec![(id(500), id(7)), (id(500), id(1)), (id(501), id(2))],
        }
    }

    fn event(action: EventAction, kind: SubjectKind, subject: u128) -> Occurrence {
        Occurrence {
            action,
            subject: Subject { kind, id: id(subject) },
            actor_id: Some(id(1)),
            from: None,
            to: None,
            assignee_id: None,
            owner_id: None,
            mentioned_ids: Vec::new(),
            role: None,
            details: NotificationDetails::default(),
        }
    }

    fn told_of(event: &Occurrence) -> Vec<(u128, NotificationKind)> {
        told(event, &people()).into_iter().map(|(user_id, kind)| (user_id.as_u128(), kind)).collect()
    }

    fn becomes(action: EventAction, kind: SubjectKind, subject: u128, from: &str, to: &str) -> Occurrence {
        Occurrence { from: Some(from.into()), to: Some(to.into()), ..event(action, kind, subject) }
    }

    #[test]
    fn nobody_is_told_of_an_own_deed_and_nobody_who_has_left_is_told() {
        use NotificationKind as Kind;
        let opened = event(EventAction::SubmissionCreated, SubjectKind::Submission, 100);
        assert_eq!(told_of(&opened), [(2, Kind::VoteOpened)], "3 has left, though a ballot names the seat");
        let passed =
            becomes(EventAction::SubmissionTransitioned, SubjectKind::Submission, 100, "voting", "passed");
        assert_eq!(told_of(&passed), [(2, Kind::VotePassed), (4, Kind::VotePassed)]);
        let assigned = Occurrence {
            assignee_id: Some(id(11)),
            ..event(EventAction::ActivityCreated, SubjectKind::Activity, 200)
        };
        assert_eq!(told_of(&assigned), [], "the chair took the activity on");
        let left = Occurrence { assignee_id: Some(id(13)), ..assigned };
        assert_eq!(told_of(&left), []);
    }

    #[test]
    fn a_review_concerns_those_who_have_not_worked_on_the_activity() {
        use NotificationKind as Kind;
        let action = EventAction::ActivityTransitioned;
        let review = becomes(action, SubjectKind::Activity, 200, "inProgress", "inReview");
        assert_eq!(told_of(&review), [(4, Kind::ActivityInReview)]);
        let done = becomes(action, SubjectKind::Activity, 200, "inReview", "done");
        assert_eq!(told_of(&done), [(2, Kind::ActivityReviewed)]);
        let unreviewed = becomes(action, SubjectKind::Activity, 200, "inProgress", "done");
        assert_eq!(told_of(&unreviewed), []);
        let blocked = Occurrence {
            actor_id: Some(id(4)),
            ..becomes(action, SubjectKind::Activity, 200, "inProgress", "blocked")
        };
        assert_eq!(told_of(&blocked), [(1, Kind::ActivityBlocked), (2, Kind::ActivityBlocked)]);
    }

    #[test]
    fn the_council_is_told_of_reports_and_a_member_who_has_left_of_the_end_of_the_seat() {
        use NotificationKind as Kind;
        let action = EventAction::ReportTransitioned;
        let submitted = becomes(action, SubjectKind::Report, 400, "draft", "submitted");
        let told: Vec<u128> = told_of(&submitted).into_iter().map(|(user, _)| user).collect();
        assert_eq!(told, [7, 8, 9]);
        let ended = event(EventAction::MemberEnded, SubjectKind::Member, 13);
        assert_eq!(told_of(&ended), [(3, Kind::MemberEnded)]);
        let renamed = event(EventAction::MemberUpdated, SubjectKind::Member, 12);
        assert_eq!(told_of(&renamed), [], "only the expertise has changed");
        let promoted = Occurrence { role: Some(SeatRole::Chair), ..renamed };
        assert_eq!(told_of(&promoted), [(2, Kind::MemberRoleChanged)]);
    }

    #[test]
    fn those_who_can_mend_a_webhook_are_told_once_that_it_was_disabled() {
        let action = EventAction::WebhookTransitioned;
        let disabled =
            Occurrence { actor_id: None, ..becomes(action, SubjectKind::Webhook, 500, "active", "disabled") };
        let kind = NotificationKind::WebhookDisabled;
        assert_eq!(told_of(&disabled), [(1, kind), (7, kind)]);
        let paused = Occurrence { to: Some("paused".into()), ..disabled };
        assert_eq!(told_of(&paused), []);
    }

    #[test]
    fn the_states_of_the_table_exist() {
        use crate::domain::activity::ActivityState;
        use crate::domain::decision::ConditionState;
        use crate::domain::report::ReportState;
        use crate::domain::submission::SubmissionState;
        use crate::domain::task_force::TaskForceState;
        use crate::domain::vocabulary::Vocabulary as _;
        use crate::domain::webhook::WebhookState;
        for Rule { action, when, .. } in RULES {
            let states = match when {
                When::Becomes(state) => vec![state],
                When::Goes { from, to } => vec![from, to],
                When::Always | When::RoleChanges => continue,
            };
            for state in states {
                let exists = match action {
                    EventAction::SubmissionTransitioned => SubmissionState::parse(state).is_some(),
                    EventAction::ActivityTransitioned => ActivityState::parse(state).is_some(),
                    EventAction::ConditionTransitioned => ConditionState::parse(state).is_some(),
                    EventAction::ReportTransitioned => ReportState::parse(state).is_some(),
                    EventAction::TaskForceTransitioned => TaskForceState::parse(state).is_some(),
                    EventAction::WebhookTransitioned => WebhookState::parse(state).is_some(),
                    other => panic!("{other} has no states here"),
                };
                assert!(exists, "{action} to {state}");
            }
        }
    }
}
