//! Responses that a browser saves as a file.

use actix_web::http::header::{
    Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};

/// The name under which a browser saves a response: the name, or else the plain one. Programs that read no other letters
/// than ASCII get the plain name in place of another; a percent sign is not sent to them, since some decode it.
pub(super) fn attachment(name: Option<String>, plain: String) -> ContentDisposition {
    let name = name.unwrap_or_else(|| plain.clone());
    let is_plain = name.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic() && byte != b'%');
    let fallback = if is_plain { name.clone() } else { plain };
    let name = ExtendedValue {
        charset: Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: name.into_bytes(),
    };
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(fallback), DispositionParam::FilenameExt(name)],
    }
}
