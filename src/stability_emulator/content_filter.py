"""The content filter: words in a prompt that trigger each refusal of the API.

* `emulate moderation`     403 content_moderation, not charged
* `emulate language`       422 invalid_language
* `emulate public figure`  422 public_figure, pictures only
* `emulate copyright`      422 copyrighted_content, sound only
* `emulate filter`         200, a blurred picture marked CONTENT_FILTERED, charged

Names and sentences are documented examples. *Chosen*: version 1 answers `invalid_prompts` to every
moderation finding.
"""

from collections.abc import Mapping

from stability_emulator.error_texts import COPYRIGHTED, DENIED, ENGLISH, PUBLIC_FIGURE
from stability_emulator.faults import Moderation
from stability_emulator.responses import RefusalError, is_first_version
from stability_mcp.api.kinds import AudioOperation
from stability_mcp.api.operation import Operation

FLAGGED = (
    "Invalid prompts detected: your request was flagged by our content moderation system and"
    " you were not charged."
)
REFUSALS: Mapping[str, tuple[int, str]] = {
    "content_moderation": (403, DENIED),
    "invalid_language": (422, ENGLISH),
    "public_figure": (422, PUBLIC_FIGURE),
    "copyrighted_content": (422, COPYRIGHTED),
}
WORDS: Mapping[str, Moderation] = {
    "emulate moderation": "content_moderation",
    "emulate language": "invalid_language",
    "emulate public figure": "public_figure",
    "emulate copyright": "copyrighted_content",
}
FILTER_WORDS = "emulate filter"
ONLY_SOUND: Moderation = "copyrighted_content"
ONLY_PICTURES: Moderation = "public_figure"


def moderate(operation: Operation, injected: Moderation | None = None) -> None:
    """Refuse a request whose texts contain trigger words, or for which a refusal was injected.

    Raises:
        RefusalError: 403 or 422; 400 in version 1.
    """
    name = injected or _triggered_refusal(operation)
    if name is None or name not in REFUSALS:
        return
    if is_first_version(operation.spec.path):
        raise RefusalError(400, "invalid_prompts", FLAGGED)
    status, sentence = REFUSALS[name]
    raise RefusalError(status, name, sentence)


def is_filtered(operation: Operation) -> bool:
    """Return whether the content filter withholds the result: it is blurred but still charged."""
    return operation.media == "image" and FILTER_WORDS in operation.canonical().casefold()


def _triggered_refusal(operation: Operation) -> Moderation | None:
    texts = operation.canonical().casefold()
    other = ONLY_PICTURES if isinstance(operation, AudioOperation) else ONLY_SOUND
    found = (name for words, name in WORDS.items() if words in texts and name != other)
    return next(found, None)
