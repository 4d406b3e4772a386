"""The protocol's tasks extension: clients that support it poll for the result of long calls."""
