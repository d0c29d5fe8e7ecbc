//! Page links over HTTP. `http/server/pages.rs` serves the pages that they open.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::app::page_links::NewPageLink as NewLink;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::Action;
use crate::domain::shared_page::SharedPage;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::problem::Result;
use crate::http::request::{Create, Root};
use crate::http::server::settings::Settings;
use crate::http::{idempotency, response};

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(create_page_link);
}

/// A new page link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "page": "portfolio" }))]
pub(super) struct NewPageLink {
    /// The page that the link opens: `status`, `report` or `portfolio`.
    page: SharedPage,
    /// The task force; required for the pages `status` and `report`, and refused otherwise.
    #[schema(example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    task_force_id: Option<Uuid>,
    /// Number of the report; required for the page `report`, and refused otherwise.
    #[schema(minimum = 1, example = 1)]
    report_number: Option<i32>,
}

impl From<NewPageLink> for NewLink {
    fn from(new: NewPageLink) -> Self {
        let NewPageLink { page, task_force_id, report_number } = new;
        Self { page, task_force_id, report_number }
    }
}

/// A page link with its address, which is shown only once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedPageLink {
    /// The page that the link opens.
    page: SharedPage,
    /// Address of the page. The service shows it only once, and repeated responses omit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        format = "uri",
        example = "https://taskforce.example/s/once-c2VjcmV0LW9mLWEtcGFnZS1saW5rLWZvci1vbmUtdXNl"
    )]
    page_url: Option<String>,
    /// The end of the time to open the link.
    expires_at: DateTime<Utc>,
    /// True if the response contains the address.
    secret_shown: bool,
}

/// Create a one-time link to a page
///
/// Creates a link by which you open a page in a browser without signing in there: the status of a task force, a report, or
/// the status of all task forces. The link opens the page once within 10 minutes, by a button, so that a program that looks
/// at links in messages does not use the link up. The browser that has opened the link reads the page for 12 hours, until
/// your session ends, and as long as you may read the page.
#[utoipa::path(
    tag = "me",
    request_body = NewPageLink,
    responses((status = 200, description = "The link.", body = CreatedPageLink)),
    extensions(("x-problem-codes" = json!(
        requires(Action::ChangeOwnAccount)
            .sometimes_requires(Action::ReadPortfolio)
            .refuses([RefusalCode::UnknownReference])
    )))
)]
#[post("/v1/me/page-links")]
async fn create_page_link(
    app: Data<App>,
    settings: Data<Settings>,
    create: Create<Root, NewPageLink>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let page = body.page;
    let (expires_at, token) = app.page_link_create(&context.caller, body.into()).await?;
    let mut created = CreatedPageLink {
        page,
        page_url: Some(format!("{}/s/{}", settings.public_url, token.expose_secret())),
        expires_at,
        secret_shown: true,
    };
    let response = response::secret_document(&created)?;
    (created.secret_shown, created.page_url) = (false, None);
    idempotency::with_one_time_secret(response, &created)
}
