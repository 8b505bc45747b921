//! Users.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{StorageError, UserRepository};
use nexus_domain::values::{
    CompanyName, Country, EmailAddress, Language, LongText, PersonName, PhoneNumber, ShortText,
    TimeZone,
};
use nexus_domain::{
    Automation, DailyLimit, NotificationSettings, OptOutSettings, PrivacySettings, ReplyText,
    Theme, User, UserId, WebhookKey, WordList,
};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::Value;
use uuid::Uuid;

use super::SqlRepositories;
use super::rows::{Row, to_json};
use super::sql::{Sql, params};

const COLUMNS: &str = "id, name, email, password_hash, phone, company, provider_keys, \
     whatsapp_phone_number_id, whatsapp_business_account_id, webhook_key, auto_reply_enabled, \
     knowledge_base, notify_email, notify_push, notify_sms, profile_visible, data_sharing, \
     analytics, language, time_zone, theme, default_country, created_at, updated_at, last_login, \
     opt_out_words, opt_in_words, opt_out_reply, opt_in_reply, whatsapp_daily_limit";

#[expect(clippy::struct_excessive_bools, reason = "one column each")]
#[derive(FromQueryResult)]
struct UserRow {
    id: Uuid,
    name: String,
    email: String,
    password_hash: String,
    phone: Option<String>,
    company: Option<String>,
    provider_keys: String,
    whatsapp_phone_number_id: Option<String>,
    whatsapp_business_account_id: Option<String>,
    webhook_key: String,
    auto_reply_enabled: bool,
    knowledge_base: Option<String>,
    notify_email: bool,
    notify_push: bool,
    notify_sms: bool,
    profile_visible: bool,
    data_sharing: bool,
    analytics: bool,
    language: String,
    time_zone: String,
    theme: String,
    default_country: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    last_login: Option<DateTime<Utc>>,
    opt_out_words: Option<String>,
    opt_in_words: Option<String>,
    opt_out_reply: Option<String>,
    opt_in_reply: Option<String>,
    whatsapp_daily_limit: Option<String>,
}

impl UserRow {
    fn user(self) -> Result<User, StorageError> {
        let row = Row {
            table: "users",
            id: self.id,
        };
        Ok(User {
            id: UserId::from_uuid(self.id),
            name: row.parse("name", &self.name, PersonName::parse)?,
            email: EmailAddress::from_stored(self.email),
            password_hash: self.password_hash,
            phone: self.phone.map(PhoneNumber::from_stored),
            company: row.parse_some("company", self.company.as_deref(), CompanyName::parse)?,
            keys: row.json("provider_keys", &self.provider_keys)?,
            whatsapp_phone_number_id: row.parse_some(
                "whatsapp_phone_number_id",
                self.whatsapp_phone_number_id.as_deref(),
                ShortText::parse,
            )?,
            whatsapp_business_account_id: row.parse_some(
                "whatsapp_business_account_id",
                self.whatsapp_business_account_id.as_deref(),
                ShortText::parse,
            )?,
            whatsapp_daily_limit: row.parse_some(
                "whatsapp_daily_limit",
                self.whatsapp_daily_limit.as_deref(),
                DailyLimit::parse,
            )?,
            webhook_key: row.need("webhook_key", WebhookKey::parse(&self.webhook_key))?,
            automation: Automation {
                auto_reply_enabled: self.auto_reply_enabled,
                knowledge_base: row.parse_some(
                    "knowledge_base",
                    self.knowledge_base.as_deref(),
                    LongText::parse,
                )?,
            },
            opt_outs: OptOutSettings {
                stop_words: words(row, "opt_out_words", self.opt_out_words.as_deref())?,
                resume_words: words(row, "opt_in_words", self.opt_in_words.as_deref())?,
                stop_reply: row.parse_some(
                    "opt_out_reply",
                    self.opt_out_reply.as_deref(),
                    ReplyText::parse,
                )?,
                resume_reply: row.parse_some(
                    "opt_in_reply",
                    self.opt_in_reply.as_deref(),
                    ReplyText::parse,
                )?,
            },
            notifications: NotificationSettings {
                email: self.notify_email,
                push: self.notify_push,
                sms: self.notify_sms,
            },
            privacy: PrivacySettings {
                profile_visible: self.profile_visible,
                data_sharing: self.data_sharing,
                analytics: self.analytics,
            },
            language: row.parse("language", &self.language, Language::parse)?,
            time_zone: row.parse("time_zone", &self.time_zone, TimeZone::parse)?,
            theme: row.parse("theme", &self.theme, Theme::parse)?,
            default_country: row.parse("default_country", &self.default_country, Country::parse)?,
            created_at: self.created_at,
            updated_at: self.updated_at,
            last_login: self.last_login,
        })
    }
}

/// Words of a user's own.
fn words(row: Row, column: &str, stored: Option<&str>) -> Result<Option<WordList>, StorageError> {
    let words: Option<Vec<String>> = stored.map(|json| row.json(column, json)).transpose()?;
    Ok(words.map(WordList::from_stored))
}

fn words_json(words: Option<&WordList>) -> Result<Option<String>, StorageError> {
    words.map(|words| to_json(&words.as_slice())).transpose()
}

/// What can change, in the order of the statements below.
fn values(user: &User) -> Result<Vec<Value>, StorageError> {
    Ok(params![
        user.id,
        user.name.as_str(),
        user.email.as_str(),
        user.email.key(),
        user.password_hash.as_str(),
        user.phone.as_ref().map(PhoneNumber::as_str),
        user.company.as_ref().map(CompanyName::as_str),
        to_json(&user.keys)?,
        user.whatsapp_phone_number_id
            .as_ref()
            .map(ShortText::as_str),
        user.whatsapp_business_account_id
            .as_ref()
            .map(ShortText::as_str),
        user.webhook_key.as_str(),
        user.automation.auto_reply_enabled,
        user.automation
            .knowledge_base
            .as_ref()
            .map(LongText::as_str),
        user.notifications.email,
        user.notifications.push,
        user.notifications.sms,
        user.privacy.profile_visible,
        user.privacy.data_sharing,
        user.privacy.analytics,
        user.language.code(),
        user.time_zone.name(),
        user.theme.as_str(),
        user.default_country.code(),
        user.updated_at,
        user.last_login,
        words_json(user.opt_outs.stop_words.as_ref())?,
        words_json(user.opt_outs.resume_words.as_ref())?,
        user.opt_outs.stop_reply.as_ref().map(ReplyText::as_str),
        user.opt_outs.resume_reply.as_ref().map(ReplyText::as_str),
        user.whatsapp_daily_limit.map(DailyLimit::as_str),
    ])
}

impl SqlRepositories {
    async fn user_where(
        &self,
        condition: &str,
        value: Value,
    ) -> Result<Option<User>, StorageError> {
        let sql = Sql::with(
            format!("SELECT {COLUMNS} FROM users WHERE {condition}"),
            vec![value],
        );
        let row: Option<UserRow> = self.db().one(sql).await?;
        row.map(UserRow::user).transpose()
    }
}

#[async_trait]
impl UserRepository for SqlRepositories {
    async fn insert(&mut self, user: &User) -> Result<(), StorageError> {
        let sql = Sql::new(
            "INSERT INTO users (id, name, email, email_key, password_hash, phone, company, \
             provider_keys, whatsapp_phone_number_id, whatsapp_business_account_id, webhook_key, \
             auto_reply_enabled, knowledge_base, notify_email, notify_push, notify_sms, \
             profile_visible, data_sharing, analytics, language, time_zone, theme, \
             default_country, updated_at, last_login, opt_out_words, opt_in_words, \
             opt_out_reply, opt_in_reply, whatsapp_daily_limit, created_at) ",
        );
        let mut row = values(user)?;
        row.extend(params![user.created_at]);
        self.db().execute(sql.rows([row])).await?;
        Ok(())
    }

    async fn find(&mut self, id: UserId) -> Result<Option<User>, StorageError> {
        self.user_where("id = $1", id.as_uuid().into()).await
    }

    async fn lock(&mut self, id: UserId) -> Result<Option<User>, StorageError> {
        let condition = format!("id = $1{}", self.db().for_update());
        self.user_where(&condition, id.as_uuid().into()).await
    }

    async fn find_by_email(&mut self, email: &EmailAddress) -> Result<Option<User>, StorageError> {
        let mut key = params![email.key()];
        self.user_where("email_key = $1", key.remove(0)).await
    }

    async fn find_by_webhook_key(
        &mut self,
        key: &WebhookKey,
    ) -> Result<Option<User>, StorageError> {
        self.user_where("webhook_key = $1", key.as_str().into())
            .await
    }

    async fn save(&mut self, user: &User) -> Result<(), StorageError> {
        let sql = "UPDATE users SET name = $2, email = $3, email_key = $4, password_hash = $5, \
             phone = $6, company = $7, provider_keys = $8, whatsapp_phone_number_id = $9, \
             whatsapp_business_account_id = $10, webhook_key = $11, auto_reply_enabled = $12, \
             knowledge_base = $13, notify_email = $14, notify_push = $15, notify_sms = $16, \
             profile_visible = $17, data_sharing = $18, analytics = $19, language = $20, \
             time_zone = $21, theme = $22, default_country = $23, updated_at = $24, \
             last_login = $25, opt_out_words = $26, opt_in_words = $27, opt_out_reply = $28, \
             opt_in_reply = $29, whatsapp_daily_limit = $30 WHERE id = $1";
        self.db().execute(Sql::with(sql, values(user)?)).await?;
        Ok(())
    }

    async fn delete(&mut self, id: UserId) -> Result<bool, StorageError> {
        let sql = Sql::with("DELETE FROM users WHERE id = $1", params![id]);
        Ok(self.db().execute(sql).await? > 0)
    }
}
