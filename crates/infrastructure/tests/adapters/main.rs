//! The adapters from outside: over real HTTP, on real files.

mod csv_tables;
mod files;
mod provider;
mod whatsapp_account;
mod whatsapp_doubts;
mod whatsapp_send;
mod whatsapp_webhooks;
mod workbook_file;
mod workbook_limits;
mod workbook_stream;
mod workbook_tables;
