"""Operations that enlarge a picture."""
