"""Behaviour special to audio inpainting: the part to redo has a length."""

import pytest

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError


@pytest.mark.parametrize("name", ["audio2_inpaint", "audio3_inpaint"])
@pytest.mark.parametrize(("start", "end"), [(5, 5), (9, 5)])
def test_mask_end_must_be_after_mask_start(name: str, start: int, end: int) -> None:
    """*Chosen*: not documented, but nothing would be regenerated."""
    given = {"prompt": "rain", "audio": "x", "duration": 10, "mask_start": start, "mask_end": end}

    with pytest.raises(ArgumentsError, match="mask_end must be after mask_start"):
        parse(OPERATIONS[name], given)
