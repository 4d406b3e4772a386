"""Adds the server to the configuration files of MCP hosts and removes it again.

`known` lists the hosts, `entry` makes what is written, `jsonc`, `toml_text` and `yaml_text` edit
text without touching the rest of it, `documents` checks every edit, `config_file` and `backups`
do the reading and writing, and `installation` joins them.
"""
