"""The command line for people at a terminal; `app` defines the commands."""
