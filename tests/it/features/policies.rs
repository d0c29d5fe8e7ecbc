//! Step 1: policies and frameworks of smart governance.

use serde_json::{Value, json};

use crate::support::policies::{adopted_policy, policy};
use crate::support::votes::end_seat;
use crate::support::{Resource, TestApp, Who};

async fn new(app: &TestApp, fields: Value) -> Resource {
    app.as_expert().create(app.a("/policies"), policy(fields)).await
}

#[tokio::test]
async fn a_policy_is_reviewed_and_adopted_or_rejected_with_a_reason() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let policy = new(&app, json!({})).await;
    assert_eq!(
        (&policy["state"], &policy["cycle"], &policy["lastCycle"]),
        (&json!("identified"), &json!(1), &json!(1))
    );
    let refused = expert.try_transition(&policy, "adopted").await.expect_problem(409, "transitionNotAllowed");
    assert_eq!(refused["availableTransitions"][0]["to"], "underReview");
    let reviewed = expert.transition(&policy, "underReview").await;
    let unexplained = expert.command(&reviewed, "transitions", json!({ "to": "rejected" })).await;
    unexplained.expect_field_errors(&["/reason required"]);
    let back = expert.transition(&reviewed, "identified").await;
    let reviewed = expert.transition(&back, "underReview").await;
    let rejected = expert.transition_because(&reviewed, "rejected", "The ministry has a better one").await;
    assert_eq!(rejected["stateReason"]["en"], "The ministry has a better one");
    // While the step is open, a rejection can be taken back with a reason.
    let unexplained = expert.command(&rejected, "transitions", json!({ "to": "identified" })).await;
    unexplained.expect_field_errors(&["/reason required"]);
    let again = expert.transition_because(&rejected, "identified", "The ministry withdrew its own").await;
    assert_eq!((&again["state"], &again["underReviewBy"]["id"]), (&json!("identified"), &Value::Null));
    assert_eq!(again["stateReason"]["en"], "The ministry withdrew its own");
}

#[tokio::test]
async fn a_policy_is_adopted_by_another_than_the_one_who_put_it_under_review() {
    let app = TestApp::start().await;
    let (expert, chair) = (app.as_expert(), app.as_chair());
    let reviewed = expert.transition(&new(&app, json!({})).await, "underReview").await;
    assert_eq!(reviewed["underReviewBy"]["id"], app.world().member(Who::Expert1));
    assert_eq!(reviewed.blockers("adopted"), ["adoptionByAnother"]);
    expert.try_transition(&reviewed, "adopted").await.expect_problem(409, "adoptionByAnother");
    assert!(chair.reload(&reviewed).await.blockers("adopted").is_empty());
    // A person who leaves and comes back is the same person in another seat.
    end_seat(&app, Who::Expert1, None).await;
    chair.create(app.a("/members"), app.world().seat(Who::Expert1, "expert")).await;
    expert.try_transition(&reviewed, "adopted").await.expect_problem(409, "adoptionByAnother");
    // The one who puts it under review last is the one who cannot adopt it.
    let back = expert.transition(&reviewed, "identified").await;
    let reviewed = chair.transition(&back, "underReview").await;
    chair.try_transition(&reviewed, "adopted").await.expect_problem(409, "adoptionByAnother");
    let adopted = expert.transition(&reviewed, "adopted").await;
    assert_eq!(adopted["underReviewBy"]["id"], app.world().member(Who::Chair));
}

#[tokio::test]
async fn the_text_of_a_policy_that_was_decided_on_changes_only_after_another_review() {
    let app = TestApp::start().await;
    let (expert, chair) = (app.as_expert(), app.as_chair());
    let adopted = adopted_policy(&app, json!({})).await;
    let text = || json!({ "reference": "Decree 1" });
    expert.patch(&adopted, text()).await.expect_problem(409, "policyDecided");
    expert.delete(&adopted).await.expect_problem(409, "policyDecided");
    let unexplained = expert.command(&adopted, "transitions", json!({ "to": "underReview" })).await;
    unexplained.expect_field_errors(&["/reason required"]);
    let again = expert.transition_because(&adopted, "underReview", "The decree has a number").await;
    // Nobody changes what another member has put under review, and so nobody adopts words of their own.
    let refused = chair.patch(&again, text()).await.expect_problem(409, "policyUnderReview");
    assert_eq!(refused["references"][0]["id"], app.world().member(Who::Expert1));
    chair.delete(&again).await.expect_problem(409, "policyUnderReview");
    expert.patch(&again, text()).await.expect(200);
    let again = expert.reload(&again).await;
    expert.try_transition(&again, "adopted").await.expect_problem(409, "adoptionByAnother");
    let adopted = chair.transition(&again, "adopted").await;
    assert_eq!((&adopted["state"], &adopted["reference"]), (&json!("adopted"), &json!("Decree 1")));

    let rejected = expert.transition(&new(&app, json!({})).await, "underReview").await;
    let rejected = expert.transition_because(&rejected, "rejected", "Too dear").await;
    expert.patch(&rejected, text()).await.expect_problem(409, "policyDecided");
    expert.delete(&rejected).await.expect_problem(409, "policyDecided");
    let superseded = json!({ "to": "superseded", "supersededById": adopted.id() });
    let old = adopted_policy(&app, json!({})).await;
    expert.command(&old, "transitions", superseded).await.expect(200);
    expert.patch(&expert.reload(&old).await, text()).await.expect_problem(409, "policyDecided");

    // No decision is taken back once the step has passed.
    app.db_open("sectors").await;
    for (policy, to) in [(&adopted, "underReview"), (&rejected, "identified")] {
        assert_eq!(expert.reload(policy).await.blockers(to), ["stepPassed"]);
        expert.try_transition(policy, to).await.expect_problem(409, "stepPassed");
    }
}

#[tokio::test]
async fn an_adopted_policy_gives_way_only_to_another_adopted_one() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let old = adopted_policy(&app, json!({})).await;
    let supersede = async |by: Option<&str>| {
        expert.command(&old, "transitions", json!({ "to": "superseded", "supersededById": by })).await
    };
    let identified = new(&app, json!({ "title": { "en": "Cloud first" } })).await;
    // As long as nothing could take its place, the transition says so.
    supersede(Some(identified.id())).await.expect_problem(409, "policyNotAdopted");
    assert_eq!(expert.read(&old.path).await.blockers("superseded"), ["policyNotAdopted"]);

    let new = adopted_policy(&app, json!({ "title": { "en": "Open by default" } })).await;
    supersede(Some(identified.id())).await.expect_problem(409, "policyNotAdopted");
    supersede(Some(old.id())).await.expect_problem(409, "policyNotAdopted");
    supersede(None).await.expect_field_errors(&["/supersededById required"]);
    supersede(Some("0199f0c2-7a3b-7c11-9d2e-000000000000")).await.expect_problem(400, "unknownReference");
    let other = json!({ "to": "underReview", "supersededById": new.id() });
    expert
        .command(&identified, "transitions", other)
        .await
        .expect_field_errors(&["/supersededById notAllowed"]);
    let superseded = supersede(Some(new.id())).await.expect(200).json();
    assert_eq!(
        (&superseded["state"], &superseded["supersededBy"]["id"]),
        (&json!("superseded"), &json!(new.id()))
    );
    // What took the place of another can be mended, but not given up.
    let new = expert.transition_because(&expert.read(&new.path).await, "underReview", "A typing error").await;
    for to in ["rejected", "identified"] {
        assert_eq!(new.blockers(to), ["supersedesAnother"]);
        let refused = expert.try_transition(&new, to).await.expect_problem(409, "supersedesAnother");
        assert_eq!(refused["references"][0]["id"], json!(old.id()));
    }
    let refused = expert.delete(&new).await.expect_problem(409, "supersedesAnother");
    assert_eq!(refused["references"][0]["id"], json!(old.id()));
    app.as_chair().transition(&new, "adopted").await;
}

#[tokio::test]
async fn policies_are_written_only_while_their_step_is_open() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let old = new(&app, json!({})).await;
    app.db_open("sectors").await;
    let refused = expert.post(app.a("/policies"), policy(json!({}))).await;
    refused.expect_problem(409, "stepPassed");
    expert.patch(&old, json!({ "reference": "Decree 1" })).await.expect_problem(409, "stepPassed");
    expert.delete(&old).await.expect_problem(409, "stepPassed");
    expert.try_transition(&old, "underReview").await.expect_problem(409, "stepPassed");
    let unchanged = expert.patch(&old, json!({})).await.expect(200).json();
    assert_eq!(unchanged["version"], 1);
}

#[tokio::test]
async fn policies_are_found_by_cycle_state_and_folded_text() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let open = adopted_policy(&app, json!({})).await;
    let other =
        new(&app, json!({ "title": { "en": "Cloud First", "ar": "الأولويّة للسحابة" }, "reference": "CF-7" }))
            .await;
    let listed = async |query: &str| -> Vec<String> {
        let items = expert.list(&app.a(&format!("/policies{query}"))).await;
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed("").await, [open.id(), other.id()]);
    assert_eq!(listed("?cycle=1&state=identified,underReview").await, [other.id()]);
    assert_eq!(listed("?state=adopted").await, [open.id()]);
    assert_eq!(listed("?q=cloud%20first").await, [other.id()]);
    assert_eq!(
        listed("?q=%D8%A7%D9%84%D8%A7%D9%88%D9%84%D9%88%D9%8A%D9%87").await,
        [other.id()],
        "alef and taa marbuta"
    );
    assert_eq!(listed("?q=cf-7").await, [other.id()]);
    assert!(listed("?cycle=2").await.is_empty());
}

#[tokio::test]
async fn aims_are_those_of_the_deck_each_at_most_once() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let twice = policy(json!({ "aims": ["sustainable", "sustainable"] }));
    expert.post(app.a("/policies"), twice).await.expect_problem(400, "invalidRequest");
    let unknown = policy(json!({ "aims": ["profitable"] }));
    expert.post(app.a("/policies"), unknown).await.expect_field_errors(&["/aims/0 notAllowed"]);
    let bare = new(&app, json!({ "aims": [] })).await;
    let aimed =
        expert.patch(&bare, json!({ "aims": ["madeForCitizens", "sustainable"] })).await.expect(200).json();
    assert_eq!((&aimed["aims"], &aimed["version"]), (&json!(["madeForCitizens", "sustainable"]), &json!(2)));
}
