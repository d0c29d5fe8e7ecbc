//! Steps, waivers, submissions and votes.

use reqwest::Method;
use serde_json::json;

use crate::support::client::Draft;
use crate::support::votes::{ballot, ready_policy_step, submit, waive, withdraw};
use crate::support::{Resource, TestApp};
use crate::contract::operation_cases::Case;

/// The policy step, ready to be submitted regardless of what the other cases have left in it.
async fn ready(app: &TestApp) {
    if app.as_chair().read(app.a("/steps/policy")).await["state"] == "submitted" {
        withdraw(app.as_chair(), &voting(app).await).await.expect(200);
    }
    ready_policy_step(app).await;
    for criterion in ["policiesSettled", "aimsNamed", "activitiesSettled", "translationsComplete"] {
        waive(app.as_chair(), "policy", criterion, "The others write here").await.expect(200);
    }
}

/// The submission of the policy step that is being voted on: the first who asks submits it.
async fn voting(app: &TestApp) -> Resource {
    let submissions = app.as_chair().list(&app.a("/steps/policy/submissions")).await;
    match submissions.iter().find(|one| one["state"] == "voting") {
        Some(one) => app.as_chair().read(app.a(&format!("/submissions/{}", one["id"].as_str().unwrap()))).await,
        None => {
            Box::pin(ready(app)).await;
            submit(app.as_chair(), "policy").await
        }
    }
}

/// A submission that is over, so that its step is left open for the other cases.
async fn withdrawn(app: &TestApp) -> Resource {
    let submission = voting(app).await;
    withdraw(app.as_chair(), &submission).await.expect(200);
    submission
}

/// A waiver that is there.
async fn waiver(app: &TestApp) -> String {
    waive(app.as_chair(), "policy", "aimsNamed", "They follow").await.expect(200);
    app.a("/steps/policy/waivers/aimsNamed")
}

cases! {
    listSteps |app| Draft::get(app.a("/steps"));
    getStep |app| Draft::get(app.a("/steps/policy"));
    updateStep |app| {
        let step = app.as_chair().read(app.a("/steps/policy")).await;
        Draft::patch(&step, &json!({ "targetDate": "2027-03-31" }))
    };
    getStepReadiness |app| Draft::get(app.a("/steps/policy/readiness"));
    setWaiver |app| {
        let path = app.a("/steps/policy/waivers/policiesSettled");
        Draft::new(Method::PUT, path).json(&json!({ "reason": { "en": "One is in parliament" } }))
    };
    deleteWaiver |app| Draft::new(Method::DELETE, waiver(app).await);
    listSubmissions |app| Draft::get(app.a("/steps/policy/submissions"));
    createSubmission |app| {
        ready(app).await;
        Draft::post(app.a("/steps/policy/submissions"), &json!({ "note": { "en": "Done" } }))
    };
    getSubmission |app| Draft::get(withdrawn(app).await.path);
    exportVotes |app| Draft::get(format!("{}/votes/export", withdrawn(app).await.path));
    castVote |app| ballot(&voting(app).await, "approve");
    withdrawSubmission |app|
        Draft::command(&voting(app).await, "withdraw", &json!({ "reason": { "en": "Not yet" } }));
}
