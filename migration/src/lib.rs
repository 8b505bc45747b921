//! Nexus Communicator: the database schema, one file a change
