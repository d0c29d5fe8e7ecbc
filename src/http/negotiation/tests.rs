//! Throw-away operations of several media types behind the response middleware.

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, get};
use utoipa::OpenApi;
use utoipa_actix_web::AppExt as _;

use super::*;
use crate::http::server::response_middleware;

#[utoipa::path(responses((status = 200, description = "A table.", body = String, content_type = "text/csv")))]
#[get("/exports/{id}")]
async fn export() -> HttpResponse {
    HttpResponse::Ok().content_type("text/csv; charset=utf-8").body("a,b\r\n")
}

#[utoipa::path(responses((status = 200, description = "Events.", body = String, content_type = "text/event-stream")))]
#[get("/stream")]
async fn stream() -> HttpResponse {
    HttpResponse::Ok().content_type("text/event-stream").body("data: 1\n\n")
}

#[utoipa::path(responses((
    status = 200,
    description = "A list.",
    content((Vec<i32> = "application/json"), (String = "text/csv"))
)))]
#[get("/items")]
async fn items(negotiated: Negotiated) -> HttpResponse {
    let body = if negotiated.media_type() == "text/csv" { "1\r\n" } else { "[1]" };
    HttpResponse::Ok().content_type(negotiated.media_type()).body(body)
}

#[utoipa::path(
    responses((status = 200, description = "A file.", body = String, content_type = "image/png")),
    extensions(("x-any-accept" = json!(true)))
)]
#[get("/file")]
async fn file() -> HttpResponse {
    HttpResponse::Ok().content_type("image/png").body("png")
}

#[derive(OpenApi)]
struct Empty;

/// The answer to a request for a path with these values of `Accept`.
async fn answer(path: &str, accept: &[&str]) -> ServiceResponse<impl actix_web::body::MessageBody> {
    let (app, openapi) = App::new()
        .into_utoipa_app()
        .openapi(Empty::openapi())
        .service(export)
        .service(stream)
        .service(items)
        .service(file)
        .split_for_parts();
    let routes = RouteTable::new(&openapi).unwrap();
    let service =
        init_service(app.app_data(Data::new(routes)).wrap(from_fn(response_middleware::wrap))).await;
    let mut request = TestRequest::get().uri(path);
    for value in accept {
        request = request.append_header((ACCEPT, *value));
    }
    call_service(&service, request.to_request()).await
}

async fn media_type(path: &str, accept: &[&str]) -> Option<String> {
    let answer = answer(path, accept).await;
    let media_type = answer.headers().get(CONTENT_TYPE).unwrap().to_str().unwrap().to_owned();
    match answer.status() {
        StatusCode::OK => Some(media_type),
        StatusCode::NOT_ACCEPTABLE => {
            assert_eq!(media_type, "application/problem+json");
            None
        }
        other => panic!("{path} {accept:?}: {other}"),
    }
}

#[actix_web::test]
async fn an_operation_of_one_media_type_answers_those_who_take_it() {
    for (path, own) in [("/exports/1", "text/csv; charset=utf-8"), ("/stream", "text/event-stream")] {
        let bare = own.split(';').next().unwrap();
        for accept in [
            &[][..],
            &[""],
            &["*/*"],
            &["text/*"],
            &[bare],
            &[&bare.to_uppercase()],
            &["application/json, */*;q=0.1"],
            &["application/json", bare],
            &[&format!("text/html, {bare};q=0.2")],
            &["no media range"],
        ] {
            assert_eq!(media_type(path, accept).await.as_deref(), Some(own), "{path} {accept:?}");
        }
        for accept in [
            "application/json",
            "application/*",
            "text/html, application/xml;q=0.9",
            "text/plain",
            &format!("{bare};q=0"),
            "*/*;q=0",
        ] {
            assert_eq!(media_type(path, &[accept]).await, None, "{path} {accept}");
        }
    }
}

#[actix_web::test]
async fn an_accept_header_that_is_far_too_long_is_not_read() {
    let ranges = |count| "text/html, ".repeat(count);
    let (long, half, short) = (ranges(10_000), ranges(460), ranges(700));
    for accept in [&[long.as_str()][..], &[&half, &half]] {
        assert_eq!(media_type("/exports/1", accept).await.as_deref(), Some("text/csv; charset=utf-8"));
        assert_eq!(media_type("/items", accept).await.as_deref(), Some("application/json"));
    }
    assert_eq!(media_type("/exports/1", &[&short]).await, None);
}

#[actix_web::test]
async fn an_operation_of_several_media_types_answers_in_the_preferred_one() {
    for (accept, expected) in [
        ("application/json", Some("application/json")),
        ("text/csv", Some("text/csv")),
        ("*/*", Some("application/json")),
        ("text/*", Some("text/csv")),
        ("application/problem+json", Some("application/json")),
        ("text/csv, application/json", Some("application/json")),
        ("text/csv, application/json;q=0.9", Some("text/csv")),
        ("text/csv;q=0.5, */*", Some("application/json")),
        ("application/json;q=0.1, */*;q=0.5", Some("text/csv")),
        ("application/json;q=0, */*", Some("text/csv")),
        ("text/html, */*;q=0.1", Some("application/json")),
        ("text/html", None),
        ("text/csv;q=0", None),
    ] {
        assert_eq!(media_type("/items", &[accept]).await.as_deref(), expected, "{accept}");
    }
}

#[actix_web::test]
async fn a_file_is_sent_whatever_is_accepted() {
    assert_eq!(media_type("/file", &["text/html"]).await.as_deref(), Some("image/png"));
}

#[actix_web::test]
async fn an_address_without_operation_is_not_found_whatever_is_accepted() {
    assert_eq!(answer("/nothing", &["text/html"]).await.status(), StatusCode::NOT_FOUND);
}
