mod credentials;
mod deletion;
mod registration;
mod signing_in;
mod the_password;
mod the_profile;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mockall::predicate::eq;
use nexus_domain::mocks::{MockUnitOfWork, ScriptedStorage};
use nexus_domain::ports::{
    DuplicateKey, FileStoreError, MockFileStore, MockPasswordHasher, MockSenderProvisioner,
    ProvisionedSender, ProvisioningError, SecretSealer, SenderProvisioner, StorageError,
};
use nexus_domain::values::{CompanyName, Language, PhoneNumber, TimeZone};
use nexus_domain::{SealedSecret, SecretField, User, UserId};
use secrecy::{ExposeSecret, SecretString};

use super::*;
use crate::Field;
use crate::fixtures::{PaperSealer, actor, clock, entropy, fields, mexico, now, refused, user};

const GOOD_PASSWORD: &str = "correct horse battery";
const KEY: &str = "EAAG-0123456789-wxyz";
const MASK: &str = "••••••••wxyz";

/// The use cases over mocks; what a test doesn't prepare panics when it is used.
struct Bench {
    storage: Arc<ScriptedStorage>,
    accounts: Accounts,
}

fn bench(storage: ScriptedStorage, hasher: MockPasswordHasher) -> Bench {
    bench_with(storage, hasher, MockFileStore::new(), None)
}

fn bench_with(
    storage: ScriptedStorage,
    hasher: MockPasswordHasher,
    files: MockFileStore,
    provisioner: Option<MockSenderProvisioner>,
) -> Bench {
    let storage = Arc::new(storage);
    let ports = AccountPorts {
        storage: storage.clone(),
        hasher: Arc::new(hasher),
        sealer: Arc::new(PaperSealer),
        files: Arc::new(files),
        clock: clock(),
        entropy: entropy(),
        provisioner: provisioner.map(|mock| Arc::new(mock) as Arc<dyn SenderProvisioner>),
    };
    let defaults = AccountDefaults {
        language: Language::Es,
        time_zone: TimeZone::UTC,
        default_country: mexico(),
    };
    Bench {
        storage,
        accounts: Accounts::new(ports, defaults),
    }
}

/// A hasher that is asked exactly once whether `password` is that of `hash`.
fn verifying(hash: Option<&str>, answer: bool) -> MockPasswordHasher {
    let mut hasher = MockPasswordHasher::new();
    let hash = hash.map(str::to_owned);
    hasher
        .expect_verify()
        .withf(move |_, asked| *asked == hash)
        .times(1)
        .returning(move |_, _| Ok(answer));
    hasher
}

fn with_hash(mut hasher: MockPasswordHasher) -> MockPasswordHasher {
    hasher
        .expect_hash()
        .times(1)
        .returning(|password| Ok(format!("hash of {}", password.expose_secret())));
    hasher
}

fn read_by_email(found: Option<User>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.users
        .expect_find_by_email()
        .times(1)
        .returning(move |_| Ok(found.clone()));
    unit
}

fn read_by_id(found: Option<User>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.users
        .expect_find()
        .with(eq(user().id))
        .returning(move |_| Ok(found.clone()));
    unit
}

/// A transaction that locks `user` and may save it when `accept` says that it is right.
fn saving(locked: User, accept: impl Fn(&User) -> bool + Send + 'static) -> MockUnitOfWork {
    let mut unit = locking(locked);
    unit.users
        .expect_save()
        .withf(accept)
        .times(1)
        .returning(|_| Ok(()));
    unit
}

fn locking(locked: User) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.users
        .expect_lock()
        .with(eq(user().id))
        .returning(move |_| Ok(Some(locked.clone())));
    unit
}

fn wish() -> Register {
    Register {
        name: "Ana Torres".to_owned(),
        email: "ana@example.com".to_owned(),
        password: GOOD_PASSWORD.into(),
        phone: Some("55 1234 5678".to_owned()),
        company: Some(String::new()),
        language: Some(Language::En),
    }
}

fn sealed(field: SecretField, secret: &str) -> SealedSecret {
    PaperSealer.seal(user().id, field, &secret.into())
}

fn user_with_key(secret: &str) -> User {
    let mut user = user();
    let field = SecretField::GeminiApiKey;
    user.keys.insert(field, sealed(field, secret));
    user
}

fn gemini_key(wish: Field<SecretString>) -> ProfileChanges {
    ProfileChanges {
        secrets: BTreeMap::from([(SecretField::GeminiApiKey, wish)]),
        ..ProfileChanges::default()
    }
}

fn set(text: &str) -> Field<String> {
    Field::Set(text.to_owned())
}
