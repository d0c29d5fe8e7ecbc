//! Sealed votes: while a vote is open, only those who have cast their own vote see what the members chose.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::background::BackgroundWork;
use crate::support::client::Client;
use crate::support::streams::Stream;
use crate::support::votes::{all_vote, end_seat, last_seq, ready_policy_step, submit, vote, withdraw};
use crate::support::world::PANEL;
use crate::support::{Resource, TestApp, Who};

/// People who may read task force A and have not voted: of them, one is appointed while the vote is open.
const WITHOUT_A_VOTE: [Who; 6] =
    [Who::Chair, Who::Expert3, Who::Outsider, Who::Secretariat, Who::Administrator, Who::CouncilMember];

/// Two of six members have voted: one returns with a comment, one is recused with a reason. A third has left and been
/// replaced.
async fn two_have_voted(app: &TestApp) -> Resource {
    ready_policy_step(app).await;
    let submission = submit(app.as_chair(), "policy").await;
    all_vote(app, &submission, "return", &[Who::Expert1]).await;
    all_vote(app, &submission, "recuse", &[Who::Expert2]).await;
    end_seat(app, Who::Expert5, Some(Who::Outsider)).await;
    submission
}

/// The votes among the events of task force A that a client sees.
async fn votes_seen(client: Client<'_>) -> Vec<Value> {
    let path = client.app.a("/events?action=vote.cast&limit=100");
    client.get(path).await.expect(200).json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn choices_of_an_open_vote_are_shown_only_to_those_who_have_voted() {
    let app = TestApp::start().await;
    let submission = two_have_voted(&app).await;
    for who in WITHOUT_A_VOTE {
        let seen = app.as_who(who).reload(&submission).await;
        assert_eq!(
            (&seen["sealed"], &seen["votes"], &seen["tally"]),
            (&json!(true), &json!([]), &Value::Null),
            "{who:?}"
        );
        let turnout = json!({ "entitled": 6, "voted": 2, "absent": 1, "pending": 3 });
        assert_eq!(seen["turnout"], turnout, "{who:?}");
        let missing: Vec<_> = seen["notVoted"].as_array().unwrap().iter().map(|one| &one["userId"]).collect();
        let expected = [Who::Chair, Who::Expert3, Who::Expert4].map(|who| json!(app.world().user(who)));
        assert!(
            missing.len() == 3 && expected.iter().all(|one| missing.contains(&one)),
            "{who:?}: {missing:?}"
        );
        let text = seen.body.to_string();
        assert!(!text.contains("The costs are missing") && !text.contains("My firm sells it"), "{who:?}");

        let events = votes_seen(app.as_who(who)).await;
        assert_eq!(events.len(), 2, "{who:?}");
        for (event, voter) in events.iter().zip([Who::Expert1, Who::Expert2]) {
            let shown = json!({ "memberId": { "before": null, "after": app.world().member(voter) } });
            assert_eq!((&event["sealed"], &event["changes"]), (&json!(true), &shown), "{who:?}");
        }
        let everything = app.as_who(who).get(app.a("/events?limit=100")).await.expect(200);
        assert!(!everything.text().contains("The costs are missing"), "{who:?}");
    }
    for who in [Who::Expert1, Who::Expert2] {
        let seen = app.as_who(who).reload(&submission).await;
        assert_eq!((&seen["sealed"], &seen["tally"]["recuse"]), (&json!(false), &json!(1)), "{who:?}");
        assert_eq!(seen["votes"].as_array().unwrap().len(), 2);
        let events = votes_seen(app.as_who(who)).await;
        assert_eq!(events[0]["changes"]["choice"]["after"], "return");
        assert_eq!(events[0]["sealed"], false);
    }

    // With the own vote, everything is there, also what was cast before.
    vote(app.as_chair(), &submission, "approve").await.expect(200);
    let events = votes_seen(app.as_chair()).await;
    assert_eq!(events[1]["changes"]["reason"]["after"]["en"], "My firm sells it");
    assert_eq!(app.as_chair().reload(&submission).await["votes"].as_array().unwrap().len(), 3);

    // Once the vote is over, there is nothing to hide, however it ended.
    let submission = app.as_chair().reload(&submission).await;
    withdraw(app.as_chair(), &submission).await.expect(200);
    for who in WITHOUT_A_VOTE {
        let seen = app.as_who(who).reload(&submission).await;
        assert_eq!((&seen["sealed"], &seen["tally"]["return"]), (&json!(false), &json!(1)), "{who:?}");
        assert!(votes_seen(app.as_who(who)).await.iter().all(|event| event["sealed"] == false), "{who:?}");
    }
}

#[tokio::test]
async fn a_stream_shows_each_reader_the_votes_that_the_reader_may_see() {
    let app = TestApp::start().await;
    let _work = BackgroundWork::of(&app);
    ready_policy_step(&app).await;
    let submission = submit(app.as_chair(), "policy").await;
    vote(app.as_expert(), &submission, "abstain").await.expect(200);
    let query = "?action=vote.cast";
    let mut voter = Stream::open(&app, Who::Expert1, query).await;
    let mut chair = Stream::open(&app, Who::Chair, query).await;
    let mut council = Stream::open(&app, Who::CouncilMember, query).await;
    vote(app.as_who(Who::Expert2), &submission, "return").await.expect(200);
    let choice = |event: &Value| (event["sealed"].clone(), event["changes"]["choice"]["after"].clone());
    assert_eq!(choice(&voter.next().await.unwrap().data), (json!(false), json!("return")));
    for stream in [&mut chair, &mut council] {
        assert_eq!(choice(&stream.next().await.unwrap().data), (json!(true), Value::Null));
    }
    // The own vote opens the votes that follow.
    vote(app.as_chair(), &submission, "approve").await.expect(200);
    assert_eq!(choice(&chair.next().await.unwrap().data), (json!(false), json!("approve")));
    assert_eq!(choice(&council.next().await.unwrap().data), (json!(true), Value::Null));
    // A stream that begins earlier reads by itself, by the same rule.
    let before = last_seq(&app).await - 3;
    let mut late = Stream::open(&app, Who::CouncilMember, &format!("{query}&after={before}")).await;
    for _ in 0..3 {
        assert_eq!(choice(&late.next().await.unwrap().data), (json!(true), Value::Null));
    }
}

#[tokio::test]
async fn a_sealed_choice_is_not_found_by_its_hash() {
    let app = TestApp::start().await;
    let submission = two_have_voted(&app).await;
    let sealed = votes_seen(app.as_secretariat()).await;
    withdraw(app.as_chair(), &app.as_chair().reload(&submission).await).await.expect(200);
    let opened = votes_seen(app.as_secretariat()).await;
    assert_eq!(sealed[0]["hash"], opened[0]["hash"], "the event is the same");
    let salts: Vec<_> =
        opened.iter().map(|event| event["changes"]["salt"]["after"].as_str().unwrap()).collect();
    assert!(salts.iter().all(|salt| salt.len() == 36) && salts[0] != salts[1], "{salts:?}");
    // The hash is of the whole event, with the salt.
    let stored = "select body, encode(previous_hash, 'hex'), encode(hash, 'hex') from events
                  where action = 'vote.cast' and task_force_id = $1::text::uuid order by seq limit 1";
    let row = app.db().await.query_one(stored, &[&app.world().a]).await.unwrap();
    let (body, previous, hash): (String, String, String) = (row.get(0), row.get(1), row.get(2));
    assert!(body.contains(salts[0]));
    let chained = Sha256::new().chain_update(hex::decode(previous).unwrap()).chain_update(&body).finalize();
    assert_eq!((hex::encode(chained), &json!(hash)), (hash.clone(), &sealed[0]["hash"]));
}

#[tokio::test]
async fn the_archive_of_an_open_vote_is_for_those_who_see_the_votes_and_for_the_keepers_of_the_record() {
    let app = TestApp::start().await;
    let archive = app.a("/archive");
    app.as_expert().get(archive.clone()).await.expect(200);
    two_have_voted(&app).await;
    for who in [Who::Chair, Who::Expert3, Who::Outsider, Who::CouncilMember] {
        app.as_who(who).get(archive.clone()).await.expect_problem(409, "voteOpen");
    }
    for who in [Who::Expert1, Who::Secretariat, Who::Administrator] {
        app.as_who(who).get(archive.clone()).await.expect(200);
    }
    let all = app.as_chair().list(&app.a("/steps/policy/submissions")).await;
    let submission =
        app.as_chair().read(app.a(&format!("/submissions/{}", all[0]["id"].as_str().unwrap()))).await;
    all_vote(&app, &submission, "return", &PANEL[3..4]).await;
    app.as_who(Who::CouncilMember).get(archive).await.expect(200);
}
