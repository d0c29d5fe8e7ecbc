//! The choices of people about notifications.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::Conn;
use crate::db::schema::notification_settings;
use crate::domain::notification::{NotificationChoice, NotificationKind, NotificationSettings};
use crate::domain::vocabulary::Vocabulary as _;

/// The choices of a user.
pub async fn find(conn: &Conn, user_id: Uuid) -> QueryResult<NotificationSettings> {
    let row: Option<(serde_json::Value, i16, Option<String>)> = notification_settings::table
        .find(user_id)
        .select((
            notification_settings::choices,
            notification_settings::digest_hour,
            notification_settings::time_zone,
        ))
        .first(&mut &*conn)
        .await
        .optional()?;
    let Some((choices, digest_hour, time_zone)) = row else { return Ok(NotificationSettings::default()) };
    // A choice of another version counts as none.
    let choice = |kind: &NotificationKind| -> Option<(NotificationKind, NotificationChoice)> {
        Some((*kind, serde_json::from_value(choices.get(kind.code())?.clone()).ok()?))
    };
    let chosen = NotificationKind::ALL.iter().filter_map(choice);
    Ok(NotificationSettings::new(chosen, digest_hour, time_zone))
}

/// Sets the choices of a user.
pub async fn set(conn: &Conn, user_id: Uuid, settings: &NotificationSettings) -> QueryResult<()> {
    let choices = serde_json::to_value(settings.chosen());
    let choices = choices.map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
    let values = (
        notification_settings::choices.eq(choices),
        notification_settings::digest_hour.eq(settings.digest_hour),
        notification_settings::time_zone.eq(settings.time_zone.as_deref()),
    );
    diesel::insert_into(notification_settings::table)
        .values((notification_settings::user_id.eq(user_id), values.clone()))
        .on_conflict(notification_settings::user_id)
        .do_update()
        .set(values)
        .execute(&mut &*conn)
        .await
        .map(drop)
}
