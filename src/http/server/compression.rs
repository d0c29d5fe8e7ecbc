//! Compression of responses: one decision for all operations.
//!
//! A response is compressed if the client takes gzip or brotli, and if the response is text, in memory, longer than a
//! packet, and may be stored by its reader. The last condition keeps secrets out: an answer with a token, an invitation
//! or an API key is `no-store` (`http/response.rs`), and so is every answer that says nothing else. The length of a
//! compressed answer therefore tells nothing of a secret beside a text that somebody else chose (BREACH).
//!
//! The middleware `Compress` of actix doesn't serve: it also encodes streams, short answers and answers with secrets,
//! leaves the `ETag` of the uncompressed representation, and its feature lets requests be compressed.

use std::io::{self, Write as _};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, Encoding, HeaderMap, HeaderValue,
    Preference, Quality, QualityItem, VARY, from_comma_delimited,
};
use actix_web::web::{self, Bytes};
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use moka::sync::Cache;

use crate::http::etag;

/// The shortest body that is compressed, in bytes. A shorter one fits into one packet as it is.
const SHORTEST: usize = 1400;

/// The longest document that is compressed as well as possible, in bytes.
const LONGEST_AT_BEST: usize = 1024 * 1024;

/// The number of compressed documents that are kept. There are fewer public documents.
const KEPT: u64 = 128;

/// A coding of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// The codings, the best one first.
    const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    fn encoding(self) -> Encoding {
        match self {
            Self::Brotli => Encoding::brotli(),
            Self::Gzip => Encoding::gzip(),
        }
    }

    /// The coding that a client likes best. A client that names no coding gets none, whatever `*` says.
    fn accepted(request: &HeaderMap) -> Option<Self> {
        let listed: Vec<QualityItem<Preference<Encoding>>> =
            from_comma_delimited(request.get_all(ACCEPT_ENCODING)).unwrap_or_default();
        let quality = |coding: Self| {
            let named = listed.iter().find(|item| item.item == Preference::Specific(coding.encoding()));
            named.map(|item| item.quality).filter(|quality| *quality > Quality::ZERO)
        };
        let mut best = None;
        for coding in Self::ALL {
            if let Some(quality) = quality(coding)
                && best.is_none_or(|(_, other)| quality > other)
            {
                best = Some((coding, quality));
            }
        }
        best.map(|(coding, _)| coding)
    }
}

/// Compressed documents that are the same for everybody, by coding and `ETag`, which contains a hash of the document.
pub(in crate::http) struct CompressedDocuments(Cache<(Coding, HeaderValue), Bytes>);

impl CompressedDocuments {
    pub(super) fn new() -> Self {
        Self(Cache::new(KEPT))
    }
}

/// Chooses the coding of a response with this body in memory, and says in `Vary` that there was a choice.
pub(super) fn choose<B>(request: &HeaderMap, response: &mut HttpResponse<B>, body: &Bytes) -> Option<Coding> {
    let is_success = matches!(response.status(), StatusCode::OK | StatusCode::CREATED);
    if !is_success || !is_compressible(response.headers()) {
        return None;
    }
    vary_by_coding(response.headers_mut());
    Coding::accepted(request).filter(|_| body.len() >= SHORTEST)
}

fn is_compressible(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let is_stored = text(CACHE_CONTROL).is_some_and(|value| !value.contains("no-store"));
    let media_type = text(CONTENT_TYPE).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim_end();
    let is_text = media_type.starts_with("text/")
        || ["json", "yaml", "javascript", "xml"].iter().any(|kind| media_type.ends_with(kind));
    is_stored && is_text && !headers.contains_key(CONTENT_ENCODING)
}

fn vary_by_coding(headers: &mut HeaderMap) {
    let others: Vec<String> =
        headers.get_all(VARY).filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
    let all = others.iter().map(String::as_str).chain(["Accept-Encoding"]).collect::<Vec<_>>().join(", ");
    if let Ok(all) = HeaderValue::from_str(&all) {
        headers.insert(VARY, all);
    }
}

/// Gives the representation in a coding its own `ETag`, if it has a strong one.
pub(super) fn tag(headers: &mut HeaderMap, coding: Coding) {
    let own = headers.get(ETAG).and_then(|value| value.to_str().ok());
    let own = own.and_then(|value| etag::with_coding(value, coding.name()));
    if let Some(own) = own.and_then(|value| HeaderValue::from_str(&value).ok()) {
        headers.insert(ETAG, own);
    }
}

/// Compresses a body, apart from the threads that serve requests. A public document is compressed once and well. Every
/// other body is compressed at the level from which on more time saves few bytes: 60 kB of JSON become 5.3 kB in 1.7 ms
/// (brotli 5) or 6.6 kB in 1.0 ms (gzip 4).
///
/// # Errors
/// The pool of threads has ended.
pub(super) async fn compress(
    headers: &HeaderMap,
    body: Bytes,
    coding: Coding,
    documents: Option<&CompressedDocuments>,
) -> io::Result<Bytes> {
    let is_public = headers.get(CACHE_CONTROL).is_some_and(|value| value.as_bytes().starts_with(b"public"));
    let key = headers.get(ETAG).filter(|_| is_public).map(|etag| (coding, etag.clone()));
    let kept = key.zip(documents);
    if let Some(compressed) = kept.as_ref().and_then(|(key, documents)| documents.0.get(key)) {
        return Ok(compressed);
    }
    let is_kept = kept.is_some();
    let compressed = web::block(move || encode(&body, coding, is_kept)).await.map_err(io::Error::other)??;
    let compressed = Bytes::from(compressed);
    if let Some((key, documents)) = kept {
        documents.0.insert(key, compressed.clone());
    }
    Ok(compressed)
}

fn encode(mut body: &[u8], coding: Coding, is_kept: bool) -> io::Result<Vec<u8>> {
    let compressed = Vec::with_capacity(body.len() / 4);
    match coding {
        Coding::Brotli => {
            // The window of 256 KiB holds the longest page. The script of the documentation would take seconds at 9.
            let (quality, lgwin) = match body.len() {
                length if is_kept && length <= LONGEST_AT_BEST => (9, 22),
                _ if is_kept => (6, 22),
                _ => (5, 18),
            };
            let parameters =
                BrotliEncoderParams { quality, lgwin, size_hint: body.len(), ..Default::default() };
            let mut compressed = compressed;
            brotli::BrotliCompress(&mut body, &mut compressed, &parameters)?;
            Ok(compressed)
        }
        Coding::Gzip => {
            let level = if is_kept { Compression::best() } else { Compression::new(4) };
            let mut encoder = GzEncoder::new(compressed, level);
            encoder.write_all(body)?;
            encoder.finish()
        }
    }
}

/// Names the coding of a compressed body.
pub(super) fn name(headers: &mut HeaderMap, coding: Coding) {
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn accepting(codings: &str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_str(codings).unwrap())])
    }

    fn response(headers: &[(&str, &str)]) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        for header in headers {
            response.append_header(*header);
        }
        response.finish()
    }

    const PAGE: [(&str, &str); 2] =
        [("Content-Type", "application/json"), ("Cache-Control", "private, no-cache")];

    fn chosen(request: &HeaderMap, headers: &[(&str, &str)], length: usize) -> Option<Coding> {
        choose(request, &mut response(headers), &Bytes::from(vec![b' '; length]))
    }

    #[test]
    fn the_client_chooses_the_coding() {
        let of = |codings: &str| chosen(&accepting(codings), &PAGE, SHORTEST);
        assert_eq!(of("gzip, deflate, br, zstd"), Some(Coding::Brotli));
        assert_eq!(of("gzip"), Some(Coding::Gzip));
        assert_eq!(of("gzip;q=1.0, br;q=0.5"), Some(Coding::Gzip));
        assert_eq!(of("br;q=0, gzip"), Some(Coding::Gzip));
        assert_eq!(of("gzip;q=0"), None);
        assert_eq!(of("*"), None);
        assert_eq!(of("identity"), None);
        assert_eq!(of("zstd"), None);
        assert_eq!(of("gzip;q=9"), None);
        assert_eq!(chosen(&HeaderMap::new(), &PAGE, SHORTEST), None);
    }

    #[test]
    fn what_may_not_be_stored_is_not_compressed_however_long_it_is() {
        let of = |headers: &[(&str, &str)], length| chosen(&accepting("gzip, br"), headers, length);
        assert!(of(&PAGE, SHORTEST).is_some());
        assert_eq!(of(&PAGE, SHORTEST - 1), None);
        for cache_control in ["no-store", "private, no-store"] {
            let secret = [("Content-Type", "application/json"), ("Cache-Control", cache_control)];
            assert_eq!(of(&secret, 100_000), None);
        }
        assert_eq!(of(&[("Content-Type", "application/json")], 100_000), None);
        for (media_type, is_text) in [
            ("text/csv", true),
            ("text/html; charset=utf-8", true),
            ("application/problem+json", true),
            ("application/javascript", true),
            ("image/svg+xml", true),
            ("image/png", false),
            ("application/pdf", false),
            ("font/woff2", false),
        ] {
            let kind = [("Content-Type", media_type), ("Cache-Control", "public, max-age=3600")];
            assert_eq!(of(&kind, 100_000).is_some(), is_text, "{media_type}");
        }
        let encoded = [PAGE[0], PAGE[1], ("Content-Encoding", "gzip")];
        assert_eq!(of(&encoded, 100_000), None);
    }

    #[test]
    fn vary_names_the_coding_beside_the_others_also_where_none_is_chosen() {
        let mut page = response(&[PAGE[0], PAGE[1], ("Vary", "Authorization"), ("Vary", "Origin")]);
        assert_eq!(choose(&HeaderMap::new(), &mut page, &Bytes::new()), None);
        assert_eq!(page.headers().get(VARY).unwrap(), "Authorization, Origin, Accept-Encoding");
        let mut secret = response(&[PAGE[0], ("Cache-Control", "no-store")]);
        choose(&accepting("br"), &mut secret, &Bytes::from(vec![b' '; 9000]));
        assert_eq!(secret.headers().get(VARY), None);
    }

    #[actix_web::test]
    async fn a_compressed_body_is_the_same_body_and_a_public_one_is_compressed_once() {
        let body: Vec<u8> = (0..200_000_u64).map(|at| u8::try_from(at * at % 97).unwrap()).collect();
        let body = Bytes::from(body);
        let documents = CompressedDocuments::new();
        for coding in Coding::ALL {
            for cache_control in ["private, no-cache", "public, max-age=3600"] {
                let headers = [("ETag", "\"1.ab\""), ("Cache-Control", cache_control)];
                let headers = response(&headers).headers().clone();
                let compressed = compress(&headers, body.clone(), coding, Some(&documents)).await.unwrap();
                let mut decoded = Vec::new();
                match coding {
                    Coding::Brotli => {
                        brotli::Decompressor::new(&compressed[..], 4096).read_to_end(&mut decoded).unwrap()
                    }
                    Coding::Gzip => {
                        flate2::read::GzDecoder::new(&compressed[..]).read_to_end(&mut decoded).unwrap()
                    }
                };
                assert_eq!(decoded, body);
                let again = compress(&headers, body.clone(), coding, Some(&documents)).await.unwrap();
                assert_eq!(again.as_ptr() == compressed.as_ptr(), cache_control.starts_with("public"));
            }
        }
    }
}
