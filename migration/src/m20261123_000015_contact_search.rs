//! Search of contacts by any part of their text, on PostgreSQL by trigrams.
//!
//! `pg_trgm` comes with PostgreSQL, and the owner of a database may install it (it is trusted).
//! Where that is forbidden all the same, searches work without the index, more slowly.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        manager
            .get_connection()
            .execute_unprepared(
                "DO $$ BEGIN
                    CREATE EXTENSION IF NOT EXISTS pg_trgm;
                    CREATE INDEX contacts_search ON contacts USING gin (search_text gin_trgm_ops);
                EXCEPTION
                    WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
                        RAISE WARNING 'pg_trgm can''t be installed: searches have no index';
                END $$",
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            manager
                .get_connection()
                .execute_unprepared("DROP INDEX IF EXISTS contacts_search")
                .await?;
        }
        Ok(())
    }
}
