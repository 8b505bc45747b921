//! Receiving a file for a campaign.

use nexus_domain::ports::{
    FileStoreError, FileUpload, MediaRefusal, RecognisedMedia, StorageError,
};
use nexus_domain::values::ShortText;
use nexus_domain::{
    CampaignId, CampaignStatus, ChannelKind, MediaFile, MediaId, MediaKind, UserId,
};

use super::super::{CampaignDetails, Campaigns, with_media};
use super::QuotaExceeded;
use crate::Actor;
use crate::file_name::shown_name;

/// How much of a file's beginning is kept to tell what it may be, in bytes.
const RECOGNISED_BY: usize = 8_192;

/// Why a file was not added to a campaign; nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum AddMediaError {
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// It has started.
    #[error("a campaign that is {} takes no file", .status.as_str())]
    NotEditable {
        /// Where it is.
        status: CampaignStatus,
    },
    /// The file has no content.
    #[error("the file is empty")]
    Empty,
    /// It is of a type that is not sent, or a picture that nobody could show.
    #[error(transparent)]
    Refused(#[from] MediaRefusal),
    /// It is larger than WhatsApp takes.
    #[error("more than {} bytes of {}", .kind.max_bytes(), .kind.as_str())]
    TooLarge {
        /// Its kind, which has the limit.
        kind: MediaKind,
    },
    /// A message of the channel carries no more files.
    #[error("a message of {} carries {} files", .channel.as_str(), .channel.max_files())]
    TooMany {
        /// The campaign's channel, which has the limit.
        channel: ChannelKind,
    },
    /// The user's files would be more than they may be.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The file store failed.
    #[error(transparent)]
    Files(#[from] FileStoreError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A file that is being received. After an error, and when no more comes of it, it is to be
/// [abandoned](IncomingMedia::abandon); dropped, its note is left to housekeeping.
pub struct IncomingMedia {
    campaigns: Campaigns,
    user_id: UserId,
    campaign_id: CampaignId,
    id: MediaId,
    file_name: ShortText,
    upload: Box<dyn FileUpload>,
    beginning: Vec<u8>,
    kind: Option<MediaKind>,
    size: u64,
    /// How many bytes the user's files had when it began.
    used: u64,
}

/// What became of a file that was received.
enum Added {
    /// It goes with the campaign.
    New(CampaignDetails),
    /// The same file had been added before.
    Again(CampaignDetails),
}

impl Campaigns {
    /// Begins to receive a file; its pieces follow with [`IncomingMedia::write`].
    pub async fn begin_media(
        &self,
        actor: &Actor,
        campaign_id: CampaignId,
        file_name: &str,
    ) -> Result<IncomingMedia, AddMediaError> {
        let user_id = actor.user_id();
        let used = {
            let mut store = self.ports.storage.read();
            let campaign = store
                .campaigns()
                .find(user_id, campaign_id)
                .await?
                .ok_or(AddMediaError::NotFound)?;
            campaign
                .check_editable()
                .map_err(|error| AddMediaError::NotEditable {
                    status: error.status,
                })?;
            store.media().used_bytes(user_id).await?
        };
        let id = MediaId::new(self.ports.clock.now(), self.ports.entropy.as_ref());
        self.note_incoming(user_id, id).await?;
        let upload = match self.ports.media.files.create(user_id, id.as_uuid()).await {
            Ok(upload) => upload,
            Err(error) => {
                self.discard(user_id, id).await;
                return Err(error.into());
            }
        };
        Ok(IncomingMedia {
            campaigns: self.clone(),
            user_id,
            campaign_id,
            id,
            file_name: shown_name(file_name),
            upload,
            beginning: Vec::new(),
            kind: None,
            size: 0,
            used,
        })
    }
}

impl IncomingMedia {
    /// Takes the next piece; an error is the end of the upload.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), AddMediaError> {
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.size = self.size.saturating_add(length);
        let missing = RECOGNISED_BY - self.beginning.len();
        self.beginning
            .extend_from_slice(&piece[..missing.min(piece.len())]);
        if self.kind.is_none() && self.beginning.len() == RECOGNISED_BY {
            self.tell_kind()?;
        }
        self.check_size()?;
        Ok(self.upload.write(piece).await?)
    }

    /// The file is whole: judges it, and adds it to the campaign. The same file under the same name is
    /// added once, so that whoever got no answer may send it again.
    pub async fn finish(mut self) -> Result<CampaignDetails, AddMediaError> {
        if self.size == 0 {
            self.abandon().await;
            return Err(AddMediaError::Empty);
        }
        let checked = if self.kind.is_none() {
            self.tell_kind().and_then(|()| self.check_size())
        } else {
            Ok(())
        };
        if let Err(error) = checked {
            self.abandon().await;
            return Err(error);
        }
        let Self {
            campaigns,
            user_id,
            campaign_id,
            id,
            file_name,
            upload,
            size,
            ..
        } = self;
        let added = async {
            upload.finish().await?;
            let RecognisedMedia { media_type, sha256 } = campaigns.recognise(user_id, id).await?;
            // It may be of another kind than its beginning said.
            let kind = media_type.kind();
            if size > kind.max_bytes() {
                return Err(AddMediaError::TooLarge { kind });
            }
            let file = MediaFile {
                id,
                user_id,
                campaign_id,
                file_name,
                media_type,
                size,
                sha256,
                created_at: campaigns.ports.clock.now(),
            };
            campaigns.add_media(file).await
        };
        match added.await {
            Ok(Added::New(details)) => Ok(details),
            Ok(Added::Again(details)) => {
                campaigns.discard(user_id, id).await;
                Ok(details)
            }
            Err(error) => {
                campaigns.discard(user_id, id).await;
                Err(error)
            }
        }
    }

    /// Nothing comes of it.
    pub async fn abandon(self) {
        let Self {
            campaigns,
            user_id,
            id,
            upload,
            ..
        } = self;
        drop(upload);
        campaigns.discard(user_id, id).await;
    }

    fn tell_kind(&mut self) -> Result<(), AddMediaError> {
        let recogniser = &self.campaigns.ports.media.recogniser;
        let kind = recogniser.kind_of(&self.beginning);
        self.kind = Some(kind.ok_or(MediaRefusal::OtherType)?);
        Ok(())
    }

    fn check_size(&self) -> Result<(), AddMediaError> {
        if let Some(kind) = self.kind
            && self.size > kind.max_bytes()
        {
            return Err(AddMediaError::TooLarge { kind });
        }
        let media = &self.campaigns.ports.media;
        Ok(media.check_quota(self.used, self.size)?)
    }
}

impl Campaigns {
    /// Judges a file of the store.
    async fn recognise(&self, user: UserId, id: MediaId) -> Result<RecognisedMedia, AddMediaError> {
        let media = &self.ports.media;
        let Some(copy) = media.files.local_copy(user, id.as_uuid()).await? else {
            // The account was deleted meanwhile, with its files.
            return Err(AddMediaError::NotFound);
        };
        Ok(media.recogniser.recognise(copy.path()).await??)
    }

    /// Adds a file that is in the store, unless the campaign or the user has enough.
    async fn add_media(&self, file: MediaFile) -> Result<Added, AddMediaError> {
        let (user, id) = (file.user_id, file.campaign_id);
        let mut unit = self.ports.storage.begin().await?;
        // The user's row stands for all their files: two uploads to two campaigns count one another.
        unit.users()
            .lock(user)
            .await?
            .ok_or(AddMediaError::NotFound)?;
        let mut campaign = unit
            .campaigns()
            .lock(user, id)
            .await?
            .ok_or(AddMediaError::NotFound)?;
        campaign
            .check_editable()
            .map_err(|error| AddMediaError::NotEditable {
                status: error.status,
            })?;
        let there = unit.media().of_campaigns(user, &[id]).await?;
        if there
            .iter()
            .any(|known| known.sha256 == file.sha256 && known.file_name == file.file_name)
        {
            let details = with_media(unit.media(), campaign).await?;
            return Ok(Added::Again(details));
        }
        if there.len() >= campaign.channel.max_files() {
            let channel = campaign.channel;
            return Err(AddMediaError::TooMany { channel });
        }
        let used = unit.media().used_bytes(user).await?;
        self.ports.media.check_quota(used, file.size)?;
        let awaited = unit.stored_files().note_owned(user, file.id.as_uuid());
        if !awaited.await? {
            let given_up = "the file took so long that it was given up".into();
            return Err(StorageError::Unavailable(given_up).into());
        }
        unit.media().insert(&file).await?;
        campaign.updated_at = self.ports.clock.now();
        unit.campaigns().save(&campaign).await?;
        let details = with_media(unit.media(), campaign).await?;
        unit.commit().await?;
        tracing::info!(
            user_id = %user,
            campaign_id = %id,
            media_id = %file.id,
            size = file.size,
            media_type = file.media_type.as_str(),
            "a file goes with a campaign"
        );
        Ok(Added::New(details))
    }
}
