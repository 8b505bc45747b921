//! Nexus Communicator: use cases and background workers over the domain ports
