//! The headers of responses that operations share.

use std::collections::BTreeMap;

use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Ref, RefOr};

use super::schemas::with_example;
use crate::http::server::response_middleware::API_VERSION;

const ETAG_EXAMPLE: &str = "\"3.5f1d9c3b7a2e4f60\"";

/// A header of a response, by the component that describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SharedHeader {
    ApiVersion,
    ETag,
    ETagOfPage,
    ETagOfConflict,
    ETagUnlessTried,
    IdempotencyReplayed,
    Location,
    RateLimit,
    RateLimitPolicy,
    RequestId,
    RetryAfter,
    SetCookie,
}

impl SharedHeader {
    const ALL: [Self; 12] = [
        Self::ApiVersion,
        Self::ETag,
        Self::ETagOfPage,
        Self::ETagOfConflict,
        Self::ETagUnlessTried,
        Self::IdempotencyReplayed,
        Self::Location,
        Self::RateLimit,
        Self::RateLimitPolicy,
        Self::RequestId,
        Self::RetryAfter,
        Self::SetCookie,
    ];

    /// The name of the header, and of the component that describes it.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::ApiVersion => ("API-Version", "ApiVersion"),
            Self::ETag => ("ETag", "ETag"),
            Self::ETagOfPage => ("ETag", "ETagOfPage"),
            Self::ETagOfConflict => ("ETag", "ETagOfConflict"),
            Self::ETagUnlessTried => ("ETag", "ETagUnlessTried"),
            Self::IdempotencyReplayed => ("Idempotency-Replayed", "IdempotencyReplayed"),
            Self::Location => ("Location", "Location"),
            Self::RateLimit => ("RateLimit", "RateLimit"),
            Self::RateLimitPolicy => ("RateLimit-Policy", "RateLimitPolicy"),
            Self::RequestId => ("X-Request-Id", "RequestId"),
            Self::RetryAfter => ("Retry-After", "RetryAfter"),
            Self::SetCookie => ("Set-Cookie", "SetCookie"),
        }
    }

    fn described(self) -> Header {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        match self {
            Self::ApiVersion => {
                header("The version of the contract.", with_example(text(), API_VERSION), Some(true))
            }
            Self::ETag => header(
                "Version and hash of the representation, for `If-Match` and `If-None-Match`. `If-Match` also takes the version alone, in quotes.",
                with_example(text(), ETAG_EXAMPLE),
                Some(true),
            ),
            Self::ETagOfPage => header(
                "Hash of the representation, for `If-None-Match`; there is no version to change.",
                with_example(text(), "W/\"5f1d9c3b7a2e4f60\""),
                Some(true),
            ),
            Self::ETagOfConflict => header(
                "With `versionMismatch`: the current version, for `If-Match`.",
                with_example(text(), "\"4\""),
                None,
            ),
            Self::ETagUnlessTried => header(
                "Version and hash of the representation, for `If-Match` and `If-None-Match`; not of a dry run. `If-Match` also takes the version alone, in quotes.",
                with_example(text(), ETAG_EXAMPLE),
                None,
            ),
            Self::IdempotencyReplayed => header(
                "Present if the response repeats that of an earlier request with the same `Idempotency-Key`.",
                text().enum_values(Some(["true"])).build(),
                None,
            ),
            Self::Location => header(
                "URL of the new resource.",
                text().format(Some(SchemaFormat::Custom("uri-reference".to_owned()))).build(),
                Some(true),
            ),
            // An installation without limits sends neither of these two.
            Self::RateLimit => header(
                "The rest of the caller's quota: `r` requests now, and all of it again in `t` seconds (draft-ietf-httpapi-ratelimit-headers-11).",
                with_example(text(), "\"default\";r=299;t=1"),
                Some(false),
            ),
            Self::RateLimitPolicy => header(
                "Your quota: `q` requests at once, which come back evenly over `w` seconds.",
                with_example(text(), "\"default\";q=300;w=15"),
                Some(false),
            ),
            Self::RequestId => header(
                "Id of the request in logs, events and problems: the client's own `X-Request-Id` if it was valid.",
                with_example(text().max_length(Some(64)), "0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e"),
                Some(true),
            ),
            Self::RetryAfter => header(
                "Seconds to wait before the next attempt. Always present with status 429 and 503. With `sessionsEnded`, the seconds after which a new token of the issuer is accepted; without the header, a new token is accepted at once.",
                with_example(ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)), 2),
                None,
            ),
            Self::SetCookie => header(
                "The refresh token, only for clients that asked for the cookie (`refreshCookie`): `HttpOnly`, `SameSite=Strict`, for `/v1/auth` alone, and `Secure` over TLS. Signing out removes the cookie.",
                text().build(),
                Some(false),
            ),
        }
    }
}

fn header(description: &str, schema: Object, required: Option<bool>) -> Header {
    let header = HeaderBuilder::new().description(Some(description)).schema(Some(schema));
    // utoipa's `Header` has no field `required`; an extension becomes a member of the same JSON object.
    header.extensions(required.map(|required| Extensions::from_iter([("required", required)]))).build()
}

/// Every shared header, by the name of its component.
pub(super) fn components() -> BTreeMap<String, RefOr<Header>> {
    let component = |header: SharedHeader| (header.names().1.to_owned(), header.described().into());
    SharedHeader::ALL.into_iter().map(component).collect()
}

/// Documents a header of a response.
pub(super) fn add(response: &mut Response, header: SharedHeader) {
    let (name, component) = header.names();
    let reference = Ref::new(format!("#/components/headers/{component}"));
    response.headers.insert(name.to_owned(), RefOr::Ref(reference));
}

/// Returns whether a response declares this header.
pub(super) fn has(response: &Response, header: SharedHeader) -> bool {
    response.headers.contains_key(header.names().0)
}

/// Documents the headers of all responses. Only problems list them, once; the introduction of the document says that
/// successes have them, too.
pub(super) fn add_common(response: &mut Response) {
    for header in [
        SharedHeader::ApiVersion,
        SharedHeader::RequestId,
        SharedHeader::RateLimit,
        SharedHeader::RateLimitPolicy,
    ] {
        add(response, header);
    }
}

/// Lets the headers that an operation only names refer to their descriptions.
pub(super) fn describe_declared(response: &mut Response) {
    for header in [SharedHeader::ETag, SharedHeader::Location, SharedHeader::SetCookie] {
        if has(response, header) {
            add(response, header);
        }
    }
}
