"""Operations that make a 3D model from a picture."""
