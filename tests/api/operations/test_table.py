"""Discovery of the table: by folder, one operation per file."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stability_mcp.api.operations import row, table
from stability_mcp.api.parsing import parse

NEW = '''
"""Brighten."""

from stability_mcp.api.fields import ImageFormat, ImageUpTo4MP, Share
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Spec


class Brighten(ImageOperation):
    """Make a picture brighter.

    Darker: `edit_darken`.
    """

    spec = Spec(path="/v2beta/stable-image/edit/brighten", credits=1)

    image: ImageUpTo4MP
    amount: Share = 0.5
    """How much."""
    output_format: ImageFormat = "png"
'''


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Create a separate package of operations."""
    folder = tmp_path / "planted_operations"
    (folder / "edit").mkdir(parents=True)
    for each in (folder, folder / "edit"):
        (each / "__init__.py").write_text('"""Operations."""\n', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield folder
    for name in [name for name in sys.modules if name.startswith("planted_operations")]:
        del sys.modules[name]


def test_an_operation_is_found_by_its_path(planted: Path) -> None:
    """*Chosen*: a file is enough; its folder and name make the operation's name."""
    (planted / "edit" / "brighten.py").write_text(NEW, encoding="utf-8")

    found = table([str(planted)], "planted_operations")

    assert list(found) == ["edit_brighten"]
    request = parse(found["edit_brighten"], {"image": "hero", "amount": "0.7"})
    assert request.price() == 1000
    assert request.form() == {"amount": "0.7", "output_format": "png"}


@pytest.mark.parametrize(
    "source", ['"""Nothing."""\n', NEW + NEW.partition("Spec\n")[2].replace("Brighten", "Darken")]
)
def test_a_file_with_none_or_two_operations_is_rejected(planted: Path, source: str) -> None:
    """*Chosen*: the path is the name, so each file holds one operation."""
    (planted / "edit" / "brighten.py").write_text(source, encoding="utf-8")

    with pytest.raises(TypeError, match="must define exactly one operation"):
        row("planted_operations.edit.brighten")
