//! The registration of operations: as routes of the service and as a part of the document.
//!
//! The document has one schema of each name. Of two types with one name, the one that is collected last would stand for
//! both, so that clients would read some answers with a wrong type. The registration therefore notes such names, and
//! `taskforce openapi` fails.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use actix_web::Route;
use actix_web::dev::HttpServiceFactory;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa_actix_web::OpenApiFactory;
use utoipa_actix_web::service_config::ServiceConfig;

/// The operations that are being registered.
pub(in crate::http) struct Operations<'a, 's> {
    config: &'a mut ServiceConfig<'s>,
    /// The schemas so far; `None` for a service, whose document exists already.
    schemas: Option<&'a mut SchemaNames>,
}

impl<'a, 's> Operations<'a, 's> {
    /// Operations of a service.
    pub(in crate::http) fn new(config: &'a mut ServiceConfig<'s>) -> Self {
        Self { config, schemas: None }
    }

    /// Operations of a document.
    pub(super) fn noting(config: &'a mut ServiceConfig<'s>, schemas: &'a mut SchemaNames) -> Self {
        Self { config, schemas: Some(schemas) }
    }

    /// Registers an operation.
    pub(in crate::http) fn service<F>(&mut self, operation: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        if let Some(names) = &mut self.schemas {
            let mut schemas = Vec::new();
            operation.schemas(&mut schemas);
            names.add(schemas);
        }
        self.config.service(operation);
        self
    }

    /// Adds a page that is no operation: the document does not list it.
    pub(in crate::http) fn route(&mut self, path: &str, route: Route) -> &mut Self {
        self.config.route(path, route);
        self
    }
}

/// The schemas by their names.
#[derive(Default)]
pub(super) struct SchemaNames {
    first: BTreeMap<String, RefOr<Schema>>,
    ambiguous: BTreeSet<String>,
}

impl SchemaNames {
    fn add(&mut self, schemas: Vec<(String, RefOr<Schema>)>) {
        for (name, schema) in schemas {
            match self.first.entry(name) {
                Entry::Vacant(free) => {
                    free.insert(schema);
                }
                Entry::Occupied(first) if *first.get() == schema => {}
                Entry::Occupied(first) => {
                    self.ambiguous.insert(first.key().clone());
                }
            }
        }
    }

    /// The names of several schemas with different content.
    pub(super) fn ambiguous(self) -> BTreeSet<String> {
        self.ambiguous
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{App, HttpResponse, get};
    use utoipa_actix_web::AppExt as _;

    use super::*;

    mod one {
        #[derive(utoipa::ToSchema)]
        #[expect(dead_code, reason = "only the schema is used")]
        pub(super) struct Badge {
            number: i32,
        }
    }

    mod other {
        #[derive(utoipa::ToSchema)]
        #[expect(dead_code, reason = "only the schema is used")]
        pub(super) struct Badge {
            colour: String,
        }
    }

    #[utoipa::path(responses((status = 200, description = "A badge.", body = one::Badge)))]
    #[get("/one")]
    async fn get_one() -> HttpResponse {
        HttpResponse::Ok().finish()
    }

    #[utoipa::path(responses((status = 200, description = "The same badge.", body = one::Badge)))]
    #[get("/same")]
    async fn get_same() -> HttpResponse {
        HttpResponse::Ok().finish()
    }

    #[utoipa::path(responses((status = 200, description = "Another badge.", body = other::Badge)))]
    #[get("/other")]
    async fn get_other() -> HttpResponse {
        HttpResponse::Ok().finish()
    }

    fn ambiguous(register: impl FnOnce(&mut Operations<'_, '_>)) -> Vec<String> {
        let mut names = SchemaNames::default();
        let app = App::new().into_utoipa_app();
        drop(app.configure(|config| register(&mut Operations::noting(config, &mut names))));
        names.ambiguous().into_iter().collect()
    }

    #[test]
    fn two_schemas_of_one_name_are_found() {
        let same = ambiguous(|operations| {
            operations.service(get_one).service(get_same);
        });
        assert_eq!(same, [""; 0]);
        let other = ambiguous(|operations| {
            operations.service(get_one).service(get_other);
        });
        assert_eq!(other, ["Badge"]);
    }
}
