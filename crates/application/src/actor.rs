//! Who acts.

use nexus_domain::UserId;
use nexus_domain::ports::{Effect, TakenKey, UnitOfWork};

use crate::noted::Noted;

/// The user on whose behalf a use case runs. Holding one is the proof that somebody checked who
/// it is; every use case on a user's data asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    user_id: UserId,
    key: Option<TakenKey>,
}

impl Actor {
    /// For the session extractor, the API-token extractor and the background workers only: they
    /// know whom they act for. A user's id from a path, a query or a body never comes in here.
    pub const fn on_behalf_of(user_id: UserId) -> Self {
        Self { user_id, key: None }
    }

    /// The same, for a request that has taken this `Idempotency-Key`.
    #[must_use]
    pub fn with_key(self, key: TakenKey) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }

    /// The user.
    pub const fn user_id(&self) -> UserId {
        self.user_id
    }

    /// `unit`, to be committed with a note of its effect for the request that the user made, when
    /// that may be repeated.
    pub(crate) fn noting(&self, effect: Effect, unit: Box<dyn UnitOfWork>) -> Box<dyn UnitOfWork> {
        match &self.key {
            Some(key) => Box::new(Noted::new(unit, self.user_id, key.clone(), effect)),
            None => unit,
        }
    }
}
