"""Operations that change a picture."""
