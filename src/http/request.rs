//! What comes in: path, caller, version and body, checked in the order that every operation shares.
//!
//! Credential (401), visible to the caller (404), body (415, 413, 400), `If-Match` (428); everything after that is
//! decided under the lock by the use case. One extractor does it all, since separate ones would race each other.

mod upload;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, IF_MATCH};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::envelope::Envelope;
use super::problem::{Problem, Result};
use super::validation;
use crate::app::App;
use crate::app::access::Caller;
use crate::domain::refusal::{Code, Fault, FaultCode, Refusal};
use crate::domain::text::Language;

/// The most bytes that a JSON body may have.
pub(super) const BODY_LIMIT: usize = 256 * 1024;
/// How long a client may take to send one.
const BODY_WITHIN: Duration = Duration::from_secs(30);

pub(super) use upload::Upload;

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// The ids and names in a path.
pub(super) trait Path: DeserializeOwned {
    /// The task force that the path leads into.
    fn task_force_id(&self) -> Option<Uuid> {
        None
    }
}

/// A path without parameters.
#[derive(Debug, Deserialize)]
pub(super) struct Root {}

impl Path for Root {}

/// Declares the parameters of a path.
macro_rules! path_to {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $type:ty = $example:literal, $doc:literal;)+ } $(in $scope:ident)?) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
        #[serde(rename_all = "camelCase")]
        #[into_params(parameter_in = Path)]
        pub(super) struct $name {
            $(
                #[doc = $doc]
                #[param(inline, example = $example)]
                pub(super) $field: $type,
            )+
        }

        impl $crate::http::request::Path for $name {
            $(
                fn task_force_id(&self) -> Option<uuid::Uuid> {
                    Some(self.$scope)
                }
            )?
        }
    };
}
pub(super) use path_to;

/// A number in a path, as it is written: nothing else is an address of the same thing.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i32, D::Error> {
    let text = String::deserialize(deserializer)?;
    let number = text.parse().ok().filter(|number| *number >= 1 && i32::to_string(number) == text);
    number.ok_or_else(|| D::Error::custom("not a number of anything"))
}

path_to! {
    /// Into a task force.
    TaskForcePath {
        task_force_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-000000000001", "The task force.";
    } in task_force_id
}

/// The `If-Match` header of a change.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used; the header is read by hand")]
pub(super) struct IfMatch {
    /// The `ETag` of the representation that you are changing; only the part before the dot is compared.
    #[param(
        rename = "If-Match",
        pattern = r#"^(W/)?"[0-9]{1,9}(\.[0-9a-f]{1,64})?"$"#,
        max_length = 90,
        example = "\"3.5f1d9c3b7a2e4f60\""
    )]
    if_match: String,
}

/// What a read or a command carries beside its body.
#[derive(Debug)]
pub(super) struct Context<P> {
    /// The parameters of the path.
    pub(super) at: P,
    /// The path itself.
    pub(super) address: String,
    /// Who is calling.
    pub(super) caller: Caller,
    /// The language to answer in.
    pub(super) language: Language,
}

/// A read: path, caller and query.
#[derive(Debug)]
pub(super) struct Read<P, Q = NoQuery> {
    /// Path and caller.
    pub(super) context: Context<P>,
    /// The query's parameters.
    pub(super) query: Q,
}

/// No query parameter at all.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct NoQuery {}

/// A request whose body stands for itself: a POST that creates, or a PUT of something that has no version.
#[derive(Debug)]
pub(super) struct Create<P, B> {
    /// Path and caller.
    pub(super) context: Context<P>,
    /// The body.
    pub(super) body: B,
}

/// A change of a resource in the version that the caller read: PATCH, or a command on it.
#[derive(Debug)]
pub(super) struct Change<P, B> {
    /// Path and caller.
    pub(super) context: Context<P>,
    /// The version of `If-Match`.
    pub(super) version: i32,
    /// The body.
    pub(super) body: B,
}

/// A DELETE in the version that the caller read.
#[derive(Debug)]
pub(super) struct Remove<P> {
    /// Path and caller.
    pub(super) context: Context<P>,
    /// The version of `If-Match`.
    pub(super) version: i32,
}

/// A PUT or DELETE of something that either is there or not, without body and version.
#[derive(Debug)]
pub(super) struct Toggle<P> {
    /// Path and caller.
    pub(super) context: Context<P>,
}

/// A POST that needs no credential.
#[derive(Debug)]
pub(super) struct Open<B> {
    /// The request, for the events it leaves.
    pub(super) request_id: String,
    /// The body.
    pub(super) body: B,
}

impl<P: Path + 'static, Q: IntoParams + DeserializeOwned + 'static> FromRequest for Read<P, Q> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let context = context(&request)?;
            match validation::query(request.query_string()) {
                Ok(query) => Ok(Self { context, query }),
                // What is wrong with the query is told only to those who may ask at all.
                Err(refusal) => {
                    look(&request, &context).await?;
                    Err(refusal.into())
                }
            }
        })
    }
}

impl<P: Path + 'static, B: ToSchema + DeserializeOwned + 'static> FromRequest for Create<P, B> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let context = visible(&request).await?;
            let body = body(&request, payload).await?;
            Ok(Self { context, body })
        })
    }
}

impl<P: Path + 'static, B: ToSchema + DeserializeOwned + 'static> FromRequest for Change<P, B> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let context = visible(&request).await?;
            let body = body(&request, payload).await?;
            Ok(Self { context, version: version(&request)?, body })
        })
    }
}

impl<P: Path + 'static> FromRequest for Remove<P> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let context = visible(&request).await?;
            Ok(Self { context, version: version(&request)? })
        })
    }
}

impl<P: Path + 'static> FromRequest for Toggle<P> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self { context: visible(&request).await? }) })
    }
}

impl<B: ToSchema + DeserializeOwned + 'static> FromRequest for Open<B> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = body(&request, payload).await?;
            Ok(Self { request_id: Envelope::of(&request).request_id, body })
        })
    }
}

fn app(request: &HttpRequest) -> Result<&App> {
    request.app_data::<Data<App>>().map(|app| app.as_ref()).ok_or_else(|| Code::InternalError.into())
}

/// Credential first, then the path: an id that can't be one is the id of nothing.
fn context<P: Path>(request: &HttpRequest) -> Result<Context<P>> {
    let envelope = Envelope::of(request);
    let token = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let app = app(request)?;
    let claims = token.and_then(|token| app.tokens.verify(token, app.clock.now()));
    let claims = claims.ok_or(Code::Unauthenticated)?;
    let caller =
        Caller { user_id: claims.user_id, session_id: claims.session_id, request_id: envelope.request_id };
    let at = web::Path::<P>::from_request(request, &mut Payload::None);
    let at = at.into_inner().ok().ok_or(Code::NotFound)?.into_inner();
    Ok(Context { at, address: request.path().to_owned(), caller, language: envelope.language })
}

/// An unlocked look at the task force: whoever may not know of it learns nothing from what is checked after.
async fn look<P: Path>(request: &HttpRequest, context: &Context<P>) -> Result<()> {
    let app = app(request)?;
    match context.at.task_force_id() {
        Some(id) => app.look(&context.caller, id).await.map(drop)?,
        None => app.actor(&context.caller).await.map(drop)?,
    }
    Ok(())
}

/// Path and caller of a change, and that look.
async fn visible<P: Path>(request: &HttpRequest) -> Result<Context<P>> {
    let context = context::<P>(request)?;
    look(request, &context).await?;
    // Whoever sends `dryRun` to what has none must not find it done.
    let NoQuery {} = validation::query(request.query_string())?;
    Ok(context)
}

async fn body<B: ToSchema + DeserializeOwned + 'static>(
    request: &HttpRequest,
    mut payload: Payload,
) -> Result<B> {
    let expected =
        if request.method() == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
    let is_json = request.headers().contains_key(CONTENT_TYPE)
        && request.content_type().eq_ignore_ascii_case(expected)
        && request.encoding().is_ok_and(|charset| charset.name() == "UTF-8");
    let is_plain = request
        .headers()
        .get(CONTENT_ENCODING)
        .is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if !is_json || !is_plain {
        return Err(Refusal::new(
            Code::UnsupportedMediaType,
            format!("Send the body as {expected}, in UTF-8 and not compressed."),
            format!("أرسل نص الطلب بنوع {expected} وبترميز UTF-8 دون ضغط."),
        )
        .into());
    }
    let bytes = tokio::time::timeout(BODY_WITHIN, Bytes::from_request(request, &mut payload)).await;
    let bytes = bytes.ok().ok_or_else(|| {
        Refusal::new(
            Code::MalformedJson,
            format!("The body did not arrive within {} seconds.", BODY_WITHIN.as_secs()),
            format!("لم يصل نص الطلب خلال {} ثانية.", BODY_WITHIN.as_secs()),
        )
    })?;
    let bytes = bytes.map_err(|error: actix_web::Error| {
        match error.as_error::<actix_web::error::PayloadError>() {
            Some(actix_web::error::PayloadError::Overflow) => Problem::from(Code::BodyTooLarge),
            _ => Problem::from(Code::MalformedJson),
        }
    })?;
    Ok(validation::body(&bytes)?)
}

/// The version that `If-Match` names. It may be weak, bare or `*`-less; what follows the dot is not compared.
fn version(request: &HttpRequest) -> Result<i32> {
    let header = request.headers().get(IF_MATCH).ok_or(Code::PreconditionRequired)?;
    let version = header.to_str().ok().and_then(parse_version);
    version.ok_or_else(|| {
        let fault = Fault::parameter("If-Match", FaultCode::WrongFormat).saying(
            "must be one ETag as it came with the resource",
            "يجب أن يكون قيمة ETag واحدة كما جاءت مع المورد",
        );
        Refusal::faults(Code::InvalidRequest, vec![fault]).into()
    })
}

fn parse_version(header: &str) -> Option<i32> {
    let tag = header.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
    let (version, hash) = tag.split_once('.').map_or((tag, None), |(version, hash)| (version, Some(hash)));
    let digits = (1..=9).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_digit());
    let hash = hash.is_none_or(|hash| {
        (1..=64).contains(&hash.len()) && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    });
    (digits && hash).then(|| version.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn if_match_takes_an_etag_and_nothing_else() {
        assert_eq!(parse_version("\"3.ab12\""), Some(3));
        assert_eq!(parse_version("W/\"3.ab12\""), Some(3));
        assert_eq!(parse_version("\"3\""), Some(3));
        for wrong in [
            "",
            "*",
            "3",
            "\"\"",
            "\"-1.a\"",
            "\"+1\"",
            "\"3.a\", \"4.b\"",
            "\"99999999999\"",
            "\"3.xyz\"",
            "\"3.\"",
            "\"3.AB\"",
        ] {
            assert_eq!(parse_version(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_if_match_panics(header in "\\PC{0,40}") {
            let _: Option<i32> = parse_version(&header);
        }
    }
}
