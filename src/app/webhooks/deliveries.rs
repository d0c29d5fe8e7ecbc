//! The log of a webhook's deliveries, and deliveries that somebody requests.

use uuid::Uuid;

use super::{find_or_not_found, new_event};
use crate::app::caller::Caller;
use crate::app::{App, Result};
use crate::db;
use crate::db::page::{Page, Window};
use crate::db::webhooks::deliveries::{DeliveredEvent, Delivery};
use crate::domain::event::EventAction;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::domain::webhook::{DeliveryOutcome, check_pending};

impl App {
    /// A page of the deliveries of a webhook, newest first.
    ///
    /// # Errors
    /// As [`App::webhook_get`].
    pub async fn webhook_deliveries_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        webhook_id: Uuid,
        outcomes: &[DeliveryOutcome],
        before: Option<i64>,
        window: Window,
    ) -> Result<Page<Delivery>> {
        let now = self.clock.now();
        let (access, (webhook, page)) = self
            .read(caller, task_force_id, async |conn| {
                tokio::try_join!(
                    db::webhooks::find(conn, task_force_id, webhook_id, now),
                    db::webhooks::deliveries::list(conn, task_force_id, webhook_id, outcomes, before, window),
                )
            })
            .await?;
        access.require(Action::ManageWebhooks)?;
        webhook.ok_or(RefusalCode::NotFound)?;
        Ok(page)
    }

    /// One delivery of a webhook.
    ///
    /// # Errors
    /// As [`App::webhook_get`].
    pub async fn webhook_delivery_get(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        webhook_id: Uuid,
        id: Uuid,
    ) -> Result<Delivery> {
        let (access, delivery) = self
            .read(caller, task_force_id, async |conn| {
                db::webhooks::deliveries::find(conn, task_force_id, webhook_id, id).await
            })
            .await?;
        access.require(Action::ManageWebhooks)?;
        Ok(delivery.ok_or(RefusalCode::NotFound)?)
    }

    /// Requests one attempt to deliver an event again, or a test. The state of the webhook and the order of the events do
    /// not matter, so that a receiver can be tried before its webhook is resumed.
    ///
    /// # Errors
    /// `notFound`; `unknownReference` for an event that has not happened; `tooManyItems`.
    pub async fn webhook_delivery_request(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        webhook_id: Uuid,
        event_seq: Option<i64>,
    ) -> Result<Delivery> {
        self.write(caller, task_force_id, Action::ManageWebhooks, async |tx| {
            find_or_not_found(tx, webhook_id).await?;
            check_pending(
                db::webhooks::deliveries::count_pending(tx.conn(), task_force_id, webhook_id).await?,
            )?;
            let event = match event_seq {
                Some(seq) => Some(found_event(tx.conn(), task_force_id, seq).await?),
                None => None,
            };
            let (id, now) = (tx.new_id(), tx.now());
            let delivery =
                db::webhooks::deliveries::request(tx.conn(), task_force_id, webhook_id, id, event, now)
                    .await?;
            tx.record(
                new_event(EventAction::WebhookDeliveryRequested, webhook_id)
                    .with_change("deliveryId", None::<()>, id)
                    .with_change("eventSeq", None::<()>, event_seq),
            );
            Ok(delivery)
        })
        .await
    }
}

/// The event with this sequence number.
async fn found_event(conn: &db::Conn, task_force_id: Uuid, seq: i64) -> Result<DeliveredEvent> {
    let found = db::events::find(conn, task_force_id, seq).await?;
    let (id, action) = found.ok_or_else(|| {
        let error = FieldError::at("/eventSeq", FieldErrorCode::UnknownReference);
        Refusal::field_errors(RefusalCode::UnknownReference, vec![error])
    })?;
    Ok(DeliveredEvent { id, seq, action })
}
