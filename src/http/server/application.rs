//! The application: routes and middleware, as each worker runs them.

use std::io;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, PayloadConfig};
use serde_json::value::RawValue;
use tracing_actix_web::TracingLogger;
use utoipa_actix_web::service_config::ServiceConfig;

use super::byte_limit::ByteLimiter;
use super::compression::CompressedDocuments;
use super::rate_limit::{self, RateLimiter};
use super::request_span::RequestSpan;
use super::settings::Settings;
use super::{
    calendar_feed, cors, documentation, metrics, pages, password_pages, response_middleware, timeouts,
    unmatched, unsubscribe_pages, web_sockets,
};
use crate::app::App;
use crate::app::events::ReadEvent;
use crate::domain::text::Language;
use crate::http::openapi::document::OpenApiDocument;
use crate::http::openapi::operation_list::Operations;
use crate::http::request::{BODY_LIMIT, Uploads};
use crate::http::route_table::RouteTable;
use crate::http::{endpoints, idempotency, openapi, request_errors};

/// An event as webhooks send it: as the API shows it in a language.
///
/// # Errors
/// A value that JSON cannot represent.
pub fn sent_event(read: ReadEvent, language: Language) -> serde_json::Result<Box<RawValue>> {
    endpoints::sent_event(read, language)
}

/// The state that the workers share.
#[derive(Clone)]
pub(super) struct Application {
    app: Data<App>,
    settings: Data<Settings>,
    uploads: Data<Uploads>,
    document: Data<OpenApiDocument>,
    routes: Data<RouteTable>,
    rate_limiter: Option<Data<RateLimiter>>,
    byte_limiter: Option<Data<ByteLimiter>>,
    compressed: Data<CompressedDocuments>,
}

impl Application {
    /// The state of a server that has received no requests yet.
    ///
    /// # Errors
    /// An OpenAPI document that can't be built.
    pub(super) fn new(app: App, settings: Settings) -> io::Result<Self> {
        Ok(Self {
            app: Data::new(app),
            uploads: Data::new(Uploads::default()),
            document: Data::new(openapi::document().map_err(io::Error::other)?),
            routes: Data::from(openapi::routes().map_err(io::Error::other)?),
            rate_limiter: settings.rate_limit.map(|limit| Data::new(RateLimiter::new(limit))),
            byte_limiter: settings.byte_limits.map(|limits| Data::new(ByteLimiter::new(limits))),
            compressed: Data::new(CompressedDocuments::new()),
            settings: Data::new(settings),
        })
    }

    /// The routes, and the middleware around them: the one wrapped last sees a request first.
    pub(super) fn build(
        self,
    ) -> actix_web::App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody + 'static>,
            Error = actix_web::Error,
            InitError = (),
        >,
    > {
        let Self { app, settings, uploads, document, routes, rate_limiter, byte_limiter, compressed } = self;
        let cors = cors::allow(&settings.cors_origins);
        actix_web::App::new()
            .app_data(app)
            .app_data(settings)
            .app_data(uploads)
            .app_data(document)
            .app_data(routes)
            .app_data(compressed)
            .app_data(PayloadConfig::new(BODY_LIMIT))
            .configure(|config| {
                if let Some(rate_limiter) = rate_limiter {
                    config.app_data(rate_limiter);
                }
                if let Some(byte_limiter) = byte_limiter {
                    config.app_data(byte_limiter);
                }
            })
            .configure(|config| {
                endpoints::operations(&mut Operations::new(&mut ServiceConfig::new(config)));
            })
            .configure(documentation::routes)
            // Before the pages, whose tokens may have any letters.
            .configure(calendar_feed::routes)
            .configure(password_pages::routes)
            .configure(unsubscribe_pages::routes)
            .configure(pages::routes)
            .default_service(web::to(unmatched::not_found_or_not_allowed))
            .wrap(from_fn(idempotency::finish))
            .wrap(from_fn(request_errors::complete))
            .wrap(from_fn(web_sockets::refuse))
            .wrap(from_fn(rate_limit::wrap))
            .wrap(from_fn(documentation::allow_own_scripts))
            .wrap(from_fn(pages::finish))
            .wrap(from_fn(metrics::record))
            .wrap(cors)
            .wrap(from_fn(response_middleware::wrap))
            .wrap(TracingLogger::<RequestSpan>::new())
            .wrap(from_fn(response_middleware::attach_context))
            .wrap(from_fn(timeouts::track_request))
    }
}
