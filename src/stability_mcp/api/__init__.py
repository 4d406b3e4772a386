"""The API as data: operations, fields, parsing of arguments, hints, wire schema, drift."""
