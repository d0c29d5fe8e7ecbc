//! The operations that the resources of a task force share: list, create, get, update, delete and transition.
//!
//! An endpoint file declares its representations and calls [`resource_routes!`], which declares the handlers. Each
//! handler only names types and calls the function of the same purpose in this file.

use actix_web::HttpResponse;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::idempotency::DryRun;
use super::pagination::{ListItem, Page, PageParameters, PageQuery, Paging};
use super::patch::{Patch, PatchTarget};
use super::problem::Result;
use super::request::{Change, Create, Delete, Path, Read};
use super::response;
use crate::app::App;
use crate::app::resource::{Resource, Stateful, TransitionCommand, View};
use crate::db::page::Keyed;
use crate::db::resource::{ProductOrder, ProductRow};
use crate::domain::refusal::RefusalCode;
use crate::domain::text::Language;

/// A resource as a response shows it.
pub(super) trait Representation: Serialize {
    /// The resource.
    type Resource: Resource;
    /// True if the representation has labels in the language of the request.
    const HAS_LABELS: bool = true;

    /// The representation for a caller.
    fn new(view: View<Self::Resource>, language: Language) -> Self;
}

type Parent<R> = <<R as Representation>::Resource as Resource>::Parent;
type Fields<R> = <<R as Representation>::Resource as Resource>::Fields;
type Filter<R> = <<R as Representation>::Resource as Resource>::Filter;

/// Declares the operations of a resource.
///
/// A macro, since `actix_web` and `utoipa` take paths and texts only as literals in attributes. `parent` and `id` read
/// the ids of the parents and of the resource from the parameters of a path; `filter` turns a query into the filter of
/// the use case; `payload` reads the parameters of a transition from its body. `list`, its `export` as a sheet and
/// `transition` are optional.
macro_rules! resource_routes {
    (
        representation: $Representation:ident,
        new: $New:ident,
        patch: $Patch:ident,
        tag: $tag:tt,
        collection: {
            url: $collection_url:tt,
            path: $CollectionPath:ident,
            parent: $collection_parent:expr,
        },
        single: {
            url: $single_url:tt,
            path: $SinglePath:ident,
            parent: $single_parent:expr,
            id: $id:expr,
        },
        $(
            list: {
                function: $list:ident,
                summary: $list_summary:tt,
                description: $list_description:tt,
                query: $Query:ident,
                filter: $filter:expr,
                item: $Item:ident,
                page: $Page:ident,
                $(
                    export: {
                        function: $export:ident,
                        url: $export_url:tt,
                        summary: $export_summary:tt,
                        description: $export_description:tt,
                        query: $ExportQuery:ident,
                        row: $Row:ty,
                    },
                )?
            },
        )?
        create: {
            function: $create:ident,
            summary: $create_summary:tt,
            description: $create_description:tt,
            problems: $create_problems:expr,
        },
        get: {
            function: $get:ident,
            summary: $get_summary:tt,
            description: $get_description:tt,
        },
        update: {
            function: $update:ident,
            summary: $update_summary:tt,
            description: $update_description:tt,
            problems: $update_problems:expr,
        },
        delete: {
            function: $delete:ident,
            summary: $delete_summary:tt,
            description: $delete_description:tt,
            problems: $delete_problems:expr,
        },
        $(
            transition: {
                function: $transition:ident,
                summary: $transition_summary:tt,
                description: $transition_description:tt,
                problems: $transition_problems:expr,
                url: $transition_url:tt,
                body: $Transition:ident,
                payload: |$body:ident| $payload:expr,
            },
        )?
    ) => {
        $(
            #[doc = $list_summary]
            #[doc = ""]
            #[doc = $list_description]
            #[utoipa::path(
                tag = $tag,
                params($CollectionPath, $Query),
                responses((status = 200, description = "A page of the list.", body = $Page)),
                extensions(("x-problem-codes" = json!(
                    $crate::http::operation_problems::requires($crate::domain::rights::Action::ReadTaskForce)
                )))
            )]
            #[get($collection_url)]
            async fn $list(
                app: actix_web::web::Data<$crate::app::App>,
                request: $crate::http::request::Read<$CollectionPath, $Query>,
            ) -> $crate::http::problem::Result<actix_web::HttpResponse> {
                $crate::http::resource::list::<$Representation, $Item, _, _, _>(
                    &app, request, $collection_parent, $filter, $Item::new,
                )
                .await
            }

            $(
                #[doc = $export_summary]
                #[doc = ""]
                #[doc = $export_description]
                #[doc = ""]
                #[doc = "The export of activities describes the formats and the parameters, which all exports share."]
                #[utoipa::path(
                    tag = $tag,
                    params($CollectionPath, $ExportQuery),
                    responses($crate::http::sheet::SheetFile),
                    extensions(("x-problem-codes" = json!(
                        $crate::http::operation_problems::requires($crate::domain::rights::Action::ReadTaskForce)
                    )))
                )]
                #[get($export_url)]
                async fn $export(
                    app: actix_web::web::Data<$crate::app::App>,
                    request: $crate::http::request::Read<$CollectionPath, $ExportQuery>,
                    negotiated: Option<$crate::http::negotiation::Negotiated>,
                ) -> $crate::http::problem::Result<actix_web::HttpResponse> {
                    $crate::http::sheet::export::<$Row, _, _>(
                        &app,
                        request,
                        negotiated.as_ref(),
                        $ExportQuery::options,
                        |query, language| {
                            let sort = query.sort.map_or($crate::http::resource::ProductSort::CreatedAt, Into::into);
                            sort.of_all(language)
                        },
                        $filter,
                    )
                    .await
                }
            )?
        )?

        #[doc = $create_summary]
        #[doc = ""]
        #[doc = $create_description]
        #[utoipa::path(
            tag = $tag,
            params($CollectionPath),
            request_body = $New,
            responses((status = 201, description = "The created resource.", body = $Representation, headers(("ETag" = String), ("Location" = String)))),
            extensions(("x-problem-codes" = json!($create_problems)))
        )]
        #[post($collection_url)]
        async fn $create(
            app: actix_web::web::Data<$crate::app::App>,
            request: $crate::http::request::Create<$CollectionPath, $New>,
        ) -> $crate::http::problem::Result<actix_web::HttpResponse> {
            $crate::http::resource::create::<$Representation, _, _>(&app, request, $collection_parent).await
        }

        #[doc = $get_summary]
        #[doc = ""]
        #[doc = $get_description]
        #[utoipa::path(
            tag = $tag,
            params($SinglePath),
            responses((status = 200, description = "The current state of the resource.", body = $Representation, headers(("ETag" = String)))),
            extensions(("x-problem-codes" = json!(
                $crate::http::operation_problems::requires($crate::domain::rights::Action::ReadTaskForce)
            )))
        )]
        #[get($single_url)]
        async fn $get(
            app: actix_web::web::Data<$crate::app::App>,
            request: $crate::http::request::Read<$SinglePath>,
        ) -> $crate::http::problem::Result<actix_web::HttpResponse> {
            $crate::http::resource::get::<$Representation, _>(&app, request, $single_parent, $id).await
        }

        #[doc = $update_summary]
        #[doc = ""]
        #[doc = $update_description]
        #[utoipa::path(
            tag = $tag,
            params($SinglePath, $crate::http::request::IfMatch),
            request_body(content = $Patch, content_type = "application/merge-patch+json"),
            responses((status = 200, description = "The current state of the resource.", body = $Representation, headers(("ETag" = String)))),
            extensions(("x-problem-codes" = json!($update_problems)))
        )]
        #[patch($single_url)]
        async fn $update(
            app: actix_web::web::Data<$crate::app::App>,
            request: $crate::http::request::Change<$SinglePath, $Patch>,
        ) -> $crate::http::problem::Result<actix_web::HttpResponse> {
            $crate::http::resource::update::<$Representation, _, _>(&app, request, $single_parent, $id).await
        }

        #[doc = $delete_summary]
        #[doc = ""]
        #[doc = $delete_description]
        #[utoipa::path(
            tag = $tag,
            params($SinglePath, $crate::http::request::IfMatch),
            responses((status = 204, description = "The resource is deleted.")),
            extensions(("x-problem-codes" = json!($delete_problems)))
        )]
        #[delete($single_url)]
        async fn $delete(
            app: actix_web::web::Data<$crate::app::App>,
            request: $crate::http::request::Delete<$SinglePath>,
        ) -> $crate::http::problem::Result<actix_web::HttpResponse> {
            $crate::http::resource::delete::<$Representation, _>(&app, request, $single_parent, $id).await
        }

        $(
            #[doc = $transition_summary]
            #[doc = ""]
            #[doc = $transition_description]
            #[utoipa::path(
                tag = $tag,
                params($SinglePath, $crate::http::request::IfMatch, $crate::http::idempotency::DryRun),
                request_body = $Transition,
                responses((status = 200, description = "The current state of the resource.", body = $Representation, headers(("ETag" = String)))),
                extensions(("x-problem-codes" = json!($transition_problems)))
            )]
            #[post($transition_url)]
            async fn $transition(
                app: actix_web::web::Data<$crate::app::App>,
                request: $crate::http::request::Change<$SinglePath, $Transition, $crate::http::idempotency::DryRun>,
            ) -> $crate::http::problem::Result<actix_web::HttpResponse> {
                $crate::http::resource::transition::<$Representation, _, _>(&app, request, $id, |$body| {
                    let (to, reason) = ($body.to, $body.reason);
                    $crate::app::resource::TransitionCommand { to, reason, payload: $payload }
                })
                .await
            }
        )?

        /// Registers the operations above. The order is that of the document.
        fn resource_operations(config: &mut crate::http::openapi::operation_list::Operations<'_, '_>) {
            config
                $( .service($list) $( .service($export) )? )?
                .service($create)
                .service($get)
                .service($update)
                .service($delete)
                $( .service($transition) )?;
        }
    };
}
pub(super) use resource_routes;

/// The task force in a path. Every path of a resource has one.
fn task_force_id(path: &impl Path) -> Result<Uuid> {
    path.task_force_id().ok_or_else(|| RefusalCode::NotFound.into())
}

/// The query parameters of a list of resources, as far as the order of the list is concerned.
pub(super) trait ListQuery<R: Resource>: PageParameters {
    /// The orders in which a request can list the resources.
    type Sort: ListSort<R>;

    /// The order that the request asks for.
    fn sort(&self) -> Self::Sort;
}

/// An order of a list of resources.
pub(super) trait ListSort<R: Resource>: Copy {
    /// Tells whether the order depends on the language of the request.
    fn by_language(self) -> bool {
        false
    }

    /// The order, with the key after which the page begins.
    ///
    /// # Errors
    /// `invalidRequest` for a cursor that this list did not return.
    fn order(self, paging: &Paging, language: Language) -> Result<R::Order>;

    /// The key of a row in this order.
    fn key(self, row: &R::Listed) -> Value;
}

impl<R: Resource<Listed = R, Order = Option<Uuid>>> ListQuery<R> for PageQuery {
    type Sort = ();

    fn sort(&self) {}
}

impl<R: Resource<Listed = R, Order = Option<Uuid>>> ListSort<R> for () {
    fn order(self, paging: &Paging, _language: Language) -> Result<Option<Uuid>> {
        paging.after()
    }

    fn key(self, row: &R) -> Value {
        json!(row.id())
    }
}

/// An order of a list of policies, pilots or migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "ProductSort")]
pub(super) enum ProductSort {
    /// Oldest first.
    #[serde(rename = "createdAt")]
    CreatedAt,
    /// By title, in the language of the response: as compared without case, diacritics and forms of the alef, by the first 100 characters.
    #[serde(rename = "title")]
    Title,
    /// The latest change first.
    #[serde(rename = "-updatedAt")]
    UpdatedAt,
}

impl ProductSort {
    /// The order of a whole list.
    pub(super) fn of_all(self, language: Language) -> ProductOrder {
        match self {
            Self::CreatedAt => ProductOrder::CreatedAt(None),
            Self::Title => ProductOrder::Title(language, None),
            Self::UpdatedAt => ProductOrder::UpdatedAt(None),
        }
    }
}

impl<R, Row> ListSort<R> for ProductSort
where
    R: Resource<Listed = Keyed<Row>, Order = ProductOrder>,
    Row: ProductRow,
{
    fn by_language(self) -> bool {
        self == Self::Title
    }

    fn order(self, paging: &Paging, language: Language) -> Result<ProductOrder> {
        Ok(match self {
            Self::CreatedAt => ProductOrder::CreatedAt(paging.after()?),
            Self::Title => ProductOrder::Title(language, paging.after()?),
            Self::UpdatedAt => ProductOrder::UpdatedAt(paging.after()?),
        })
    }

    fn key(self, Keyed { row, key }: &Keyed<Row>) -> Value {
        match self {
            Self::CreatedAt => json!(row.id()),
            Self::Title => json!([key, row.id()]),
            Self::UpdatedAt => json!([row.updated_at(), row.id()]),
        }
    }
}

/// Lists resources.
pub(super) async fn list<R, I, P, Q, Row>(
    app: &App,
    request: Read<P, Q>,
    parent: fn(&P) -> Parent<R>,
    filter: fn(Q) -> Filter<R>,
    item: fn(Row) -> I,
) -> Result<HttpResponse>
where
    R: Representation<Resource: Resource<Listed: Into<Row>>>,
    I: ListItem,
    P: Path,
    Q: ListQuery<R::Resource>,
{
    let Read { context, query } = request;
    let (sort, paging) = (query.sort(), query.paging());
    let paging = if sort.by_language() { paging.in_language(context.language()) } else { paging };
    let order = sort.order(&paging, context.language())?;
    let (task_force_id, parent) = (task_force_id(&context.path)?, parent(&context.path));
    let page = app
        .list::<R::Resource>(&context.caller, task_force_id, parent, &filter(query), &order, paging.window())
        .await?;
    response::document(&Page::new(&paging, page, |row| sort.key(row), |row| item(row.into())))
}

/// Creates a resource.
pub(super) async fn create<R: Representation, P: Path, N: Into<Fields<R>>>(
    app: &App,
    request: Create<P, N>,
    parent: fn(&P) -> Parent<R>,
) -> Result<HttpResponse> {
    let Create { context, body, .. } = request;
    let (task_force_id, parent) = (task_force_id(&context.path)?, parent(&context.path));
    let view = app.create::<R::Resource>(&context.caller, task_force_id, parent, body.into()).await?;
    let (id, version) = (view.resource.id(), view.resource.version());
    let location = format!("{}/{id}", context.request_path);
    let response = response::created(&location, version, &R::new(view, context.language()))?;
    Ok(with_language::<R>(context.language(), response))
}

/// Reads a resource.
pub(super) async fn get<R: Representation, P: Path>(
    app: &App,
    request: Read<P>,
    parent: fn(&P) -> Parent<R>,
    id: fn(&P) -> Uuid,
) -> Result<HttpResponse> {
    let Read { context, .. } = request;
    let path = &context.path;
    let view = app.get(&context.caller, task_force_id(path)?, parent(path), id(path)).await?;
    single::<R>(view, context.language())
}

/// Changes the fields of a resource.
pub(super) async fn update<R, P, T>(
    app: &App,
    request: Change<P, Patch<T>>,
    parent: fn(&P) -> Parent<R>,
    id: fn(&P) -> Uuid,
) -> Result<HttpResponse>
where
    R: Representation,
    P: Path,
    T: PatchTarget<Fields<R>> + Serialize + DeserializeOwned + ToSchema + 'static,
{
    let Change { context, version, body: patch, .. } = request;
    let path = &context.path;
    let change = |fields| patch.apply_to(fields);
    let view =
        app.update(&context.caller, task_force_id(path)?, parent(path), id(path), version, change).await?;
    single::<R>(view, context.language())
}

/// Deletes a resource.
pub(super) async fn delete<R: Representation, P: Path>(
    app: &App,
    request: Delete<P>,
    parent: fn(&P) -> Parent<R>,
    id: fn(&P) -> Uuid,
) -> Result<HttpResponse> {
    let Delete { context, version } = request;
    let path = &context.path;
    app.delete::<R::Resource>(&context.caller, task_force_id(path)?, parent(path), id(path), version).await?;
    Ok(response::done())
}

/// Moves a resource to another state.
pub(super) async fn transition<R, P, T>(
    app: &App,
    request: Change<P, T, DryRun>,
    id: fn(&P) -> Uuid,
    command: fn(T) -> TransitionCommand<R::Resource>,
) -> Result<HttpResponse>
where
    R: Representation<Resource: Stateful>,
    P: Path,
{
    let Change { context, version, body, .. } = request;
    let path = &context.path;
    let view =
        app.transition(&context.caller, task_force_id(path)?, id(path), version, command(body)).await?;
    single::<R>(view, context.language())
}

/// The response that shows one resource.
pub(super) fn single<R: Representation>(view: View<R::Resource>, language: Language) -> Result<HttpResponse> {
    let version = view.resource.version();
    Ok(with_language::<R>(language, response::single(version, &R::new(view, language))?))
}

fn with_language<R: Representation>(language: Language, response: HttpResponse) -> HttpResponse {
    if R::HAS_LABELS { response::in_language(language, response) } else { response }
}
