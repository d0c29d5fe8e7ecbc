//! Activities.
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn smoke() {
    let app = TestApp::start().await;
    let a = app.as_chair().create_activity(json!({})).await;
    assert_eq!(a["state"], "planned");
    for operation in crate::support::contract::operations() {
        println!("{} {} {} {}", operation.id(), operation.method, operation.path, operation.described["tags"]);
    }
}
