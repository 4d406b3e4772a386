"""Calls the emulator through LiteLLM's own Stability provider, with URL, picture and mask.

Prints a JSON object with LiteLLM's result or error by call. Only the base URL is ours.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

KEY = "sk-litellm"
SIZES = ("1024x1024", "1792x1024", "1024x1792")
"""OpenAI sizes, which LiteLLM converts to aspect ratios."""

GENERATE = (
    "stable-image-core",
    "sd3",
    "sd3-large",
    "sd3.5-large",
    "sd3.5-large-turbo",
    "sd3.5-medium",
    "stable-image-ultra",
)
EDITS: dict[str, dict[str, Any]] = {
    "inpaint": {"prompt": "a red door", "mask": True},
    "outpaint": {"prompt": "more of the field", "left": 64, "right": 32},
    "erase": {"prompt": "", "mask": True},
    "search-and-replace": {"prompt": "a cat", "search_prompt": "the dog"},
    "search-and-recolor": {"prompt": "pink", "select_prompt": "the sky"},
    "remove-background": {"prompt": ""},
    "fast": {"prompt": ""},
    "conservative": {"prompt": "a street at night"},
    "sketch": {"prompt": "a castle"},
    "structure": {"prompt": "a castle"},
    "style": {"prompt": "a castle"},
    "creative": {"prompt": "a street at night"},
    "replace-background-and-relight": {"prompt": ""},
}

NO_PICTURE = ("creative", "replace-background-and-relight")
"""Deferred operations, whose results LiteLLM doesn't fetch."""


def generations() -> list[tuple[str, str]]:
    """Return every model with one size, and one model with every size."""
    one = GENERATE[0]
    return [(model, "1024x1024") for model in GENERATE] + [(one, size) for size in SIZES][1:]


def main(url: str, picture: Path, mask: Path) -> dict[str, dict[str, Any]]:
    """Make every call that the provider supports, and return the results."""
    import litellm

    litellm.suppress_debug_info = True  # it would be printed to stdout
    results = {}
    for model, size in generations():
        generate = partial(litellm.image_generation, prompt="a lighthouse at dusk", size=size)
        results[f"generate {model} {size}"] = _result(generate, model, url)
    for model, given in EDITS.items():
        files = {"image": picture.read_bytes()}
        if given.get("mask"):
            files["mask"] = mask.read_bytes()
        edit = partial(litellm.image_edit, **{**given, **files})
        results[f"edit {model}"] = _result(edit, model, url)
    refused = partial(litellm.image_generation, prompt="a lighthouse")
    results["refused"] = _result(refused, GENERATE[0], url, key="not a valid key")
    return results


def _result(call: Callable[..., Any], model: str, url: str, *, key: str = KEY) -> dict[str, Any]:
    try:
        answer = call(model=f"stability/{model}", api_base=url, api_key=key)
    except Exception as error:  # noqa: BLE001 -- the test checks it
        return {"error": f"{type(error).__name__}: {error}"}
    return {"image": answer.data[0].b64_json if answer.data else None}


if __name__ == "__main__":
    json.dump(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])), sys.stdout)
