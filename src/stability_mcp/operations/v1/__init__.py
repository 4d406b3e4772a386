"""The first version of the API, with SDXL 1.0."""
