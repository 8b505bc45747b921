//! Registration.

use nexus_domain::ports::{
    DuplicateKey, HashingError, ProvisionedSender, ProvisioningError, StorageError,
};
use nexus_domain::values::{
    CompanyName, EmailAddress, Language, NewPassword, PersonName, PhoneNumber, ShortText,
    Violations,
};
use nexus_domain::{
    Automation, NotificationSettings, OptOutSettings, PrivacySettings, ProviderKeys, SecretField,
    Theme, User, UserId, WebhookKey,
};
use secrecy::SecretString;

use super::{AccountDefaults, Accounts, Profile};
use crate::field::optional;

/// A person's wish for an account, as they typed it.
#[derive(Debug, Clone)]
pub struct Register {
    /// Their name.
    pub name: String,
    /// The address they will sign in with.
    pub email: String,
    /// The password they want.
    pub password: SecretString,
    /// Their phone number.
    pub phone: Option<String>,
    /// Their company.
    pub company: Option<String>,
    /// The language their browser asked for.
    pub language: Option<Language>,
}

/// Why no account was made; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Fields that can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// Somebody signs in with this address already.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The password can't be hashed now.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The sandbox gave no sender.
    #[error(transparent)]
    Provisioning(#[from] ProvisioningError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A wish for an account whose every field is right.
struct Applicant {
    name: PersonName,
    email: EmailAddress,
    password: NewPassword,
    phone: Option<PhoneNumber>,
    company: Option<CompanyName>,
    language: Language,
}

impl Register {
    fn parse(self, defaults: AccountDefaults) -> Result<Applicant, RegisterError> {
        let mut violations = Violations::new();
        let name = violations.check("name", PersonName::parse(&self.name));
        let email = violations.check("email", EmailAddress::parse(&self.email));
        // Judged against what was typed, so that a wrong address doesn't hide a weak password.
        let typed = email
            .clone()
            .unwrap_or_else(|| EmailAddress::from_stored(self.email.trim().to_owned()));
        let password = violations.check(
            "password",
            NewPassword::parse(&self.password, &typed, &self.name),
        );
        let phone = violations.check(
            "phone",
            optional(self.phone.as_deref(), |raw| {
                PhoneNumber::parse(raw, defaults.default_country)
            }),
        );
        let company = violations.check(
            "company",
            optional(self.company.as_deref(), CompanyName::parse),
        );
        match (name, email, password, phone, company) {
            (Some(name), Some(email), Some(password), Some(phone), Some(company)) => {
                Ok(Applicant {
                    name,
                    email,
                    password,
                    phone,
                    company,
                    language: self.language.unwrap_or(defaults.language),
                })
            }
            _ => Err(RegisterError::Invalid(violations)),
        }
    }
}

impl Accounts {
    /// Makes an account and returns its profile; the caller opens the session.
    pub async fn register(&self, wish: Register) -> Result<Profile, RegisterError> {
        let applicant = wish.parse(self.defaults)?;
        if self.is_taken(&applicant.email).await? {
            return Err(RegisterError::EmailTaken);
        }
        let password = applicant.password.secret().clone();
        let password_hash = self.ports.hasher.hash(password).await?;
        let mut user = self.new_user(applicant, password_hash);
        if let Some(provisioner) = &self.ports.provisioner {
            let sender = provisioner.provision(user.id, &user.webhook_key).await?;
            self.give_sender(&mut user, sender)?;
        }
        self.insert(&user).await?;
        tracing::info!(user_id = %user.id, "an account was registered");
        Ok(self.show(user))
    }

    async fn is_taken(&self, email: &EmailAddress) -> Result<bool, StorageError> {
        let mut repositories = self.ports.storage.read();
        Ok(repositories.users().find_by_email(email).await?.is_some())
    }

    async fn insert(&self, user: &User) -> Result<(), RegisterError> {
        let mut unit = self.ports.storage.begin().await?;
        unit.users()
            .insert(user)
            .await
            .map_err(|error| match error {
                StorageError::Duplicate(DuplicateKey::UserEmail) => RegisterError::EmailTaken,
                other => RegisterError::Storage(other),
            })?;
        unit.commit().await?;
        Ok(())
    }

    fn new_user(&self, applicant: Applicant, password_hash: String) -> User {
        let now = self.ports.clock.now();
        let entropy = self.ports.entropy.as_ref();
        User {
            id: UserId::new(now, entropy),
            name: applicant.name,
            email: applicant.email,
            password_hash,
            phone: applicant.phone,
            company: applicant.company,
            keys: ProviderKeys::new(),
            whatsapp_phone_number_id: None,
            whatsapp_business_account_id: None,
            whatsapp_daily_limit: None,
            webhook_key: WebhookKey::new(entropy),
            automation: Automation::default(),
            opt_outs: OptOutSettings::default(),
            notifications: NotificationSettings::default(),
            privacy: PrivacySettings::default(),
            language: applicant.language,
            time_zone: self.defaults.time_zone,
            theme: Theme::default(),
            default_country: self.defaults.default_country,
            created_at: now,
            updated_at: now,
            // Registering signs in.
            last_login: Some(now),
        }
    }

    fn give_sender(
        &self,
        user: &mut User,
        sender: ProvisionedSender,
    ) -> Result<(), ProvisioningError> {
        let identifier = |raw: &str| {
            ShortText::parse(raw).map_err(|problem| {
                ProvisioningError(format!("an identifier is {}", problem.code()))
            })
        };
        user.whatsapp_phone_number_id = Some(identifier(&sender.phone_number_id)?);
        user.whatsapp_business_account_id = Some(identifier(&sender.business_account_id)?);
        for (field, secret) in [
            (SecretField::WhatsappApiKey, sender.token),
            (SecretField::WhatsappAppSecret, sender.app_secret),
            (SecretField::WhatsappVerifyToken, sender.verify_token),
        ] {
            let sealed = self.ports.sealer.seal(user.id, field, &secret);
            user.keys.insert(field, sealed);
        }
        Ok(())
    }
}
