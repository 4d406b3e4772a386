"""What a style preset does to a picture: how shapes are drawn, and how the whole is treated."""
