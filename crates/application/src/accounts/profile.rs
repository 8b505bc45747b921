//! The profile: what a user sees and changes of their account.

use std::collections::BTreeMap;

use nexus_domain::ports::StorageError;
use nexus_domain::values::{
    CompanyName, Country, Language, LongText, PersonName, PhoneNumber, Problem, ShortText,
    TimeZone, Violations,
};
use nexus_domain::{DailyLimit, SecretField, Theme, User};
use secrecy::SecretString;

use super::opt_outs::OptOutChanges;
use super::{Accounts, secrets};
use crate::{Actor, Field};

/// A user as they see themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The user.
    pub user: User,
    /// What is shown of each secret that is stored: eight bullets and at most its last four
    /// characters. No entry, no secret.
    pub masks: BTreeMap<SecretField, String>,
}

/// The profile's form, each field under its name in the API; e-mail addresses don't change here.
#[derive(Debug, Clone, Default)]
pub struct ProfileChanges {
    /// The person's name; can't be cleared.
    pub name: Field<String>,
    /// Their phone number.
    pub phone: Field<String>,
    /// Their company.
    pub company: Field<String>,
    /// The providers' secrets. The mask of the stored secret keeps it.
    pub secrets: BTreeMap<SecretField, Field<SecretString>>,
    /// Meta's id of the number that sends.
    pub whatsapp_phone_number_id: Field<String>,
    /// Meta's id of the business account.
    pub whatsapp_business_account_id: Field<String>,
    /// Meta's messaging limit of the number: `250`, `2000`, `10000`, `100000` or `unlimited`.
    pub whatsapp_daily_limit: Field<String>,
    /// Whether the assistant answers by itself.
    pub gemini_auto_reply_enabled: Option<bool>,
    /// What the assistant knows of the business.
    pub gemini_knowledge_base: Field<String>,
    /// The words that stop messages; cleared or empty, those of the product.
    pub opt_out_words: Field<Vec<String>>,
    /// The words that bring them back; likewise.
    pub opt_in_words: Field<Vec<String>>,
    /// What is answered to the first; cleared, the product's text.
    pub opt_out_reply: Field<String>,
    /// What is answered to the second; likewise.
    pub opt_in_reply: Field<String>,
    /// Whether events are told by e-mail.
    pub email_notifications: Option<bool>,
    /// Whether events are told in the browser.
    pub push_notifications: Option<bool>,
    /// Whether events are told by SMS.
    pub sms_notifications: Option<bool>,
    /// Whether others may see the profile.
    pub profile_visible: Option<bool>,
    /// Whether data may be shared with partners.
    pub data_sharing: Option<bool>,
    /// Whether usage may be analysed.
    pub analytics: Option<bool>,
    /// `es` or `en`; can't be cleared.
    pub language: Field<String>,
    /// The name of an IANA time zone; can't be cleared.
    pub timezone: Field<String>,
    /// `light`, `dark` or `system`; can't be cleared.
    pub theme: Field<String>,
    /// An ISO 3166-1 alpha-2 country; can't be cleared.
    pub default_country: Field<String>,
}

/// Why a profile can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The account is gone.
    #[error("no such user")]
    NoSuchUser,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a profile was not changed; nothing of the form was.
#[derive(Debug, thiserror::Error)]
pub enum UpdateProfileError {
    /// Fields that can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The account is gone.
    #[error("no such user")]
    NoSuchUser,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Accounts {
    /// The user's profile.
    pub async fn profile(&self, actor: &Actor) -> Result<Profile, ProfileError> {
        let user = self.find(actor).await?.ok_or(ProfileError::NoSuchUser)?;
        Ok(self.show(user))
    }

    /// The profile as it was at most a second ago; what changed on this instance is in it at once.
    pub async fn recent_profile(&self, actor: &Actor) -> Result<Profile, ProfileError> {
        let read = async { Ok(self.find(actor).await?.map(|user| self.show(user))) };
        self.recent
            .get_or_read(actor.user_id(), read)
            .await
            .map_err(ProfileError::Storage)?
            .ok_or(ProfileError::NoSuchUser)
    }

    /// Changes what the form names, all or nothing.
    pub async fn update_profile(
        &self,
        actor: &Actor,
        changes: ProfileChanges,
    ) -> Result<Profile, UpdateProfileError> {
        let mut unit = self.ports.storage.begin().await?;
        let mut user = unit
            .users()
            .lock(actor.user_id())
            .await?
            .ok_or(UpdateProfileError::NoSuchUser)?;
        self.apply(changes, &mut user)
            .map_err(UpdateProfileError::Invalid)?;
        user.updated_at = self.ports.clock.now();
        unit.users().save(&user).await?;
        unit.commit().await?;
        self.recent.forget(&user.id);
        Ok(self.show(user))
    }

    pub(super) fn show(&self, user: User) -> Profile {
        Profile {
            masks: secrets::masks(self.ports.sealer.as_ref(), &user),
            user,
        }
    }

    fn apply(&self, changes: ProfileChanges, user: &mut User) -> Result<(), Violations> {
        let mut violations = Violations::new();
        changes
            .name
            .replace("name", &mut user.name, &mut violations, PersonName::parse);
        changes.company.replace_optional(
            "company",
            &mut user.company,
            &mut violations,
            CompanyName::parse,
        );
        // Before the phone, which is read in the country that the same form may set.
        changes.default_country.replace(
            "default_country",
            &mut user.default_country,
            &mut violations,
            Country::parse,
        );
        let country = user.default_country;
        let phone = user.phone.as_ref().map(PhoneNumber::as_str);
        changes.phone.unless_already(phone).replace_optional(
            "phone",
            &mut user.phone,
            &mut violations,
            |raw| PhoneNumber::parse(raw, country),
        );
        for (field, wish) in &changes.secrets {
            secrets::change(
                self.ports.sealer.as_ref(),
                user,
                *field,
                wish,
                &mut violations,
            );
        }
        for (name, wish, id) in [
            (
                "whatsapp_phone_number_id",
                changes.whatsapp_phone_number_id,
                &mut user.whatsapp_phone_number_id,
            ),
            (
                "whatsapp_business_account_id",
                changes.whatsapp_business_account_id,
                &mut user.whatsapp_business_account_id,
            ),
        ] {
            let stored = id.clone();
            wish.unless_already(stored.as_ref().map(ShortText::as_str))
                .replace_optional(name, id, &mut violations, meta_id);
        }
        changes.whatsapp_daily_limit.replace_optional(
            "whatsapp_daily_limit",
            &mut user.whatsapp_daily_limit,
            &mut violations,
            DailyLimit::parse,
        );
        changes.gemini_knowledge_base.replace_optional(
            "gemini_knowledge_base",
            &mut user.automation.knowledge_base,
            &mut violations,
            LongText::parse,
        );
        // Before the language: what a form sends back as it came is in the language until now.
        OptOutChanges {
            stop_words: changes.opt_out_words,
            resume_words: changes.opt_in_words,
            stop_reply: changes.opt_out_reply,
            resume_reply: changes.opt_in_reply,
        }
        .apply(&mut user.opt_outs, user.language, &mut violations);
        changes.language.replace(
            "language",
            &mut user.language,
            &mut violations,
            Language::parse,
        );
        changes.timezone.replace(
            "timezone",
            &mut user.time_zone,
            &mut violations,
            TimeZone::parse,
        );
        changes
            .theme
            .replace("theme", &mut user.theme, &mut violations, Theme::parse);
        for (wish, setting) in [
            (
                changes.gemini_auto_reply_enabled,
                &mut user.automation.auto_reply_enabled,
            ),
            (changes.email_notifications, &mut user.notifications.email),
            (changes.push_notifications, &mut user.notifications.push),
            (changes.sms_notifications, &mut user.notifications.sms),
            (changes.profile_visible, &mut user.privacy.profile_visible),
            (changes.data_sharing, &mut user.privacy.data_sharing),
            (changes.analytics, &mut user.privacy.analytics),
        ] {
            *setting = wish.unwrap_or(*setting);
        }
        violations.into_result()
    }
}

/// One of Meta's ids, which become part of addresses: 5 to 20 digits.
fn meta_id(raw: &str) -> Result<ShortText, Problem> {
    let id = ShortText::parse(raw)?;
    let digits = id.as_str();
    if !(5..=20).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::Malformed {
            expected: "5 to 20 digits".to_owned(),
        });
    }
    Ok(id)
}
