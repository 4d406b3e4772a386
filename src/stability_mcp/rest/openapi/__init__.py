"""The description of all routes as an OpenAPI document; `document.py` puts it together."""
