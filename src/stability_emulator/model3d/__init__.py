"""GLB models of what a picture shows."""
