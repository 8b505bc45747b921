//! Users: the tenants.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ports::Entropy;
use crate::values::{
    CompanyName, Country, EmailAddress, Language, LongText, PersonName, PhoneNumber, Problem,
    ShortText, TimeZone,
};
use crate::{DailyLimit, OptOutSettings, UserId};

/// The fields of a user that hold a secret. They are stored sealed and never shown whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretField {
    /// The access token of WhatsApp's Cloud API.
    WhatsappApiKey,
    /// The secret of the Meta app, which signs webhooks.
    WhatsappAppSecret,
    /// The word that Meta repeats when it verifies the webhook's address.
    WhatsappVerifyToken,
    /// Gmail's credential.
    GmailApiKey,
    /// Gemini's API key.
    GeminiApiKey,
}

impl SecretField {
    /// Every secret field.
    pub const ALL: [Self; 5] = [
        Self::WhatsappApiKey,
        Self::WhatsappAppSecret,
        Self::WhatsappVerifyToken,
        Self::GmailApiKey,
        Self::GeminiApiKey,
    ];

    /// The field's name in the API, and in what a sealed value is bound to.
    pub fn name(self) -> &'static str {
        match self {
            Self::WhatsappApiKey => "whatsapp_api_key",
            Self::WhatsappAppSecret => "whatsapp_app_secret",
            Self::WhatsappVerifyToken => "whatsapp_verify_token",
            Self::GmailApiKey => "gmail_api_key",
            Self::GeminiApiKey => "gemini_api_key",
        }
    }
}

/// A secret as it is stored: ciphertext that opens only with the key ring, for this user and field.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedSecret(String);

impl SealedSecret {
    /// Wraps what the sealer made.
    pub fn new(sealed: String) -> Self {
        Self(sealed)
    }

    /// The ciphertext, for the store and the sealer.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedSecret(…)")
    }
}

/// The sealed secrets of a user, by field.
pub type ProviderKeys = BTreeMap<SecretField, SealedSecret>;

/// The unguessable last part of the address to which a user's provider sends webhooks.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookKey(String);

impl WebhookKey {
    /// A new key of 160 random bits, in hexadecimal.
    pub fn new(entropy: &dyn Entropy) -> Self {
        let mut random = [0_u8; 20];
        entropy.fill(&mut random);
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        Self(
            random
                .iter()
                .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
                .collect(),
        )
    }

    /// Reads a key from an address or from the store: 40 hexadecimal digits.
    pub fn parse(raw: &str) -> Option<Self> {
        (raw.len() == 40 && raw.bytes().all(|b| b.is_ascii_hexdigit()))
            .then(|| Self(raw.to_ascii_lowercase()))
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookKey(…)")
    }
}

/// The assistant's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Automation {
    /// Whether the assistant answers by itself.
    pub auto_reply_enabled: bool,
    /// What it knows of the business.
    pub knowledge_base: Option<LongText>,
}

/// How the user wants to be told of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationSettings {
    /// By e-mail.
    pub email: bool,
    /// In the browser.
    pub push: bool,
    /// By SMS.
    pub sms: bool,
}

impl Default for NotificationSettings {
    fn default() -> Self {
        Self {
            email: true,
            push: true,
            sms: false,
        }
    }
}

/// What the user shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrivacySettings {
    /// Whether others may see the profile.
    pub profile_visible: bool,
    /// Whether data may be shared with partners.
    pub data_sharing: bool,
    /// Whether usage may be analysed.
    pub analytics: bool,
}

impl Default for PrivacySettings {
    fn default() -> Self {
        Self {
            profile_visible: true,
            data_sharing: false,
            analytics: true,
        }
    }
}

/// The look of the browser application.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// As the device has it.
    #[default]
    System,
}

impl Theme {
    /// Reads `light`, `dark` or `system`.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        match raw.trim() {
            "light" => Ok(Self::Light),
            "dark" => Ok(Self::Dark),
            "system" => Ok(Self::System),
            _ => Err(Problem::NotOneOf {
                accepted: ["light", "dark", "system"].map(String::from).to_vec(),
            }),
        }
    }

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }
}

/// A user: profile, settings, and the sealed keys of their providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// Their name.
    pub name: PersonName,
    /// The address they sign in with; unique among all users.
    pub email: EmailAddress,
    /// The hash of their password, a PHC string (argon2id).
    pub password_hash: String,
    /// Their phone number.
    pub phone: Option<PhoneNumber>,
    /// Their company.
    pub company: Option<CompanyName>,
    /// Their providers' secrets, sealed.
    pub keys: ProviderKeys,
    /// Meta's id of the number that sends.
    pub whatsapp_phone_number_id: Option<ShortText>,
    /// Meta's id of the business account that owns the number and the templates.
    pub whatsapp_business_account_id: Option<ShortText>,
    /// How many new people that number may write to within 24 hours; `None`: what the installation
    /// allows.
    pub whatsapp_daily_limit: Option<DailyLimit>,
    /// Where their webhooks arrive; unique among all users.
    pub webhook_key: WebhookKey,
    /// The assistant's settings.
    pub automation: Automation,
    /// How customers' wishes not to be written to are heard and answered.
    pub opt_outs: OptOutSettings,
    /// How they want to be told of events.
    pub notifications: NotificationSettings,
    /// What they share.
    pub privacy: PrivacySettings,
    /// The language in which the product speaks to them.
    pub language: Language,
    /// The zone of their days and schedules.
    pub time_zone: TimeZone,
    /// The look of the application.
    pub theme: Theme,
    /// The country of phone numbers written without prefix.
    pub default_country: Country,
    /// When they registered.
    pub created_at: DateTime<Utc>,
    /// When anything of this last changed.
    pub updated_at: DateTime<Utc>,
    /// When they last signed in.
    pub last_login: Option<DateTime<Utc>>,
}
