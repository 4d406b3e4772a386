"""The tasks extension of the protocol: a client that knows it comes back for what takes long."""
