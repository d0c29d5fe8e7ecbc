use crate::support::TestApp;
use serde_json::json;
use std::time::Instant;

#[tokio::test]
async fn smoke() {
    let t = Instant::now();
    let app = TestApp::start().await;
    eprintln!("first start {:?}", t.elapsed());
    for _ in 0..3 {
        let t = Instant::now();
        let app2 = TestApp::start().await;
        eprintln!("next start {:?}", t.elapsed());
        drop(app2);
    }
    for _ in 0..3 {
        let t = Instant::now();
        let a = app.as_chair().create_activity(json!({})).await;
        eprintln!("create {:?}", t.elapsed());
        let t = Instant::now();
        app.as_chair().again(&a).await;
        eprintln!("read {:?}", t.elapsed());
        let t = Instant::now();
        app.db_events().await;
        eprintln!("db_events {:?}", t.elapsed());
    }
}
