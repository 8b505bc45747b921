//! The REST API of Nexus Communicator.
