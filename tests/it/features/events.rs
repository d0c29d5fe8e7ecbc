//! Events: gap-free, chained, never changed.

use futures_util::future::join_all;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::app::PASSWORD;
use crate::support::client::{Draft, activity};
use crate::support::sectors::{assess, new_sector, open_sectors_step, study};
use crate::support::sign_in::{new_user, refresh, sign_in, user};
use crate::support::{TestApp, Who};

/// The stored events of task force A: number, canonical text, previous hash, hash.
async fn db_chain(app: &TestApp) -> Vec<(i64, String, Vec<u8>, Vec<u8>)> {
    let query =
        "select seq, body, previous_hash, hash from events where task_force_id::text = $1 order by seq";
    let rows = app.db().await.query(query, &[&app.world().a]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
}

async fn all(app: &TestApp) -> Vec<Value> {
    let page = async |after: i64| {
        let page =
            app.as_chair().get(app.a(&format!("/events?limit=100&after={after}"))).await.expect(200).json();
        page["items"].as_array().unwrap().clone()
    };
    let mut events = page(0).await;
    while let Some(last) = events.last().and_then(|event| event["seq"].as_i64()) {
        let more = page(last).await;
        if more.is_empty() {
            break;
        }
        events.extend(more);
    }
    events
}

#[tokio::test]
async fn anybody_can_verify_the_chain_from_its_first_event() {
    let app = TestApp::start().await;
    let mut previous = vec![0; 32];
    let chain = db_chain(&app).await;
    let feed = all(&app).await;
    assert_eq!(chain.len(), feed.len());
    for (at, ((seq, body, stored_previous, hash), event)) in chain.into_iter().zip(&feed).enumerate() {
        assert_eq!(seq, i64::try_from(at).unwrap() + 1, "gap-free from 1");
        assert_eq!(stored_previous, previous);
        assert_eq!(Sha256::new().chain_update(&previous).chain_update(&body).finalize().to_vec(), hash);
        assert_eq!(event["hash"], hex::encode(&hash));
        let stored: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            serde_json_canonicalizer::to_string(&stored).unwrap(),
            body,
            "what is hashed is canonical"
        );
        assert_eq!((&stored["seq"], &stored["taskForceId"]), (&event["seq"], &json!(app.world().a)));
        assert!(!body.contains("Expert1"), "an event contains no names of people: {body}");
        previous = hash;
    }
}

#[tokio::test]
async fn an_event_says_who_did_what_to_what_and_how_it_changed() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let it = expert.create_activity(json!({ "dueDate": "2026-12-01" })).await;
    let patched =
        expert.patch(&it, json!({ "dueDate": null, "priority": "high" })).await.expect(200).resource();
    let patched = crate::support::Resource { path: it.path.clone(), ..patched };
    expert.transition_because(&patched, "blocked", "No data").await;
    let events = all(&app).await;
    let [created, updated, moved] = &events[events.len() - 3..] else { panic!() };
    assert_eq!(created["action"], "activity.created");
    assert_eq!(created["changes"]["dueDate"], json!({ "before": null, "after": "2026-12-01" }));
    assert_eq!(updated["action"], "activity.updated");
    assert_eq!(
        updated["changes"],
        json!({
            "dueDate": { "before": "2026-12-01", "after": null },
            "priority": { "before": "normal", "after": "high" },
        })
    );
    assert_eq!(updated["actor"]["id"], app.world().user(Who::Expert1));
    assert_eq!(updated["actor"]["name"]["en"], "Expert1");
    assert_eq!(
        moved["sentence"],
        format!(
            "\u{2068}Expert1\u{2069} moved the activity “\u{2068}{}\u{2069}” to “\u{2068}Blocked\u{2069}”: “\u{2068}No data\u{2069}”.",
            it["title"]["en"].as_str().unwrap()
        )
    );
    let arabic = Draft::get(app.a(&format!("/events?subject={}&action=activity.updated", it.id())));
    let arabic = expert.send(arabic.header("Accept-Language", "ar")).await.expect(200).json();
    let sentence = arabic["items"][0]["sentence"].as_str().unwrap();
    assert!(
        sentence.starts_with("عُدِّل النشاط «") && sentence.contains("(تاريخ الاستحقاق، الأولوية)"),
        "{sentence}"
    );
    assert_eq!(
        (&updated["subject"]["kind"], &updated["subject"]["id"]),
        (&json!("activity"), &json!(it.id()))
    );
    assert_eq!(updated["subject"]["href"], it.path);
    assert_eq!((&moved["from"], &moved["to"]), (&json!("planned"), &json!("blocked")));
    assert_eq!(moved["changes"]["reason"]["after"]["en"], "No data");
    assert_eq!(moved["at"], "2026-11-22T09:00:00Z");
}

/// The title and the kind of the subject of each event about this resource.
async fn titles(app: &TestApp, id: &str) -> Vec<Value> {
    let page =
        app.as_expert().get(app.a(&format!("/events?limit=100&subject={id}"))).await.expect(200).json();
    page["items"].as_array().unwrap().iter().map(|event| event["subject"]["title"].clone()).collect()
}

#[tokio::test]
async fn a_deleted_subject_has_its_last_title_or_that_of_its_parent() {
    let app = open_sectors_step().await;
    let chair = app.as_chair();
    let renamed = json!({ "ar": "نشاط", "en": "Renamed" });
    let it = chair.create_activity(json!({ "step": "sectors" })).await;
    let comment = chair.create(format!("{}/comments", it.path), json!({ "text": "Well" })).await;
    chair.delete(&comment).await.expect(204);
    let now = chair.patch(&it, json!({ "title": renamed })).await.expect(200).resource();
    assert_eq!(titles(&app, comment.id()).await, vec![renamed.clone(); 2]);
    chair.delete(&now).await.expect(204);
    assert_eq!(titles(&app, it.id()).await, vec![renamed.clone(); 3]);
    assert_eq!(titles(&app, comment.id()).await, vec![renamed; 2]);

    // Children that were deleted with their parent have no event of their own about that.
    let sector = new_sector(&app, json!({})).await;
    let assessment = assess(chair, &sector, json!({})).await;
    let study = chair.create(format!("{}/studies", sector.path), study(json!({}))).await;
    chair.delete(&sector).await.expect(204);
    assert_eq!(titles(&app, sector.id()).await, vec![sector["name"].clone(); 2]);
    assert_eq!(titles(&app, assessment.id()).await, vec![sector["name"].clone()]);
    assert_eq!(titles(&app, study.id()).await, vec![study["title"].clone()]);
}

#[tokio::test]
async fn many_who_write_at_once_leave_no_gap_and_no_fork() {
    let app = TestApp::start().await;
    let before = db_chain(&app).await.len();
    let writers = (0..24).map(|at| {
        let who = [Who::Chair, Who::Expert1, Who::Expert2][at % 3];
        app.as_who(who).post(app.a("/activities"), activity(json!({})))
    });
    let created = join_all(writers).await.iter().filter(|answer| answer.status == 201).count();
    assert!(created > 0);
    let chain = db_chain(&app).await;
    assert_eq!(chain.len(), before + created, "one event for each activity that was created");
    for (at, pair) in chain.windows(2).enumerate() {
        assert_eq!(pair[0].3, pair[1].2, "event {} follows another", at + 2);
        assert_eq!(pair[0].0 + 1, pair[1].0);
    }
    let numbers = app.db_count("select count(distinct number) - count(*) from activities").await;
    assert_eq!(numbers, -1, "B has a number 1, too; no other is taken twice");
}

#[tokio::test]
async fn events_are_never_changed_or_deleted() {
    let app = TestApp::start().await;
    let db = app.db().await;
    for statement in [
        "update events set at = at",
        "update events set body = body where seq = 1",
        "delete from events",
        "truncate events",
        "update installation_events set request_id = 'x'",
        "delete from installation_events",
        "truncate installation_events",
    ] {
        let refused = db.batch_execute(statement).await.unwrap_err();
        assert!(
            refused.as_db_error().unwrap().constraint().unwrap().ends_with("_are_append_only"),
            "{statement}"
        );
    }
    let forged = "insert into events select task_force_id, 1000, id, at, actor_id, action, subject_kind, subject_id, body || ' ', previous_hash, hash from events limit 1";
    let refused = db.batch_execute(forged).await.unwrap_err();
    assert_eq!(refused.as_db_error().unwrap().constraint(), Some("events_hash_is_sha256"));
}

#[tokio::test]
async fn a_refused_request_leaves_nothing_behind() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let done = chair.read(app.a(&format!("/activities/{}", app.world().activity("done")))).await;
    let before = (app.db_events().await, db_chain(&app).await.len());
    chair.post(app.a("/activities"), json!({})).await.expect(400);
    chair.patch(&done, json!({ "priority": "low" })).await.expect(409);
    chair.try_transition(&done, "planned").await.expect(409);
    chair.delete(&done).await.expect(409);
    app.as_secretariat().post(app.a("/activities"), activity(json!({}))).await.expect(403);
    app.as_who(Who::Outsider).post(app.a("/activities"), activity(json!({}))).await.expect(404);
    chair
        .post("/v1/auth/login", json!({ "email": "nobody@council.example", "password": "wrong" }))
        .await
        .expect(401);
    assert_eq!((app.db_events().await, db_chain(&app).await.len()), before);
}

#[tokio::test]
async fn installation_events_contain_no_secrets_and_no_names() {
    let app = TestApp::start().await;
    let administrator = app.as_administrator();
    let tokens = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    let next = refresh(&app, &tokens["refreshToken"]).await.expect(200).json();
    let it = user(administrator, Who::Outsider).await;
    let renamed =
        json!({ "name": { "en": "Renamed" }, "email": "renamed@council.example", "role": "secretariat" });
    administrator.patch(&it, renamed).await.expect(200);
    let invited = administrator.create("/v1/users", new_user("layla@example.org", "expert")).await;
    sign_in(&app, &Who::Expert1.email(), "my-secret-guess").await.expect(401);

    let events = administrator.list("/v1/installation-events").await;
    let actions: Vec<_> = events.iter().take(4).map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["user.invited", "user.updated", "session.refreshed", "session.started"]);
    assert_eq!(events[1]["changes"]["role"], json!({ "before": "expert", "after": "secretariat" }));
    let stored = "select string_agg(e::text, ' ') from installation_events e";
    let stored: String = app.db().await.query_one(stored, &[]).await.unwrap().get(0);
    let everything = format!(
        "{stored} {}",
        app.db()
            .await
            .query_one("select coalesce(string_agg(body, ' '), '') from events", &[])
            .await
            .unwrap()
            .get::<_, String>(0)
    );
    let secrets =
        [&tokens["refreshToken"], &next["refreshToken"], &next["accessToken"], &invited["invitationToken"]];
    let secrets = secrets.iter().map(|secret| secret.as_str().unwrap());
    for secret in
        secrets.chain([PASSWORD, "my-secret-guess", "argon2", "Renamed", "layla@example.org", "ليلى"])
    {
        assert!(!everything.contains(secret), "{secret}");
    }
    // Of a secret, only the hash is stored.
    let kept = "select count(*) from refresh_tokens where encode(token_hash, 'escape') like '%' || $1 || '%'";
    let kept: i64 = app.db().await.query_one(kept, &[&next["refreshToken"].as_str()]).await.unwrap().get(0);
    assert_eq!(kept, 0);
}
