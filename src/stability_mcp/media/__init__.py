"""What was made and what it was made from: blobs, rows, labels, lineage, import and copies."""
