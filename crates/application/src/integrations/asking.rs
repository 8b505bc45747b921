//! Asking the provider for the templates of an account, and keeping what it tells.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::{
    ChannelError, Clock, MessageChannel, SenderCredentials, Storage, StorageError,
};
use nexus_domain::{ApprovedTemplate, KnownFailure, StoredTemplate, UserId};

/// How long all pages together may take.
const LONGEST_LIST: Duration = Duration::from_mins(1);

/// Why there are no templates.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// The provider did not tell.
    #[error("the provider did not tell its templates")]
    Provider(#[source] ChannelError),
    /// What it told could not be kept.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Asks the provider for all templates of `account` and keeps them; those that it has no more are
/// forgotten.
pub(crate) async fn ask_for_templates(
    storage: &dyn Storage,
    clock: &dyn Clock,
    channel: &dyn MessageChannel,
    credentials: &SenderCredentials,
    user: UserId,
    account: &str,
) -> Result<Vec<ApprovedTemplate>, AskError> {
    let asked_at = clock.now();
    let told = tokio::time::timeout(LONGEST_LIST, channel.templates(credentials));
    let told = told.await.unwrap_or_else(|_| {
        Err(ChannelError::InDoubt {
            reason: "the list of templates did not end in time".to_owned(),
        })
    });
    match told {
        Ok(templates) => {
            keep(storage, user, account, &templates, asked_at).await?;
            Ok(templates)
        }
        Err(error) => {
            note_failure(storage, user, account, &error, clock.now()).await;
            Err(AskError::Provider(error))
        }
    }
}

async fn keep(
    storage: &dyn Storage,
    user: UserId,
    account: &str,
    templates: &[ApprovedTemplate],
    asked_at: DateTime<Utc>,
) -> Result<(), StorageError> {
    let key = |template: &ApprovedTemplate| (template.name.clone(), template.language.clone());
    let mut told: BTreeMap<(String, String), &ApprovedTemplate> = templates
        .iter()
        .map(|template| (key(template), template))
        .collect();
    let mut unit = storage.begin().await?;
    let mut connection = unit.whatsapp().lock_connection(user).await?;
    let (mut kept, mut gone) = (Vec::new(), Vec::new());
    for mut stored in unit.whatsapp().templates(user, account).await? {
        if let Some(template) = told.remove(&key(&stored.template)) {
            stored.refresh(template.clone(), asked_at);
            kept.push(stored);
        } else if stored.is_gone(asked_at) {
            gone.push(stored);
        }
    }
    kept.extend(told.into_values().map(|template| StoredTemplate {
        user_id: user,
        account_id: account.to_owned(),
        template: template.clone(),
        status_heard_at: None,
        quality_heard_at: None,
        synced_at: Some(asked_at),
    }));
    unit.whatsapp().save_templates(&kept).await?;
    unit.whatsapp().delete_templates(&gone).await?;
    connection.note_synced(account, asked_at);
    unit.whatsapp().save_connection(&connection).await?;
    unit.commit().await?;
    tracing::info!(
        user_id = %user,
        templates = kept.len(),
        gone = gone.len(),
        "the templates of an account are known"
    );
    Ok(())
}

/// What a refusal or a silence is remembered as.
pub(super) fn known_failure(error: &ChannelError) -> KnownFailure {
    match error {
        ChannelError::Refused(failure)
        | ChannelError::CampaignRefused(failure)
        | ChannelError::AccountRefused(failure) => failure.into(),
        ChannelError::Throttled { code, .. } => KnownFailure {
            provider_code: *code,
            ..KnownFailure::unavailable()
        },
        ChannelError::NotConnected | ChannelError::InDoubt { .. } => KnownFailure::unavailable(),
    }
}

/// The answer is the same without this note.
async fn note_failure(
    storage: &dyn Storage,
    user: UserId,
    account: &str,
    error: &ChannelError,
    now: DateTime<Utc>,
) {
    let wait = match error {
        ChannelError::Throttled { retry_after, .. } => {
            retry_after.and_then(|wait| TimeDelta::from_std(wait).ok())
        }
        _ => None,
    };
    let noted = async {
        let mut unit = storage.begin().await?;
        let mut connection = unit.whatsapp().lock_connection(user).await?;
        connection.note_sync_failure(account, known_failure(error), wait, now);
        unit.whatsapp().save_connection(&connection).await?;
        unit.commit().await
    };
    if let Err(error) = noted.await {
        tracing::warn!(
            user_id = %user,
            error = &error as &dyn std::error::Error,
            "that a list of templates failed is not noted"
        );
    }
}
