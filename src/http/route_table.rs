//! The operations of the contract by their routes: the methods that an address takes, and the media types that each
//! operation produces. The table is built from what the operations declare, and is looked up before the router runs.
//!
//! A lookup allocates nothing. actix's router tries one regular expression after the other, and matchit allocates where a
//! path has more than three parameters.

use actix_web::http::Method;
use mime::Mime;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

use super::openapi::declarations;
use super::openapi::paths::operations_of;

/// The operations by route.
#[derive(Debug, Default)]
pub(super) struct RouteTable(Node);

/// The routes that begin with the same segments.
#[derive(Debug, Default)]
struct Node {
    route: Option<Route>,
    literals: Vec<(String, Node)>,
    parameter: Option<Box<Node>>,
}

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
    /// True if `Accept` chooses among the media types. Otherwise the response is sent independent of `Accept`.
    pub(super) is_negotiated: bool,
}

impl RouteTable {
    /// The table of the operations in a document.
    ///
    /// # Errors
    /// A path or media type that can't be read.
    pub(super) fn new(openapi: &OpenApi) -> Result<Self, String> {
        let mut table = Self::default();
        for (path, item) in &openapi.paths.paths {
            let mut node = &mut table.0;
            for segment in path.split('/') {
                node =
                    node.child(segment).ok_or_else(|| format!("{path}: a parameter is a whole segment"))?;
            }
            node.route = Some(Route::declared(item).map_err(|error| format!("{path}: {error}"))?);
        }
        Ok(table)
    }

    /// The media types of the operation at a route, if there is one. `HEAD` has to be looked up as `GET`.
    pub(super) fn produces(&self, method: &Method, path: &str) -> Option<&Produces> {
        let route = self.0.find(path.split('/'))?;
        route.operations.iter().find(|(own, _)| own == method).map(|(_, produces)| produces)
    }

    /// The methods of the operations at an address, as `Allow` lists them.
    pub(super) fn allowed_methods(&self, path: &str) -> Option<&str> {
        Some(&self.0.find(path.split('/'))?.allowed_methods)
    }
}

impl Node {
    /// The node below this one for a segment of a route, made if there is none.
    fn child(&mut self, segment: &str) -> Option<&mut Node> {
        if segment.starts_with('{') && segment.ends_with('}') {
            return Some(self.parameter.get_or_insert_default());
        }
        if segment.contains('{') {
            return None;
        }
        let place = self.literals.iter().position(|(literal, _)| literal == segment);
        let place = place.unwrap_or_else(|| {
            self.literals.push((segment.to_owned(), Node::default()));
            self.literals.len() - 1
        });
        self.literals.get_mut(place).map(|(_, node)| node)
    }

    /// The route of a path. A literal goes before a parameter, as OpenAPI has it.
    fn find<'a>(&self, mut segments: impl Iterator<Item = &'a str> + Clone) -> Option<&Route> {
        let Some(segment) = segments.next() else { return self.route.as_ref() };
        let literal = self.literals.iter().find(|(literal, _)| literal == segment);
        let found = literal.and_then(|(_, node)| node.find(segments.clone()));
        found.or_else(|| self.parameter.as_ref().filter(|_| !segment.is_empty())?.find(segments))
    }
}

impl Route {
    fn declared(item: &PathItem) -> Result<Self, String> {
        let mut route = Self { allowed_methods: String::new(), operations: Vec::new() };
        for (method, operation) in operations_of(item) {
            if !route.allowed_methods.is_empty() {
                route.allowed_methods.push_str(", ");
            }
            route.allowed_methods.push_str(if method == Method::GET { "GET, HEAD" } else { method.as_str() });
            let produces = Produces::declared(operation).map_err(|error| format!("{method}: {error}"))?;
            route.operations.push((method, produces));
        }
        Ok(route)
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

#[cfg(test)]
mod tests {
    use utoipa::openapi::HttpMethod;
    use utoipa::openapi::path::OperationBuilder;

    use super::*;

    #[test]
    fn a_literal_goes_before_a_parameter_and_a_parameter_takes_one_segment() {
        let mut openapi = OpenApi::default();
        for (path, method) in [
            ("/v1/items/{id}", HttpMethod::Get),
            ("/v1/items/{id}", HttpMethod::Delete),
            ("/v1/items/mine", HttpMethod::Put),
            ("/v1/items/{id}/parts/{part}", HttpMethod::Post),
        ] {
            openapi.paths.add_path_operation(path, vec![method], OperationBuilder::new().build());
        }
        let table = RouteTable::new(&openapi).unwrap();
        for (path, allowed) in [
            ("/v1/items/7", Some("DELETE, GET, HEAD")),
            ("/v1/items/mine", Some("PUT")),
            ("/v1/items/mine/parts/1", Some("POST")),
            ("/v1/items/", None),
            ("/v1/items/7/", None),
            ("/v1/items/7/parts", None),
            ("/v1/items", None),
            ("", None),
        ] {
            assert_eq!(table.allowed_methods(path), allowed, "{path}");
        }
        assert!(table.produces(&Method::GET, "/v1/items/7").unwrap().is_negotiated);
        assert!(table.produces(&Method::GET, "/v1/items/mine").is_none());
    }
}
