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
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self(Arc::new(Semaphore::new(processors)))
    }
}

impl App {
    /// Renders on a thread for blocking work. At most as many renderings run at once as there are processors; the others
    /// wait in the order in which they came. A caller who leaves gives up the place in the queue.
    ///
    /// # Errors
    /// `internal` if the work panics.
    pub async fn render<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let places = Arc::clone(&self.renderings.0);
        let place = places.acquire_owned().await.map_err(Error::internal)?;
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
