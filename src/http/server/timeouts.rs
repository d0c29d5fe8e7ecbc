//! A client's connection, and how long it may keep us waiting.
//!
//! The server's own timer runs for the first request of a connection only, by a clock that is half a second coarse:
//! after that, one byte of the next would hold the connection for ever. And it doesn't look at who takes nothing of
//! an answer. So the stream itself does. What a request has under way — its body — is timed where it is read.

use std::cell::Cell;
use std::future::Future as _;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::ResponseError as _;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{HeaderValue, UPGRADE};
use actix_web::middleware::Next;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::settings::ClientTimeouts;
use crate::domain::refusal::{Refusal, RefusalCode};
use crate::http::problem::Problem;

/// What is known of a connection, by the stream and by the requests that come over it.
#[derive(Debug)]
pub(super) struct ConnectionState {
    timeouts: ClientTimeouts,
    /// A request has come in whole, but for its body, and is not answered yet.
    answering: Cell<bool>,
    /// When the head of the next one must be there.
    head_by: Cell<Option<Instant>>,
}

impl ConnectionState {
    fn new(timeouts: ClientTimeouts) -> Self {
        let head_by = Cell::new(Some(Instant::now() + timeouts.head));
        Self { timeouts, answering: Cell::new(false), head_by }
    }

    fn begin(&self) {
        self.answering.set(true);
        self.head_by.set(None);
    }

    fn end(&self) {
        self.answering.set(false);
        self.said();
    }

    /// The answer, or some of it, is out: the next request may come after some silence. Its first bytes may be here
    /// already, read along with the one before; so this ends by itself, whatever is read.
    fn said(&self) {
        if !self.answering.get() {
            self.head_by.set(Some(Instant::now() + self.timeouts.idle + self.timeouts.head));
        }
    }

    /// Bytes have come: the head that begins with them must be there soon. What drips in after doesn't put it off.
    fn heard(&self) {
        let soon = Instant::now() + self.timeouts.head;
        self.head_by.set(Some(self.head_by.get().map_or(soon, |by| by.min(soon))));
    }
}

/// Tells the stream that a request is under way.
pub(super) async fn under_way(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let state = request.conn_data::<Rc<ConnectionState>>().cloned();
    if let Some(state) = &state {
        state.begin();
    }
    let answer = next.call(request).await;
    if let Some(state) = &state {
        state.end();
    }
    answer
}

/// Refuses what asks to go on as a web socket: of such a request the server takes all that follows for its body,
/// whatever its `Content-Length` says, and a proxy before us may think otherwise.
pub(super) async fn only_http(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let is_web_socket = |value: &HeaderValue| {
        value.to_str().is_ok_and(|value| value.trim().eq_ignore_ascii_case("websocket"))
    };
    if !request.headers().get_all(UPGRADE).any(is_web_socket) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    let refusal = Refusal::new(
        RefusalCode::InvalidRequest,
        "There are no web sockets here: send the request without `Upgrade`.",
        "لا تدعم الخدمة WebSocket: أرسل الطلب دون الترويسة Upgrade.",
    );
    let mut answer = Problem::from(refusal).error_response();
    answer.head_mut().set_connection_type(ConnectionType::Close);
    Ok(request.into_response(answer).map_into_right_body())
}

/// A stream whose other end has only so much time.
pub(super) struct TimeoutStream<S> {
    stream: S,
    state: Rc<ConnectionState>,
    head: Timer,
    /// Runs while nothing of what we have to say is taken.
    unheard: Timer,
}

impl<S> TimeoutStream<S> {
    /// A stream of HTTP/1.
    pub(super) fn new(stream: S, timeouts: ClientTimeouts) -> Self {
        let state = Rc::new(ConnectionState::new(timeouts));
        Self { stream, state, head: Timer::default(), unheard: Timer::default() }
    }

    /// What the requests of this connection tell it by.
    pub(super) fn state(&self) -> Rc<ConnectionState> {
        Rc::clone(&self.state)
    }

    /// Goes on from a write: whatever was taken, the other end lives.
    fn written<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.state.said();
            self.unheard.stop();
            return written;
        }
        let by = self.unheard.by().unwrap_or_else(|| Instant::now() + self.state.timeouts.write);
        self.unheard.poll(by, context).map(|()| Err(late()))
    }
}

fn late() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "the client took too long")
}

/// A timer that is made when it is first needed: most connections never need it.
#[derive(Default)]
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    runs: bool,
}

impl Timer {
    fn by(&self) -> Option<Instant> {
        self.sleep.as_ref().filter(|_| self.runs).map(|sleep| sleep.deadline())
    }

    fn stop(&mut self) {
        self.runs = false;
    }

    /// Runs to this moment.
    fn poll(&mut self, by: Instant, context: &mut Context<'_>) -> Poll<()> {
        self.runs = true;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(by)));
        if sleep.deadline() != by {
            sleep.as_mut().reset(by);
        }
        sleep.as_mut().poll(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        let state = &this.state;
        if state.answering.get() {
            return read;
        }
        if buffer.filled().len() > before {
            state.heard();
        }
        match (read, state.head_by.get()) {
            // Polled to be woken.
            (Poll::Pending, Some(by)) => this.head.poll(by, context).map(|()| Err(late())),
            (Poll::Ready(Ok(())), Some(by)) if by <= Instant::now() => Poll::Ready(Err(late())),
            (read, _) => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimeoutStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
