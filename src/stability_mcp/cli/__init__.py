"""The command line: what a person runs on a terminal."""
