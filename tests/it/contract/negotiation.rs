//! Content negotiation: `Accept` is checked for the operations that document `notAcceptable`, and for no others.

use reqwest::Method;

use crate::support::TestApp;
use crate::support::client::Draft;
use crate::support::contract::{operations, resolved};

/// Sent as they are, though their documents mention 406.
const FILES: [&str; 2] = ["downloadArchive", "downloadEvidence"];

/// Operations that also answer with a page.
const PAGES: [&str; 1] = ["getReport"];

#[tokio::test]
async fn an_unacceptable_media_type_is_refused_before_anything_else() {
    let app = TestApp::start().await;
    let mut negotiated = 0;
    for operation in operations() {
        let id = operation.id();
        let path: Vec<_> =
            operation.path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect();
        let method = Method::from_bytes(operation.method.to_uppercase().as_bytes()).unwrap();
        let documents_406 = operation.has_problem("notAcceptable");
        let expects_406 = documents_406 && !FILES.contains(&id);
        let answer = async |accept: &str| {
            let draft = Draft::new(method.clone(), path.join("/")).header("Accept", accept);
            app.as_anybody().send(draft).await.status
        };
        let responses = operation.described["responses"].as_object().unwrap().iter();
        let produced = responses.filter(|(status, _)| status.starts_with('2'));
        let produced = produced.filter_map(|(_, response)| resolved(response)["content"].as_object());
        let produced = produced.flat_map(|content| content.keys()).next();
        let produced = produced.map_or("application/json", String::as_str);
        for accept in [
            "image/gif",
            "text/html, application/xhtml+xml, application/xml;q=0.9",
            &format!("{produced};q=0"),
        ] {
            let expects_406 = expects_406 && !(accept.contains("text/html") && PAGES.contains(&id));
            assert_eq!(answer(accept).await == 406, expects_406, "{id}: {accept}");
        }
        let (of_any_kind, _) = produced.split_once('/').unwrap();
        for accept in
            [&format!("text/html, {produced};q=0.1"), &format!("{of_any_kind}/*"), "image/gif, */*;q=0.1"]
        {
            assert_ne!(answer(accept).await, 406, "{id}: {accept}");
        }
        negotiated += usize::from(expects_406);
    }
    assert!(negotiated > 100, "{negotiated}");
}
