"""Prompts: what a person picks from a menu, turned into instructions for the model."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.server.loading import load
from stability_mcp.text import credits_text, plain, quoted

if TYPE_CHECKING:
    from stability_mcp.studio import MediaItem

MAX_MEDIA = 10
"""How many of the newest media a director is told of."""
BRIEF_CHARACTERS = 4_000
CHANGING = frozenset({"edit", "control"})
"""Toolsets whose tools change a picture."""

Brief = Annotated[str, Field(description="What is wanted, for what, in which style.")]
Ceiling = Annotated[str, Field(description="Most credits to spend; 1 credit is 0.01 USD.")]
Image = Annotated[str, Field(description="The picture: label, media:// URI or path.")]
Change = Annotated[str, Field(description="What is to be different, in plain words.")]


async def ai_director(
    lazy_studio: LazyStudio, enabled: frozenset[str], brief: str, ceiling: str
) -> str:
    """Return the director's instructions: brief, rules, prices, and what is already there."""
    from stability_mcp.server.guide import guide_text, price_list

    studio = await lazy_studio.studio()
    newest = (await studio.list_media(limit=MAX_MEDIA)).items
    spent = await studio.spending()
    left = "no daily budget" if spent.left is None else f"{credits_text(spent.left)} left today"
    limit = f" Spend at most {quoted(ceiling)} credits." if ceiling.strip() else ""
    emulated = (
        "There is no API key: a built-in emulator draws placeholders, so judge the plan, not the "
        "pictures.\n"
        if studio.settings.emulated
        else ""
    )
    return plain(
        "You are the art director of this production. Turn the brief into finished files with the "
        f"tools of this server.\n\nThe brief, between the marks:\n<brief>\n"
        f"{brief[:BRIEF_CHARACTERS]}\n</brief>\n\nMoney: {left}.{limit}\n{emulated}\n"
        f"{guide_text('director', enabled)}\n\n# Prices\n\n{price_list(enabled)}\n\n"
        f"# Already there\n\n{_media_lines(newest)}\n"
    )


async def edit_picture(enabled: frozenset[str], image: str, change: str) -> str:
    """Return how to go about one change to one picture."""
    await load("stability_mcp.api.operations")
    guide = await load("stability_mcp.server.guide")
    tools = guide.operation_list(enabled, CHANGING)
    return plain(
        f"Change the picture {quoted(image, limit=400)}: {quoted(change, limit=BRIEF_CHARACTERS)}."
        "\n\n1. Choose the one tool that fits, by how well the thing can be named or marked:"
        f"\n\n{tools}\n\n"
        "2. Write the prompt in English as what is seen afterwards, not as an order.\n"
        "3. Tell the price, make the call, and look at the result before you call it done.\n"
        "4. If something else changed too, try once more with a narrower name or a mask.\n"
        "5. Give the path of the result, and what it cost."
    )


def _media_lines(items: "list[MediaItem]") -> str:
    lines = [f"- {item.name} ({item.uri}, {item.kind})" for item in items]
    return "\n".join(lines) or "Nothing yet."
