//! The operations of the contract by their routes: the methods that an address takes, and the media types that each
//! operation produces. The table is built from what the operations declare, and is looked up before the router runs.

use actix_web::http::Method;
use matchit::Router;
use mime::Mime;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, RefOr};

use super::openapi::declarations;
use super::openapi::paths::operations_of;

/// The operations by route.
#[derive(Debug)]
pub(super) struct RouteTable(Router<Route>);

#[derive(Debug)]
struct Route {
    allowed_methods: String,
    operations: Vec<(Method, Produces)>,
}

/// The media types of an operation's answers.
#[derive(Debug)]
pub(super) struct Produces {
    /// The media types of success, the preferred one first; never empty.
    pub(super) media_types: Vec<Mime>,
    /// Whether `Accept` chooses among them. Otherwise the answer is sent as it is.
    pub(super) is_negotiated: bool,
}

impl RouteTable {
    /// The table of the operations in a document.
    ///
    /// # Errors
    /// A path or media type that can't be read.
    pub(super) fn new(openapi: &OpenApi) -> Result<Self, String> {
        let mut router = Router::new();
        for (path, item) in &openapi.paths.paths {
            let mut route = Route { allowed_methods: String::new(), operations: Vec::new() };
            for (method, operation) in operations_of(item) {
                if !route.allowed_methods.is_empty() {
                    route.allowed_methods.push_str(", ");
                }
                route.allowed_methods.push_str(if method == Method::GET {
                    "GET, HEAD"
                } else {
                    method.as_str()
                });
                let produces =
                    Produces::declared(operation).map_err(|error| format!("{method} {path}: {error}"))?;
                route.operations.push((method, produces));
            }
            router.insert(path.as_str(), route).map_err(|error| format!("{path}: {error}"))?;
        }
        Ok(Self(router))
    }

    /// The media types of the operation at a route, if there is one. `HEAD` has to be looked up as `GET`.
    pub(super) fn produces(&self, method: &Method, path: &str) -> Option<&Produces> {
        let route = self.0.at(path).ok()?.value;
        route.operations.iter().find(|(own, _)| own == method).map(|(_, produces)| produces)
    }

    /// The methods of the operations at an address, as `Allow` lists them.
    pub(super) fn allowed_methods(&self, path: &str) -> Option<&str> {
        Some(&self.0.at(path).ok()?.value.allowed_methods)
    }
}

impl Produces {
    fn declared(operation: &Operation) -> Result<Self, String> {
        let mut media_types: Vec<Mime> = Vec::new();
        for (status, response) in &operation.responses.responses {
            let RefOr::T(response) = response else { continue };
            for name in response.content.keys().filter(|_| status.starts_with('2')) {
                let media_type = name.parse().map_err(|error| format!("{name}: {error}"))?;
                if !media_types.contains(&media_type) {
                    media_types.push(media_type);
                }
            }
        }
        if media_types.is_empty() {
            // Only the problems of such an operation have a body, and problems are JSON.
            media_types.push(mime::APPLICATION_JSON);
        }
        Ok(Self { media_types, is_negotiated: declarations::negotiates(operation) })
    }
}
