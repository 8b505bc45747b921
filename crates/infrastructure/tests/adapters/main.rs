//! The adapters from outside: over real HTTP, on real files.

mod bucket;
mod csv_tables;
mod file_stores;
mod files;
mod media;
mod old_workbook;
mod old_workbooks;
mod open_spreadsheets;
mod provider;
mod table_fixtures;
mod table_properties;
mod whatsapp_account;
mod whatsapp_doubts;
mod whatsapp_media;
mod whatsapp_send;
mod whatsapp_webhooks;
mod workbook_file;
mod workbook_limits;
mod workbook_stream;
mod workbook_tables;
