//! Scripts, styles and images that are part of the program. Each has the hash of its content in its address, so that
//! browsers load it once.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use actix_web::web::Bytes;

use crate::domain::refusal::RefusalCode;
use crate::http::problem::Result;
use crate::http::response;

/// A script, a style or an image.
pub(in crate::http) struct Asset {
    /// The name without the hash.
    pub(in crate::http) name: &'static str,
    /// The last segment of the address.
    file: String,
    address: String,
    pub(in crate::http) media_type: &'static str,
    content: Bytes,
    etag: String,
}

impl Asset {
    /// The asset with a name such as `style.css`, at an address below `place`.
    pub(in crate::http) fn new(
        place: &str,
        name: &'static str,
        media_type: &'static str,
        content: Bytes,
    ) -> Self {
        let hash = response::hash(&content);
        let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
        let file = format!("{stem}-{hash}.{extension}");
        Self {
            name,
            address: format!("{place}/{file}"),
            file,
            media_type,
            content,
            etag: format!("\"{hash}\""),
        }
    }

    /// The path of the asset.
    pub(in crate::http) fn address(&self) -> &str {
        &self.address
    }
}

/// The asset at an address with this last segment.
///
/// # Errors
/// `notFound`.
pub(in crate::http) fn respond(assets: &[Asset], file: &str) -> Result<HttpResponse> {
    let asset = assets.iter().find(|asset| asset.file == file).ok_or(RefusalCode::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, asset.media_type))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((ETAG, asset.etag.as_str()))
        .body(asset.content.clone()))
}
