//! Notifications: each person is told once of what concerns them, whichever process tells.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};
use taskforce::app::notifications::BATCH;
use taskforce::db::notifications::reading;
use taskforce::domain::notification::NotificationKind;
use taskforce::domain::vocabulary::Vocabulary as _;
use uuid::Uuid;

use crate::support::background::BackgroundWork;
use crate::support::client::Draft;
use crate::support::council::{decide, submitted_report};
use crate::support::sign_in::set_user_state;
use crate::support::votes::{all_vote, end_seat, ready_policy_step, submit};
use crate::support::world::PANEL;
use crate::support::{Answer, Resource, Setup, TestApp, UNKNOWN_ID, Who};

/// Tells people of everything that has happened in task force A.
async fn tell(app: &TestApp) {
    let task_force_id = Uuid::parse_str(&app.world().a).unwrap();
    while app.app.tell_batch(task_force_id, BATCH).await.unwrap() {}
}

/// A service whose people were told of the events of its world.
async fn start() -> TestApp {
    let app = TestApp::start().await;
    tell(&app).await;
    app.db().await.batch_execute("delete from notifications").await.unwrap();
    app
}

/// The kinds and subjects of all notifications of a user, in the order in which the user was told.
async fn db_told(app: &TestApp, who: Who) -> Vec<(String, String)> {
    let query =
        "select kind, subject_id::text from notifications where user_id = $1::text::uuid order by seq";
    let rows = app.db().await.query(query, &[&app.world().user(who)]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn two_services_on_one_database_tell_each_person_once_of_each_event() {
    let first = start().await;
    let second = TestApp::over(first.database.clone(), Setup::default()).await;
    let (one, another) = (BackgroundWork::of(&first), BackgroundWork::of(&second));
    let expert = json!({ "assigneeId": first.world().member(Who::Expert1) });
    let mut created = BTreeSet::new();
    // One of the two services is stopped and started again meanwhile.
    let mut one = Some(one);
    for round in 0..6 {
        let plan = join_all((0..10).map(|_| first.as_chair().create_activity(expert.clone())));
        created.extend(plan.await.into_iter().map(|activity| activity.id().to_owned()));
        one = if round % 2 == 0 { None } else { Some(BackgroundWork::of(&first)) };
    }
    let behind = "select count(*) from task_force_heads h left join notification_cursors c
        on c.task_force_id = h.task_force_id where h.seq > coalesce(c.seq, 0)";
    let begun = Instant::now();
    while first.db_count(behind).await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "people are not told");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop((one, another));
    let told = db_told(&first, Who::Expert1).await;
    assert!(told.iter().all(|(kind, _)| kind == "activityAssigned"), "{told:?}");
    assert_eq!((told.len(), told.into_iter().map(|(_, id)| id).collect()), (60, created));
    assert_eq!(db_told(&first, Who::Chair).await, [], "nobody is told of an own deed");
}

#[tokio::test]
async fn a_process_that_is_killed_half_way_has_told_nothing_and_the_next_one_tells_once() {
    let app = start().await;
    let assigned = json!({ "assigneeId": app.world().member(Who::Expert1) });
    let activity = app.as_chair().create_activity(assigned).await;
    // The connection ends between the notifications and the cursor.
    let kill = "create function end_here() returns trigger language plpgsql security definer as $$ begin
             perform pg_terminate_backend(pg_backend_pid());
             return new;
         end $$;
         create trigger end_here before update on notification_cursors for each row execute function end_here()";
    app.db().await.batch_execute(kill).await.unwrap();
    let task_force_id = Uuid::parse_str(&app.world().a).unwrap();
    app.app.tell_batch(task_force_id, BATCH).await.unwrap_err();
    assert_eq!(db_told(&app, Who::Expert1).await, []);
    app.db().await.batch_execute("drop trigger end_here on notification_cursors").await.unwrap();
    tell(&app).await;
    tell(&app).await;
    let told = [("activityAssigned".to_owned(), activity.id().to_owned())];
    assert_eq!(db_told(&app, Who::Expert1).await, told);
    // Without the cursor, the notification itself tells that the person was told.
    app.db().await.batch_execute("update notification_cursors set seq = 0").await.unwrap();
    tell(&app).await;
    let again = db_told(&app, Who::Expert1).await;
    assert_eq!(again.iter().filter(|one| told.contains(one)).count(), 1, "{again:?}");
}

/// The kinds of a user's notifications, newest first, as the user reads them.
async fn kinds(app: &TestApp, who: Who) -> Vec<String> {
    let list = app.as_who(who).list("/v1/me/notifications").await;
    list.iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect()
}

/// The newest notification of a user, in a language.
async fn newest(app: &TestApp, who: Who, language: &str) -> Value {
    let draft = Draft::get("/v1/me/notifications?limit=1").header("Accept-Language", language);
    let answer = app.as_who(who).send(draft).await.expect(200);
    assert_eq!(answer.header("content-language"), language);
    answer.json()["items"][0].clone()
}

async fn unread(app: &TestApp, who: Who) -> i64 {
    let page = app.as_who(who).get("/v1/me/notifications?limit=1").await.expect(200).json();
    page["unreadCount"].as_i64().unwrap()
}

async fn mark(app: &TestApp, who: Who, body: Value) -> Answer {
    app.as_who(who).post("/v1/me/notifications/read", body).await
}

/// Assigns a new activity to a member of task force A.
async fn assigned(app: &TestApp, who: Who) -> Resource {
    app.as_chair().create_activity(json!({ "assigneeId": app.world().member(who) })).await
}

#[tokio::test]
async fn members_are_told_of_a_vote_and_of_its_outcome_in_their_language() {
    let app = start().await;
    ready_policy_step(&app).await;
    tell(&app).await;
    app.db().await.batch_execute("delete from notifications").await.unwrap();

    let submission = submit(app.as_chair(), "policy").await;
    tell(&app).await;
    for who in &PANEL[1..] {
        assert_eq!(kinds(&app, *who).await, ["voteOpened"], "{who:?}");
    }
    for who in [Who::Chair, Who::Secretariat, Who::CouncilMember, Who::Outsider, Who::OtherChair] {
        assert_eq!(kinds(&app, who).await, [""; 0], "{who:?}");
    }
    let told = newest(&app, Who::Expert1, "en").await;
    let step = "\u{2068}Identify some smart governance policy / framework\u{2069}";
    let text = format!("\u{2068}Chair\u{2069} submitted the step “{step}”, and your vote is needed.");
    let expected = json!({
        "id": told["id"], "kind": "voteOpened", "sentence": text,
        "taskForce": {
            "kind": "taskForce", "id": app.world().a, "number": null,
            "title": { "en": "Alpha", "ar": "فريق Alpha" }, "href": app.a(""),
        },
        "subject": {
            "kind": "submission", "id": submission.id(), "number": null, "href": submission.path,
            "title": {
                "ar": "طلب إقرار: تحديد بعض سياسات الحوكمة الذكية أو إطار عملها",
                "en": "Submission: Identify some smart governance policy / framework",
            },
        },
        "actor": { "id": app.world().user(Who::Chair), "name": told["actor"]["name"] },
        "at": "2026-11-22T09:00:00Z", "readAt": null,
    });
    assert_eq!(told, expected);
    let arabic = newest(&app, Who::Expert1, "ar").await["sentence"].as_str().unwrap().to_owned();
    assert!(arabic.starts_with("قُدِّم طلب إقرار الخطوة «") && arabic.contains("بانتظار تصويتك"), "{arabic}");

    all_vote(&app, &submission, "approve", &PANEL[..4]).await;
    tell(&app).await;
    assert_eq!(kinds(&app, Who::Chair).await, ["votePassed"]);
    assert_eq!(kinds(&app, Who::Expert5).await, ["votePassed", "voteOpened"]);
    assert_eq!(kinds(&app, Who::Expert3).await, ["voteOpened"], "whose vote decided knows");
}

#[tokio::test]
async fn those_whom_work_concerns_are_told() {
    let app = start().await;
    let chair = app.as_chair();
    let activity = assigned(&app, Who::Expert1).await;
    let expert = app.as_expert();
    let activity = expert.reload(&activity).await;
    let activity = expert.transition(&activity, "inProgress").await;
    let activity = expert.transition_because(&activity, "blocked", "The vendor is silent").await;
    let activity = expert.transition(&activity, "inProgress").await;
    let activity = chair.patch(&activity, json!({ "reviewRequired": true })).await.expect(200).resource();
    let activity = expert.transition(&activity, "inReview").await;
    app.as_who(Who::Expert2).transition(&activity, "done").await;
    let comments = app.a(&format!("/activities/{}/comments", activity.id()));
    let mentioned = [app.world().member(Who::Expert1), app.world().member(Who::Expert3)];
    let body = json!({ "text": "@Expert1 @Expert3: well done", "mentionIds": mentioned });
    let comment = expert.create(comments.as_str(), body).await;
    tell(&app).await;
    assert_eq!(kinds(&app, Who::Expert1).await, ["activityReviewed", "activityAssigned"]);
    assert_eq!(kinds(&app, Who::Expert2).await, ["activityInReview"]);
    assert_eq!(kinds(&app, Who::Expert3).await, ["mentioned", "activityInReview"]);
    assert_eq!(kinds(&app, Who::Chair).await, ["activityInReview", "activityBlocked"]);
    let mention = newest(&app, Who::Expert3, "en").await;
    assert_eq!(mention["subject"]["href"], comment.path);
    assert!(
        mention["sentence"].as_str().unwrap().contains("mentioned you in a comment on the activity"),
        "{mention}"
    );

    // A comment that mentions one more tells that one only.
    let more = json!({ "mentionIds": [mentioned[1], app.world().member(Who::Expert4)] });
    expert.patch(&comment, more).await.expect(200);
    tell(&app).await;
    assert_eq!(kinds(&app, Who::Expert3).await.len(), 2);
    assert_eq!(kinds(&app, Who::Expert4).await, ["mentioned", "activityInReview"]);

    // A comment that mentions nobody any more stops nothing.
    expert.patch(&expert.reload(&comment).await, json!({ "mentionIds": [] })).await.expect(200);
    let last = json!({ "text": "@Expert4: and you", "mentionIds": [app.world().member(Who::Expert4)] });
    expert.create(comments.as_str(), last).await;
    tell(&app).await;
    assert_eq!(kinds(&app, Who::Expert4).await, ["mentioned", "mentioned", "activityInReview"]);
}

#[tokio::test]
async fn an_event_of_which_the_service_cannot_tell_keeps_nobody_from_later_ones() {
    let app = start().await;
    assigned(&app, Who::Expert1).await;
    // An event of a later version of the service, as after a downgrade.
    let unknown = "alter table events disable trigger events_are_append_only;
        update events set action = 'activity.unheardOf'
        where (task_force_id, seq) in (select task_force_id, max(seq) from events group by 1);";
    app.db().await.batch_execute(unknown).await.unwrap();
    let task_force_id = Uuid::parse_str(&app.world().a).unwrap();
    app.app.tell_batch(task_force_id, BATCH).await.unwrap_err();
    assert!(!app.app.tell_next(task_force_id).await.unwrap(), "a later version may be able to read it");
    app.app.tell_batch(task_force_id, BATCH).await.unwrap_err();
    app.advance(TimeDelta::minutes(61));
    while app.app.tell_next(task_force_id).await.unwrap() {}
    assert_eq!(kinds(&app, Who::Expert1).await, [""; 0]);
    assigned(&app, Who::Expert1).await;
    tell(&app).await;
    assert_eq!(kinds(&app, Who::Expert1).await, ["activityAssigned"]);
}

#[tokio::test]
async fn a_request_that_assigns_many_activities_is_told_once() {
    let app = start().await;
    for number in 0..3 {
        app.as_chair()
            .create_activity(json!({
                "assigneeId": app.world().member(Who::Expert5), "dueDate": format!("2026-12-1{number}"),
            }))
            .await;
    }
    tell(&app).await;
    assert_eq!(kinds(&app, Who::Expert5).await, ["activityAssigned"; 3], "one for each request");
    end_seat(&app, Who::Expert5, Some(Who::Outsider)).await;
    tell(&app).await;
    assert_eq!(kinds(&app, Who::Outsider).await, ["activityAssigned", "memberAppointed"]);
    let told = newest(&app, Who::Outsider, "en").await;
    let count = app.as_who(Who::Outsider).list("/v1/me/activities").await.len();
    let text = format!("\u{2068}Secretariat\u{2069} assigned {count} activities to you.");
    assert_eq!((count >= 3, &told["sentence"]), (true, &json!(text)));
    assert_eq!(told["subject"]["href"], app.a(""));
    let arabic = newest(&app, Who::Outsider, "ar").await;
    assert!(
        arabic["sentence"].as_str().unwrap().starts_with(&format!("أُسندت إليك أنشطة عددها {count} — ")),
        "{arabic}"
    );
}

#[tokio::test]
async fn the_council_is_told_of_a_report_and_the_members_of_the_decision() {
    let app = start().await;
    submitted_report(&app, json!({})).await;
    tell(&app).await;
    for who in [Who::Secretariat, Who::CouncilMember] {
        assert_eq!(kinds(&app, who).await, ["reportSubmitted"], "{who:?}");
    }
    let condition = crate::support::council::condition(&app, Who::Expert2, json!({}));
    decide(&app, "continue", json!({ "conditions": [condition] })).await;
    tell(&app).await;
    let told = kinds(&app, Who::Expert2).await;
    assert_eq!(told[..2], ["conditionAssigned", "decisionRecorded"], "{told:?}");
    assert_eq!(kinds(&app, Who::Expert3).await[0], "decisionRecorded");
    assert_eq!(kinds(&app, Who::CouncilMember).await, ["reportSubmitted"]);
}

#[tokio::test]
async fn a_person_who_may_not_read_the_task_force_any_more_reads_of_the_own_seat_only() {
    let app = start().await;
    assigned(&app, Who::Expert5).await;
    tell(&app).await;
    assert_eq!(kinds(&app, Who::Expert5).await, ["activityAssigned"]);
    end_seat(&app, Who::Expert5, Some(Who::Outsider)).await;
    // Not even before the worker has read of it.
    assert_eq!((kinds(&app, Who::Expert5).await, unread(&app, Who::Expert5).await), (vec![], 0));
    tell(&app).await;
    assert_eq!(
        (kinds(&app, Who::Expert5).await, unread(&app, Who::Expert5).await),
        (vec!["memberEnded".to_owned()], 1)
    );
    assert_eq!(db_told(&app, Who::Expert5).await.len(), 1, "the others are deleted");
    assert_eq!(kinds(&app, Who::Outsider).await, ["activityAssigned", "memberAppointed"]);

    // A user who is disabled is told nothing.
    set_user_state(&app, Who::Expert4, "disabled").await;
    assigned(&app, Who::Expert4).await;
    tell(&app).await;
    assert_eq!(db_told(&app, Who::Expert4).await, []);
}

#[tokio::test]
async fn notifications_are_marked_as_read_one_several_or_all_up_to_one() {
    let app = start().await;
    for _ in 0..5 {
        assigned(&app, Who::Expert1).await;
    }
    tell(&app).await;
    let list = app.as_expert().list("/v1/me/notifications").await;
    let id = |at: usize| list[at]["id"].clone();
    assert_eq!((list.len(), unread(&app, Who::Expert1).await), (5, 5));
    let marked = mark(&app, Who::Expert1, json!({ "ids": [id(0)] })).await.expect(200).json();
    assert_eq!(marked, json!({ "unreadCount": 4 }));
    app.advance(TimeDelta::seconds(10));
    let marked = mark(&app, Who::Expert1, json!({ "ids": [id(2)], "andOlder": true })).await.expect(200);
    assert_eq!(marked.json(), json!({ "unreadCount": 1 }));
    let read = app.as_expert().list("/v1/me/notifications").await;
    let read_at: Vec<_> = read.iter().map(|one| one["readAt"].as_str()).collect();
    let (first, later) = (Some("2026-11-22T09:00:00Z"), Some("2026-11-22T09:00:10Z"));
    assert_eq!(read_at, [first, None, later, later, later]);
    let left = app.as_expert().list("/v1/me/notifications?unread=true").await;
    assert_eq!((left.len(), &left[0]["id"]), (1, &id(1)));
    // Marked again, everything stays as it was.
    let all = json!({ "ids": [id(0), id(1), id(2)] });
    assert_eq!(mark(&app, Who::Expert1, all).await.expect(200).json()["unreadCount"], 0);
    assert_eq!(app.as_expert().list("/v1/me/notifications").await[0]["readAt"], read[0]["readAt"]);

    // Others' notifications do not exist, and a wrong mark marks nothing.
    let wrong = json!({ "ids": [UNKNOWN_ID, id(0)] });
    let problem = mark(&app, Who::Expert1, wrong).await.expect_problem(400, "unknownReference");
    assert_eq!(problem["errors"][0]["pointer"], "/ids/0");
    mark(&app, Who::Chair, json!({ "ids": [id(0)] })).await.expect_problem(400, "unknownReference");
    mark(&app, Who::Expert1, json!({ "ids": [] })).await.expect_problem(400, "invalidRequest");
    mark(&app, Who::Expert1, json!({ "andOlder": true })).await.expect_problem(400, "invalidRequest");
    let list = "/v1/me/notifications";
    app.as_expert().get(format!("{list}?kind=unknown")).await.expect_problem(400, "invalidRequest");
    assert_eq!(app.as_expert().list(&format!("{list}?kind=mentioned,activityAssigned")).await.len(), 5);
    assert!(app.as_expert().list(&format!("{list}?kind=mentioned")).await.is_empty());
}

#[tokio::test]
async fn the_newest_hundred_of_each_kind_are_kept_for_ninety_days() {
    let app = start().await;
    let many = format!(
        "insert into notifications (user_id, id, kind, about_task_force_id, subject_kind, subject_id, occasion, details,
                                    created_at, is_listed, email)
         select '{user}', gen_random_uuid(), 'mentioned', '{a}', 'taskForce', '{a}', n::text, '{{}}',
                timestamptz '2026-08-20' + n * interval '2 hours', true, 'never'
         from generate_series(1, 120) n",
        user = app.world().user(Who::Expert1),
        a = app.world().a
    );
    app.db().await.batch_execute(&many).await.unwrap();
    let comments = app.a(&format!("/activities/{}/comments", assigned(&app, Who::Expert1).await.id()));
    let mention = json!({ "text": "@Expert1", "mentionIds": [app.world().member(Who::Expert1)] });
    app.as_chair().create(comments.as_str(), mention).await;
    tell(&app).await;
    assert_eq!(app.db_count("select count(*) from notifications where kind = 'mentioned'").await, 100);
    let oldest = "select count(*) from notifications where occasion in ('1', '20', '21')";
    assert_eq!(app.db_count(oldest).await, 0, "the oldest are gone");
    assert_eq!(app.db_count("select count(*) from notifications where occasion = '22'").await, 1);
    let others = "select count(*) from notifications where kind = 'activityAssigned'";
    assert_eq!(app.db_count(others).await, 1, "other kinds have places of their own");
    // Ninety days before the day of the test is 24 August.
    app.app.delete_expired().await.unwrap();
    let old = "select count(*) from notifications where created_at < timestamptz '2026-08-24T09:00:00Z'";
    assert_eq!(app.db_count(old).await, 0);
    assert!(app.db_count("select count(*) from notifications").await > 50);

    // Nobody is told of what happened earlier.
    let old = assigned(&app, Who::Expert2).await;
    app.advance(TimeDelta::days(91));
    let new = assigned(&app, Who::Expert2).await;
    tell(&app).await;
    let told: Vec<String> = db_told(&app, Who::Expert2).await.into_iter().map(|(_, id)| id).collect();
    assert_eq!((told.contains(&old.id().to_owned()), told), (false, vec![new.id().to_owned()]));
}

#[tokio::test]
async fn the_number_of_unread_notifications_is_read_from_an_index_alone() {
    let app = start().await;
    for _ in 0..3 {
        assigned(&app, Who::Expert1).await;
    }
    tell(&app).await;
    // A database of some weeks: read notifications are many, and the pages are known to be visible to all.
    let many = format!(
        "insert into notifications (user_id, id, kind, subject_kind, subject_id, occasion, details, created_at, is_listed,
                                    email, read_at)
         select id, gen_random_uuid(), 'mentioned', 'taskForce', '{}', n::text, '{{}}', now(), true, 'never', now()
         from users cross join generate_series(1, 300) n",
        app.world().a
    );
    app.db().await.batch_execute(&many).await.unwrap();
    app.db().await.batch_execute("vacuum analyze notifications").await.unwrap();
    let user = format!("'{}'::uuid", app.world().user(Who::Expert1));
    let statement = reading::unread_statement().replace("$1", &user);
    let plan = app.db().await.query(&format!("explain {statement}"), &[]).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    let plan = plan.join("\n");
    assert!(plan.contains("Index Only Scan using notifications_unread"), "{plan}");
    assert_eq!(unread(&app, Who::Expert1).await, 3);
}

#[tokio::test]
async fn each_person_chooses_the_channels_of_each_kind() {
    let app = start().await;
    let expert = app.as_expert();
    let me = expert.read("/v1/me").await;
    let usual = me["notificationSettings"].clone();
    assert_eq!((&usual["digestHour"], &usual["timeZone"]), (&json!(7), &Value::Null));
    assert_eq!(usual["kinds"]["mentioned"], json!({ "listed": true, "email": "atOnce" }));
    assert_eq!(usual["kinds"]["activityAssigned"], json!({ "listed": true, "email": "digest" }));
    assert_eq!(usual["kinds"].as_object().unwrap().len(), NotificationKind::ALL.len());

    let chosen = json!({ "notificationSettings": {
        "kinds": {
            "activityAssigned": { "email": "atOnce" },
            "activityInReview": { "listed": false },
            "activityBlocked": { "listed": false, "email": "never" },
        },
        "digestHour": 18, "timeZone": "Asia/Amman",
    } });
    let changed = expert.patch(&me, chosen).await.expect(200).resource();
    let settings = &changed["notificationSettings"];
    assert_eq!((&settings["digestHour"], &settings["timeZone"]), (&json!(18), &json!("Asia/Amman")));
    assert_eq!(settings["kinds"]["activityAssigned"], json!({ "listed": true, "email": "atOnce" }));
    assert_eq!(settings["kinds"]["activityInReview"], json!({ "listed": false, "email": "digest" }));
    assert_eq!(settings["kinds"]["voteOpened"], usual["kinds"]["voteOpened"]);
    assert_eq!(expert.read("/v1/me").await.body, changed.body);
    assert_eq!(changed["version"], json!(me["version"].as_i64().unwrap() + 1));
    let event = app.as_administrator().list("/v1/installation-events").await.remove(0);
    assert_eq!(event["changes"], json!({ "notificationSettings": { "before": null, "after": true } }));
    // The same choices again are no change.
    let again = json!({ "notificationSettings": { "digestHour": 18 } });
    assert_eq!(expert.patch(&changed, again).await.expect(200).resource()["version"], changed["version"]);
    let unset = json!({ "notificationSettings": { "timeZone": null } });
    let changed = expert.patch(&changed, unset).await.expect(200).resource();
    assert_eq!(changed["notificationSettings"]["timeZone"], Value::Null);

    // From now on, the person is told as chosen.
    let assigned = assigned(&app, Who::Expert1).await;
    let other = app.as_chair().create_activity(json!({ "reviewRequired": true })).await;
    let other = app.as_who(Who::Expert2).transition(&other, "inProgress").await;
    app.as_who(Who::Expert2).transition(&other, "inReview").await;
    app.as_chair().transition_because(&assigned, "blocked", "The vendor is silent").await;
    tell(&app).await;
    assert_eq!(kinds(&app, Who::Expert1).await, ["activityAssigned"]);
    let query =
        "select kind, is_listed, email from notifications where user_id = $1::text::uuid order by seq";
    let rows = app.db().await.query(query, &[&app.world().user(Who::Expert1)]).await.unwrap();
    let rows: Vec<(String, bool, String)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let expected = [("activityAssigned", true, "atOnce"), ("activityInReview", false, "digest")];
    assert_eq!(rows, expected.map(|(kind, listed, email)| (kind.to_owned(), listed, email.to_owned())));
    assert_eq!(unread(&app, Who::Expert1).await, 1);
}

#[tokio::test]
async fn each_wrong_choice_is_refused_with_its_place() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let me = expert.read("/v1/me").await;
    let at = "/notificationSettings";
    for (wrong, place) in [
        (json!({ "digestHour": 24 }), format!("{at}/digestHour tooLarge")),
        (json!({ "digestHour": null }), format!("{at}/digestHour wrongType")),
        (json!({ "timeZone": "Asia/Olympus" }), format!("{at}/timeZone notAllowed")),
        (json!({ "kinds": { "unheardOf": { "listed": true } } }), format!("{at}/kinds/unheardOf unknown")),
        (
            json!({ "kinds": { "mentioned": { "email": "hourly" } } }),
            format!("{at}/kinds/mentioned/email notAllowed"),
        ),
        (json!({ "kinds": { "mentioned": null } }), format!("{at}/kinds/mentioned wrongType")),
    ] {
        let answer = expert.patch(&me, json!({ "notificationSettings": wrong })).await;
        answer.expect_field_errors(&[place.as_str()]);
    }
    assert_eq!(expert.read("/v1/me").await.body, me.body);
}
