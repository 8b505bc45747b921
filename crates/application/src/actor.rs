//! Who acts.

use nexus_domain::UserId;

/// The user on whose behalf a use case runs. Holding one is the proof that somebody checked who
/// it is; every use case on a user's data asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    user_id: UserId,
}

impl Actor {
    /// For the session extractor, the API-token extractor and the background workers only: they
    /// know whom they act for. A user's id from a path, a query or a body never comes in here.
    pub const fn on_behalf_of(user_id: UserId) -> Self {
        Self { user_id }
    }

    /// The user.
    pub const fn user_id(&self) -> UserId {
        self.user_id
    }
}
