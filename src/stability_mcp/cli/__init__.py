"""The command line: what a person runs on a terminal; `app` has the commands."""
