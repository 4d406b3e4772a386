"""Public ids."""

from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.store.ids import ALPHABET, CALL_CHARACTERS, looks_like_id, new_id


def test_ids_do_not_repeat() -> None:
    """*Chosen*: 50 random bits, in an alphabet without letters that are easily misread."""
    ids = {new_id() for _ in range(10_000)}

    assert len(ids) == 10_000
    assert all(looks_like_id(each) for each in ids)
    assert not set("ilou") & set(ALPHABET)


def test_the_id_of_a_call_is_longer_and_never_a_media_id() -> None:
    """*Chosen*: 128 bits, because over HTTP it is a capability."""
    assert len(new_id(CALL_CHARACTERS)) == 26
    assert not looks_like_id(new_id(CALL_CHARACTERS))


@given(st.text(max_size=12))
def test_other_texts_are_not_ids(text: str) -> None:
    """*Chosen*: an id is exactly ten characters of the alphabet."""
    assert looks_like_id(text) == (len(text) == 10 and set(text) <= set(ALPHABET))
