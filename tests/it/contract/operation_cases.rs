//! Every operation of the contract as a request that somebody may make. Authorization
//! ([`crate::security::authorization`]) and isolation ([`crate::security::tenant_isolation`]) are tested with these.
//!
//! The test fails for an operation without a case, and for a case without an operation.

mod cases;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use crate::support::TestApp;
use crate::support::client::Draft;
use crate::support::contract::{Operation, operations};

/// Writes a request anew for each sender, so that it can be carried out each time.
type Write = for<'a> fn(&'a TestApp) -> Pin<Box<dyn Future<Output = Draft> + 'a>>;

/// A request of an operation: in task force A where it is in any, and permitted to at least one actor.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// Id of the operation.
    pub(crate) id: &'static str,
    write: Write,
}

impl Case {
    /// The operation.
    pub(crate) fn operation(self) -> Operation {
        operations().find(|operation| operation.id() == self.id).expect("a case of an operation")
    }

    /// The request.
    pub(crate) async fn write(self, app: &TestApp) -> Draft {
        let draft = (self.write)(app).await;
        let operation = self.operation();
        assert_eq!(draft.method.as_str().to_lowercase(), operation.method, "{}", self.id);
        assert!(operation.is_at(&draft.method, &draft.path), "{} is not at {}", self.id, draft.path);
        draft
    }
}

/// Every case, in the order of the document. Operations that close a step or a task force come last, in this
/// order, and then the one that ends its caller's sessions.
pub(crate) fn all() -> Vec<Case> {
    const CLOSING: [&str; 5] =
        ["castVote", "withdrawSubmission", "createSubmission", "transitionTaskForce", "changePassword"];
    let mut all = cases::all();
    let position = |case: &Case| operations().position(|operation| operation.id() == case.id);
    all.sort_by_key(|case| (CLOSING.iter().position(|last| *last == case.id), position(case)));
    all
}

#[test]
fn every_operation_has_its_case_and_every_case_its_operation() {
    let documented: Vec<_> = operations().map(Operation::id).collect();
    let with_case: Vec<_> = cases::all().iter().map(|case| case.id).collect();
    let once = |ids: &[&'static str]| {
        let set: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(set.len(), ids.len(), "something is there twice: {ids:?}");
        set
    };
    assert_eq!(once(&documented), once(&with_case));
}
