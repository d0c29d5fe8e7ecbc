//! A file as the part `file` of `multipart/form-data` (RFC 7578).
//!
//! The file is in memory as a whole, so the form is read as a whole, too, and its parts are slices of it.
//! `actix-multipart` is not used: it cuts a file at the `Content-Length` of its part without a word, and looks for the
//! boundary from the start again for each line before the form and each line break of a file, which takes seconds.
//! `multer` does not bound what it buffers, and does not decode `filename*`.

use actix_web::HttpRequest;
use actix_web::http::header::{
    CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ContentDisposition,
    DispositionParam, DispositionType, HeaderValue,
};
use actix_web::web::Bytes;
use memchr::memmem;
use mime::Mime;

use super::received::{FORM, Received, content_problem, declared, unsupported};
use crate::domain::file::MAX_FILE_BYTES;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::http::problem::{Problem, Result};
use crate::http::problem_catalogue::ProblemCode;
use crate::http::validation::{escaped, shortened};

/// The maximum size of what surrounds the file: boundaries, and the headers of its part.
pub(super) const MAX_SURROUNDING_BYTES: usize = 64 * 1024;

/// The maximum number of headers of a part.
const MAX_HEADERS: usize = 32;

/// The name of the part.
const FILE: &str = "file";

/// The file in a form.
///
/// # Errors
/// `invalidRequest` for a body that is malformed, or has another part, two parts or none; the errors of reading a file.
pub(super) fn file(request: &HttpRequest, body: &Bytes) -> Result<Received> {
    let media_type = request.headers().get(CONTENT_TYPE).and_then(media_type).ok_or_else(malformed)?;
    let boundary = media_type.get_param(mime::BOUNDARY).filter(|boundary| *boundary != "");
    let mut form = Form::begin(body, boundary.ok_or_else(malformed)?.as_str())?;
    let mut file = None;
    while let Some(part) = form.next_part()? {
        let name = part.name()?;
        if name != FILE {
            return Err(part_error(&shortened(&name), FieldErrorCode::Unknown));
        }
        if file.is_some() {
            return Err(part_error(FILE, FieldErrorCode::Duplicate));
        }
        file = Some(part.received()?);
    }
    file.ok_or_else(|| part_error(FILE, FieldErrorCode::Required))
}

fn media_type(value: &HeaderValue) -> Option<Mime> {
    value.to_str().ok()?.parse().ok()
}

/// A form that is read part by part.
struct Form<'a> {
    body: &'a Bytes,
    /// A line break, two hyphens and the boundary.
    delimiter: Vec<u8>,
    /// The place after the last delimiter that was read.
    at: usize,
}

impl<'a> Form<'a> {
    /// The form in a body. What comes before it is ignored (RFC 2046, section 5.1.1).
    fn begin(body: &'a Bytes, boundary: &str) -> Result<Self> {
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        let begins_at_once = delimiter.get(2..).filter(|first| body.starts_with(first)).map(<[u8]>::len);
        let after = |at: usize| at.saturating_add(delimiter.len());
        let at =
            begins_at_once.or_else(|| memmem::find(body, &delimiter).map(after)).ok_or_else(incomplete)?;
        Ok(Self { body, delimiter, at })
    }

    fn rest(&self) -> &'a [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    /// The next part; `None` after the last one. What comes after the form is ignored.
    fn next_part(&mut self) -> Result<Option<Part>> {
        let rest = self.rest();
        let padding_of = |line: &[u8]| line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if let Some(end) = rest.strip_prefix(b"--") {
            // A line that only begins as the last boundary belongs to nothing.
            let end = end.get(padding_of(end)..).unwrap_or_default();
            return if end.is_empty() || end.starts_with(b"\r\n") { Ok(None) } else { Err(malformed()) };
        }
        let padding = padding_of(rest);
        match rest.get(padding..).unwrap_or_default() {
            [b'\r', b'\n', ..] => self.at += padding + 2,
            [] | b"\r" | b"-" => return Err(incomplete()),
            _ => return Err(malformed()),
        }
        let rest = self.rest();
        let end_of_headers = memmem::find(rest, b"\r\n\r\n").map(|end| end + 4);
        if end_of_headers.unwrap_or(rest.len()) > MAX_SURROUNDING_BYTES {
            return Err(ProblemCode::BodyTooLarge.into());
        }
        let end_of_headers = end_of_headers.ok_or_else(incomplete)?;
        let (headers, rest) = rest.split_at_checked(end_of_headers).ok_or_else(malformed)?;
        let headers = Headers::parse(headers)?;
        let length = memmem::find(rest, &self.delimiter).ok_or_else(incomplete)?;
        if length > MAX_FILE_BYTES {
            return Err(ProblemCode::BodyTooLarge.into());
        }
        let start = self.at + end_of_headers;
        self.at = start + length + self.delimiter.len();
        Ok(Some(Part { headers, content: self.body.slice(start..start + length) }))
    }
}

/// The headers of a part that say something, each at most once.
#[derive(Default)]
struct Headers {
    disposition: Option<HeaderValue>,
    media_type: Option<HeaderValue>,
    encoding: Option<HeaderValue>,
    transfer_encoding: Option<HeaderValue>,
    length: Option<HeaderValue>,
}

impl Headers {
    fn parse(bytes: &[u8]) -> Result<Self> {
        let mut parsed = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let Ok(httparse::Status::Complete((length, parsed))) = httparse::parse_headers(bytes, &mut parsed)
        else {
            return Err(malformed());
        };
        // The parser also ends at an empty line without a carriage return. What follows would be lost.
        if length != bytes.len() {
            return Err(malformed());
        }
        let mut headers = Self::default();
        for header in parsed {
            let place = match header.name.to_ascii_lowercase().as_str() {
                name if name == CONTENT_DISPOSITION => &mut headers.disposition,
                name if name == CONTENT_TYPE => &mut headers.media_type,
                name if name == CONTENT_ENCODING => &mut headers.encoding,
                "content-transfer-encoding" => &mut headers.transfer_encoding,
                name if name == CONTENT_LENGTH => &mut headers.length,
                _ => continue,
            };
            let value = HeaderValue::from_bytes(header.value).map_err(|_unreadable| malformed())?;
            if place.replace(value).is_some() {
                return Err(malformed());
            }
        }
        Ok(headers)
    }
}

/// A part of a form.
struct Part {
    headers: Headers,
    content: Bytes,
}

impl Part {
    fn disposition(&self) -> Result<ContentDisposition> {
        let value = self.headers.disposition.as_ref().ok_or_else(malformed)?;
        let disposition = ContentDisposition::from_raw(value).map_err(|_unreadable| malformed())?;
        if disposition.disposition == DispositionType::FormData { Ok(disposition) } else { Err(malformed()) }
    }

    /// The name, which is given once.
    fn name(&self) -> Result<String> {
        let disposition = self.disposition()?;
        let mut names = disposition.parameters.iter().filter_map(DispositionParam::as_name);
        match (names.next(), names.next()) {
            (Some(name), None) => Ok(name.to_owned()),
            _ => Err(malformed()),
        }
    }

    /// The part as a file.
    fn received(self) -> Result<Received> {
        let is_one_of = |value: &Option<HeaderValue>, codings: &[&str]| {
            let value = value.as_ref().map(|value| value.as_bytes());
            value.is_none_or(|value| {
                codings.iter().any(|coding| value.eq_ignore_ascii_case(coding.as_bytes()))
            })
        };
        let is_plain = is_one_of(&self.headers.encoding, &["identity"])
            && is_one_of(&self.headers.transfer_encoding, &["binary", "8bit", "7bit"]);
        let declared = match &self.headers.media_type {
            None => declared("", true),
            Some(value) => media_type(value).and_then(|media_type| {
                let charset = media_type.get_param(mime::CHARSET);
                declared(media_type.essence_str(), charset.is_none_or(|charset| charset == mime::UTF_8))
            }),
        };
        let declared = declared.filter(|_| is_plain).ok_or_else(unsupported)?;
        self.check_length()?;
        let disposition = self.disposition()?;
        let extended = disposition.get_filename_ext().map(|name| String::from_utf8_lossy(&name.value));
        let name = extended.or_else(|| disposition.get_filename().map(Into::into)).map(String::from);
        Ok(Received { declared, name, content: self.content })
    }

    /// Refuses a length that is not the one of the content. Some programs send the header, which RFC 7578 has no use for.
    fn check_length(&self) -> Result<()> {
        let Some(length) = &self.headers.length else { return Ok(()) };
        let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let length: Option<usize> =
            length.to_str().ok().map(str::trim).filter(is_number).and_then(|text| text.parse().ok());
        if length == Some(self.content.len()) {
            return Ok(());
        }
        Err(content_problem(
            "The header `Content-Length` of the part is not the length of the file. The boundary ends the file: leave the header out.",
            "لا تطابق الترويسة Content-Length للجزء طول الملف. الفاصل (boundary) هو الذي ينهي الملف، فاحذف الترويسة.",
        ))
    }
}

fn part_error(name: &str, code: FieldErrorCode) -> Problem {
    let error = FieldError::at(format!("/{}", escaped(name)), code);
    Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into()
}

fn incomplete() -> Problem {
    content_problem(
        format!(
            "The body ends before the last boundary of {FORM}, which the `Content-Type` of the request names."
        ),
        format!(
            "انتهى نص الطلب قبل آخر فاصل (boundary) من النوع {FORM}، وهو الفاصل المذكور في Content-Type الخاص بالطلب."
        ),
    )
}

fn malformed() -> Problem {
    content_problem(
        format!(
            "The body can't be read as {FORM}: each part needs the boundary and the name that {FORM} asks for."
        ),
        format!("تعذرت قراءة نص الطلب من النوع {FORM}: يلزم كل جزء فاصلُه واسمُه وفق هذا النوع."),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The contents of the parts of a form with the boundary `b`, or the problem.
    fn contents(body: impl Into<Bytes>) -> Result<Vec<Bytes>> {
        let body = body.into();
        let mut form = Form::begin(&body, "b")?;
        let mut contents = Vec::new();
        while let Some(part) = form.next_part()? {
            contents.push(part.content);
        }
        Ok(contents)
    }

    #[test]
    fn the_boundary_ends_a_file_and_nothing_else_does() {
        for content in
            ["", "\r", "\n", "\r\n", "\r\n-", "\r\n--", "\r\n--a", "--b", "\n--b", "\r--b", "\r\n\r\n"]
        {
            for (before, after) in
                [("", ""), ("\r\n", " \t\r\n"), ("Before\r\n", "\r\n--b\r\nX: y\r\n\r\nafter")]
            {
                let form = format!("{before}--b \t\r\nX: y\r\n\r\n{content}\r\n--b--{after}");
                assert_eq!(contents(form).unwrap(), [content], "{content:?}");
            }
        }
        assert_eq!(contents("--b\r\nX: y\r\n\r\n1\r\n--b\r\nX: y\r\n\r\n2\r\n--b--").unwrap(), ["1", "2"]);
        assert!(contents("--b--").unwrap().is_empty());
        for malformed in [
            "",
            "--",
            "--b",
            "--b-",
            "--b\r",
            "--b\n\n",
            "--bc\r\nX: y\r\n\r\n1\r\n--b--",
            "--b\r\nX: y",
            "--b\r\nX: y\r\n\r\n1",
            "--b\r\nX: y\r\n\r\n1\r\n--b",
            "--b\r\nX y\r\n\r\n1\r\n--b--",
            "--b\r\nX: y\r\n\r\n1\r\n--bc\r\n--b--",
            "--b\nX: y\n\n1\n--b--",
            "--b\r\nX: y\n\nlost\r\n\r\n1\r\n--b--",
            "--b\r\nX: y\r\n\nlost\r\n\r\n1\r\n--b--",
            "--b\r\nX: y\r\n\r\n1\r\n--b--more\r\n2\r\n--b--",
        ] {
            assert!(contents(malformed).is_err(), "{malformed:?}");
        }
    }

    /// Lines that begin as a boundary does, in a large file and before the form.
    #[test]
    fn lines_are_part_of_a_file() {
        for line in ["\n", "\r", "\r\n--", "\r\n--a", "\r\n\r\n"] {
            let lines = line.repeat(MAX_FILE_BYTES / 2 / line.len());
            let form = format!("{lines}\r\n--b\r\nX: y\r\n\r\n{lines}\r\n--b--");
            assert_eq!(contents(form).unwrap(), [lines]);
        }
    }

    proptest! {
        #[test]
        fn no_form_panics(body in "(--b|\r\n|\r|-| |X: y|Content-Disposition: form-data; name=file|[a-z]){0,12}") {
            drop(contents(body));
        }
    }
}
