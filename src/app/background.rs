//! The background work of a service, in one place: live events, housekeeping, and the workers that follow the events.

use std::future::Future;

use super::App;

impl App {
    /// Runs the background work until `stop`. Neither failures of the database nor of other services end it.
    ///
    /// Each worker runs for ever and is dropped at the stop, wherever it is: a transaction that it has open is rolled
    /// back, and what it has claimed is claimed again by another process or after the next start.
    pub async fn run_background(&self, stop: impl Future<Output = ()>) {
        tokio::select! {
            // Housekeeping stores what is only in memory before it ends.
            () = self.run_housekeeping(stop) => {}
            () = self.run_live() => {}
            () = self.run_notifications() => {}
            () = self.run_ends_of_votes() => {}
            () = self.run_emails() => {}
            () = self.run_webhooks() => {}
            () = self.run_reminders() => {}
        }
    }
}
