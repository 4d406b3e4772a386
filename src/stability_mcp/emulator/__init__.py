"""A stand-in for the API: stateful, made from the table, in process or as a server."""
