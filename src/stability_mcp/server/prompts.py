"""Prompts: menu entries for the user that become instructions for the model."""

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.server.loading import load
from stability_mcp.text import credits_text, plain, quoted

if TYPE_CHECKING:
    from stability_mcp.studio import MediaItem

MAX_MEDIA = 10
"""Newest media items listed for the director."""
BRIEF_CHARACTERS = 4_000
CHANGING = frozenset({"edit", "control"})
"""Toolsets whose tools change a picture."""

CREDITS_PER_USD = 100
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:[.,]\d+)?")
_UNITS = {
    **dict.fromkeys(("$", "usd", "us$", "dollar", "dollars"), CREDITS_PER_USD),
    **dict.fromkeys(("", "c", "cr", "credit", "credits", "cent", "cents"), 1),
}
"""Credits per unit of a budget, by its name."""
_FILLERS = re.compile(r"\b(?:at most|up to|no more than|max|maximum|limit|budget|about)\b[:.]?")
MAX_BUDGET_CREDITS = 1_000_000

Brief = Annotated[str, Field(description="What to make, its purpose and style.")]
Budget = Annotated[str, Field(description='Maximum to spend, e.g. "40 credits" or "0.40 USD".')]
Image = Annotated[str, Field(description="Picture to change: label, media:// URI or path.")]
Change = Annotated[str, Field(description="What to change, in plain words.")]


async def ai_director(
    lazy_studio: LazyStudio, enabled: frozenset[str], brief: str, budget: str
) -> str:
    """Return the director's instructions: brief, rules, prices and existing media."""
    from stability_mcp.server.guide import guide_text
    from stability_mcp.server.guide.lists import price_list

    studio = await lazy_studio.studio()
    newest = (await studio.list_media(limit=MAX_MEDIA)).items
    spent = await studio.spending()
    left = (
        "no daily budget applies"
        if spent.left is None
        else f"{credits_text(spent.left)} left of today's budget"
    )
    emulated = (
        "There is no API key: the built-in emulator makes placeholders at no cost, so judge the "
        "plan, not the results.\n"
        if studio.settings.emulated
        else ""
    )
    return plain(
        "You are the art director of this production. Turn the brief into finished files with the "
        f"tools of this server.\n\nThe brief, between the marks:\n<brief>\n"
        f"{brief[:BRIEF_CHARACTERS]}\n</brief>\n\nMoney: {left}.{_budget_text(budget)}\n"
        f"{emulated}\n{guide_text('director', enabled)}\n\n# Prices\n\n{price_list(enabled)}\n\n"
        f"# Existing media\n\n{_media_lines(newest)}\n"
    )


async def edit_picture(enabled: frozenset[str], image: str, change: str) -> str:
    """Return instructions for one change to one picture."""
    await load("stability_mcp.api.operations")
    lists = await load("stability_mcp.server.guide.lists")
    tools = lists.operation_list(enabled, CHANGING)
    return plain(
        f"Change the picture {quoted(image, limit=400)}: {quoted(change, limit=BRIEF_CHARACTERS)}."
        "\n\n1. Choose the tool that fits: can the thing be named, or must it be marked?"
        f"\n\n{tools}\n\n"
        "2. Write the prompt in English and describe the result; don't write an instruction.\n"
        "3. Tell the user the price, make the call, and check the result before you finish.\n"
        "4. If something else changed too, try again with a more specific name or a mask.\n"
        "5. Give the user the path of the result and its cost."
    )


def parse_budget(text: str) -> float | None:
    """Return the credits of `40`, `40 credits`, `$0.40` or `0.40 USD`; None if not understood."""
    words = _FILLERS.sub(" ", text.casefold())
    numbers = _NUMBER.findall(words)
    unit = "".join(_NUMBER.sub(" ", words).split()).strip(".!")
    if len(numbers) != 1 or unit not in _UNITS:
        return None
    [number] = numbers
    thousands = re.fullmatch(r"\d{1,3}(?:,\d{3})+", number)
    amount = float(number.replace(",", "" if thousands else "."))
    return min(amount * _UNITS[unit], MAX_BUDGET_CREDITS)


def _budget_text(budget: str) -> str:
    """Return a sentence on the budget of the brief; empty if none was given."""
    if not budget.strip():
        return ""
    amount = parse_budget(budget)
    if amount is None:
        return (
            f" The budget {quoted(budget)} isn't understood: ask the user for a number of credits "
            "or an amount in USD (1 credit is 0.01 USD)."
        )
    usd = amount / CREDITS_PER_USD
    return f" Budget for this brief: {credits_text(round(amount * 1000))} ({usd:.2f} USD)."


def _media_lines(items: "list[MediaItem]") -> str:
    lines = [f"- {item.name} ({item.uri}, {item.kind})" for item in items]
    return "\n".join(lines) or "None yet."
