//! Nexus Communicator: storage, provider adapters, hashing, sealing, files and table readers
