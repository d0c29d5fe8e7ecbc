//! API keys over HTTP.

use std::borrow::Cow;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::app::api_keys::{NewApiKey, scopes};
use crate::db;
use crate::domain::refusal::RefusalCode;
use crate::domain::rights::{Action, KeyScope};
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::idempotency;
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::requires;
use crate::http::pagination::{ListItem, Page, PageParameters as _, PageQuery};
use crate::http::problem::Result;
use crate::http::reference::ResourceReference;
use crate::http::request::{Create, NoBody, Path, Read, Root};
use crate::http::response;
use crate::http::text::PlainLine;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    config.service(list_api_keys).service(create_api_key).service(revoke_api_key);
}

/// The path of an API key of one's own.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct ApiKeyPath {
    /// The key.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000301")]
    pub(super) api_key_id: Uuid,
}

impl Path for ApiKeyPath {}

/// The scopes of a key, each at most once.
#[derive(Debug)]
pub(super) struct KeyScopes;

impl PartialSchema for KeyScopes {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new()
            .items(Ref::from_schema_name(KeyScope::name()))
            .unique_items(true)
            .min_items(Some(1))
            .max_items(Some(KeyScope::ALL.len()))
            .description(Some("Scopes of the key; `write` always includes `read`."))
            .examples([serde_json::json!(["read"])])
            .into()
    }
}

impl ToSchema for KeyScopes {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("KeyScopes")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((KeyScope::name().into_owned(), KeyScope::schema()));
    }
}

/// A new API key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewApiKey)]
pub(super) struct NewKey {
    /// Purpose of the key.
    #[schema(value_type = PlainLine)]
    name: String,
    /// Scopes of the key: `read`, or `write`, which includes reading.
    #[schema(value_type = KeyScopes)]
    scopes: Vec<KeyScope>,
    /// The only task force that the key can access. Default: the key can access all that its owner can.
    #[schema(example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    task_force_id: Option<Uuid>,
    /// Time of expiry: at most 366 days from now.
    expires_at: DateTime<Utc>,
}

impl From<NewKey> for NewApiKey {
    fn from(new: NewKey) -> Self {
        let NewKey { name, scopes, task_force_id, expires_at } = new;
        Self { name, scopes, task_force_id, expires_at }
    }
}

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiKey {
    /// Unique id.
    id: Uuid,
    /// Purpose of the key.
    #[schema(value_type = PlainLine)]
    name: String,
    /// Scopes of the key.
    #[schema(value_type = KeyScopes)]
    scopes: Vec<KeyScope>,
    /// The only task force that it opens, without title and `href` once you can't see it any more; null for all that you see, and the installation.
    #[schema(required)]
    task_force: Option<ResourceReference>,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of expiry.
    expires_at: DateTime<Utc>,
    /// Time of the last use, to the minute.
    #[schema(required)]
    last_used_at: Option<DateTime<Utc>>,
    /// Time of revocation.
    #[schema(required)]
    revoked_at: Option<DateTime<Utc>>,
}

impl From<db::api_keys::ApiKey> for ApiKey {
    fn from(key: db::api_keys::ApiKey) -> Self {
        Self {
            id: key.id,
            scopes: scopes(&key),
            name: key.name,
            task_force: key.task_force.map(ResourceReference::from),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// An API key with its secret, which is shown only once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedApiKey {
    #[serde(flatten)]
    api_key: ApiKey,
    /// The secret, sent as `Authorization: Bearer <key>`. Store it: the service shows it only once, and repeated
    /// responses omit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "tfk_c2VjcmV0LW9mLWFuLWFwaS1rZXktb2YtYS1zY3JpcHQ")]
    key: Option<String>,
    /// True if the response contains the secret.
    secret_shown: bool,
}

/// A page of your API keys.
type ApiKeyPage = Page<ApiKey>;

impl ListItem for ApiKey {
    const PAGE_NAME: &'static str = "ApiKeyPage";
    const PAGE_DESCRIPTION: &'static str = "A page of your API keys.";
}

/// List your API keys
///
/// Your API keys, newest first, including expired and revoked keys. API keys cannot make this request.
#[utoipa::path(
    tag = "API keys",
    params(PageQuery),
    responses((status = 200, description = "A page of your API keys.", body = ApiKeyPage)),
    extensions(("x-problem-codes" = json!(requires(Action::ChangeOwnAccount).refuses([RefusalCode::InsufficientScope]))))
)]
#[get("/v1/api-keys")]
async fn list_api_keys(app: Data<App>, read: Read<Root, PageQuery>) -> Result<HttpResponse> {
    let Read { context, query } = read;
    let paging = query.paging();
    let before = paging.after()?;
    let page = app.api_keys_list(&context.caller, before, paging.window()).await?;
    response::document(&ApiKeyPage::new(&paging, page, |(_, seq)| *seq, |(key, _)| ApiKey::from(key)))
}

/// Create an API key
///
/// Creates an API key for a script. The key has your rights, limited to its scopes, for as long as you have them. A key
/// that only reads is refused every change (403 `insufficientScope`); to a key of one task force all others are absent
/// (404), lists of task forces show that one, and the rest of the installation but `GET /v1/me` is refused (403).
///
/// The answer holds the secret this once. Keys stay when the password changes: revoke the ones that you don't trust. A new invitation revokes all of them, and so does becoming an administrator. While you are disabled they do nothing. Not for API keys themselves.
#[utoipa::path(
    tag = "API keys",
    request_body = NewKey,
    responses((status = 201, description = "The key and its secret.", body = CreatedApiKey, headers(("ETag" = String), ("Location" = String)))),
    extensions(("x-problem-codes" = json!(requires(Action::ChangeOwnAccount).refuses([
        RefusalCode::UnknownReference, RefusalCode::TooManyApiKeys,
    ]))))
)]
#[post("/v1/api-keys")]
async fn create_api_key(app: Data<App>, create: Create<Root, NewKey>) -> Result<HttpResponse> {
    let Create { context, body, .. } = create;
    let (key, secret) = app.api_key_create(&context.caller, body.into()).await?;
    let mut created = CreatedApiKey {
        api_key: key.into(),
        key: Some(secret.expose_secret().to_owned()),
        secret_shown: true,
    };
    let location = format!("/v1/api-keys/{}", created.api_key.id);
    // A key never changes but for its end, so there is one version of it.
    let response = response::created(&location, 1, &created)?;
    (created.secret_shown, created.key) = (false, None);
    idempotency::with_one_time_secret(response, &created)
}

/// Revoke an API key
///
/// Revokes the key at once and permanently. An administrator can revoke the keys of other users; `GET
/// /v1/installation-events` lists their ids. A key has no version, so `If-Match` is not needed. API keys cannot make
/// this request.
#[utoipa::path(
    tag = "API keys",
    params(ApiKeyPath),
    responses((status = 204, description = "The key is revoked.")),
    extensions(("x-problem-codes" = json!(requires(Action::RevokeKey))))
)]
#[delete("/v1/api-keys/{apiKeyId}")]
async fn revoke_api_key(app: Data<App>, request: NoBody<ApiKeyPath>) -> Result<HttpResponse> {
    let NoBody { context } = request;
    app.api_key_revoke(&context.caller, context.path.api_key_id).await?;
    Ok(response::done())
}
