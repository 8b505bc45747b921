//! Connections to WhatsApp, and the templates of their accounts.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::{StorageError, WhatsAppRepository};
use nexus_domain::{
    ApprovedTemplate, StoredTemplate, TemplateButton, TemplateHeader, UserId, WhatsAppConnection,
};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::Value;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::SqlRepositories;
use super::rows::{Row, to_json};
use super::sql::{Sql, params, rows_per_statement};

#[derive(FromQueryResult)]
struct ConnectionRow {
    user_id: Uuid,
    webhook_verified_at: Option<DateTime<Utc>>,
    webhook_received_at: Option<DateTime<Utc>>,
    state: String,
}

impl ConnectionRow {
    fn connection(self) -> Result<WhatsAppConnection, StorageError> {
        let row = Row {
            table: "whatsapp_connections",
            id: self.user_id,
        };
        Ok(WhatsAppConnection {
            user_id: UserId::from_uuid(self.user_id),
            webhook_verified_at: self.webhook_verified_at,
            webhook_received_at: self.webhook_received_at,
            state: row.json("state", &self.state)?,
        })
    }
}

/// How exactly it is noted when a webhook last came.
const RECEIVED_TO: TimeDelta = TimeDelta::minutes(1);

const TEMPLATE: &str = "user_id, account_id, name, language, status, category, quality, reason, \
     content, status_heard_at, quality_heard_at, synced_at";
/// How many values a template has.
const TEMPLATE_VALUES: usize = 12;

#[derive(FromQueryResult)]
struct TemplateRow {
    user_id: Uuid,
    account_id: String,
    name: String,
    language: String,
    status: String,
    category: String,
    quality: Option<String>,
    reason: Option<String>,
    content: String,
    status_heard_at: Option<DateTime<Utc>>,
    quality_heard_at: Option<DateTime<Utc>>,
    synced_at: Option<DateTime<Utc>>,
}

/// What a template says, as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredContent {
    provider_id: Option<String>,
    parameter_format: String,
    header: Option<TemplateHeader>,
    body: String,
    variables: Vec<String>,
    footer: Option<String>,
    buttons: Vec<TemplateButton>,
    other_values: Vec<String>,
}

impl TemplateRow {
    fn template(self) -> Result<StoredTemplate, StorageError> {
        let row = Row {
            table: "whatsapp_templates",
            id: self.user_id,
        };
        let content: StoredContent = row.json("content", &self.content)?;
        Ok(StoredTemplate {
            user_id: UserId::from_uuid(self.user_id),
            account_id: self.account_id,
            template: ApprovedTemplate {
                provider_id: content.provider_id,
                name: self.name,
                language: self.language,
                status: self.status,
                category: self.category,
                quality: self.quality,
                reason: self.reason,
                parameter_format: content.parameter_format,
                header: content.header,
                body: content.body,
                variables: content.variables,
                footer: content.footer,
                buttons: content.buttons,
                other_values: content.other_values,
            },
            status_heard_at: self.status_heard_at,
            quality_heard_at: self.quality_heard_at,
            synced_at: self.synced_at,
        })
    }
}

/// In the order of [`TEMPLATE`].
fn template_values(stored: &StoredTemplate) -> Result<Vec<Value>, StorageError> {
    let template = &stored.template;
    let content = to_json(&StoredContent {
        provider_id: template.provider_id.clone(),
        parameter_format: template.parameter_format.clone(),
        header: template.header.clone(),
        body: template.body.clone(),
        variables: template.variables.clone(),
        footer: template.footer.clone(),
        buttons: template.buttons.clone(),
        other_values: template.other_values.clone(),
    })?;
    Ok(params![
        stored.user_id,
        stored.account_id.as_str(),
        template.name.as_str(),
        template.language.as_str(),
        template.status.as_str(),
        template.category.as_str(),
        template.quality.as_deref(),
        template.reason.as_deref(),
        content,
        stored.status_heard_at,
        stored.quality_heard_at,
        stored.synced_at,
    ])
}

impl SqlRepositories {
    async fn connection_of(
        &self,
        user: UserId,
        lock: &str,
    ) -> Result<Option<WhatsAppConnection>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT user_id, webhook_verified_at, webhook_received_at, state \
                 FROM whatsapp_connections WHERE user_id = $1{lock}"
            ),
            params![user],
        );
        let row: Option<ConnectionRow> = self.db().one(sql).await?;
        row.map(ConnectionRow::connection).transpose()
    }

    async fn template_by_name(
        &self,
        user: UserId,
        account_id: &str,
        name: &str,
        language: &str,
        lock: &str,
    ) -> Result<Option<StoredTemplate>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {TEMPLATE} FROM whatsapp_templates WHERE user_id = $1 \
                 AND account_id = $2 AND name = $3 AND language = $4{lock}"
            ),
            params![user, account_id, name, language],
        );
        let row: Option<TemplateRow> = self.db().one(sql).await?;
        row.map(TemplateRow::template).transpose()
    }
}

#[async_trait]
impl WhatsAppRepository for SqlRepositories {
    async fn connection(
        &mut self,
        user: UserId,
    ) -> Result<Option<WhatsAppConnection>, StorageError> {
        self.connection_of(user, "").await
    }

    async fn lock_connection(&mut self, user: UserId) -> Result<WhatsAppConnection, StorageError> {
        let state = to_json(&WhatsAppConnection::new(user).state)?;
        let added = Sql::with(
            "INSERT INTO whatsapp_connections (user_id, state) VALUES ($1, $2) \
             ON CONFLICT (user_id) DO NOTHING",
            params![user, state],
        );
        self.db().execute(added).await?;
        let lock = self.db().for_update();
        let missing = || StorageError::Failed("a connection vanished".into());
        self.connection_of(user, lock).await?.ok_or_else(missing)
    }

    async fn save_connection(
        &mut self,
        connection: &WhatsAppConnection,
    ) -> Result<(), StorageError> {
        let sql = Sql::with(
            "UPDATE whatsapp_connections SET state = $2 WHERE user_id = $1",
            params![connection.user_id, to_json(&connection.state)?],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn note_webhook(
        &mut self,
        user: UserId,
        verified_at: Option<DateTime<Utc>>,
        received_at: Option<DateTime<Utc>>,
    ) -> Result<(), StorageError> {
        let state = to_json(&WhatsAppConnection::new(user).state)?;
        // The condition keeps rows from being written for nothing: webhooks come by the hundred.
        let sql = Sql::with(
            "INSERT INTO whatsapp_connections \
             (user_id, webhook_verified_at, webhook_received_at, state) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (user_id) DO UPDATE SET \
             webhook_verified_at = coalesce(excluded.webhook_verified_at, \
             whatsapp_connections.webhook_verified_at), \
             webhook_received_at = coalesce(excluded.webhook_received_at, \
             whatsapp_connections.webhook_received_at) \
             WHERE excluded.webhook_verified_at > coalesce(\
             whatsapp_connections.webhook_verified_at, $5) \
             OR $6 > coalesce(whatsapp_connections.webhook_received_at, $5)",
            params![
                user,
                verified_at,
                received_at,
                state,
                DateTime::<Utc>::UNIX_EPOCH,
                received_at.map(|at| at - RECEIVED_TO),
            ],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn templates(
        &mut self,
        user: UserId,
        account_id: &str,
    ) -> Result<Vec<StoredTemplate>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {TEMPLATE} FROM whatsapp_templates WHERE user_id = $1 \
                 AND account_id = $2 ORDER BY name, language"
            ),
            params![user, account_id],
        );
        let rows: Vec<TemplateRow> = self.db().all(sql).await?;
        rows.into_iter().map(TemplateRow::template).collect()
    }

    async fn template(
        &mut self,
        user: UserId,
        account_id: &str,
        name: &str,
        language: &str,
    ) -> Result<Option<StoredTemplate>, StorageError> {
        self.template_by_name(user, account_id, name, language, "")
            .await
    }

    async fn lock_template(
        &mut self,
        user: UserId,
        account_id: &str,
        name: &str,
        language: &str,
    ) -> Result<Option<StoredTemplate>, StorageError> {
        let lock = self.db().for_update();
        self.template_by_name(user, account_id, name, language, lock)
            .await
    }

    async fn save_templates(&mut self, templates: &[StoredTemplate]) -> Result<(), StorageError> {
        for chunk in templates.chunks(rows_per_statement(TEMPLATE_VALUES)) {
            let rows: Vec<_> = chunk
                .iter()
                .map(template_values)
                .collect::<Result<_, _>>()?;
            let sql = Sql::new(format!("INSERT INTO whatsapp_templates ({TEMPLATE}) "))
                .rows(rows)
                .then(
                    " ON CONFLICT (user_id, account_id, name, language) DO UPDATE SET \
                     status = excluded.status, category = excluded.category, \
                     quality = excluded.quality, reason = excluded.reason, \
                     content = excluded.content, status_heard_at = excluded.status_heard_at, \
                     quality_heard_at = excluded.quality_heard_at, synced_at = excluded.synced_at",
                );
            self.db().execute(sql).await?;
        }
        Ok(())
    }

    async fn delete_templates(&mut self, templates: &[StoredTemplate]) -> Result<(), StorageError> {
        for gone in templates {
            let sql = Sql::with(
                "DELETE FROM whatsapp_templates WHERE user_id = $1 AND account_id = $2 \
                 AND name = $3 AND language = $4",
                params![
                    gone.user_id,
                    gone.account_id.as_str(),
                    gone.template.name.as_str(),
                    gone.template.language.as_str(),
                ],
            );
            self.db().execute(sql).await?;
        }
        Ok(())
    }
}
