//! A walk over the operations of an OpenAPI document.

use actix_web::http::Method;
use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

/// The operations of a path, in the alphabetical order of their methods.
pub(in crate::http) fn operations_of(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    let methods = [
        (Method::DELETE, &item.delete),
        (Method::GET, &item.get),
        (Method::PATCH, &item.patch),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
    ];
    methods.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

/// Every operation, with its path and method.
pub(super) fn operations_mut(openapi: &mut OpenApi) -> impl Iterator<Item = (&str, Method, &mut Operation)> {
    openapi.paths.paths.iter_mut().flat_map(|(path, item)| {
        let methods = [
            (Method::DELETE, &mut item.delete),
            (Method::GET, &mut item.get),
            (Method::PATCH, &mut item.patch),
            (Method::POST, &mut item.post),
            (Method::PUT, &mut item.put),
        ];
        let operations =
            methods.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)));
        operations.map(|(method, operation)| (path.as_str(), method, operation))
    })
}

/// Every parameter of every operation.
pub(super) fn parameters_mut(openapi: &mut OpenApi) -> impl Iterator<Item = &mut RefOr<Parameter>> {
    operations_mut(openapi).flat_map(|(_, _, operation)| operation.parameters.iter_mut().flatten())
}
