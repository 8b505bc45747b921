//! The channels there are, and what each needs to send for a user.

use std::collections::BTreeMap;
use std::sync::Arc;

use nexus_domain::ports::{MessageChannel, SecretSealer, SenderCredentials};
use nexus_domain::{ChannelKind, SecretField, User};

use crate::accounts::{CredentialsMissing, whatsapp_credentials};

/// The channels of this installation, by kind.
#[derive(Clone, Default)]
pub struct Channels {
    by_kind: BTreeMap<ChannelKind, Arc<dyn MessageChannel>>,
}

impl Channels {
    /// These channels; of two of the same kind the last counts.
    pub fn new(channels: impl IntoIterator<Item = Arc<dyn MessageChannel>>) -> Self {
        Self {
            by_kind: channels
                .into_iter()
                .map(|channel| (channel.kind(), channel))
                .collect(),
        }
    }

    /// The channel of this kind, if there is one.
    pub fn get(&self, kind: ChannelKind) -> Option<&Arc<dyn MessageChannel>> {
        self.by_kind.get(&kind)
    }
}

/// What `channel` needs to send for `user`.
pub(crate) fn credentials_for(
    channel: ChannelKind,
    sealer: &dyn SecretSealer,
    user: &User,
) -> Result<SenderCredentials, CredentialsMissing> {
    match channel {
        ChannelKind::Whatsapp => whatsapp_credentials(sealer, user),
        ChannelKind::Gmail => Err(CredentialsMissing {
            missing: vec![SecretField::GmailApiKey.name()],
        }),
    }
}
