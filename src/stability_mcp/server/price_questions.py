"""Gets the user's approval of a price.

If the client can't ask, the error says what to ask the user and which argument to pass.
"""

import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from stability_mcp.errors import ArgumentsError, ConfirmationError
from stability_mcp.server.elicitation import (
    Elicitation,
    NotAgreedError,
    QuestionChannel,
    QuestionForm,
)
from stability_mcp.text import credits_text

if TYPE_CHECKING:
    from stability_mcp.server.lazy_studio import LazyStudio
    from stability_mcp.studio import Answer, Quote, Studio


@dataclass(frozen=True, kw_only=True)
class Confirmer:
    """Gets the user's approval for the quote of one call."""

    lazy_studio: "LazyStudio"
    """Runs tasks that outlive the call."""
    studio: "Studio"
    """Stores the questions."""
    elicitation: Elicitation | None
    """How the user can be asked; None: not at all."""
    agreed: float | None
    """Credits that the user agreed to, according to the model."""
    max_wait: float
    """Longest wait for an answer, in seconds."""
    second_charge: bool = False
    """Whether the request repeats one that may have been charged."""

    def for_second_charge(self) -> "Confirmer":
        """Return one that asks for any price, if the client can ask."""
        return replace(self, second_charge=True)

    @property
    def _limit(self) -> int | None:
        """Return the lowest price that needs approval, in millicredits; None: none does."""
        can_ask = self.elicitation is not None and self.elicitation.possible
        return 0 if self.second_charge and can_ask else self.studio.settings.confirm_millicredits

    @property
    def free_limit(self) -> int:
        """Return the highest price that needs no approval, in millicredits."""
        limit = self._limit
        most = sys.maxsize if limit is None else limit - 1
        return most if self._agreed is None else min(most, self._agreed)

    @property
    def _agreed(self) -> int | None:
        """Return what the user agreed to in millicredits; a client may send any number."""
        return None if self.agreed is None else round(min(self.agreed * 1000, sys.maxsize))

    async def __call__(self, quote: "Quote") -> int | None:
        """Return the question whose yes was used; None: no question was needed.

        Raises:
            AskFirstError: the question is the result of the call.
            ConfirmationError: the user didn't agree, or the client can't ask.
            ArgumentsError: the user agreed to less than the price.
        """
        if self._agreed is not None and self._agreed < quote.credits:
            raise ArgumentsError(
                f"confirm_spend: the user agreed to {credits_text(self._agreed)}, but "
                f"this costs {credits_text(quote.credits)}.",
                hint="Ask the user again with this price.",
            )
        limit = self._limit
        if limit is None or quote.credits < limit:
            return None
        if self.elicitation is not None and self.elicitation.possible:
            return await self._ask_elicitation(self.elicitation, quote)
        used = await self.studio.permissions.use(quote)
        if used is None and self.agreed is None:
            raise _cannot_ask(quote, limit)
        return used

    async def _ask_elicitation(self, elicitation: Elicitation, quote: "Quote") -> int | None:
        permissions = self.studio.permissions
        channel = QuestionChannel(
            lazy_studio=self.lazy_studio,
            studio=self.studio,
            elicitation=elicitation,
            max_wait=self.max_wait,
        )
        answered = await channel.receive(quote)
        used = await permissions.use(quote)
        if used is not None:
            return used
        latest = await permissions.question(quote)
        if answered is not None and latest is not None and latest.id == answered:
            raise _refusal(quote, latest.answer)
        if self.agreed is not None and latest is not None and latest.answer != "no":
            return None  # the question is unanswered, so the user agreed in the conversation
        today = await _today(self.studio, quote)
        if self.second_charge:
            today += ". The first attempt may have been charged as well"
        try:
            return await channel.ask(quote, _form(quote, today), partial(permissions.use, quote))
        except NotAgreedError as error:
            raise _refusal(quote, error.answer) from None


async def _today(studio: "Studio", quote: "Quote") -> str:
    """Return what was spent today, and the balance if it is known to be less than the price."""
    spent = await studio.spending()
    today = credits_text(spent.today)
    if spent.limit is not None:
        today = f"{today.split()[0]} of {credits_text(spent.limit)}"
    if spent.balance is None or spent.balance >= quote.credits:
        return today
    return f"{today}. The account has only about {credits_text(spent.balance)}"


def _form(quote: "Quote", today: str) -> QuestionForm:
    variants = f" for {quote.count} variants" if quote.count > 1 else ""
    return QuestionForm(
        message=f"{_what(quote)} will cost {_price(quote)}{variants}. Spent today: {today}. "
        "Go ahead?",
        title=f"Spend {credits_text(quote.credits)}",
        description=f"{_what(quote)}, charged to the Stability account",
    )


def _what(quote: "Quote") -> str:
    return quote.what or quote.operation


def _price(quote: "Quote") -> str:
    most = "at most " if quote.what else ""
    return f"{most}{credits_text(quote.credits)} ({quote.credits / 100_000:.2f} USD)"


def _with_confirm(quote: "Quote") -> str:
    return f"confirm_spend: {quote.credits / 1000:g}"


def _cannot_ask(quote: "Quote", limit: int) -> ConfirmationError:
    return ConfirmationError(
        f"{_what(quote)} costs {_price(quote)}. Calls of {credits_text(limit)} or more need the "
        "user's approval.",
        hint=f"Ask the user whether to spend {credits_text(quote.credits)}. If they agree, repeat "
        f"the call with the same arguments and {_with_confirm(quote)}.",
        credits=quote.credits / 1000,
    )


def _refusal(quote: "Quote", answer: "Answer | None") -> ConfirmationError:
    text = f"{_what(quote)} costs {_price(quote)}"
    if answer == "no":
        return ConfirmationError(
            f"{text}; the user declined.", hint="Don't call it again unless they ask for it."
        )
    how = "closed the question" if answer == "dismissed" else "hasn't answered yet"
    return ConfirmationError(
        f"{text}; the user was asked and {how}.",
        hint="If they agree within an hour, repeat the call with the same arguments. If they see "
        f"no question, ask them yourself; if they agree, repeat it with {_with_confirm(quote)}.",
    )
