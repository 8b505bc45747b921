//! Search of contacts by any part of their text on SQLite, by trigrams as on PostgreSQL.
//!
//! The index is a full-text table without content (Contentless-Delete Tables, sqlite.org/fts5.html)
//! that knows a contact by a number. `contact_search` gives the numbers: a `rowid` of `contacts`
//! could be another after a VACUUM. Triggers keep both as the contacts are.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Sqlite {
            return Ok(());
        }
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE TABLE contact_search (
                    number INTEGER NOT NULL PRIMARY KEY,
                    contact_id uuid_text NOT NULL UNIQUE
                 );
                 CREATE VIRTUAL TABLE contact_trigrams USING fts5 (
                    search_text,
                    content = '',
                    contentless_delete = 1,
                    tokenize = 'trigram case_sensitive 1'
                 );
                 INSERT INTO contact_search (contact_id) SELECT id FROM contacts ORDER BY id;
                 INSERT INTO contact_trigrams (rowid, search_text)
                    SELECT s.number, c.search_text
                    FROM contact_search AS s JOIN contacts AS c ON c.id = s.contact_id;
                 CREATE TRIGGER contacts_found AFTER INSERT ON contacts BEGIN
                    INSERT INTO contact_search (contact_id) VALUES (new.id);
                    INSERT INTO contact_trigrams (rowid, search_text)
                        VALUES (last_insert_rowid(), new.search_text);
                 END;
                 CREATE TRIGGER contacts_found_otherwise AFTER UPDATE OF search_text ON contacts
                 WHEN old.search_text <> new.search_text BEGIN
                    UPDATE contact_trigrams SET search_text = new.search_text
                        WHERE rowid = (SELECT number FROM contact_search WHERE contact_id = new.id);
                 END;
                 CREATE TRIGGER contacts_found_no_more AFTER DELETE ON contacts BEGIN
                    DELETE FROM contact_trigrams
                        WHERE rowid = (SELECT number FROM contact_search WHERE contact_id = old.id);
                    DELETE FROM contact_search WHERE contact_id = old.id;
                 END;",
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            manager
                .get_connection()
                .execute_unprepared(
                    "DROP TRIGGER contacts_found;
                     DROP TRIGGER contacts_found_otherwise;
                     DROP TRIGGER contacts_found_no_more;
                     DROP TABLE contact_trigrams;
                     DROP TABLE contact_search;",
                )
                .await?;
        }
        Ok(())
    }
}
