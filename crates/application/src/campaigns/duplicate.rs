//! A new draft like another campaign.

use nexus_domain::ports::{Effect, FileStoreError, StorageError};
use nexus_domain::values::{Language, ShortText, Violations};
use nexus_domain::{Campaign, CampaignCounters, CampaignId, CampaignState, MediaFile};

use super::content::check_fields;
use super::media::{QuotaExceeded, StoringError, add_copies};
use super::{CampaignDetails, Campaigns, audience, recipients};
use crate::Actor;

/// How often files are copied anew that changed while they were copied.
const TRIES: usize = 3;

/// Why a campaign was not duplicated.
#[derive(Debug, thiserror::Error)]
pub enum DuplicateCampaignError {
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// Its message uses a custom field that there is no more.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The user's files would be more than they may be.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// Its files changed again and again while they were copied.
    #[error("its files are being changed")]
    Changing,
    /// The file store failed.
    #[error(transparent)]
    Files(#[from] FileStoreError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<StoringError> for DuplicateCampaignError {
    fn from(error: StoringError) -> Self {
        match error {
            StoringError::Files(error) => Self::Files(error),
            StoringError::Storage(error) => Self::Storage(error),
        }
    }
}

/// `name` with the word for a copy, shortened so that both fit.
fn name_of_copy(name: &ShortText, language: Language) -> ShortText {
    let suffix = match language {
        Language::Es => " (copia)",
        Language::En => " (copy)",
    };
    let room = ShortText::MAX_CHARS.saturating_sub(suffix.chars().count());
    let kept: String = name.as_str().chars().take(room).collect();
    ShortText::parse(&format!("{}{suffix}", kept.trim_end())).unwrap_or_else(|_| name.clone())
}

impl Campaigns {
    /// Adds a draft that says the same to the same, in the same window, with copies of its files. What
    /// became of the other, and when it starts by itself, stays with it. The rule of a campaign that has
    /// started may name a segment that is gone: the draft then has no rule, and so chooses nobody by one.
    pub async fn duplicate(
        &self,
        actor: &Actor,
        id: CampaignId,
        language: Language,
    ) -> Result<CampaignDetails, DuplicateCampaignError> {
        let user = actor.user_id();
        for _ in 0..TRIES {
            let (originals, used) = {
                let mut read = self.ports.storage.read();
                let found = read.campaigns().find(user, id).await?;
                found.ok_or(DuplicateCampaignError::NotFound)?;
                let files = read.media().of_campaigns(user, &[id]).await?;
                let used = if files.is_empty() {
                    0
                } else {
                    read.media().used_bytes(user).await?
                };
                (files, used)
            };
            self.ports.media.check_quota(used, size_of(&originals))?;
            let copy_id = CampaignId::new(self.ports.clock.now(), self.ports.entropy.as_ref());
            let copies = self.copy_media(&originals, copy_id).await?;
            match self
                .add_copy(actor, id, copy_id, language, &originals, &copies)
                .await
            {
                Ok(Some(details)) => return Ok(details),
                Ok(None) => self.discard_copies(&copies).await,
                Err(error) => {
                    self.discard_copies(&copies).await;
                    return Err(error);
                }
            }
        }
        Err(DuplicateCampaignError::Changing)
    }

    /// Adds the draft with the copies of its files; `None` when these are not the original's any more.
    async fn add_copy(
        &self,
        actor: &Actor,
        id: CampaignId,
        copy_id: CampaignId,
        language: Language,
        originals: &[MediaFile],
        copies: &[MediaFile],
    ) -> Result<Option<CampaignDetails>, DuplicateCampaignError> {
        let user = actor.user_id();
        let now = self.ports.clock.now();
        // Copying files may take longer than a key is held: whoever lost theirs adds nothing.
        let effect = Effect::CampaignCreated(copy_id);
        let mut unit = actor.noting(effect, self.ports.storage.begin().await?);
        if !copies.is_empty() {
            // As for an upload: the user's row stands for all their files.
            let locked = unit.users().lock(user).await?;
            locked.ok_or(DuplicateCampaignError::NotFound)?;
        }
        let original = unit
            .campaigns()
            .find(user, id)
            .await?
            .ok_or(DuplicateCampaignError::NotFound)?;
        if unit.media().of_campaigns(user, &[id]).await? != originals {
            return Ok(None);
        }
        let mut campaign = Campaign {
            id: copy_id,
            name: name_of_copy(&original.name, language),
            sender_id: None,
            state: CampaignState::Draft,
            counters: CampaignCounters::default(),
            created_at: now,
            updated_at: now,
            ..original
        };
        if campaign.content.custom_fields().next().is_some() {
            let held = unit.fields().hold(user).await?;
            check_fields(&campaign.content, &held).map_err(DuplicateCampaignError::Invalid)?;
        }
        if audience::check_segment(unit.as_mut(), user, campaign.audience.as_ref())
            .await?
            .is_err()
        {
            campaign.audience = None;
        }
        unit.campaigns().insert(&campaign).await?;
        unit.campaigns().choose_as(user, campaign.id, id).await?;
        if !copies.is_empty() {
            let used = unit.media().used_bytes(user).await?;
            self.ports.media.check_quota(used, size_of(copies))?;
            add_copies(unit.as_mut(), copies).await?;
        }
        let total = recipients::count(unit.as_mut(), &campaign).await?;
        if total > 0 {
            unit.campaigns().set_total(user, campaign.id, total).await?;
        }
        unit.commit().await?;
        campaign.counters.total = total;
        Ok(Some(CampaignDetails {
            campaign,
            media: copies.to_vec(),
        }))
    }
}

fn size_of(files: &[MediaFile]) -> u64 {
    files.iter().map(|file| file.size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_copy_fits_and_keeps_its_word() {
        let name = |text: &str| ShortText::parse(text).expect("a name");
        assert_eq!(
            name_of_copy(&name("Rebajas"), Language::Es).as_str(),
            "Rebajas (copia)"
        );
        assert_eq!(
            name_of_copy(&name("Sale"), Language::En).as_str(),
            "Sale (copy)"
        );
        for length in [246, 247, 248, 255] {
            let long = name(&"ñ".repeat(length));
            let copy = name_of_copy(&long, Language::Es);
            assert!(copy.as_str().chars().count() <= 255);
            assert!(copy.as_str().ends_with("ñ (copia)"), "{length}");
        }
    }
}
