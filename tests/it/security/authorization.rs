//! Authorization: every operation is tried by every kind of actor over HTTP, and compared with one golden table and with
//! the roles that the document names.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use futures_util::future::join;
use serde_json::Value;
use taskforce::domain::rights::{Action, Authorization, EffectiveRole, authorize};
use taskforce::domain::vocabulary::Vocabulary as _;

use crate::contract::operation_cases::{self, Case};
use crate::support::{Answer, TestApp, Who};

/// Everybody who tries everything.
const ACTORS: [(&str, Who); 11] = [
    ("anonymous", Who::Anonymous),
    ("outsider", Who::Outsider),
    ("councilMember", Who::CouncilMember),
    ("secretariat", Who::Secretariat),
    ("administrator", Who::Administrator),
    ("chair", Who::Chair),
    ("expert", Who::Expert1),
    ("endedMember", Who::EndedMember),
    ("disabledUser", Who::DisabledUser),
    ("keyThatReads", Who::ReadOnlyKey),
    ("keyOfAnother", Who::KeyOfB),
];

/// The role that an actor of the table has in task force A, where the rights of the role decide alone.
fn role(actor: &str) -> Option<&'static str> {
    Some(match actor {
        "outsider" | "endedMember" => "outsider",
        "councilMember" => "councilMember",
        "secretariat" => "secretariat",
        "administrator" => "administrator",
        "chair" => "chair",
        "expert" => "member",
        _ => return None,
    })
}

/// The actor whose own the resource of a request is, where some roles may do the operation on their own only. The user
/// of `getUser` is none of the actors.
const OWNERS: [(&str, &str); 6] = [
    ("updateComment", "expert"),
    ("deleteComment", "expert"),
    ("revokeApiKey", "expert"),
    ("endMySession", "expert"),
    ("revokeMyCalendarLink", "expert"),
    ("getUser", ""),
];

/// The action that the request of the table needs beside that of its operation.
const NARROWER: [(&str, Action); 6] = [
    ("createPageLink", Action::ReadPortfolio),
    ("createEvidence", Action::ProveWork),
    ("updateEvidence", Action::ProveWork),
    ("deleteEvidence", Action::ProveWork),
    ("uploadEvidence", Action::ProveWork),
    ("transitionCondition", Action::SettleCondition),
];

/// The operations that leave no event: those that change nothing but what the caller has read, and a request for a new
/// password, whose event follows in the background for those who have an account.
const WITHOUT_EVENT: [&str; 3] = ["markMyFeed", "markNotificationsRead", "requestPasswordReset"];

fn listed<'a>(described: &'a Value, name: &str) -> BTreeSet<&'a str> {
    described[name].as_array().into_iter().flatten().map(|role| role.as_str().unwrap()).collect()
}

/// The roles to which an action is open on every resource.
fn allowed(action: Action) -> BTreeSet<&'static str> {
    let roles = EffectiveRole::ALL.iter();
    roles.filter(|role| authorize(**role, action) == Authorization::Allowed).map(|role| role.code()).collect()
}

/// What the document says about who may: the roles of the operation, and those that may on their own only.
struct Documented {
    roles: BTreeSet<&'static str>,
    own_only: BTreeSet<&'static str>,
    owner: Option<&'static str>,
    narrower: Option<BTreeSet<&'static str>>,
}

impl Documented {
    fn of(case: &Case) -> Self {
        let described = case.operation().described;
        let (roles, own_only) = (listed(described, "x-roles"), listed(described, "x-roles-own-only"));
        let owner = OWNERS.iter().find(|(id, _)| *id == case.id).map(|(_, owner)| *owner);
        assert_eq!(owner.is_some(), !own_only.is_empty(), "{}: {own_only:?}", case.id);
        let narrower = NARROWER.iter().find(|(id, _)| *id == case.id).map(|(_, action)| allowed(*action));
        assert!(own_only.is_subset(&roles), "{}", case.id);
        let within = narrower.iter().all(|narrower| narrower.is_subset(&roles));
        assert!(within, "{}: {narrower:?}", case.id);
        Self { roles, own_only, owner, narrower }
    }

    /// Whether the actor of this name may do the request.
    fn allows(&self, actor: &str, role: &str) -> bool {
        let by_role =
            self.roles.contains(role) && (!self.own_only.contains(role) || self.owner == Some(actor));
        by_role && self.narrower.iter().all(|narrower| narrower.contains(role))
    }

    /// A refusal names the roles that may whatever the resource: by the right of the operation, or of the request.
    fn check_refusal(&self, refused: &Value, id: &str) {
        let named = listed(refused, "allowedRoles");
        let open: BTreeSet<_> = self.roles.difference(&self.own_only).copied().collect();
        let is_named = named == open || self.narrower.as_ref() == Some(&named);
        assert!(is_named && refused["allowedRoles"].is_array(), "{id}: {refused}");
    }
}

/// Task force A is meant wherever one is. `keyThatReads` is of its chair, `keyOfAnother` of the secretariat and for
/// task force B alone. A status that refuses stands for its usual code, unless another is named; `scope` is
/// `insufficientScope`.
#[tokio::test]
async fn everybody_may_do_what_is_printed_and_nothing_else() {
    // Changes would disturb reads: each have an installation of their own.
    let (reads, changes) = (TestApp::start().await, TestApp::start().await);
    let is_read = |case: &Case| case.operation().method == "get";
    let (some, others): (Vec<Case>, Vec<Case>) = operation_cases::all().into_iter().partition(is_read);
    let (some, others) = join(rows(&reads, some), rows(&changes, others)).await;

    let mut table = format!("{:<24}", "");
    ACTORS.iter().for_each(|(name, _)| write!(table, "{name:<15}").unwrap());
    for (id, outcomes) in some.into_iter().chain(others) {
        write!(table, "\n{id:<24}").unwrap();
        outcomes.iter().for_each(|outcome| write!(table, "{outcome:<15}").unwrap());
    }
    // The requests were written to be done: 409 would be as wrong as 400.
    let wrong =
        |line: &&str| ["400 ", "409 ", "412 ", "422 ", "429 ", "50"].iter().any(|other| line.contains(other));
    let wrong: Vec<_> = table.lines().filter(wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let trimmed: Vec<_> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!("authorization", trimmed.join("\n"));
}

async fn rows(app: &TestApp, cases: Vec<Case>) -> Vec<(&'static str, Vec<String>)> {
    let mut rows = Vec::new();
    for case in cases {
        app.db_open_every_step().await;
        rows.push((case.id, row(app, case).await));
    }
    rows
}

/// The outcomes of all actors, one after the other.
async fn row(app: &TestApp, case: Case) -> Vec<String> {
    let operation = case.operation();
    let (mut outcomes, mut left_by_all) = (Vec::new(), 0);
    let documented = Documented::of(&case);
    for (name, who) in ACTORS {
        let (draft, before) = (case.write(app).await, app.db_events().await);
        let answer = app.as_who(who).send(draft).await;
        let left = app.db_events().await - before;
        let outcome = outcome(&answer);
        if outcome != "yes" {
            assert_eq!(left, 0, "{}: {name} was refused, and left an event", case.id);
        }
        if outcome == "403" {
            documented.check_refusal(&answer.json(), case.id);
        }
        // Metrics have a token of their own, which the request contains.
        if let Some(role) = role(name).filter(|_| case.id != "getMetrics") {
            let allows = documented.allows(name, role);
            assert_eq!(
                outcome == "yes",
                allows,
                "{}: {name} got {outcome}, and the document says {allows}",
                case.id
            );
        }
        left_by_all += left;
        outcomes.push(outcome);
    }
    assert!(outcomes.iter().any(|outcome| outcome == "yes"), "{}: no actor may: {outcomes:?}", case.id);
    if operation.method == "get" {
        assert_eq!(left_by_all, 0, "{} is a read, and left an event", case.id);
    } else if WITHOUT_EVENT.contains(&case.id) {
        assert_eq!(left_by_all, 0, "{} left an event", case.id);
    } else {
        assert!(left_by_all > 0, "{} changed something, and left no event", case.id);
    }
    // Metrics have a token of their own.
    let security = operation.described["security"].as_array();
    let documented_as_public = security.is_some_and(|schemes| schemes.is_empty());
    let is_public = outcomes.iter().all(|outcome| outcome == "yes") && case.id != "getMetrics";
    assert_eq!(documented_as_public, is_public, "{} is documented with {security:?}", case.id);
    outcomes
}

/// How an answer reads in the table.
fn outcome(answer: &Answer) -> String {
    let expect_code = |code: &str| {
        answer.clone().expect_problem(answer.status, code);
    };
    match answer.status {
        200..300 => return "yes".to_owned(),
        401 => expect_code("unauthenticated"),
        404 => expect_code("notFound"),
        403 => {
            let code = answer.json()["code"].as_str().unwrap().to_owned();
            expect_code(&code);
            return match code.as_str() {
                "forbidden" => "403".to_owned(),
                "insufficientScope" => "403 scope".to_owned(),
                other => format!("403 {other}"),
            };
        }
        other => return format!("{other} {}", answer.json()["code"].as_str().unwrap_or_default()),
    }
    answer.status.to_string()
}
