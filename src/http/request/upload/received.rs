//! A file that was read, and its kind: the media type declares one, or the content shows one.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use super::Uploads;
use crate::app::Error;
use crate::domain::file::{ContentError, FileKind};
use crate::domain::refusal::{Refusal, RefusalCode};
use crate::http::problem::{Problem, Result};
use crate::http::problem_catalogue::ProblemCode;

/// The media type of forms.
pub(super) const FORM: &str = "multipart/form-data";

/// A file that was read, before its kind is known.
pub(super) struct Received {
    pub(super) declared: Declared,
    /// The name that it was sent with.
    pub(super) name: Option<String>,
    pub(super) content: Bytes,
}

/// The kind of a file by its media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Declared {
    Kind(FileKind),
    /// Nothing: the content tells.
    Nothing,
    /// A table of Excel, which browsers also call a CSV file where Excel opens such files.
    ExcelTable,
}

/// The declaration of a media type without parameters; `None` if the service takes no file of that type, or no text in another
/// encoding.
pub(super) fn declared(media_type: &str, is_utf8: bool) -> Option<Declared> {
    match FileKind::of_media_type(media_type) {
        Some(kind) => (is_utf8 || !kind.is_text()).then_some(Declared::Kind(kind)),
        None if media_type.is_empty() => Some(Declared::Nothing),
        None if media_type.eq_ignore_ascii_case("application/octet-stream") => Some(Declared::Nothing),
        None if media_type.eq_ignore_ascii_case("application/vnd.ms-excel") => Some(Declared::ExcelTable),
        None => None,
    }
}

impl Declared {
    /// The kind of a file with this content and name.
    pub(super) fn kind_of(self, content: &[u8], name: Option<&str>) -> Result<FileKind> {
        if content.is_empty() {
            return Err(content_problem("The file is empty.", "الملف فارغ."));
        }
        match self {
            Self::Kind(kind) => check(kind, content).map(|()| kind),
            Self::Nothing => FileKind::detect(content, name).ok_or_else(unsupported),
            Self::ExcelTable => FileKind::Csv
                .check(content)
                .map(|()| FileKind::Csv)
                .map_err(|_other: ContentError| unsupported()),
        }
    }
}

/// Refuses content that is no file of the declared kind.
fn check(kind: FileKind, content: &[u8]) -> Result<()> {
    kind.check(content).map_err(|error| match error {
        ContentError::Empty => content_problem("The file is empty.", "الملف فارغ."),
        ContentError::NotText => content_problem(
            "The file is not text: it must be UTF-8 without NUL.",
            "الملف ليس نصًّا: يجب أن يكون بترميز UTF-8 دون أحرف NUL.",
        ),
        ContentError::OtherKind => content_problem(
            format!("The content of the file is not of type {}.", kind.media_type()),
            "محتوى الملف لا يطابق النوع المذكور في Content-Type.",
        ),
    })
}

pub(super) fn content_problem(en: impl Into<String>, ar: impl Into<String>) -> Problem {
    Refusal::new(RefusalCode::InvalidRequest, en.into(), ar.into()).into()
}

pub(super) fn unsupported() -> Problem {
    let types = |comma| FileKind::ALL.map(FileKind::media_type).join(comma);
    Problem::new(
        ProblemCode::UnsupportedMediaType,
        format!(
            "Send the file as it is, not compressed, text in UTF-8, in the part `file` of {} or alone, and as one of {}. With application/octet-stream, the content tells which one it is.",
            FORM,
            types(", ")
        ),
        format!(
            "أرسل الملف كما هو دون ضغط، والنص بترميز UTF-8، في الجزء file من {} أو وحده، وبأحد الأنواع: {}. ومع application/octet-stream يُعرف النوع من المحتوى.",
            FORM,
            types("، ")
        ),
    )
}

/// The number by which the time of the rest of a body is divided while other uploads wait for memory: a few clients that
/// send as slowly as they may would otherwise keep everybody else waiting.
const HURRY: u32 = 4;

/// The time after which a body that does not arrive looks again whether others wait.
const LOOK: Duration = Duration::from_secs(1);

/// The time that a body has to arrive, which is shared out among its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) begun: Instant,
    /// The time for the whole body.
    pub(super) within: Duration,
    /// The number of bytes that were announced, or else the most that the body can have.
    pub(super) bytes: usize,
}

impl Pace {
    /// The instant at which the next byte is due. A sixth of the time is for the first byte. Without the shares, a few
    /// bodies of which nothing arrives would hold the memory for uploads for all of their time.
    fn due(&self, received: usize) -> Instant {
        let grace = self.within / 6;
        let received = u32::try_from(received.div_ceil(1024)).unwrap_or(u32::MAX);
        let bytes = u32::try_from(self.bytes.div_ceil(1024)).unwrap_or(u32::MAX).max(1);
        let share = (self.within - grace).saturating_mul(received.min(bytes)) / bytes;
        self.begun + grace + share
    }

    /// The pace of the bytes after the first `received`, from an instant at which others wait.
    fn hurried(self, since: Instant, received: usize) -> Self {
        Self { begun: since, within: self.within / HURRY, bytes: self.bytes.saturating_sub(received) }
    }

    fn too_slow(&self) -> Problem {
        let seconds = self.within.as_secs();
        content_problem(
            format!("The file did not arrive within {seconds} seconds, or arrives too slowly for that."),
            format!("لم يصل الملف خلال {seconds} ثانية، أو أن وصوله أبطأ من أن يكتمل خلالها."),
        )
    }
}

/// Reads a body of at most `most` bytes, as fast as its pace asks for, and faster while other uploads wait.
pub(super) async fn read(payload: Payload, most: usize, pace: Pace, uploads: &Uploads) -> Result<Bytes> {
    let mut payload = payload;
    let mut content = BytesMut::with_capacity(pace.bytes.min(most));
    // The hurried pace, and the number of bytes that had arrived before.
    let mut hurried: Option<(Pace, usize)> = None;
    loop {
        let (now, received) = (Instant::now(), content.len());
        if !uploads.are_awaited() {
            hurried = None;
        } else if hurried.is_none() {
            hurried = Some((pace.hurried(now, received), received));
        }
        let own = pace.due(received);
        let due = hurried.map_or(own, |(pace, before)| own.min(pace.due(received.saturating_sub(before))));
        let chunk = match timeout_at(due.min(now + LOOK), payload.next()).await {
            Ok(Some(chunk)) => chunk.map_err(|_broken: PayloadError| broken_off())?,
            Ok(None) => break,
            Err(_elapsed) if Instant::now() < due => continue,
            Err(_elapsed) if due < own => return Err(too_slow_for_others()),
            Err(_elapsed) => return Err(pace.too_slow()),
        };
        if content.len() + chunk.len() > most {
            return Err(ProblemCode::BodyTooLarge.into());
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content.freeze())
}

fn too_slow_for_others() -> Problem {
    let busy = Error::Busy(
        "The file arrives too slowly while others wait to send theirs. Try again later.",
        "يصل الملف ببطء شديد وغيرك ينتظر دوره في الرفع. أعد المحاولة لاحقًا.",
    );
    busy.into()
}

fn broken_off() -> Problem {
    content_problem("The file broke off.", "انقطع إرسال الملف.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_its_share_of_the_time() {
        let begun = Instant::now();
        let pace = Pace { begun, within: Duration::from_secs(60), bytes: 100 * 1024 };
        for (received, seconds) in [(0, 10), (50 * 1024, 35), (100 * 1024, 60), (200 * 1024, 60)] {
            assert_eq!(pace.due(received), begun + Duration::from_secs(seconds), "{received}");
        }
        let empty = Pace { bytes: 0, ..pace };
        assert_eq!(empty.due(0), begun + Duration::from_secs(10));
        // From the 20th second on, others wait: the rest has a quarter of the time.
        let since = begun + Duration::from_secs(20);
        let hurried = pace.hurried(since, 40 * 1024);
        for (received, milliseconds) in [(0, 2500), (30 * 1024, 8750), (60 * 1024, 15_000)] {
            assert_eq!(hurried.due(received), since + Duration::from_millis(milliseconds), "{received}");
        }
    }
}
