//! Policies as tests write them.

use serde_json::{Value, json};

use super::client::with;
use super::{Resource, TestApp};

/// The body of a new policy, with these fields instead of the usual ones.
pub(crate) fn policy(fields: Value) -> Value {
    let usual = json!({
        "title": { "en": "Open data policy", "ar": "سياسة البيانات المفتوحة" },
        "kind": "policy",
        "aims": ["inclusiveTransparent"],
    });
    with(usual, fields)
}

/// A new policy of task force A that was adopted: by the chair, since the expert put it under review.
pub(crate) async fn adopted_policy(app: &TestApp, fields: Value) -> Resource {
    let new = app.as_expert().create(app.a("/policies"), policy(fields)).await;
    adopted(app, &new).await
}

/// Puts a policy under review as the expert and adopts it as the chair.
pub(crate) async fn adopted(app: &TestApp, policy: &Resource) -> Resource {
    let reviewed = app.as_expert().transition(policy, "underReview").await;
    app.as_chair().transition(&reviewed, "adopted").await
}

/// Changes an adopted policy: the expert puts it under review again, and the chair adopts it anew.
pub(crate) async fn amended(app: &TestApp, policy: &Resource, fields: Value) -> Resource {
    let reviewed = app.as_expert().transition_because(policy, "underReview", "It has to be mended").await;
    app.as_expert().patch(&reviewed, fields).await.expect(200);
    let reviewed = app.as_expert().reload(&reviewed).await;
    app.as_chair().transition(&reviewed, "adopted").await
}
