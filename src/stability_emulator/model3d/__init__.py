"""GLB models made from pictures."""
