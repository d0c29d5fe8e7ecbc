//! The header parameters that operations share.

use std::collections::BTreeMap;

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Required};

use super::schemas::with_example;
use crate::http::idempotency::{KEY_PATTERN, MAX_HEADER_LENGTH};

/// The name of the component that describes `Accept-Language`.
pub(super) const ACCEPT_LANGUAGE: &str = "AcceptLanguageParam";
/// The name of the component that describes `Idempotency-Key`.
pub(super) const IDEMPOTENCY_KEY: &str = "IdempotencyKeyParam";
/// The name of the component that describes `If-None-Match`.
pub(super) const IF_NONE_MATCH: &str = "IfNoneMatchParam";

/// Every shared parameter, by the name of its component.
pub(super) fn components() -> BTreeMap<String, RefOr<Parameter>> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let components = [
        (
            ACCEPT_LANGUAGE,
            header(
                "Accept-Language",
                "Language of problems and labels: `ar` or `en`. Default: the `locale` of the user, or English for unknown users. `Content-Language` of the response names the language used.",
                with_example(text(), "ar"),
            ),
        ),
        (
            IDEMPOTENCY_KEY,
            header(
                "Idempotency-Key",
                "A unique key of your choice for this request, with or without quotes. Within 24 hours, a request with the same key is executed once, and its 2xx response is repeated (without one-time secrets). The same key with another body is 422; a key whose request is still running is 409.",
                with_example(
                    text().min_length(Some(1)).max_length(Some(MAX_HEADER_LENGTH)).pattern(Some(KEY_PATTERN)),
                    "8e03978e-40d5-43dd-bc93-6894a57f9324",
                ),
            ),
        ),
        (
            IF_NONE_MATCH,
            header(
                "If-None-Match",
                "The `ETag` of the representation that the client has, a list of them, or `*`. If one of them is current, the answer is 304 without a body.",
                with_example(text(), "\"3.5f1d9c3b7a2e4f60\""),
            ),
        ),
    ];
    components.into_iter().map(|(name, parameter)| (name.to_owned(), parameter.into())).collect()
}

fn header(name: &str, description: &str, schema: Object) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

/// A reference to a parameter among the components.
pub(super) fn reference(component: &str) -> RefOr<Parameter> {
    RefOr::Ref(Ref::new(format!("#/components/parameters/{component}")))
}
