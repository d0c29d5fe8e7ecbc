//! Own sessions over HTTP.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::app::sessions::SessionView;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, PageQuery};
use crate::http::problem::Result;
use crate::http::request::{NoBody, Path, Read, Root};
use crate::http::response;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_my_sessions).service(end_my_session);
}

/// The path of a session of one's own.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct SessionPath {
    /// The session.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000201")]
    pub(super) session_id: Uuid,
}

impl Path for SessionPath {}

/// An active session of the user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub(super) struct SessionItem {
    /// Unique id.
    id: Uuid,
    /// Time of the sign-in.
    created_at: DateTime<Utc>,
    /// Time of the last refresh.
    last_used_at: DateTime<Utc>,
    /// Time of expiry unless the tokens are refreshed; a session ends 30 days after the sign-in at the latest.
    expires_at: DateTime<Utc>,
    /// `User-Agent` of the client that signed in; at most 200 characters.
    #[schema(
        required,
        max_length = 200,
        example = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    )]
    user_agent: Option<String>,
    /// True for the session that makes the request.
    current: bool,
}

impl From<SessionView> for SessionItem {
    fn from(view: SessionView) -> Self {
        let SessionView { session, current } = view;
        Self {
            id: session.id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            user_agent: session.user_agent,
            current,
        }
    }
}

/// A page of your sessions.
type SessionPage = Page<SessionItem>;

impl ListItem for SessionItem {
    const PAGE_NAME: &'static str = "SessionPage";
    const PAGE_DESCRIPTION: &'static str = "A page of your sessions.";
}

/// List your sessions
///
/// Your active sessions, newest first. Sign-ins by single sign-on have no session here, so no session is `current` for
/// them. API keys cannot make this request.
#[utoipa::path(
    tag = "me",
    params(PageQuery),
    responses((status = 200, description = "A page of your sessions.", body = SessionPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ChangeOwnAccount).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/me/sessions")]
async fn list_my_sessions(app: Data<App>, read: Read<Root, PageQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let before = paging.after()?;
    let page = app.sessions_list(&context.caller, before, paging.window()).await?;
    response::document(&SessionPage::new(&paging, page, |view| view.session.seq, SessionItem::from))
        .map(response::secret)
}

/// End one of your sessions
///
/// Ends one of your sessions and its access tokens at once. The current session can be ended, too. A session has no
/// version, so `If-Match` is not needed. API keys cannot make this request.
#[utoipa::path(
    tag = "me",
    params(SessionPath),
    responses((status = 204, description = "The session has ended.")),
    extensions(("x-problem-codes" = json!(requires(Action::EndSession))))
)]
#[delete("/v1/me/sessions/{sessionId}")]
async fn end_my_session(app: Data<App>, request: NoBody<SessionPath>) -> Result<HttpResponse> {
    let NoBody { context } = request;
    app.session_end(&context.caller, context.path.session_id).await?;
    Ok(response::done())
}
