"""Asks the user to approve a price, as far as the client allows.

Clients of the newer protocol get the question as the result of the call and repeat the call with
the answer. Others are asked during the call, by a task that outlives it: if the host times out, a
later yes is stored and counts for an identical call. If the client can't ask, the error says what
to ask the user and which argument to pass.
"""

import logging
import sys
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import anyio
from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp.types import (
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequiredResult,
)
from pydantic import ValidationError

from stability_mcp.errors import ArgumentsError, ConfirmationError
from stability_mcp.text import credits_text

if TYPE_CHECKING:
    from stability_mcp.server.lazy_studio import LazyStudio
    from stability_mcp.studio import Answer, Quote, Studio

FIRST_WITHOUT_BACK_CHANNEL = "2026-07-28"
"""From this protocol version on, a server asks by returning the question as the result."""

QUESTION_PREFIX = "confirm-spend-"
"""Prefix of a question's key; its id follows."""

LinkAnswer = Literal["accept", "decline", "cancel"]
"""The user opened the link, refused, or closed the question."""

log = logging.getLogger(__name__)


class AskFirstError(Exception):
    """The result of the call is a question; the client repeats the call with the answer."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__()
        self.result = result


@dataclass(frozen=True)
class Elicitation:
    """Asks the user behind a request."""

    ctx: Context[Any, Any]

    @property
    def possible(self) -> bool:
        """Return whether the client supports form elicitation."""
        capabilities = self.ctx.client_capabilities
        asking = capabilities.elicitation if capabilities is not None else None
        return asking is not None and (asking.form is not None or asking.url is None)

    @property
    def opens_links(self) -> bool:
        """Return whether the client can ask the user to open a link."""
        capabilities = self.ctx.client_capabilities
        asking = capabilities.elicitation if capabilities is not None else None
        return asking is not None and asking.url is not None

    @property
    def by_result(self) -> bool:
        """Return whether the question is returned as the result of the call."""
        return (self.ctx.protocol_version or "") >= FIRST_WITHOUT_BACK_CHANNEL

    def answer(self) -> "tuple[int, Answer] | None":
        """Return the id of the question that this request answers, and the answer."""
        for key, response in (self.ctx.input_responses or {}).items():
            number = key.removeprefix(QUESTION_PREFIX)
            if number != key and number.isdecimal() and isinstance(response, ElicitResult):
                return int(number), _read(response)
        return None

    def question(self, number: int, quote: "Quote", today: str) -> InputRequiredResult:
        """Return the question as a result."""
        form = ElicitRequestFormParams(
            message=_message(quote, today), requested_schema=_form(quote)
        )
        return InputRequiredResult(
            input_requests={f"{QUESTION_PREFIX}{number}": ElicitRequest(params=form)}
        )

    async def ask(self, quote: "Quote", today: str) -> "Answer":
        """Ask during the call and return the answer; `dismissed` if the client fails."""
        try:
            response = await self.ctx.session.elicit_form(
                _message(quote, today), _form(quote), related_request_id=self.ctx.request_id
            )
        except (MCPError, ValidationError) as error:
            log.info("elicitation failed: %s", error)
            return "dismissed"
        return _read(response)

    def link_answer(self, key: str) -> "LinkAnswer | None":
        """Return the answer to an offered link that came with this request, or None."""
        response = (self.ctx.input_responses or {}).get(key)
        return response.action if isinstance(response, ElicitResult) else None

    async def offer_link(self, key: str, message: str, url: str) -> "LinkAnswer":
        """Ask the user to open a link; `cancel` if the client fails.

        Args:
            key: Identifies the offer.
            message: Why to open it.
            url: The link.

        Raises:
            AskFirstError: the offer is the result of the call; the client repeats the call.
        """
        if self.by_result:
            params = ElicitRequestURLParams(message=message, url=url)
            raise AskFirstError(
                InputRequiredResult(input_requests={key: ElicitRequest(params=params)})
            )
        try:
            response = await self.ctx.session.elicit_url(
                message, url, key, related_request_id=self.ctx.request_id
            )
        except (MCPError, ValidationError) as error:
            log.info("the client could not offer a link: %s", type(error).__name__)
            return "cancel"
        answer: LinkAnswer = response.action
        return answer

    async def complete_link(self, key: str) -> None:
        """Tell the client that what the user did at an offered link is complete."""
        if not self.by_result:
            await self.ctx.session.send_elicit_complete(key, self.ctx.request_id)


@dataclass
class PendingQuestion:
    """A question that is open at the client."""

    answered: anyio.Event = field(default_factory=anyio.Event)


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
        return most if self.agreed is None else min(most, round(self.agreed * 1000))

    async def __call__(self, quote: "Quote") -> int | None:
        """Return the question whose yes was used; None: no question was needed.

        Raises:
            AskFirstError: the question is the result of the call.
            ConfirmationError: the user didn't agree, or the client can't ask.
            ArgumentsError: the user agreed to less than the price.
        """
        if self.agreed is not None and round(self.agreed * 1000) < quote.credits:
            raise ArgumentsError(
                f"confirm_spend: the user agreed to {credits_text(round(self.agreed * 1000))}, but "
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
        answered = elicitation.answer()
        if answered is not None:
            await permissions.answer(quote, *answered)
        used = await permissions.use(quote)
        if used is not None:
            return used
        latest = await permissions.question(quote)
        if answered is not None and latest is not None and latest.id == answered[0]:
            raise _refusal(quote, latest.answer)
        if self.agreed is not None and latest is not None and latest.answer != "no":
            return None  # the question is unanswered, so the user agreed in the conversation
        today = await _today(self.studio)
        if self.second_charge:
            today += ". The first attempt may have been charged as well"
        if elicitation.by_result:
            raise AskFirstError(elicitation.question(await permissions.ask(quote), quote, today))
        return await self._ask_in_call(elicitation, quote, today)

    async def _ask_in_call(self, elicitation: Elicitation, quote: "Quote", today: str) -> int:
        answer = None
        with anyio.move_on_after(self.max_wait):
            while answer is None:  # an identical call may use the yes that both waited for
                pending = self.lazy_studio.questions.get(quote.question_key)
                if pending is None:
                    self.lazy_studio.questions[quote.question_key] = pending = PendingQuestion()
                    self.lazy_studio.spawn(partial(self._ask, elicitation, quote, pending, today))
                await pending.answered.wait()
                used = await self.studio.permissions.use(quote)
                if used is not None:
                    return used
                latest = await self.studio.permissions.question(quote)
                answer = latest.answer if latest is not None else None
        raise _refusal(quote, answer)

    async def _ask(
        self, elicitation: Elicitation, quote: "Quote", pending: PendingQuestion, today: str
    ) -> None:
        try:
            question = await self.studio.permissions.ask(quote)
            await self.studio.permissions.answer(
                quote, question, await elicitation.ask(quote, today)
            )
        finally:
            self.lazy_studio.questions.pop(quote.question_key, None)
            pending.answered.set()


async def _today(studio: "Studio") -> str:
    spent = await studio.spending()
    if spent.limit is None:
        return credits_text(spent.today)
    return f"{credits_text(spent.today).split()[0]} of {credits_text(spent.limit)}"


def _message(quote: "Quote", today: str) -> str:
    variants = f" for {quote.count} variants" if quote.count > 1 else ""
    return f"{quote.operation} will cost {_price(quote)}{variants}. Spent today: {today}. Go ahead?"


def _form(quote: "Quote") -> dict[str, Any]:
    proceed = {
        "type": "boolean",
        "title": f"Spend {credits_text(quote.credits)}",
        "description": f"{quote.operation}, charged to the Stability account",
    }
    return {"type": "object", "properties": {"proceed": proceed}, "required": ["proceed"]}


def _read(response: ElicitResult) -> "Answer":
    if response.action == "accept":
        return "yes" if (response.content or {}).get("proceed") is True else "no"
    return "no" if response.action == "decline" else "dismissed"


def _price(quote: "Quote") -> str:
    return f"{credits_text(quote.credits)} ({quote.credits / 100_000:.2f} USD)"


def _with_confirm(quote: "Quote") -> str:
    return f"confirm_spend: {quote.credits / 1000:g}"


def _cannot_ask(quote: "Quote", limit: int) -> ConfirmationError:
    return ConfirmationError(
        f"{quote.operation} costs {_price(quote)}. Calls of {credits_text(limit)} or more need the "
        "user's approval.",
        hint=f"Ask the user whether to spend {credits_text(quote.credits)}. If they agree, repeat "
        f"the call with the same arguments and {_with_confirm(quote)}.",
    )


def _refusal(quote: "Quote", answer: "Answer | None") -> ConfirmationError:
    text = f"{quote.operation} costs {_price(quote)}"
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
