//! Webhooks: the events of a task force are sent to other systems, by the right of the person who is responsible.
//!
//! The person who created, last changed or last resumed a webhook is responsible for it. A webhook is never more than that
//! person is now: it is withheld while they may not make it, until somebody who may resumes it. Nobody needs to tell the
//! receivers a new secret when a chair hands the chair on.

mod deliveries;
mod delivery;

pub use delivery::EventForm;

use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use super::caller::Caller;
use super::write::{WriteTx, expect_version};
use super::{App, Error, Result};
use crate::auth::webhook_secrets::WebhookSecret;
use crate::db;
use crate::db::page::{Page, Window};
use crate::db::webhooks::{NewWebhook, SealedSecret, Webhook, WebhookFields};
use crate::delivery::https::{self, Sender, UrlError};
use crate::delivery::networks::Networks;
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::rights::Action;
use crate::domain::text::LocalizedText;
use crate::domain::version::ExpectedVersion;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::webhook::{self, SECRET_OVERLAP, WebhookState, may_deliver};

/// The way of messages to receivers.
#[expect(missing_debug_implementations, reason = "a client has nothing to show")]
pub struct Webhooks {
    pub sender: Sender,
    /// The form of an event in a message: that of the API.
    pub form: EventForm,
}

/// The state of a webhook that its readers are shown.
pub fn state(webhook: &Webhook) -> WebhookState {
    webhook.state.shown(may_deliver(webhook.owner()))
}

fn new_event(action: EventAction, id: Uuid) -> NewEvent {
    NewEvent::new(action, SubjectKind::Webhook, id)
}

/// The host of an address. Events are read by more people than webhooks, and the path of an address can be a secret.
fn host(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// The name in both languages, so that the event of a deleted webhook shows the name as other titles.
fn title(name: &str) -> LocalizedText {
    LocalizedText::both(name, name)
}

/// Adds the fields that differ to an event.
fn with_fields(
    new_event: NewEvent,
    before: Option<&WebhookFields>,
    after: Option<&WebhookFields>,
) -> NewEvent {
    let actions = |fields: &WebhookFields| fields.actions.clone();
    new_event
        .with_change(
            "name",
            before.map(|fields| title(&fields.name)),
            after.map(|fields| title(&fields.name)),
        )
        .with_change(
            "host",
            before.and_then(|fields| host(&fields.url)),
            after.and_then(|fields| host(&fields.url)),
        )
        .with_change("actions", before.map(actions), after.map(actions))
        .with_change("language", before.map(|fields| fields.language), after.map(|fields| fields.language))
}

async fn find_or_not_found(tx: &WriteTx<'_>, id: Uuid) -> Result<Webhook> {
    let webhook = db::webhooks::find(tx.conn(), tx.task_force_id(), id, tx.now()).await?;
    Ok(webhook.ok_or(RefusalCode::NotFound)?)
}

/// Reads the caller again under the lock of their row, so that nobody becomes responsible for a webhook whose sessions an
/// invitation has ended meanwhile.
async fn require_again(app: &App, tx: &WriteTx<'_>, caller: &Caller) -> Result<()> {
    db::users::lock(tx.conn(), caller.user_id).await?;
    app.access_on(tx.conn(), caller, tx.task_force_id()).await?.require(Action::ManageWebhooks)
}

impl App {
    /// The addresses to which webhooks send.
    fn webhook_networks(&self) -> Networks {
        self.webhooks.as_ref().map(|webhooks| webhooks.sender.networks().clone()).unwrap_or_default()
    }

    /// The fields with the address as it is sent to.
    ///
    /// # Errors
    /// `invalidRequest`, for an address to which the service does not send.
    fn checked(&self, fields: WebhookFields) -> Result<WebhookFields> {
        match https::parse(&fields.url, &self.webhook_networks()) {
            Ok(url) => Ok(WebhookFields { url: url.into(), ..fields }),
            Err(error) => {
                Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![url_error(error)]).into())
            }
        }
    }

    /// A page of the webhooks of a task force, oldest first.
    ///
    /// # Errors
    /// As [`App::access`]; `forbidden`; `insufficientScope` for an API key.
    pub async fn webhooks_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        after: Option<Uuid>,
        window: Window,
    ) -> Result<Page<Webhook>> {
        let now = self.clock.now();
        let (access, page) = self
            .read(caller, task_force_id, async |conn| {
                db::webhooks::list(conn, task_force_id, now, after, window).await
            })
            .await?;
        access.require(Action::ManageWebhooks)?;
        Ok(page)
    }

    /// One webhook.
    ///
    /// # Errors
    /// As [`App::webhooks_list`]; `notFound`.
    pub async fn webhook_get(&self, caller: &Caller, task_force_id: Uuid, id: Uuid) -> Result<Webhook> {
        let now = self.clock.now();
        let (access, webhook) = self
            .read(caller, task_force_id, async |conn| db::webhooks::find(conn, task_force_id, id, now).await)
            .await?;
        access.require(Action::ManageWebhooks)?;
        Ok(webhook.ok_or(RefusalCode::NotFound)?)
    }

    /// Makes a webhook, in every state of the task force. It sends all events from its own creation on. Its secret is
    /// returned only here.
    ///
    /// # Errors
    /// `invalidRequest`; `tooManyItems`.
    pub async fn webhook_create(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        fields: WebhookFields,
    ) -> Result<(Webhook, SecretString)> {
        self.write(caller, task_force_id, Action::ManageWebhooks, async |tx| {
            require_again(self, tx, caller).await?;
            let fields = self.checked(fields)?;
            webhook::check_count(db::webhooks::count(tx.conn(), task_force_id).await?)?;
            let id = tx.new_id();
            let new = NewWebhook {
                task_force_id,
                id,
                fields: &fields,
                owner_id: caller.user_id,
                created_at: tx.now(),
                after: tx.access.seq,
            };
            db::webhooks::insert(tx.conn(), &new).await?;
            let secret = self.insert_secret(tx, id, true).await?;
            tx.record(with_fields(new_event(EventAction::WebhookCreated, id), None, Some(&fields)));
            Ok((find_or_not_found(tx, id).await?, secret))
        })
        .await
    }

    /// Changes a webhook. The caller is responsible for it from then on.
    ///
    /// # Errors
    /// `notFound`; `versionMismatch`; `invalidRequest`.
    pub async fn webhook_update(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: ExpectedVersion,
        patch: impl FnOnce(WebhookFields) -> Result<WebhookFields>,
    ) -> Result<Webhook> {
        self.write(caller, task_force_id, Action::ManageWebhooks, async |tx| {
            let before = find_or_not_found(tx, id).await?;
            expect_version(before.version, &version)?;
            let fields = self.checked(patch(before.fields())?)?;
            if fields == before.fields() {
                return Ok(before);
            }
            require_again(self, tx, caller).await?;
            let owner = Some(caller.user_id);
            db::webhooks::update(tx.conn(), task_force_id, id, &fields, before.state, owner, tx.now())
                .await?;
            if fields.url != before.url {
                // The failures were those of another address.
                db::webhooks::positions::reset(tx.conn(), task_force_id, id, before.seq).await?;
            }
            let updated = with_fields(
                new_event(EventAction::WebhookUpdated, id),
                Some(&before.fields()),
                Some(&fields),
            );
            tx.record(updated.with_change("responsibleId", before.owner_id, owner));
            find_or_not_found(tx, id).await
        })
        .await
    }

    /// Deletes a webhook with its secrets and its log.
    ///
    /// # Errors
    /// `notFound`; `versionMismatch`.
    pub async fn webhook_delete(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        version: ExpectedVersion,
    ) -> Result<()> {
        self.write(caller, task_force_id, Action::ManageWebhooks, async |tx| {
            let before = find_or_not_found(tx, id).await?;
            expect_version(before.version, &version)?;
            db::webhooks::delete(tx.conn(), task_force_id, id).await?;
            tx.record(with_fields(new_event(EventAction::WebhookDeleted, id), Some(&before.fields()), None));
            Ok(())
        })
        .await
    }

    /// Pauses a webhook. Its place among the events stays. A webhook that delivers nothing anyway stays as it is.
    ///
    /// # Errors
    /// `notFound`.
    pub async fn webhook_pause(&self, caller: &Caller, task_force_id: Uuid, id: Uuid) -> Result<Webhook> {
        self.write(caller, task_force_id, Action::ManageWebhooks, async |tx| {
            let before = find_or_not_found(tx, id).await?;
            if before.state != WebhookState::Active {
                return Ok(before);
            }
            let (fields, to) = (before.fields(), WebhookState::Paused);
            db::webhooks::update(tx.conn(), task_force_id, id, &fields, to, before.owner_id, tx.now())
                .await?;
            let from = state(&before).code();
            tx.record(new_event(EventAction::WebhookTransitioned, id).with_transition(from, to.code()));
            find_or_not_found(tx, id).await
        })
        .await
    }

    /// Lets a webhook deliver, from its place among the events or from another one. The caller is responsible for the
    /// webhook from then on, and failures are forgotten.
    ///
    /// # Errors
    /// `notFound`; `invalidRequest` for a place after the last event.
    pub async fn webhook_resume(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        after: Option<i64>,
    ) -> Result<Webhook> {
        self.write(caller, task_force_id, Action::ManageWebhooks, async |tx| {
            let before = find_or_not_found(tx, id).await?;
            let from = state(&before);
            let is_active = from == WebhookState::Active && before.failures() == webhook::Failures::default();
            if is_active && after.is_none() {
                return Ok(before);
            }
            if let Some(after) = after.filter(|after| *after > tx.access.seq) {
                return Err(beyond_the_head(after, tx.access.seq).into());
            }
            require_again(self, tx, caller).await?;
            let (fields, to, owner) = (before.fields(), WebhookState::Active, Some(caller.user_id));
            db::webhooks::update(tx.conn(), task_force_id, id, &fields, to, owner, tx.now()).await?;
            let seq = after.unwrap_or(before.seq);
            db::webhooks::positions::reset(tx.conn(), task_force_id, id, seq).await?;
            let resumed = new_event(EventAction::WebhookTransitioned, id)
                .with_change("responsibleId", before.owner_id, owner)
                .with_change("position", before.seq, seq);
            tx.record(resumed.with_transition(from.code(), to.code()));
            find_or_not_found(tx, id).await
        })
        .await
    }

    /// Gives a webhook another secret, which is returned only here. The present one stays valid for a day, unless the
    /// caller ends it at once.
    ///
    /// # Errors
    /// `notFound`; `tooManyItems` while the secret before the present one is valid.
    pub async fn webhook_secret_renew(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        id: Uuid,
        keep_previous: bool,
    ) -> Result<(Webhook, SecretString)> {
        self.write(caller, task_force_id, Action::ManageWebhooks, async |tx| {
            let before = find_or_not_found(tx, id).await?;
            if keep_previous && before.previous_secret_expires_at.is_some() {
                return Err(two_secrets().into());
            }
            let secret = self.insert_secret(tx, id, keep_previous).await?;
            let renewed = new_event(EventAction::WebhookSecretRenewed, id);
            tx.record(renewed.with_change("keepPrevious", None::<()>, keep_previous));
            Ok((find_or_not_found(tx, id).await?, secret))
        })
        .await
    }

    /// Makes a secret, which is stored encrypted.
    async fn insert_secret(
        &self,
        tx: &WriteTx<'_>,
        webhook_id: Uuid,
        keep_previous: bool,
    ) -> Result<SecretString> {
        let secret = WebhookSecret::generate().map_err(Error::internal)?;
        let sealed = self.tokens.sealing().seal(secret.bytes(), webhook_id.as_bytes());
        let (task_force_id, created_at) = (tx.task_force_id(), tx.now());
        let sealed = SealedSecret {
            task_force_id,
            webhook_id,
            id: tx.new_id(),
            sealed: sealed.map_err(Error::internal)?,
            created_at,
            expires_at: None,
        };
        let previous_expires_at = if keep_previous { created_at + SECRET_OVERLAP } else { created_at };
        db::webhooks::renew_secret(tx.conn(), &sealed, previous_expires_at).await?;
        Ok(secret.text())
    }
}

/// The error of an address that cannot be that of a receiver.
fn url_error(error: UrlError) -> FieldError {
    let (code, en, ar) = match error {
        UrlError::NotHttps => (
            FieldErrorCode::WrongFormat,
            "must be an address that begins with https://",
            "يجب أن يكون عنوانًا يبدأ بـ https://",
        ),
        UrlError::Credentials => (
            FieldErrorCode::NotAllowed,
            "must not contain a user name or a password",
            "يجب ألا يتضمن اسم مستخدم أو كلمة مرور",
        ),
        UrlError::Fragment => (
            FieldErrorCode::NotAllowed,
            "must not have a fragment (#), which is never sent",
            "يجب ألا يتضمن جزءًا يبدأ بالعلامة # فهو لا يُرسل أبدًا",
        ),
        UrlError::Port => (
            FieldErrorCode::NotAllowed,
            "must have the port 443, or one from 1024 on",
            "يجب أن يكون منفذه 443 أو من 1024 فما فوق",
        ),
        UrlError::Host => (
            FieldErrorCode::NotAllowed,
            "has a host to which the service does not send; the operator can allow networks (TASKFORCE_WEBHOOK_ALLOWED_NETWORKS)",
            "مضيفه مما لا ترسل إليه الخدمة؛ ويستطيع مشغّل المنظومة السماح بشبكات أخرى (TASKFORCE_WEBHOOK_ALLOWED_NETWORKS)",
        ),
    };
    FieldError::at("/url", code).saying(en, ar)
}

/// The refusal of a place after the last event.
fn beyond_the_head(after: i64, seq: i64) -> Refusal {
    let error = FieldError::at("/after", FieldErrorCode::TooLarge).saying(
        format!("is beyond the last event of the task force: {after} is greater than {seq}"),
        format!("يتجاوز رقم آخر حدث في فريق العمل: {after} أكبر من {seq}"),
    );
    Refusal::field_errors(RefusalCode::InvalidRequest, vec![error])
}

/// The refusal of a third valid secret.
fn two_secrets() -> Refusal {
    Refusal::new(
        RefusalCode::TooManyItems,
        "The secret before the present one is still valid. Wait for its end (`previousSecretExpiresAt`), or end it at once with `keepPrevious: false`; the present secret then ends, too.",
        "ما زال السر السابق للسر الحالي صالحًا. انتظر انتهاءه (previousSecretExpiresAt)، أو أنهِه فورًا بالقيمة keepPrevious: false، وعندئذ ينتهي السر الحالي أيضًا.",
    )
}
