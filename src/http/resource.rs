//! The operations that nouns below a task force share, written once: list, create, read, change and delete one, and
//! move one that has states.
//!
//! A noun declares its representations and, with [`resource!`], what its operations are called and which problems they
//! can have. The handlers are the same for all.

use serde::Serialize;

use crate::app::resource::{Resource, View};
use crate::domain::text::Language;

/// How one of a noun is shown.
pub(super) trait Representation: Serialize {
    /// The noun.
    type Resource: Resource;

    /// It, as somebody sees it.
    fn new(view: View<Self::Resource>, language: Language) -> Self;
}

/// Declares the operations of a noun. Words and addresses are literals, since the macros that document them need
/// literals; `at` takes the parameters of a path apart into what is above the noun and, of a single one, its id.
/// `from` is what creates one; `by` is a merge patch of that, unless `of` names the part of it that can be changed.
macro_rules! resource {
    (
        $One:ident $(, listed as $Item:ident on $Page:ident)?, from $New:ident by $Patch:ident $(of $Part:ident)?, tagged $tag:tt,
        $collection:tt of $Parent:ident ($at:ident => $parent:expr),
        $single:tt at $Path:ident ($one:ident => $above_one:expr, $id:expr),
        $( list: $list:ident, $list_summary:tt, $list_text:tt, by $Query:ident ($query:ident => $filter:expr); )?
        create: $create:ident, $create_summary:tt, $create_text:tt, $create_codes:tt;
        get: $get:ident, $get_summary:tt, $get_text:tt;
        update: $update:ident, $update_summary:tt, $update_text:tt, $update_codes:tt;
        delete: $delete:ident, $delete_summary:tt, $delete_text:tt, $delete_codes:tt;
        $(
            transition: $transition:ident, $transition_summary:tt, $transition_text:tt, $transition_codes:tt,
            at $transitions:tt by $Transition:ident ($body:ident => $payload:expr);
        )?
    ) => {
        $(
            #[doc = $list_summary]
            #[doc = ""]
            #[doc = $list_text]
            #[utoipa::path(
                tag = $tag,
                params($Parent, $Query),
                responses((status = 200, description = "A page of them.", body = $Page))
            )]
            #[get($collection)]
            async fn $list(
                app: actix_web::web::Data<$crate::app::App>,
                read: $crate::http::request::Read<$Parent, $Query>,
            ) -> $crate::http::problem::Result<actix_web::HttpResponse> {
                let $crate::http::request::Read { context, query: $query } = read;
                let after = $crate::http::pagination::after($query.cursor.as_deref())?;
                let $at = &context.path;
                let (parent, limit) = ($parent, $query.limit);
                let filter = $filter;
                let (today, page) = app
                    .list::<<$One as $crate::http::resource::Representation>::Resource>(
                        &context.caller, $at.task_force_id, parent, &filter, after, limit,
                    )
                    .await?;
                $crate::http::response::document(&$Page::new(page, |row| row.id, |row| $Item::new(row, today)))
            }
        )?

        #[doc = $create_summary]
        #[doc = ""]
        #[doc = $create_text]
        #[utoipa::path(
            tag = $tag,
            params($Parent),
            request_body = $New,
            responses((status = 201, description = "It, as it was made.", body = $One, headers(("ETag" = String), ("Location" = String)))),
            extensions(("x-problem-codes" = json!($create_codes)))
        )]
        #[post($collection)]
        async fn $create(
            app: actix_web::web::Data<$crate::app::App>,
            create: $crate::http::request::Create<$Parent, $New>,
        ) -> $crate::http::problem::Result<actix_web::HttpResponse> {
            let $crate::http::request::Create { context, body, .. } = create;
            let $at = &context.path;
            let view = app.create(&context.caller, $at.task_force_id, $parent, body.into()).await?;
            $crate::http::resource::created::<$One>(view, &context.uri, context.language)
        }

        #[doc = $get_summary]
        #[doc = ""]
        #[doc = $get_text]
        #[utoipa::path(
            tag = $tag,
            params($Path),
            responses((status = 200, description = "It, as it is now.", body = $One, headers(("ETag" = String))))
        )]
        #[get($single)]
        async fn $get(
            app: actix_web::web::Data<$crate::app::App>,
            read: $crate::http::request::Read<$Path>,
        ) -> $crate::http::problem::Result<actix_web::HttpResponse> {
            let $crate::http::request::Read { context, .. } = read;
            let $one = &context.path;
            let view = app.get(&context.caller, $one.task_force_id, $above_one, $id).await?;
            $crate::http::resource::single::<$One>(view, context.language)
        }

        #[doc = $update_summary]
        #[doc = ""]
        #[doc = $update_text]
        #[utoipa::path(
            tag = $tag,
            params($Path, IfMatch),
            request_body(content = $Patch, content_type = "application/merge-patch+json"),
            responses((status = 200, description = "It, as it is now.", body = $One, headers(("ETag" = String)))),
            extensions(("x-problem-codes" = json!($update_codes)))
        )]
        #[patch($single)]
        async fn $update(
            app: actix_web::web::Data<$crate::app::App>,
            change: $crate::http::request::Change<$Path, $Patch>,
        ) -> $crate::http::problem::Result<actix_web::HttpResponse> {
            let $crate::http::request::Change { context, version, body, .. } = change;
            let $one = &context.path;
            let patch = |fields| Ok($crate::http::resource::patched!(body, fields, $New $(, $Part)?));
            let view =
                app.update(&context.caller, $one.task_force_id, $above_one, $id, version, patch).await?;
            $crate::http::resource::single::<$One>(view, context.language)
        }

        #[doc = $delete_summary]
        #[doc = ""]
        #[doc = $delete_text]
        #[utoipa::path(
            tag = $tag,
            params($Path, IfMatch),
            responses((status = 204, description = "It is gone.")),
            extensions(("x-problem-codes" = json!($delete_codes)))
        )]
        #[delete($single)]
        async fn $delete(
            app: actix_web::web::Data<$crate::app::App>,
            remove: $crate::http::request::Delete<$Path>,
        ) -> $crate::http::problem::Result<actix_web::HttpResponse> {
            let $crate::http::request::Delete { context, version } = remove;
            let $one = &context.path;
            app.delete::<<$One as $crate::http::resource::Representation>::Resource>(
                &context.caller, $one.task_force_id, $above_one, $id, version,
            )
            .await?;
            Ok($crate::http::response::done())
        }

        $(
            #[doc = $transition_summary]
            #[doc = ""]
            #[doc = $transition_text]
            #[utoipa::path(
                tag = $tag,
                params($Path, IfMatch, $crate::http::idempotency::DryRun),
                request_body = $Transition,
                responses((status = 200, description = "It, as it is now.", body = $One, headers(("ETag" = String)))),
                extensions(("x-problem-codes" = json!($transition_codes)))
            )]
            #[post($transitions)]
            async fn $transition(
                app: actix_web::web::Data<$crate::app::App>,
                change: $crate::http::request::Change<$Path, $Transition, $crate::http::idempotency::DryRun>,
            ) -> $crate::http::problem::Result<actix_web::HttpResponse> {
                let $crate::http::request::Change { context, version, body: $body, .. } = change;
                let $one = &context.path;
                let (to, reason) = ($body.to, $body.reason);
                let command = $crate::app::resource::Command { to, reason, payload: $payload };
                let view =
                    app.transition(&context.caller, $one.task_force_id, $id, version, command).await?;
                $crate::http::resource::single::<$One>(view, context.language)
            }
        )?

        /// What all have in common, in the order in which they are asked for.
        fn common_operations(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
            config
                $( .service($list) )?
                .service($create)
                .service($get)
                .service($update)
                .service($delete)
                $( .service($transition) )?;
        }
    };
}
pub(super) use resource;

/// Fields as a merge patch leaves them: of all of them, or of the part that can be changed.
macro_rules! patched {
    ($patch:ident, $fields:ident, $New:ident) => {
        $New::into($patch.apply(&$New::from($fields))?)
    };
    ($patch:ident, $fields:ident, $New:ident, $Part:ident) => {
        $patch.apply(&$Part::from(&$fields))?.put_into($fields)
    };
}
pub(super) use patched;

/// The answer to a read or a change of one.
pub(super) fn single<R: Representation>(
    view: View<R::Resource>,
    language: Language,
) -> super::problem::Result<actix_web::HttpResponse> {
    let version = view.noun.version();
    super::response::single(version, &R::new(view, language))
}

/// The answer to the creation of one, in the collection at this address.
pub(super) fn created<R: Representation>(
    view: View<R::Resource>,
    collection: &str,
    language: Language,
) -> super::problem::Result<actix_web::HttpResponse> {
    let (id, version) = (view.noun.id(), view.noun.version());
    super::response::created(&format!("{collection}/{id}"), version, &R::new(view, language))
}
