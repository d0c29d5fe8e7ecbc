//! Extractors of path, caller, version and body. All operations check requests in the same order: credential (401), ids
//! of the path and visibility of the task force (404), query (400), body (415, 413, 400), `If-Match` (428, 400),
//! `Idempotency-Key` (400). The use case decides everything else, under the lock.
//!
//! One extractor checks all of it, since the order of separate extractors is not defined. An extractor is compiled for
//! each type of path, query and body, so most of its work is done by functions without type parameters.

mod upload;

use std::future::{Future, Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH, TRANSFER_ENCODING};
use actix_web::http::{Method, Version};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::context::{RequestContext, bearer, response_language};
use super::etag;
use super::idempotency::{self, DryRunQuery};
use super::problem::{Problem, Result};
use super::problem_catalogue::ProblemCode;
use super::server::byte_limit::{self, Carried};
use super::server::settings::{ClientTimeouts, Settings};
use super::{request_errors, validation};
use crate::app::App;
use crate::app::api_keys;
use crate::app::caller::{Caller, Credential};
use crate::app::idempotency::CommitMode;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::text::Language;
use crate::domain::version::ExpectedVersion;

/// The maximum size of a JSON body, in bytes.
pub(super) const BODY_LIMIT: usize = 256 * 1024;
pub(super) use upload::{Import, Upload, UploadQuery, Uploads};

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// The parameters of a path.
pub(super) trait Path: DeserializeOwned {
    /// The task force to which the path belongs.
    fn task_force_id(&self) -> Option<Uuid> {
        None
    }
}

/// A path without parameters.
#[derive(Debug, Deserialize)]
pub(super) struct Root {}

impl Path for Root {}

/// Deserializes a positive number in a path. Only its canonical form is accepted, so that a resource has one path.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i32, D::Error> {
    let text = String::deserialize(deserializer)?;
    let number = text.parse().ok().filter(|number| *number >= 1 && i32::to_string(number) == text);
    number.ok_or_else(|| D::Error::custom("not a positive number"))
}

/// The path of a task force.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct TaskForcePath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
}

impl Path for TaskForcePath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// The `If-Match` header of a change.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used; the header is read by hand")]
pub(super) struct IfMatch {
    /// The `ETag` of the representation that the request changes. The service compares the number at its beginning, which is the `version` of the resource, with the current version, and ignores the rest. A list item has no `ETag`; its `version` in quotes (`"3"`) is enough. A list of tags matches if one of them does; `*` matches every version, and so overwrites changes that the client has not read.
    #[param(
        rename = "If-Match",
        pattern = r#"^(\*|(W/)?"[0-9]{1,9}([.;-][!#-~]*)?"(, ?(W/)?"[0-9]{1,9}([.;-][!#-~]*)?")*)$"#,
        example = "\"3.5f1d9c3b7a2e4f60\""
    )]
    if_match: String,
}

/// The parts of a request that every operation has.
#[derive(Debug)]
pub(super) struct CallContext<P> {
    /// The parameters of the path.
    pub(super) path: P,
    /// The path of the request as it was sent.
    pub(super) request_path: String,
    /// The caller.
    pub(super) caller: Caller,
    /// The language that the request asks for.
    pub(super) asked_language: Option<Language>,
}

impl<P> CallContext<P> {
    /// The language that the request asks for.
    pub(super) fn asked_language(&self) -> Option<Language> {
        self.asked_language
    }

    /// The language of the response. Before the use case has run, the language that the caller prefers may be unknown.
    pub(super) fn language(&self) -> Language {
        response_language(self.asked_language, Some(&self.caller))
    }
}

/// A GET.
#[derive(Debug)]
pub(super) struct Read<P, Q = NoQuery> {
    pub(super) context: CallContext<P>,
    pub(super) query: Q,
}

/// A query without parameters. As an extractor, the query of an operation that has no other input.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct NoQuery {}

impl FromRequest for NoQuery {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(validation::query(request.query_string()))
    }
}

impl DryRunQuery for NoQuery {
    fn dry_run(&self) -> bool {
        false
    }
}

/// A request with a body and without `If-Match`: a POST that creates, or a PUT of a resource without versions.
#[derive(Debug)]
pub(super) struct Create<P, B, Q = NoQuery> {
    pub(super) context: CallContext<P>,
    pub(super) body: B,
    /// The caller's [`CommitMode`] contains the query.
    query: PhantomData<Q>,
}

/// A change of a resource in the version that the caller read: a PATCH, or a POST of a command.
#[derive(Debug)]
pub(super) struct Change<P, B, Q = NoQuery> {
    pub(super) context: CallContext<P>,
    /// The versions in `If-Match`.
    pub(super) version: ExpectedVersion,
    pub(super) body: B,
    /// The caller's [`CommitMode`] contains the query.
    query: PhantomData<Q>,
}

/// A DELETE of a resource in the version that the client has read.
#[derive(Debug)]
pub(super) struct Delete<P> {
    pub(super) context: CallContext<P>,
    /// The versions in `If-Match`.
    pub(super) version: ExpectedVersion,
}

/// A PUT or DELETE without body and version, of a relation that exists or does not.
#[derive(Debug)]
pub(super) struct NoBody<P> {
    pub(super) context: CallContext<P>,
}

/// A POST that needs no credential.
#[derive(Debug)]
pub(super) struct Public<B> {
    /// The id of the request, for events.
    pub(super) request_id: String,
    pub(super) body: B,
}

impl<P: Path + 'static, Q: IntoParams + DeserializeOwned + 'static> FromRequest for Read<P, Q> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let context: CallContext<P> = authenticate(&request).await?.context(&request)?;
            match validation::query(request.query_string()) {
                Ok(query) => Ok(Self { context, query }),
                // Errors of the query are for callers who may see the task force. A valid query is checked with the
                // read itself, in one round trip.
                Err(problem) => {
                    require_visible(&request, &context.caller, context.path.task_force_id()).await?;
                    Err(problem)
                }
            }
        })
    }
}

impl<P, B, Q> FromRequest for Create<P, B, Q>
where
    P: Path + 'static,
    B: ToSchema + DeserializeOwned + 'static,
    Q: IntoParams + DeserializeOwned + DryRunQuery + 'static,
{
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let mut context: CallContext<P> = authenticate(&request).await?.context(&request)?;
            require_visible(&request, &context.caller, context.path.task_force_id()).await?;
            // Unknown parameters are refused, so that a `dryRun` is never ignored.
            let query: Q = validation::query(request.query_string())?;
            let bytes = read_body(&request, payload).await?;
            byte_limit::count(&request, context.caller.user_id, Carried::Json, bytes.len())?;
            let body = validation::body(&bytes)?;
            let commit_mode = idempotency::commit_mode(&request, &context.caller, &bytes, query.dry_run());
            let (body, commit_mode) = settle(&request, body, commit_mode)?;
            context.caller.commit_mode = commit_mode;
            Ok(Self { context, body, query: PhantomData })
        })
    }
}

impl<P, B, Q> FromRequest for Change<P, B, Q>
where
    P: Path + 'static,
    B: ToSchema + DeserializeOwned + 'static,
    Q: IntoParams + DeserializeOwned + DryRunQuery + 'static,
{
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let mut context: CallContext<P> = authenticate(&request).await?.context(&request)?;
            require_visible(&request, &context.caller, context.path.task_force_id()).await?;
            // Unknown parameters are refused, so that a `dryRun` is never ignored.
            let query: Q = validation::query(request.query_string())?;
            let bytes = read_body(&request, payload).await?;
            byte_limit::count(&request, context.caller.user_id, Carried::Json, bytes.len())?;
            let body: validation::Body<B> = validation::body(&bytes)?;
            let version = match version(&request) {
                // Without a version, a repaired body cannot be tried.
                Err(problem) if !body.errors.is_empty() => {
                    return Err(request_errors::refusal(body.errors, Some(&problem)));
                }
                version => version?,
            };
            let commit_mode = idempotency::commit_mode(&request, &context.caller, &bytes, query.dry_run());
            let (body, commit_mode) = settle(&request, body, commit_mode)?;
            context.caller.commit_mode = commit_mode;
            Ok(Self { context, version, body, query: PhantomData })
        })
    }
}

impl<P: Path + 'static> FromRequest for Delete<P> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let context: CallContext<P> = authenticate(&request).await?.context(&request)?;
            require_visible(&request, &context.caller, context.path.task_force_id()).await?;
            let NoQuery {} = validation::query(request.query_string())?;
            Ok(Self { context, version: version(&request)? })
        })
    }
}

impl<P: Path + 'static> FromRequest for NoBody<P> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let mut context: CallContext<P> = authenticate(&request).await?.context(&request)?;
            require_visible(&request, &context.caller, context.path.task_force_id()).await?;
            let NoQuery {} = validation::query(request.query_string())?;
            let commit_mode = idempotency::commit_mode(&request, &context.caller, &[], false)?;
            context.caller.commit_mode = with_commit_mode(&request, commit_mode);
            Ok(Self { context })
        })
    }
}

impl<B: ToSchema + DeserializeOwned + 'static> FromRequest for Public<B> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let NoQuery {} = validation::query(request.query_string())?;
            let body = validation::valid_body(&read_body(&request, payload).await?)?;
            Ok(Self { request_id: RequestContext::of(&request).request_id, body })
        })
    }
}

fn app(request: &HttpRequest) -> Result<&App> {
    request.app_data::<Data<App>>().map(|app| app.as_ref()).ok_or_else(|| ProblemCode::InternalError.into())
}

/// The time limits of the client that sent the request.
fn timeouts(request: &HttpRequest) -> Result<ClientTimeouts> {
    let settings = request.app_data::<Data<Settings>>().ok_or(ProblemCode::InternalError)?;
    Ok(settings.timeouts)
}

/// The caller of a request, by an access token of this service, an API key or a token of the trusted issuer.
async fn caller(request: &HttpRequest, request_id: String) -> Result<Caller> {
    let token = bearer(request.headers()).ok_or(RefusalCode::Unauthenticated)?;
    let app = app(request)?;
    let mut expires_at = None;
    let authenticated = if api_keys::is_api_key(token) {
        app.authenticate_api_key(token).await?
    } else if let Some(claims) = app.tokens.verify(token, app.clock.now()) {
        expires_at = Some(claims.expires_at);
        Some((claims.user_id, Credential::Session(claims.session_id)))
    } else {
        app.single_sign_on(&request_id, token).await?
    };
    let (user_id, credential) = authenticated.ok_or(RefusalCode::Unauthenticated)?;
    Ok(Caller { expires_at, ..Caller::new(user_id, credential, request_id) })
}

/// The caller of a request whose credential is valid, and the language that the request asks for. This part is independent of the types of path,
/// query and body.
struct Authenticated {
    caller: Caller,
    asked_language: Option<Language>,
}

/// Notes the caller of a request that no operation takes, so that the answer is in the language of the caller where no
/// header asks for one. Whether the credential is valid changes nothing else.
pub(super) async fn note_caller(request: &HttpRequest) {
    let RequestContext { request_id, language, .. } = RequestContext::of(request);
    if language.is_none()
        && let Ok(caller) = caller(request, request_id).await
    {
        request.extensions_mut().insert(caller);
    }
}

/// Checks the credential of a request.
async fn authenticate(request: &HttpRequest) -> Result<Authenticated> {
    let RequestContext { request_id, language, .. } = RequestContext::of(request);
    let caller = caller(request, request_id).await?;
    request.extensions_mut().insert(caller.clone());
    Ok(Authenticated { caller, asked_language: language })
}

impl Authenticated {
    /// Reads the parameters of the path. No resource has a malformed id, so such an id is refused with `notFound`.
    fn context<P: Path>(self, request: &HttpRequest) -> Result<CallContext<P>> {
        let path = web::Path::<P>::from_request(request, &mut Payload::None);
        let path = path.into_inner().ok().ok_or(RefusalCode::NotFound)?.into_inner();
        let Self { caller, asked_language } = self;
        Ok(CallContext { path, request_path: request.path().to_owned(), caller, asked_language })
    }
}

/// Refuses a caller who may not see the task force. This check comes before all others, since their errors would reveal
/// that the task force exists. The task force is not locked.
async fn require_visible(request: &HttpRequest, caller: &Caller, task_force_id: Option<Uuid>) -> Result<()> {
    let app = app(request)?;
    match task_force_id {
        Some(id) => app.access(caller, id).await.map(drop)?,
        None => app.actor(caller).await.map(drop)?,
    }
    Ok(())
}

/// The body of a change, and how the change ends: a repaired body is only tried.
fn settle<B>(
    request: &HttpRequest,
    body: validation::Body<B>,
    commit_mode: Result<CommitMode>,
) -> Result<(B, CommitMode)> {
    let validation::Body { value, errors, repaired } = body;
    if errors.is_empty() {
        return Ok((value, with_commit_mode(request, commit_mode?)));
    }
    let of_key = commit_mode.err();
    let errors = errors.into_iter().chain(of_key.iter().flat_map(Problem::field_errors).cloned());
    request_errors::note(request, errors.collect(), repaired);
    Ok((value, with_commit_mode(request, CommitMode::DryRun)))
}

/// Passes the commit mode on to the middleware [`idempotency::finish`]; the use case receives it in the caller.
fn with_commit_mode(request: &HttpRequest, commit_mode: CommitMode) -> CommitMode {
    request.extensions_mut().insert(commit_mode.clone());
    commit_mode
}

/// Reads the bytes of a JSON body.
async fn read_body(request: &HttpRequest, mut payload: Payload) -> Result<Bytes> {
    // Clients that send every body as `application/json` mean a merge patch, since no operation takes another patch.
    let (expected, media_types): (_, &[&str]) = if request.method() == Method::PATCH {
        ("application/merge-patch+json", &["application/merge-patch+json", "application/json"])
    } else {
        ("application/json", &["application/json"])
    };
    let is_json = request.headers().contains_key(CONTENT_TYPE)
        && media_types.iter().any(|media_type| request.content_type().eq_ignore_ascii_case(media_type))
        && request.encoding().is_ok_and(|charset| charset.name() == "UTF-8");
    let is_plain = request
        .headers()
        .get(CONTENT_ENCODING)
        .is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if announces_no_body(request) {
        return Err(missing_body(expected));
    }
    if !is_json || !is_plain {
        return Err(Problem::new(
            ProblemCode::UnsupportedMediaType,
            format!("Send the body as {}, in UTF-8 and not compressed.", media_types.join(" or ")),
            format!("أرسل نص الطلب من النوع {} بترميز UTF-8 ومن دون ضغط.", media_types.join(" أو ")),
        ));
    }
    let within = timeouts(request)?.body;
    let bytes = tokio::time::timeout(within, Bytes::from_request(request, &mut payload)).await;
    let bytes = bytes.ok().ok_or_else(|| {
        Problem::new(
            ProblemCode::MalformedJson,
            format!("The body did not arrive within {} seconds.", within.as_secs()),
            format!("لم يصل نص الطلب خلال {} ثانية.", within.as_secs()),
        )
    })?;
    let bytes = bytes.map_err(|error: actix_web::Error| {
        match error.as_error::<actix_web::error::PayloadError>() {
            Some(actix_web::error::PayloadError::Overflow) => Problem::from(ProblemCode::BodyTooLarge),
            _ => Problem::from(ProblemCode::MalformedJson),
        }
    })?;
    if bytes.is_empty() { Err(missing_body(expected)) } else { Ok(bytes) }
}

/// Tells from the headers that the request has no body: without this question, a client that forgot the body would be
/// told of its content type.
fn announces_no_body(request: &HttpRequest) -> bool {
    let headers = request.headers();
    match headers.get(CONTENT_LENGTH) {
        Some(length) => length.as_bytes() == b"0",
        // HTTP/2 announces no body by no header.
        None => request.version() < Version::HTTP_2 && !headers.contains_key(TRANSFER_ENCODING),
    }
}

fn missing_body(expected: &str) -> Problem {
    let error = FieldError::at("", FieldErrorCode::Required).saying(
        format!("is missing: the request has no body; send one as {expected}, at least `{{}}`"),
        format!("مطلوب ولم يُذكر: نص الطلب فارغ؛ أرسله من النوع {expected}، ولو اقتصر على {{}}"),
    );
    Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into()
}

/// The versions that `If-Match` expects.
fn version(request: &HttpRequest) -> Result<ExpectedVersion> {
    if !request.headers().contains_key(IF_MATCH) {
        return Err(ProblemCode::PreconditionRequired.into());
    }
    etag::expected_version(request.headers()).ok_or_else(|| {
        let error = FieldError::parameter("If-Match", FieldErrorCode::WrongFormat).saying(
            "must be an ETag as it came with the resource, the version of the resource in quotes, a list of these, or *",
            "يجب أن تكون قيمة ETag كما جاءت مع العنصر، أو رقم إصدار العنصر بين علامتي اقتباس، أو قائمة منها، أو *",
        );
        Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into()
    })
}
