"""The wire: send one operation, read its answer, poll one generation."""
