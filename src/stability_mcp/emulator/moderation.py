"""Moderation on order: words in a prompt that make the emulated API behave as it can.

* `emulate moderation`     403 content_moderation, nothing charged
* `emulate language`       422 invalid_language
* `emulate public figure`  422 public_figure, of pictures
* `emulate copyright`      422 copyrighted_content, of sound
* `emulate filter`         200, a blurred picture marked CONTENT_FILTERED, charged

The names are documented, the sentences are not. The first version answers `invalid_prompts`.
"""

from stability_mcp.emulator.answers import RefusalError, is_first_version
from stability_mcp.operation import AudioOperation, Operation

DENIED = (
    "Your request was flagged by our content moderation system, as a result your request was"
    " denied and you were not charged."
)
FLAGGED = (
    "Invalid prompts detected: your request was flagged by our content moderation system and"
    " you were not charged."
)


def moderate(operation: Operation) -> None:
    """Refuse a request whose texts ask for a refusal.

    Raises:
        RefusalError: 403 or 422; 400 of the first version.
    """
    texts = operation.canonical().casefold()
    is_sound = isinstance(operation, AudioOperation)
    if is_first_version(operation.spec.path):
        if "emulate moderation" in texts:
            raise RefusalError(400, "invalid_prompts", FLAGGED)
    elif "emulate moderation" in texts:
        raise RefusalError(403, "content_moderation", DENIED)
    elif "emulate language" in texts:
        raise RefusalError(422, "invalid_language", "prompt: English is the only language taken")
    elif "emulate public figure" in texts and not is_sound:
        raise RefusalError(422, "public_figure", "prompt: public figures cannot be depicted")
    elif "emulate copyright" in texts and is_sound:
        raise RefusalError(422, "copyrighted_content", "audio: the sound is copyrighted content")


def is_filtered(operation: Operation) -> bool:
    """Return whether the result is to be withheld: blurred, and charged all the same."""
    return operation.media == "image" and "emulate filter" in operation.canonical().casefold()
