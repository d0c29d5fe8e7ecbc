//! Query parameters that an operation does not have.

use serde_json::json;

use crate::contract::operation_cases;
use crate::support::TestApp;
use crate::support::client::Draft;

/// A misspelled `dryRun` must not cause a change, nor a misspelled filter show everything.
#[tokio::test]
async fn every_operation_refuses_an_unknown_query_parameter() {
    let app = TestApp::start().await;
    for case in operation_cases::all() {
        app.db_open_every_step().await;
        let mut draft = case.write(&app).await;
        let separator = if draft.path.contains('?') { '&' } else { '?' };
        draft.path = format!("{}{separator}utm_source=mail", draft.path);
        let before = app.db_events().await;
        let problem = app.as_chair().send(draft).await.expect_problem(400, "invalidRequest");
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("{}: {problem:#}", case.id));
        assert_eq!(errors.len(), 1, "{}: {problem:#}", case.id);
        assert_eq!(
            (&errors[0]["parameter"], &errors[0]["code"]),
            (&json!("utm_source"), &json!("unknown")),
            "{}: {problem:#}",
            case.id
        );
        assert_eq!(app.db_events().await, before, "{}", case.id);
    }
}

/// The documentation page is no operation: links to it come with parameters of the programs that send them.
#[tokio::test]
async fn the_documentation_page_ignores_its_query() {
    let app = TestApp::start().await;
    app.as_anybody().send(Draft::get("/docs/?utm_source=mail")).await.expect(200);
}
