//! Signing in, and users as tests write them.

use serde_json::{Value, json};

use super::client::Draft;
use super::{Answer, Client, Resource, TestApp, Who};

/// Signs in with an address and a password.
pub(crate) async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    app.as_anybody().post("/v1/auth/login", json!({ "email": email, "password": password })).await
}

/// Refreshes a session; retries while the service is busy.
pub(crate) async fn refresh(app: &TestApp, token: &Value) -> Answer {
    app.as_anybody().send_with_retry(Draft::post("/v1/auth/refresh", &json!({ "refreshToken": token }))).await
}

/// Reads `/v1/me` with an access token.
pub(crate) async fn me(app: &TestApp, token: &Value) -> Answer {
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let draft = Draft::get("/v1/me").header("Authorization", &bearer);
    app.as_anybody().send(draft).await
}

/// A user, as a client reads it.
pub(crate) async fn user(client: Client<'_>, who: Who) -> Resource {
    client.read(format!("/v1/users/{}", client.app.world().user(who))).await
}

/// Disables a user, or enables the user again.
pub(crate) async fn set_user_state(app: &TestApp, who: Who, state: &str) {
    let it = user(app.as_administrator(), who).await;
    app.as_administrator().transition_because(&it, state, "Away for a year").await;
}

/// The body of a new user.
pub(crate) fn new_user(email: &str, role: &str) -> Value {
    json!({ "email": email, "name": { "ar": "ليلى" }, "role": role, "locale": "ar" })
}
