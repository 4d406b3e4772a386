"""The API as data: operations, fields, parsing of arguments, hints, wire schema, drift."""

TOOLSETS = (
    "generate",
    "edit",
    "upscale",
    "control",
    "model3d",
    "audio2",
    "audio3",
    "v1",
    "account",
)
"""The families of operations in the order they are listed; any other family comes last."""
