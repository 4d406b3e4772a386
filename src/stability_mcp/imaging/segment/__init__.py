"""Segmentation without a model: the subject of a picture, connected regions, masks."""
