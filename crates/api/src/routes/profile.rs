//! The profile: what a user sees and changes of their account.

use std::collections::BTreeMap;

use actix_session::Session;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, delete, get, post, put};
use chrono::{DateTime, Utc};
use nexus_application::Field;
use nexus_application::accounts::{
    Accounts, ChangePasswordError, DeleteAccountError, Profile, ProfileChanges, UpdateProfileError,
};
use nexus_domain::values::{CompanyName, Language, LongText, PhoneNumber, ShortText};
use nexus_domain::{DailyLimit, SecretField, User, Wish};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::{UserEnvelope, UserSaid, client_address, gone};
use super::shared::{AnyFailure, CountsTries, NeedsSession, Said, TakesValues};
use crate::errors::{ApiError, Code};
use crate::extract::{Body, Patch, SignedIn, blank, language_of, remember, remember_language};
use crate::middleware::SignInLimit;
use crate::session::DatabaseSessions;

/// A user as they see themselves. Secrets are masks that show their last four characters.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "settings, each on its own")]
pub struct UserView {
    id: Uuid,
    #[schema(example = "Lucía Hernández")]
    name: String,
    #[schema(example = "lucia@flores-lucia.mx")]
    email: String,
    #[schema(example = "+525512345678")]
    phone: Option<String>,
    #[schema(example = "Flores Lucía")]
    company: Option<String>,
    #[schema(example = "••••••••abcd")]
    whatsapp_api_key: Option<String>,
    #[schema(example = "106540352242922")]
    whatsapp_phone_number_id: Option<String>,
    #[schema(example = "102290129340398")]
    whatsapp_business_account_id: Option<String>,
    /// How many new people the number may write to within 24 hours: `250`, `2000`, `10000`, `100000`
    /// or `unlimited`, as Meta shows it (messaging limit); null where the server's own limit counts.
    /// Campaigns wait when it is used up, and go on by themselves.
    #[schema(example = "2000")]
    whatsapp_daily_limit: Option<&'static str>,
    #[schema(example = "••••••••abcd")]
    whatsapp_app_secret: Option<String>,
    #[schema(example = "••••••••abcd")]
    whatsapp_verify_token: Option<String>,
    /// The path, on this server, to which Meta sends webhooks.
    #[schema(example = "/api/webhooks/whatsapp/3f0c…")]
    whatsapp_webhook_path: String,
    /// The whole address, to be entered at Meta; null where the server was not told its own.
    #[schema(example = "https://api.example.com/api/webhooks/whatsapp/3f0c…")]
    whatsapp_webhook_url: Option<String>,
    gmail_api_key: Option<String>,
    gemini_api_key: Option<String>,
    gemini_auto_reply_enabled: bool,
    gemini_knowledge_base: Option<String>,
    /// A message that is nothing but one of these words, whatever its case, accents, punctuation and
    /// spaces, unsubscribes whoever writes it; so does a button that says one.
    #[schema(example = json!(["BAJA", "STOP"]))]
    opt_out_words: Vec<String>,
    /// The words that bring back whoever unsubscribed that way or in WhatsApp.
    #[schema(example = json!(["ALTA"]))]
    opt_in_words: Vec<String>,
    /// What is answered, once, to who unsubscribes.
    #[schema(example = "Listo: ya no te enviaremos mensajes.")]
    opt_out_reply: String,
    /// What is answered, once, to who comes back.
    opt_in_reply: String,
    email_notifications: bool,
    push_notifications: bool,
    sms_notifications: bool,
    profile_visible: bool,
    data_sharing: bool,
    analytics: bool,
    #[schema(example = "es")]
    language: &'static str,
    #[schema(example = "America/Mexico_City")]
    timezone: String,
    #[schema(example = "system")]
    theme: &'static str,
    #[schema(example = "MX")]
    default_country: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    last_login: Option<DateTime<Utc>>,
}

/// How the world reaches this server, if it was told.
#[derive(Debug, Clone)]
pub struct PublicUrl(pub Option<String>);

impl UserView {
    /// The user as clients see it, on a server with this address.
    pub fn new(profile: Profile, public: &PublicUrl) -> Self {
        let Profile { user, mut masks } = profile;
        let text = |value: Option<&str>| value.map(ToOwned::to_owned);
        let webhook_path = format!("/api/webhooks/whatsapp/{}", user.webhook_key.as_str());
        Self {
            id: user.id.as_uuid(),
            name: user.name.to_string(),
            email: user.email.to_string(),
            phone: text(user.phone.as_ref().map(PhoneNumber::as_str)),
            company: text(user.company.as_ref().map(CompanyName::as_str)),
            whatsapp_api_key: masks.remove(&SecretField::WhatsappApiKey),
            whatsapp_phone_number_id: text(
                user.whatsapp_phone_number_id
                    .as_ref()
                    .map(ShortText::as_str),
            ),
            whatsapp_business_account_id: text(
                user.whatsapp_business_account_id
                    .as_ref()
                    .map(ShortText::as_str),
            ),
            whatsapp_daily_limit: user.whatsapp_daily_limit.map(DailyLimit::as_str),
            whatsapp_app_secret: masks.remove(&SecretField::WhatsappAppSecret),
            whatsapp_verify_token: masks.remove(&SecretField::WhatsappVerifyToken),
            whatsapp_webhook_url: public.0.as_ref().map(|url| format!("{url}{webhook_path}")),
            whatsapp_webhook_path: webhook_path,
            gmail_api_key: masks.remove(&SecretField::GmailApiKey),
            gemini_api_key: masks.remove(&SecretField::GeminiApiKey),
            gemini_auto_reply_enabled: user.automation.auto_reply_enabled,
            gemini_knowledge_base: text(
                user.automation
                    .knowledge_base
                    .as_ref()
                    .map(LongText::as_str),
            ),
            opt_out_words: words(&user, Wish::Stop),
            opt_in_words: words(&user, Wish::Resume),
            opt_out_reply: user.opt_outs.reply(Wish::Stop, user.language),
            opt_in_reply: user.opt_outs.reply(Wish::Resume, user.language),
            email_notifications: user.notifications.email,
            push_notifications: user.notifications.push,
            sms_notifications: user.notifications.sms,
            profile_visible: user.privacy.profile_visible,
            data_sharing: user.privacy.data_sharing,
            analytics: user.privacy.analytics,
            language: user.language.code(),
            timezone: user.time_zone.name().to_owned(),
            theme: user.theme.as_str(),
            default_country: user.default_country.code().to_owned(),
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_login: user.last_login,
        }
    }
}

fn words(user: &User, wish: Wish) -> Vec<String> {
    let words = user.opt_outs.words(wish).into_iter();
    words.map(ToOwned::to_owned).collect()
}

/// The profile's form. An absent field is unchanged; `null` or `""` clears an optional one; a
/// secret sent as its mask is kept. Other fields, the e-mail address among them, are ignored.
#[derive(Deserialize, ToSchema)]
pub struct ProfileBody {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    phone: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    company: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    whatsapp_api_key: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    whatsapp_phone_number_id: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    whatsapp_business_account_id: Patch<String>,
    /// `250`, `2000`, `10000`, `100000` or `unlimited`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    whatsapp_daily_limit: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    whatsapp_app_secret: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    whatsapp_verify_token: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    gmail_api_key: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    gemini_api_key: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    gemini_auto_reply_enabled: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    gemini_knowledge_base: Patch<String>,
    /// Replaces the words that unsubscribe: up to 20 of up to 40 characters. There are always some:
    /// without any, those of the product are back.
    #[serde(default, deserialize_with = "blank::list")]
    #[schema(value_type = Option<Vec<String>>, example = json!(["BAJA", "STOP"]))]
    opt_out_words: Patch<Vec<String>>,
    /// Likewise, the words that bring people back.
    #[serde(default, deserialize_with = "blank::list")]
    #[schema(value_type = Option<Vec<String>>, example = json!(["ALTA"]))]
    opt_in_words: Patch<Vec<String>>,
    /// Up to 1,000 characters; cleared, the product's text in your language.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    opt_out_reply: Patch<String>,
    /// Likewise.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    opt_in_reply: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    email_notifications: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    push_notifications: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    sms_notifications: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    profile_visible: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    data_sharing: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    analytics: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    language: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    timezone: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    theme: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    default_country: Patch<String>,
}

fn secret(patch: Patch<String>) -> Field<SecretString> {
    match Field::<String>::from(patch) {
        Field::Keep => Field::Keep,
        Field::Clear => Field::Clear,
        Field::Set(text) => Field::Set(SecretString::from(text)),
    }
}

impl From<ProfileBody> for ProfileChanges {
    fn from(body: ProfileBody) -> Self {
        let secrets = BTreeMap::from([
            (SecretField::WhatsappApiKey, secret(body.whatsapp_api_key)),
            (
                SecretField::WhatsappAppSecret,
                secret(body.whatsapp_app_secret),
            ),
            (
                SecretField::WhatsappVerifyToken,
                secret(body.whatsapp_verify_token),
            ),
            (SecretField::GmailApiKey, secret(body.gmail_api_key)),
            (SecretField::GeminiApiKey, secret(body.gemini_api_key)),
        ]);
        Self {
            name: body.name.into(),
            phone: body.phone.into(),
            company: body.company.into(),
            secrets,
            whatsapp_phone_number_id: body.whatsapp_phone_number_id.into(),
            whatsapp_business_account_id: body.whatsapp_business_account_id.into(),
            whatsapp_daily_limit: body.whatsapp_daily_limit.into(),
            gemini_auto_reply_enabled: body.gemini_auto_reply_enabled.value(),
            gemini_knowledge_base: body.gemini_knowledge_base.into(),
            opt_out_words: body.opt_out_words.into_field(),
            opt_in_words: body.opt_in_words.into_field(),
            opt_out_reply: body.opt_out_reply.into(),
            opt_in_reply: body.opt_in_reply.into(),
            email_notifications: body.email_notifications.value(),
            push_notifications: body.push_notifications.value(),
            sms_notifications: body.sms_notifications.value(),
            profile_visible: body.profile_visible.value(),
            data_sharing: body.data_sharing.value(),
            analytics: body.analytics.value(),
            language: body.language.into(),
            timezone: body.timezone.into(),
            theme: body.theme.into(),
            default_country: body.default_country.into(),
        }
    }
}

impl From<UpdateProfileError> for ApiError {
    fn from(error: UpdateProfileError) -> Self {
        match error {
            UpdateProfileError::Invalid(violations) => Self::invalid(&violations),
            UpdateProfileError::NoSuchUser => Self::new(Code::NotSignedIn),
            UpdateProfileError::Storage(error) => error.into(),
        }
    }
}

impl From<ChangePasswordError> for ApiError {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::Invalid(violations) => Self::invalid(&violations),
            ChangePasswordError::WrongPassword => Self::new(Code::WrongPassword),
            ChangePasswordError::NoSuchUser => Self::new(Code::NotSignedIn),
            ChangePasswordError::Hashing(error) => Self::internal(&error),
            ChangePasswordError::Storage(error) => error.into(),
        }
    }
}

impl From<DeleteAccountError> for ApiError {
    fn from(error: DeleteAccountError) -> Self {
        match error {
            DeleteAccountError::WrongPassword => Self::new(Code::WrongPassword),
            DeleteAccountError::NoSuchUser => Self::new(Code::NotSignedIn),
            DeleteAccountError::Hashing(error) => Self::internal(&error),
            DeleteAccountError::Storage(error) => error.into(),
        }
    }
}

/// The profile.
#[utoipa::path(
    tag = "profile",
    operation_id = "read_profile",
    responses((status = 200, description = "The user", body = UserEnvelope), AnyFailure, NeedsSession)
)]
#[get("")]
pub async fn read(
    accounts: Data<Accounts>,
    public: Data<PublicUrl>,
    SignedIn(actor): SignedIn,
) -> Result<Json<UserEnvelope>, ApiError> {
    let profile = accounts.profile(&actor).await.map_err(gone)?;
    Ok(Json(UserEnvelope {
        user: UserView::new(profile, &public),
    }))
}

/// Changes the profile, all of the form or nothing.
#[utoipa::path(
    tag = "profile",
    operation_id = "update_profile",
    request_body = ProfileBody,
    responses(
        (status = 200, description = "Changed", body = UserSaid),
        AnyFailure, NeedsSession, TakesValues,
    )
)]
#[put("")]
pub async fn update(
    accounts: Data<Accounts>,
    public: Data<PublicUrl>,
    SignedIn(actor): SignedIn,
    session: Session,
    Body(body): Body<ProfileBody>,
) -> Result<Json<UserSaid>, ApiError> {
    let profile = accounts.update_profile(&actor, body.into()).await?;
    remember_language(&session, profile.user.language)?;
    let message = match profile.user.language {
        Language::Es => "Tu perfil quedó guardado.",
        Language::En => "Your profile was saved.",
    };
    Ok(Json(UserSaid {
        message: message.to_owned(),
        user: UserView::new(profile, &public),
    }))
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
pub struct ChangePasswordBody {
    /// The password until now.
    #[serde(default)]
    #[schema(format = "password", example = "tres girasoles en abril")]
    current_password: String,
    /// The new one: 10 to 128 characters, none of the most used passwords.
    #[serde(default)]
    #[schema(format = "password", example = "cuatro bugambilias en mayo")]
    new_password: String,
}

/// Changes the password. Every session of the account ends, and this one begins anew.
#[utoipa::path(
    tag = "profile",
    operation_id = "change_password",
    request_body = ChangePasswordBody,
    responses(
        (status = 200, description = "Changed", body = Said),
        AnyFailure, NeedsSession, TakesValues, CountsTries,
    )
)]
#[post("/change-password")]
pub async fn change_password(
    accounts: Data<Accounts>,
    sessions: Data<DatabaseSessions>,
    limit: Data<SignInLimit>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    session: Session,
    Body(body): Body<ChangePasswordBody>,
) -> Result<Json<Said>, ApiError> {
    limit.check(client_address(&request), &actor.user_id().to_string())?;
    let language = language_of(&request);
    accounts
        .change_password(
            &actor,
            SecretString::from(body.current_password),
            SecretString::from(body.new_password),
        )
        .await?;
    sessions.forget(actor.user_id());
    remember(&session, actor.user_id(), language)?;
    let message = match language {
        Language::Es => "Tu contraseña cambió; cerramos tus otras sesiones.",
        Language::En => "Your password was changed; your other sessions were signed out.",
    };
    Ok(Json(Said {
        message: message.to_owned(),
    }))
}

/// The password, once more.
#[derive(Deserialize, ToSchema)]
pub struct DeleteAccountBody {
    /// The account's password.
    #[serde(default)]
    #[schema(format = "password", example = "tres girasoles en abril")]
    password: String,
}

/// Deletes the account and everything of it: contacts, campaigns, messages, files, sessions.
#[utoipa::path(
    tag = "profile",
    operation_id = "delete_account",
    request_body = DeleteAccountBody,
    responses(
        (status = 200, description = "Deleted", body = Said),
        AnyFailure, NeedsSession, TakesValues, CountsTries,
    )
)]
#[delete("")]
pub async fn delete_account(
    accounts: Data<Accounts>,
    sessions: Data<DatabaseSessions>,
    limit: Data<SignInLimit>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    session: Session,
    Body(body): Body<DeleteAccountBody>,
) -> Result<Json<Said>, ApiError> {
    limit.check(client_address(&request), &actor.user_id().to_string())?;
    let message = match language_of(&request) {
        Language::Es => "Tu cuenta y todos sus datos se eliminaron.",
        Language::En => "Your account and all its data were deleted.",
    };
    accounts
        .delete_account(&actor, SecretString::from(body.password))
        .await?;
    sessions.forget(actor.user_id());
    session.purge();
    Ok(Json(Said {
        message: message.to_owned(),
    }))
}
