"""Operations that make a picture from the lines, layout or style of another."""
