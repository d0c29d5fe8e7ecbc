//! Searches find what readers take for the same, in every list.

use serde_json::json;

use crate::support::TestApp;

/// The address of a list that is searched for a text.
fn searched(list: &str, q: &str) -> String {
    let encoded: String = q.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("{list}{}q={encoded}", if list.contains('?') { '&' } else { '?' })
}

async fn numbers(app: &TestApp, q: &str) -> Vec<i64> {
    let found = app.as_chair().list(&app.a(&searched("/activities", q))).await;
    found.iter().map(|activity| activity["number"].as_i64().unwrap()).collect()
}

/// Spellings that a search takes for the same, whichever of them was stored.
const SAME: [(&str, &str, &str); 33] = [
    ("Arabic and European digits", "خطة ٢٠٢٧", "خطة 2027"),
    ("Persian and Arabic digits", "جدول ۱۲۳۴۵۶۷۸۹۰", "جدول ١٢٣٤٥٦٧٨٩٠"),
    ("wide digits", "ｆｕｌｌ ９９", "full 99"),
    ("a decimal and a percent sign", "نسبة ١٢٫٥٪", "نسبة 12.5%"),
    ("an Arabic comma", "نقل، مياه؛ طاقة؟", "نقل, مياه; طاقة?"),
    ("alef with a hamza above", "أرشيف", "ارشيف"),
    ("alef with a hamza below", "إدارة", "ادارة"),
    ("alef with a madda", "آليات", "اليات"),
    ("alef wasla", "ٱستدامة", "استدامة"),
    ("alef with a hamza beside another alef", "أفق", "إفق"),
    ("waw with a hamza", "مؤشر", "موشر"),
    ("yeh with a hamza", "بيئة", "بيية"),
    ("a hamza on the line", "شيء", "شئ"),
    ("a hamza that is a character of its own", "تا\u{655}كيد", "تإكيد"),
    ("alef maqsura", "مستشفى", "مستشفي"),
    ("a Persian yeh", "تقنی", "تقني"),
    ("a Persian kaf", "شبکة", "شبكة"),
    ("a Persian gaf", "گراج", "كراج"),
    ("taa marbuta", "مدرسة", "مدرسه"),
    ("forms of heh", "هہھە", "هههه"),
    ("tatweel", "مـــيـاه", "مياه"),
    ("tashkeel", "مُسْتَنَدُ إِثْبَاتٍ", "مستند اثبات"),
    ("a superscript alef", "هٰذا", "هذا"),
    ("a Quranic mark", "عل\u{6DC}م", "علم"),
    ("letters of loanwords", "ڤيديو پارك چات", "فيديو بارك جات"),
    ("a ligature of lam and alef", "\u{FEFB}فتة", "لافتة"),
    ("presentation forms", "\u{FE97}\u{FED8}\u{FEE8}\u{FEF4}\u{FE94}", "تقنية"),
    ("case", "ROAD map", "Road MAP"),
    ("accents", "Étude sûre", "etude sure"),
    ("Turkish letters", "IŞIK ışık İl", "isik isik il"),
    ("the Kelvin sign", "\u{212A}elvin", "kelvin"),
    ("isolates and marks of direction", "خدمة \u{2067}المراجع\u{2069}\u{200F}", "خدمة المراجع"),
    ("white space", "two\u{A0}\n  words", "two words"),
];

#[tokio::test]
async fn spellings_that_readers_take_for_the_same_find_each_other() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for (what, one, other) in SAME {
        let mut made = Vec::new();
        for spelling in [one, other] {
            let body = json!({ "title": { "en": "Plain" }, "description": { "ar": spelling } });
            made.push(chair.create_activity(body).await["number"].as_i64().unwrap());
        }
        for spelling in [one, other] {
            let found = numbers(&app, spelling).await;
            assert!(made.iter().all(|number| found.contains(number)), "{what}: {spelling} finds {found:?}");
        }
    }
}

#[tokio::test]
async fn texts_that_differ_do_not_find_each_other() {
    let app = TestApp::start().await;
    for (stored, sought) in [
        ("كتاب", "كباب"),
        ("سهل", "شهل"),
        ("عام ٢٠٢٧", "2028"),
        ("road", "raod"),
        ("two words", "twowords"),
        ("a % b", "a _ b"),
        ("abc", "a%c"),
        ("c:\\x", "c:\\\\x"),
    ] {
        let body = json!({ "title": { "en": "Plain" }, "description": { "en": stored } });
        let made = app.as_chair().create_activity(body).await;
        assert!(numbers(&app, stored).await.contains(&made["number"].as_i64().unwrap()), "{stored}");
        assert!(numbers(&app, sought).await.is_empty(), "{stored} is found by {sought}");
    }
}

#[tokio::test]
async fn an_activity_is_found_by_its_number() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for _ in 9..=12 {
        chair.create_activity(json!({ "title": { "en": "Plain" } })).await;
    }
    let named = chair.create_activity(json!({ "title": { "en": "Reform 12 offices" } })).await;
    assert_eq!(named["number"], 13);
    // A number is no part of another number: 1 does not find 10 to 13.
    for (q, found) in [
        ("12", vec![12, 13]),
        ("١٢", vec![12, 13]),
        ("۱۲", vec![12, 13]),
        (" #12 ", vec![12]),
        ("#١٢", vec![12]),
        ("012", vec![12]),
        ("7", vec![7]),
        ("99999999999999999999", vec![]),
        ("#", vec![]),
        ("-12", vec![]),
    ] {
        assert_eq!(numbers(&app, q).await, found, "{q}");
    }
}

/// One row of each kind of list that is searched, past the rules of the service.
const ROWS: &str = "
    update task_forces set name = $name where id = $tf;
    update users set name = $name where id = (select user_id from members where task_force_id = $tf and role = 'chair' and to_date is null);
    update activities set title = $name where task_force_id = $tf and number = 1;
    insert into policies (task_force_id, id, cycle, last_cycle, title, kind, aims, state_since, created_at, updated_at)
        values ($tf, gen_random_uuid(), 1, 1, $name, 'policy', '{}', now(), now(), now());
    insert into sectors (task_force_id, id, cycle, last_cycle, name, state_since, created_at, updated_at)
        values ($tf, gen_random_uuid(), 1, 1, $name, now(), now(), now());
    insert into pilots (task_force_id, id, cycle, last_cycle, title, sector_id, owner_member_id, aims, start_date,
                        end_date, state_since, created_at, updated_at)
        select $tf, gen_random_uuid(), 1, 1, $name, s.id, m.id, '{}', now(), now(), now(), now(), now()
        from sectors s join members m using (task_force_id) where task_force_id = $tf and m.role = 'chair' and m.to_date is null;
    insert into migrations (task_force_id, id, cycle, last_cycle, pilot_id, title, target_system, planned_on, state_since, created_at, updated_at)
        select $tf, gen_random_uuid(), 1, 1, id, $name, 'Platform', now(), now(), now(), now() from pilots;";

#[tokio::test]
async fn every_list_with_a_search_folds_alike() {
    let app = TestApp::start().await;
    let name = "'{\"ar\": \"مَدْرَسَةُ الأحياء ٢٠٢٧\"}'::jsonb";
    let tf = format!("'{}'::uuid", app.world().a);
    app.db().await.batch_execute(&ROWS.replace("$name", name).replace("$tf", &tf)).await.unwrap();
    let (chair, secretariat) = (app.as_chair(), app.as_secretariat());
    for (reader, list) in [
        (chair, app.a("/activities")),
        (chair, app.a("/policies")),
        (chair, app.a("/sectors")),
        (chair, app.a("/pilots")),
        (chair, app.a("/migrations")),
        (chair, "/v1/task-forces".to_owned()),
        (chair, "/v1/users".to_owned()),
        (secretariat, "/v1/users".to_owned()),
        (secretariat, "/v1/task-forces".to_owned()),
        (secretariat, "/v1/status".to_owned()),
    ] {
        for (q, count) in [("مدرسه الاحياء 2027", 1), ("مدرسه الاحياء 2028", 0), ("م_رسة", 0), ("%", 0)]
        {
            assert_eq!(reader.list(&searched(&list, q)).await.len(), count, "{list}: {q}");
        }
    }
}

#[tokio::test]
async fn a_search_of_which_nothing_is_left_finds_nothing() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    for q in ["\u{64E}", "\u{640}\u{640}", "\u{64B}\u{652}"] {
        assert_eq!(numbers(&app, q).await, [0_i64; 0], "{q:?}");
        for list in
            ["/v1/users", "/v1/task-forces", &app.a("/policies"), &app.a("/sectors"), &app.a("/pilots")]
        {
            assert!(secretariat.list(&searched(list, q)).await.is_empty(), "{list} {q:?}");
        }
        let portfolio = secretariat.get(&searched("/v1/status", q)).await.expect(200).json();
        assert_eq!(portfolio["items"], json!([]), "{q:?}");
    }
}
