//! Nexus Communicator: the database schema, one file a change

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// Every change of the schema, in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![]
    }
}
