//! Records refused requests, once their response is known.

use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest};

use super::client_address;
use crate::app::App;
use crate::app::caller::Caller;
use crate::app::idempotency::CommitMode;
use crate::app::refused_attempts::{RefusedAttempt, is_recorded};
use crate::domain::refusal::RefusalCode;
use crate::http::context::RequestContext;
use crate::http::problem_catalogue::ProblemCode;
use crate::util::networks::client_network;

/// Records a refused request, if requests refused with this code are recorded at all.
pub(super) fn record(request: &HttpRequest, code: ProblemCode) {
    let (app, route) = (request.app_data::<Data<App>>(), request.match_pattern());
    let refusal = code.refusal_code().filter(|refusal| is_recorded(*refusal));
    let (Some(app), Some(route), Some(refusal)) = (app, route, refusal) else { return };
    let extensions = request.extensions();
    if refusal == RefusalCode::GateNotMet
        && matches!(extensions.get::<CommitMode>(), Some(CommitMode::DryRun))
    {
        // A dry run is a question and no attempt.
        return;
    }
    // Only a caller who can see the task force receives 403 or 409.
    let is_visible = matches!(code.status().as_u16(), 403 | 409);
    let task_force_id = request.match_info().get("taskForceId").filter(|_| is_visible);
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    app.record_refused(RefusedAttempt {
        user_id: extensions.get::<Caller>().map(|caller| caller.user_id),
        address: client_address::of(request)
            .map(|address| client_network(address).to_string())
            .unwrap_or_default(),
        operation: format!("{method} {route}"),
        code: refusal,
        task_force_id: task_force_id.and_then(|id| id.parse().ok()),
        request_id: RequestContext::of(request).request_id,
    });
}
