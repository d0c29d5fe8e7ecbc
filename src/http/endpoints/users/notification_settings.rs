//! The choices of a person about notifications, as `GET /v1/me` shows and `PATCH /v1/me` changes them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::notification::{self, NotificationEmail, NotificationKind};
use crate::domain::vocabulary::Vocabulary as _;
use crate::http::patch::{Nested, NestedObject};

/// Your choices about notifications.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NotificationSettings {
    /// Your choice for each kind of notification.
    #[schema(value_type = PatchedNotificationChoices)]
    kinds: NotificationChoices,
    /// Hour of the day at which you get the daily digest by e-mail, in `timeZone`.
    #[schema(minimum = 0, maximum = 23, example = 7)]
    digest_hour: i16,
    /// IANA time zone of `digestHour`; null stands for the zone of your first task force, and for UTC without one.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_+/-]+$", example = "Asia/Amman")]
    time_zone: Option<String>,
}

impl NestedObject for NotificationSettings {
    const PATCH_DESCRIPTION: &'static str =
        "A change of your choices about notifications; omitted choices stay unchanged.";
}

/// The schema of [`NotificationSettings`] in fields that are patched.
pub(super) type PatchedNotificationSettings = Nested<NotificationSettings>;

/// The schema of [`NotificationChoices`] in fields that are patched.
type PatchedNotificationChoices = Nested<NotificationChoices>;

/// A choice for a kind of notification.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NotificationChoice {
    /// True if `GET /v1/me/notifications` lists notifications of this kind.
    listed: bool,
    /// E-mail about notifications of this kind.
    email: NotificationEmail,
}

impl NestedObject for NotificationChoice {
    const PATCH_DESCRIPTION: &'static str = "A change of the choice; omitted parts stay unchanged.";
}

/// A choice for each kind of notification.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct NotificationChoices(BTreeMap<NotificationKind, NotificationChoice>);

impl NestedObject for NotificationChoices {
    const PATCH_DESCRIPTION: &'static str = "A change of the choices; omitted kinds stay unchanged.";
}

impl PartialSchema for NotificationChoices {
    fn schema() -> RefOr<Schema> {
        let choice = NotificationChoice::name();
        let object = ObjectBuilder::new()
            .description(Some("A choice for each kind of notification."))
            .additional_properties(Some(AdditionalProperties::FreeForm(false)));
        let with_kind = |object: ObjectBuilder, kind: &NotificationKind| {
            object.property(kind.code(), Ref::from_schema_name(choice.as_ref())).required(kind.code())
        };
        NotificationKind::ALL.iter().fold(object, with_kind).into()
    }
}

impl ToSchema for NotificationChoices {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("NotificationChoices")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((NotificationChoice::name().into_owned(), NotificationChoice::schema()));
        Nested::<NotificationChoice>::schemas(schemas);
    }
}

impl From<notification::NotificationSettings> for NotificationSettings {
    fn from(settings: notification::NotificationSettings) -> Self {
        let kinds = NotificationKind::ALL.iter().map(|kind| {
            let notification::NotificationChoice { listed, email } = settings.choice(*kind);
            (*kind, NotificationChoice { listed, email })
        });
        Self {
            kinds: NotificationChoices(kinds.collect()),
            digest_hour: settings.digest_hour,
            time_zone: settings.time_zone,
        }
    }
}

impl From<NotificationSettings> for notification::NotificationSettings {
    fn from(settings: NotificationSettings) -> Self {
        let NotificationSettings { kinds, digest_hour, time_zone } = settings;
        let chosen = kinds.0.into_iter().map(|(kind, choice)| {
            let NotificationChoice { listed, email } = choice;
            (kind, notification::NotificationChoice { listed, email })
        });
        Self::new(chosen, digest_hour, time_zone)
    }
}
