//! The ways in which callers authenticate.

use std::collections::BTreeMap;

use utoipa::openapi::RefOr;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

/// The security schemes, by the name that operations require them by.
pub(super) fn components() -> BTreeMap<String, RefOr<SecurityScheme>> {
    let bearer = || HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let schemes = [
        (
            "bearer",
            bearer().bearer_format("JWT").description(Some(
                "The access token of `POST /v1/auth/login`; or, where the installation trusts an OpenID Connect issuer, its ID token or JWT access token for this API.",
            )),
        ),
        ("metricsToken", bearer().description(Some("The token of `TASKFORCE_METRICS_TOKEN`."))),
    ];
    schemes
        .into_iter()
        .map(|(name, scheme)| (name.to_owned(), SecurityScheme::Http(scheme.build()).into()))
        .collect()
}
