//! Identifiers: UUIDv7 newtypes, made here so that an object has its id before it is stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ports::Entropy;

/// Builds a UUID version 7 (RFC 9562 §5.7) from a time and 80 random bits.
fn uuid_v7(at: DateTime<Utc>, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0_u8; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// As [`uuid_v7`], with `position` as a counter in the bits after the time (RFC 9562 §6.2, method 1):
/// the 32 highest of those that are neither version nor variant.
fn uuid_v7_at(at: DateTime<Utc>, position: u32, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0_u8; 10];
    entropy.fill(&mut random);
    let [a, b, c, d] = position.to_be_bytes();
    // Bits 4 to 15 of the random part follow the version; bits 18 and on the variant.
    random[0] = a >> 4;
    random[1] = a << 4 | b >> 4;
    random[2] = b << 2 & 0b0011_1100 | c >> 6;
    random[3] = c << 2 | d >> 6;
    random[4] = d << 2 | random[4] & 0b11;
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id; ids of later milliseconds sort after those of earlier ones.
            pub fn new(at: DateTime<Utc>, entropy: &dyn Entropy) -> Self {
                Self(uuid_v7(at, entropy))
            }

            /// A new id, one of many of the same moment: they sort by `position`.
            pub fn in_order(at: DateTime<Utc>, position: u32, entropy: &dyn Entropy) -> Self {
                Self(uuid_v7_at(at, position, entropy))
            }

            /// The id with this value, as it was stored or received.
            pub const fn from_uuid(value: Uuid) -> Self {
                Self(value)
            }

            /// The value to store or to show.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A user of Nexus Communicator: the tenant.
    UserId,
    /// A contact of one user.
    ContactId,
    /// A campaign of one user.
    CampaignId,
    /// A saved filter of contacts of one user.
    SegmentId,
    /// One recipient of one campaign: a row of the delivery ledger.
    CampaignContactId,
    /// A file that was imported.
    ImportId,
    /// A media file of a campaign.
    MediaId,
    /// A message of a conversation, in or out.
    MessageId,
    /// An answer that the product gives by itself.
    ReplyId,
    /// Something that the assistant did.
    BotActivityId,
    /// A webhook as it was received.
    WebhookEventId,
    /// A change of many contacts.
    BulkChangeId,
    /// A queued piece of background work.
    JobId,
    /// A sender account: one WhatsApp number or one mailbox of a user.
    SenderId,
    /// One running process, as the owner of leases.
    InstanceId,
}
