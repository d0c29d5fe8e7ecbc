//! Rendering: what takes milliseconds of a processor runs on threads for blocking work, and waits its turn, so that
//! requests that render nothing are not kept waiting.

use std::num::NonZero;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{App, Error, Result};

/// The places of renderings that run at the same time: one for each processor.
#[derive(Debug, Clone)]
pub(super) struct Renderings(Arc<Semaphore>);

impl Default for Renderings {
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, NonZero::get))
    }
}

impl Renderings {
    fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    /// Runs work on a thread for blocking work, when a place is free.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let place = Arc::clone(&self.0).acquire_owned().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            let rendered = work();
            // The place is free when the work has ended, also if nobody waits for the result any more.
            drop(place);
            rendered
        })
        .await
        .map_err(Error::internal)
    }
}

impl App {
    /// Renders on a thread for blocking work. At most as many renderings run at once as there are processors; the others
    /// wait in the order in which they came. A caller who leaves gives up the place in the queue.
    ///
    /// # Errors
    /// `internal` if the work panics.
    pub async fn render<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        self.renderings.run(work).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn renderings_wait_their_turn_and_a_panic_frees_the_place() {
        let renderings = Renderings::new(2);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let render = |number: usize| {
            let (renderings, running, most) = (renderings.clone(), Arc::clone(&running), Arc::clone(&most));
            async move {
                let work = move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(5));
                    running.fetch_sub(1, Ordering::SeqCst);
                    assert_ne!(number, 3, "a template that fails");
                    number
                };
                renderings.run(work).await
            }
        };
        let rendered = futures_util::future::join_all((0..8).map(render)).await;
        let rendered: Vec<_> = rendered.into_iter().filter_map(Result::ok).collect();
        assert_eq!(rendered, [0, 1, 2, 4, 5, 6, 7]);
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }
}
