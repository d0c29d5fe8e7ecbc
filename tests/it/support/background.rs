//! The background work of a service under test.

use taskforce::app::App;
use tokio::sync::oneshot;

use super::TestApp;

/// The background work of a service: live events, housekeeping, and the workers that follow the events. A service under
/// test does none of it by itself. Dropping the value stops the work.
pub(crate) struct BackgroundWork(Option<oneshot::Sender<()>>);

impl BackgroundWork {
    pub(crate) fn of(app: &TestApp) -> Self {
        let (stop, stopped) = oneshot::channel();
        let app: App = app.app.clone();
        // On a thread of its own, since the use cases do not move between threads.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(app.run_background(async { drop(stopped.await) }));
        });
        Self(Some(stop))
    }
}

impl Drop for BackgroundWork {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}
