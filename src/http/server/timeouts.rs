//! Time limits of a client's connection.
//!
//! No library has these limits. actix-http times only the first request of a connection, so a client could hold one
//! open by sending the second request byte by byte, and doesn't limit how long a client takes to read a response.
//! `tokio-io-timeout` restarts its timer with every byte. [`TimeoutStream`] times the whole head of each request and
//! any pause in reading a response. The time limits of a body are with the extractors that read it.

use std::cell::Cell;
use std::future::Future as _;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::settings::ClientTimeouts;

/// The state of a connection, shared by its stream and the requests that arrive over it.
#[derive(Debug)]
pub(super) struct ConnectionState {
    timeouts: ClientTimeouts,
    /// True while the head of a request has arrived and its response is not ready yet.
    request_in_progress: Cell<bool>,
    /// The instant by which the head of the next request must have arrived.
    head_deadline: Cell<Option<Instant>>,
}

impl ConnectionState {
    fn new(timeouts: ClientTimeouts) -> Self {
        let head_deadline = Cell::new(Some(Instant::now() + timeouts.head));
        Self { timeouts, request_in_progress: Cell::new(false), head_deadline }
    }

    fn request_started(&self) {
        self.request_in_progress.set(true);
        self.head_deadline.set(None);
    }

    fn request_ended(&self) {
        self.request_in_progress.set(false);
        self.bytes_written();
    }

    /// Allows a pause before the next request, once bytes of a response are written.
    ///
    /// The first bytes of that request may have been read together with the previous one, so the deadline has to be
    /// set here and can't wait for the next read.
    fn bytes_written(&self) {
        if !self.request_in_progress.get() {
            self.head_deadline.set(Some(Instant::now() + self.timeouts.idle + self.timeouts.head));
        }
    }

    /// Ends the pause: the head that these bytes begin must be complete soon. Later bytes don't move the deadline.
    fn bytes_read(&self) {
        let soon = Instant::now() + self.timeouts.head;
        self.head_deadline.set(Some(self.head_deadline.get().map_or(soon, |deadline| deadline.min(soon))));
    }
}

/// Tells the stream when a request is in progress.
pub(super) async fn track_request(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let state = request.conn_data::<Rc<ConnectionState>>().cloned();
    if let Some(state) = &state {
        state.request_started();
    }
    let response = next.call(request).await;
    if let Some(state) = &state {
        state.request_ended();
    }
    response
}

/// A stream that fails once the client exceeds a time limit.
pub(super) struct TimeoutStream<S> {
    stream: S,
    state: Rc<ConnectionState>,
    head_timer: Timer,
    /// Runs while the client reads nothing of a response.
    write_timer: Timer,
}

impl<S> TimeoutStream<S> {
    pub(super) fn new(stream: S, timeouts: ClientTimeouts) -> Self {
        let state = Rc::new(ConnectionState::new(timeouts));
        Self { stream, state, head_timer: Timer::default(), write_timer: Timer::default() }
    }

    /// The state to share with the requests of this connection.
    pub(super) fn state(&self) -> Rc<ConnectionState> {
        Rc::clone(&self.state)
    }

    /// Applies the time limit to the result of a write.
    fn limit_write<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.state.bytes_written();
            self.write_timer.stop();
            return written;
        }
        let deadline = self.write_timer.deadline();
        let deadline = deadline.unwrap_or_else(|| Instant::now() + self.state.timeouts.write);
        self.write_timer.poll(deadline, context).map(|()| Err(timed_out()))
    }
}

fn timed_out() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "the client took too long")
}

/// A timer that allocates when it is first started; most connections need none.
#[derive(Default)]
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    is_running: bool,
}

impl Timer {
    /// The deadline, while the timer runs.
    fn deadline(&self) -> Option<Instant> {
        self.sleep.as_ref().filter(|_| self.is_running).map(|sleep| sleep.deadline())
    }

    fn stop(&mut self) {
        self.is_running = false;
    }

    /// Starts the timer or moves its deadline, and waits for it.
    fn poll(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        self.is_running = true;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
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
        if state.request_in_progress.get() {
            return read;
        }
        if buffer.filled().len() > before {
            state.bytes_read();
        }
        match (read, state.head_deadline.get()) {
            // Polling registers the task to be woken at the deadline.
            (Poll::Pending, Some(deadline)) => {
                this.head_timer.poll(deadline, context).map(|()| Err(timed_out()))
            }
            (Poll::Ready(Ok(())), Some(deadline)) if deadline <= Instant::now() => {
                Poll::Ready(Err(timed_out()))
            }
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
        self.limit_write(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.limit_write(written, context)
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
