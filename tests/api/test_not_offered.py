"""Names of tools for what the API doesn't offer."""

import pytest

from stability_mcp.api.not_offered import suggest
from stability_mcp.api.operations import OPERATIONS


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("generate_video", "video"),
        ("image-to-video", "video"),
        ("animate_image", "video"),
        ("text_to_speech", "speech"),
        ("TTS", "speech"),
        ("clone_voice", "speech"),
        ("vectorize", "vector graphics"),
        ("to_svg", "vector graphics"),
    ],
)
def test_what_is_not_offered_is_stated_instead_of_a_false_suggestion(
    name: str, subject: str
) -> None:
    """Chosen: who asks for a video isn't helped by `generate_ultra`."""
    assert suggest(name, OPERATIONS) == f"The Stability AI API has no operation for {subject} now."


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_misspelt_operation_is_still_suggested(name: str) -> None:
    """Chosen: no name of an operation matches what isn't offered."""
    assert f'"{name}"' in suggest(f"{name}x", OPERATIONS)
    assert suggest("zzz", OPERATIONS) == ""
