//! Every operation of the contract: who may, who may not, and what it leaves behind.
//!
//! An operation without a case fails the walk, and so does a case without an operation.

mod cases;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use reqwest::Method;

use crate::support::client::Draft;
use crate::support::contract::{Operation, operations};
use crate::support::{TestApp, Who};

/// Everybody who tries everything.
const ACTORS: [Who; 9] = [
    Who::Anonymous,
    Who::Outsider,
    Who::CouncilMember,
    Who::Secretariat,
    Who::Administrator,
    Who::Chair,
    Who::Expert1,
    Who::EndedMember,
    Who::DisabledUser,
];

/// The status that refuses each of [`ACTORS`]; 0 for those who may.
type Rights = [u16; 9];

/// A request, written anew for each who sends it, so that it is there to be done each time.
type Write = for<'a> fn(&'a TestApp) -> Pin<Box<dyn Future<Output = Draft> + 'a>>;

/// What the walk knows of an operation.
struct Case {
    operation: &'static str,
    rights: Rights,
    /// One of those who may, and whose request goes through.
    witness: Who,
    write: Write,
}

#[test]
fn every_operation_has_its_case_and_every_case_its_operation() {
    let documented: Vec<_> = operations().map(Operation::id).collect();
    let walked: Vec<_> = cases::all().iter().map(|case| case.operation).collect();
    let once = |ids: &[&'static str]| {
        let set: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(set.len(), ids.len(), "something is there twice: {ids:?}");
        set
    };
    assert_eq!(once(&documented), once(&walked));
}

#[tokio::test]
async fn reads_answer_those_who_may_and_leave_nothing_behind() {
    let app = TestApp::start().await;
    app.db_open_every_step().await;
    for (case, operation) in cases_of(|operation| operation.method == "get") {
        walk(&app, &case, operation).await;
    }
}

#[tokio::test]
async fn changes_are_for_those_who_may_and_leave_an_event() {
    let app = TestApp::start().await;
    app.db_open_every_step().await;
    let mut cases = cases_of(|operation| operation.method != "get");
    // What closes a step or a task force comes last, in this order.
    let closing = ["castVote", "withdrawSubmission", "submitStep", "transitionTaskForce"];
    cases.sort_by_key(|(case, _)| closing.iter().position(|last| *last == case.operation));
    for (case, operation) in cases {
        walk(&app, &case, operation).await;
    }
}

fn cases_of(wanted: impl Fn(Operation) -> bool) -> Vec<(Case, Operation)> {
    let operation = |case: &Case| operations().find(|operation| operation.id() == case.operation).unwrap();
    let cases = cases::all().into_iter().map(|case| (operation(&case), case));
    cases.filter(|(operation, _)| wanted(*operation)).map(|(operation, case)| (case, operation)).collect()
}

async fn walk(app: &TestApp, case: &Case, operation: Operation) {
    let id = case.operation;
    let is_public = case.rights == cases::PUBLIC;
    let security = &operation.described["security"];
    let documented_as_public = security.as_array().is_some_and(|schemes| schemes.is_empty());
    assert_eq!(documented_as_public, is_public && id != "getMetrics", "{id} is documented with {security}");

    for (who, refused) in ACTORS.into_iter().zip(case.rights).filter(|(_, refused)| *refused != 0) {
        let code = match refused {
            401 => "unauthenticated",
            403 => "forbidden",
            _ => "notFound",
        };
        let (draft, before) = ((case.write)(app).await, app.db_events().await);
        app.as_who(who).send(draft).await.expect_problem(refused, code);
        assert_eq!(app.db_events().await, before, "{id}: {who:?} was refused, and left an event");
    }

    let (draft, before) = ((case.write)(app).await, app.db_events().await);
    assert_eq!(draft.method.as_str().to_lowercase(), operation.method, "{id}");
    let answer = app.as_who(case.witness).send(draft.clone()).await;
    assert!(
        (200..300).contains(&answer.status),
        "{id}: {:?}: {} {}",
        case.witness,
        answer.status,
        answer.text()
    );
    let left = app.db_events().await - before;
    if draft.method == Method::GET {
        assert_eq!(left, 0, "{id} is a read, and left an event");
    } else {
        assert!(left > 0, "{id} changed something, and left no event");
    }

    for (who, _) in
        ACTORS.into_iter().zip(case.rights).filter(|(who, refused)| *refused == 0 && *who != case.witness)
    {
        let answer = app.as_who(who).send((case.write)(app).await).await;
        assert!(
            ![401, 403, 404].contains(&answer.status),
            "{id}: {who:?}: {} {}",
            answer.status,
            answer.text()
        );
    }
}
