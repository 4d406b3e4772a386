"""Tool to limit what a conversation may spend."""

import time
from typing import Annotated

from pydantic import Field

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.errors import ArgumentsError, ConfirmationError
from stability_mcp.server.answer_text import limit_text
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import CHANGES
from stability_mcp.server.elicitation import NotAgreedError, QuestionChannel, QuestionForm
from stability_mcp.server.tool import Data, tool
from stability_mcp.server.views import when
from stability_mcp.studio import MAX_CREDITS, Answer, LimitWish, NeedsUserError, Studio
from stability_mcp.studio import SpendLimit as LimitInForce
from stability_mcp.text import credits_text, end_text

MAX_HOURS = 168
"""Longest limit in hours, a week: a forgotten one must end by itself."""

IN_A_TERMINAL = "`stability-mcp limit`"
"""Command with which a person changes limits."""


class SpendLimit(Arguments):
    """Limit the credits spent in this chat when the user names a maximum; free.

    No later call can exceed it, and only the user can loosen it: a higher limit or an earlier end
    asks them. Without arguments: show it.
    """

    credits: Annotated[float, Field(ge=0, le=MAX_CREDITS)] | None = None
    """Credits in total since the limit was first set; 0: nothing more."""
    hours: Annotated[float, Field(ge=1, le=MAX_HOURS)] | None = None
    """Hours until it ends; default 12."""
    lift: bool = False
    """Ask the user to end it now."""


class LimitFacts(Data):
    """The limit in force, in credits; without one, only the note."""

    note: str
    credits: float | None = None
    left: float | None = None
    ends_at: str | None = None


@tool(
    title="Set spending limit",
    effects=CHANGES,
    hints={
        "limit": "use credits",
        "budget": "use credits",
        "max_credits": "use credits",
        "confirm_spend": "only the user can loosen a limit: they are asked",
    },
)
async def spend_limit(studio: Studio, arguments: SpendLimit, context: CallContext) -> LimitFacts:
    """Show, set, tighten, loosen or lift the limit of the client."""
    wish = _wish(arguments)
    before = await studio.spend_limit()
    if wish is None:
        return _facts(before, "")
    if before is None and (wish.lift or wish.credits is None):
        raise ArgumentsError("No spending limit is in force.", hint="To set one, pass credits.")
    try:
        limit = await studio.limits.change(wish)
    except NeedsUserError as needed:
        if context.questions is None:
            raise _cannot_ask(needed.limit) from None
        limit = await _ask(studio, wish, needed.limit, context.questions)
    return _facts(limit, "lifted" if wish.lift else "set" if before is None else "changed")


def _wish(arguments: SpendLimit) -> LimitWish | None:
    """Return the limit that the caller asks for; None: they only look.

    Raises:
        ArgumentsError: it should be lifted and set at once.
    """
    if arguments.lift and (arguments.credits is not None or arguments.hours is not None):
        raise ArgumentsError("lift ends the limit, so it takes no credits or hours.")
    if arguments.credits is None and arguments.hours is None and not arguments.lift:
        return None
    millicredits = None if arguments.credits is None else round(arguments.credits * 1000)
    return LimitWish(credits=millicredits, hours=arguments.hours, lift=arguments.lift)


async def _ask(
    studio: Studio, wish: LimitWish, limit: LimitInForce, questions: QuestionChannel
) -> LimitInForce | None:
    """Return the limit after the user has agreed to the change.

    Raises:
        AskFirstError: the question is the result of the call.
        ConfirmationError: the user didn't agree.
    """
    quote = studio.limits.quote(limit, wish)

    async def use() -> list[LimitInForce | None] | None:
        try:
            return [await studio.limits.change(wish)]
        except NeedsUserError:
            return None

    answered = await questions.receive(quote)
    done = await use() if answered is not None else None
    if done is None:
        latest = await studio.permissions.question(quote)
        if answered is not None and latest is not None and latest.id == answered:
            raise _refusal(limit, latest.answer)
        try:
            done = await questions.ask(quote, _form(limit, wish), use)
        except NotAgreedError as error:
            raise _refusal(limit, error.answer) from None
    return done[0]


def _form(limit: LimitInForce, wish: LimitWish) -> QuestionForm:
    now = time.time()
    used = f", {credits_text(limit.used)} used" if limit.used else ""
    before = f"{credits_text(limit.max_credits)} until {end_text(limit.ends_at, now)}{used}"
    if wish.lift:
        after, title = "no limit", "Lift the spending limit"
    else:
        most = limit.max_credits if wish.credits is None else wish.credits
        ends_at = limit.ends_at if wish.hours is None else now + wish.hours * 3600
        after = f"{credits_text(most)} until {end_text(ends_at, now)}"
        title = f"Limit spending to {credits_text(most)}"
    return QuestionForm(
        message=f"Loosen your spending limit? Now: {before}. Then: {after}.",
        title=title,
        description=f"Instead of {credits_text(limit.max_credits)}",
    )


def _facts(limit: LimitInForce | None, done: str) -> LimitFacts:
    if limit is None:
        first = "The spending limit is lifted." if done else "No spending limit is in force."
        return LimitFacts(note=first)
    return LimitFacts(
        note=f"Spending limit{f' {done}' * bool(done)}: {limit_text(limit)}. Only the user can "
        "loosen it.",
        credits=limit.max_credits / 1000,
        left=limit.left / 1000,
        ends_at=when(limit.ends_at),
    )


def _stays(limit: LimitInForce) -> str:
    until = end_text(limit.ends_at, time.time())
    return f"The spending limit stays {credits_text(limit.max_credits)} until {until}"


def _cannot_ask(limit: LimitInForce) -> ConfirmationError:
    return ConfirmationError(
        f"{_stays(limit)}: only the user can loosen it, and this client can't ask them.",
        hint=f"Tell them: {IN_A_TERMINAL} in a terminal changes it.",
    )


def _refusal(limit: LimitInForce, answer: "Answer | None") -> ConfirmationError:
    if answer == "no":
        return ConfirmationError(
            f"{_stays(limit)}: the user declined.", hint="Don't ask again unless they want it."
        )
    how = "closed the question" if answer == "dismissed" else "hasn't answered yet"
    return ConfirmationError(
        f"{_stays(limit)}: the user was asked and {how}.",
        hint="If they agree, call again with the same arguments. If they see no question, "
        f"{IN_A_TERMINAL} in a terminal changes it.",
    )
