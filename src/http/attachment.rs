//! Responses that a browser saves as a file, at once or from what it shows.

use actix_web::http::header::{
    Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};

/// A response that a browser saves, under the name, or else under the plain one.
pub(super) fn attachment(name: Option<String>, plain: String) -> ContentDisposition {
    disposition(DispositionType::Attachment, name, plain)
}

/// A response that a browser shows, and saves under the name, or else under the plain one.
pub(super) fn shown(name: Option<String>, plain: String) -> ContentDisposition {
    disposition(DispositionType::Inline, name, plain)
}

/// The name of a file. Programs that read no other letters than ASCII get the plain name in place of another; a percent
/// sign is not sent to them, since some decode it.
fn disposition(disposition: DispositionType, name: Option<String>, plain: String) -> ContentDisposition {
    let name = name.unwrap_or_else(|| plain.clone());
    let is_plain = name.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic() && byte != b'%');
    let fallback = if is_plain { name.clone() } else { plain };
    let name = ExtendedValue {
        charset: Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: name.into_bytes(),
    };
    ContentDisposition {
        disposition,
        parameters: vec![DispositionParam::Filename(fallback), DispositionParam::FilenameExt(name)],
    }
}
