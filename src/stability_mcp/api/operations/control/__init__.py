"""Operations that make a picture from another's lines, structure or style."""
