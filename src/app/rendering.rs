//! Rendering: what takes milliseconds of a processor runs on threads for blocking work, and waits its turn, so that
//! requests that render nothing are not kept waiting.
//!
//! A rendering takes a place before its data is read, so that requests that wait hold no data. A user has one place at a
//! time, so that nobody who asks for many documents at once keeps the others waiting.

use std::num::NonZero;
use std::time::Duration;

use uuid::Uuid;

use super::{App, Error, Result};
use crate::util::places::{LONGEST_WAIT, Place, Places};

/// For whom something is rendered. Each has one place at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Renderer {
    /// A user, with documents and sheets.
    User(Uuid),
    /// All readers of a share link. They are not counted as its maker, whom they would keep waiting.
    Link(Uuid),
    /// A user whose requests are refused, or everybody without a known user: a refusal does not wait for the documents.
    Refused(Option<Uuid>),
    /// Background work.
    Housekeeping,
}

/// The renderings that run at the same time: one for each processor, and one for each [`Renderer`].
#[derive(Debug, Clone)]
pub(super) struct Renderings(Places<Renderer>);

/// The place of a rendering. Dropping it frees the place.
#[derive(Debug)]
pub(super) struct RenderingPlace(Place);

impl Default for Renderings {
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, NonZero::get))
    }
}

impl Renderings {
    fn new(places: usize) -> Self {
        Self(Places::new(places, 1))
    }

    /// Waits for a place, however long that takes. Nobody waits for ever: those who came before give up after a while, or
    /// have their turn.
    pub(super) async fn place(&self, renderer: Renderer) -> Result<RenderingPlace> {
        self.0.acquire(renderer).await.map(RenderingPlace).map_err(Error::internal)
    }

    async fn place_within(&self, wait: Duration, renderer: Renderer) -> Result<RenderingPlace> {
        self.0.acquire_within(wait, renderer).await.map(RenderingPlace).ok_or(Error::Busy(
            "Your request waited 10 seconds for its turn, because the service is making other documents, yours or those of other users. Try again in a moment, and ask for one document at a time.",
            "انتظر طلبك دوره 10 ثوانٍ لأن الخدمة تُعدّ مستندات أخرى، لك أو لمستخدمين آخرين. أعد المحاولة بعد قليل، واطلب مستندًا واحدًا في كل مرة.",
        ))
    }
}

impl RenderingPlace {
    /// Runs work on a thread for blocking work.
    ///
    /// # Errors
    /// `internal` if the work panics.
    pub(super) async fn render<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        tokio::task::spawn_blocking(move || {
            let rendered = work();
            // The place is free when the work has ended, also if nobody waits for the result any more.
            drop(self.0);
            rendered
        })
        .await
        .map_err(Error::internal)
    }
}

impl App {
    /// Waits for the place of a rendering: until nothing else is rendered for the same renderer, and fewer renderings run
    /// than there are processors. All wait in the order in which they came. A caller who leaves gives up the place in the
    /// queue.
    ///
    /// # Errors
    /// `busy` after a long wait.
    pub(super) async fn rendering_place(&self, renderer: Renderer) -> Result<RenderingPlace> {
        self.renderings.place_within(LONGEST_WAIT, renderer).await
    }

    /// Waits as long as it takes, for the renderings that follow the first one of an answer that has begun.
    pub(super) async fn next_rendering_place(&self, renderer: Renderer) -> Result<RenderingPlace> {
        self.renderings.place(renderer).await
    }

    /// Renders what the caller has in memory already.
    ///
    /// # Errors
    /// `busy` after a long wait; `internal` if the work panics.
    pub async fn render<T: Send + 'static>(
        &self,
        renderer: Renderer,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        self.rendering_place(renderer).await?.render(work).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    /// Renders something for each renderer at once. Returns what was rendered, and how many renderings ran at once at most.
    async fn render_all(renderings: &Renderings, renderers: Vec<Renderer>) -> (Vec<usize>, usize) {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let render = |(number, renderer): (usize, Renderer)| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            async move {
                let work = move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(5));
                    running.fetch_sub(1, Ordering::SeqCst);
                    assert_ne!(number, 3, "a template that fails");
                    number
                };
                renderings.place(renderer).await?.render(work).await
            }
        };
        let rendered = join_all(renderers.into_iter().enumerate().map(render)).await;
        (rendered.into_iter().filter_map(Result::ok).collect(), most.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn renderings_wait_their_turn_and_a_panic_frees_the_place() {
        let renderers = (0..8).map(|number| Renderer::User(Uuid::from_u128(number)));
        let (rendered, most) = render_all(&Renderings::new(2), renderers.collect()).await;
        assert_eq!(rendered, [0, 1, 2, 4, 5, 6, 7]);
        assert_eq!(most, 2);
    }

    #[tokio::test]
    async fn a_user_has_one_rendering_at_a_time() {
        let (rendered, most) = render_all(&Renderings::new(2), vec![Renderer::User(Uuid::nil()); 8]).await;
        assert_eq!(rendered, [0, 1, 2, 4, 5, 6, 7]);
        assert_eq!(most, 1);
    }

    #[tokio::test]
    async fn a_user_who_asks_for_much_keeps_nobody_else_waiting_and_is_refused_after_a_while() {
        let renderings = Renderings::new(2);
        let (one, other) = (Renderer::User(Uuid::from_u128(1)), Renderer::User(Uuid::from_u128(2)));
        let short = Duration::from_millis(20);
        let first = renderings.place_within(short, one).await.unwrap();
        let refused = join_all((0..50).map(|_| renderings.place_within(short, one)));
        let (refused, others) = tokio::join!(refused, renderings.place_within(short, other));
        assert!(refused.iter().all(|place| matches!(place, Err(Error::Busy(..)))), "{refused:?}");
        let of_other = others.unwrap();
        let refusal = Renderer::Refused(Some(Uuid::from_u128(1)));
        let full = renderings.place_within(short, refusal).await;
        assert!(matches!(full, Err(Error::Busy(..))), "both processors are taken: {full:?}");
        drop(of_other);
        renderings
            .place_within(short, refusal)
            .await
            .expect("a refusal does not wait for the documents of its user");
        drop(first);
        renderings.place_within(short, one).await.expect("those who were refused hold nothing");
    }
}
