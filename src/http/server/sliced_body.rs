//! Bodies that are written in slices.
//!
//! actix-http copies a body that is in memory into the buffer of its connection as a whole, and the buffer stays until
//! the client has read it. In slices, the buffer holds one of them, and clients that read a shared body slowly, such as
//! the OpenAPI document, share its memory.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

/// The bytes of a slice.
const SLICE: usize = 32 * 1024;

/// The rest of a body.
struct SlicedBody(Bytes);

impl MessageBody for SlicedBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(u64::try_from(self.0.len()).unwrap_or(u64::MAX))
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.0.len().min(SLICE);
        Poll::Ready(Some(Ok(self.0.split_to(length))))
    }
}

/// A body that is written in slices, if it is longer than one.
pub(super) fn sliced(body: Bytes) -> BoxBody {
    if body.len() > SLICE { BoxBody::new(SlicedBody(body)) } else { BoxBody::new(body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_body_is_the_same_in_slices() {
        for length in [0, 1, SLICE, SLICE + 1, 3 * SLICE, 5 * SLICE + 7] {
            let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let body = sliced(bytes.clone().into());
            assert_eq!(body.size(), BodySize::Sized(u64::try_from(length).unwrap()));
            assert_eq!(actix_web::body::to_bytes(body).await.ok().unwrap(), bytes);
        }
    }
}
