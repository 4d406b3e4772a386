"""Operations that make a picture from words."""
