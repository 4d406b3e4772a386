"""Asks the user a question, as far as the client allows.

Clients of the newer protocol get the question as the result of the call and repeat the call with
the answer. Others are asked during the call, by a task that outlives it: if the host times out, a
later yes is stored and counts for an identical call.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

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

if TYPE_CHECKING:
    from stability_mcp.server.lazy_studio import LazyStudio
    from stability_mcp.studio import Answer, Quote, Studio

FIRST_WITHOUT_BACK_CHANNEL = "2026-07-28"
"""From this protocol version on, a server asks by returning the question as the result."""

QUESTION_PREFIX = "confirm-spend-"
"""Prefix of a question's key; its id follows."""

LinkAnswer = Literal["accept", "decline", "cancel"]
"""The user opened the link, refused, or closed the question."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class AskFirstError(Exception):
    """The result of the call is a question; the client repeats the call with the answer."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__()
        self.result = result


@dataclass(frozen=True, kw_only=True)
class QuestionForm:
    """A question that the user answers with yes or no."""

    message: str
    title: str
    """Label of the box to tick."""
    description: str

    @property
    def schema(self) -> dict[str, Any]:
        """Return the form: one box, which must be ticked to agree."""
        proceed = {"type": "boolean", "title": self.title, "description": self.description}
        return {"type": "object", "properties": {"proceed": proceed}, "required": ["proceed"]}


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

    def question(self, number: int, form: "QuestionForm") -> InputRequiredResult:
        """Return the question as a result."""
        params = ElicitRequestFormParams(message=form.message, requested_schema=form.schema)
        return InputRequiredResult(
            input_requests={f"{QUESTION_PREFIX}{number}": ElicitRequest(params=params)}
        )

    async def ask(self, form: "QuestionForm") -> "Answer":
        """Ask during the call and return the answer; `dismissed` if the client fails."""
        try:
            response = await self.ctx.session.elicit_form(
                form.message, form.schema, related_request_id=self.ctx.request_id
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


class NotAgreedError(Exception):
    """The user has been asked and has not agreed.

    Args:
        answer: What they answered; None: nothing yet.
    """

    def __init__(self, answer: "Answer | None") -> None:
        self.answer = answer
        super().__init__(answer)


@dataclass(frozen=True, kw_only=True)
class QuestionChannel:
    """Asks stored questions, whose answers survive the call."""

    lazy_studio: "LazyStudio"
    """Runs tasks that outlive the call."""
    studio: "Studio"
    """Stores the questions."""
    elicitation: Elicitation
    max_wait: float
    """Longest wait for an answer, in seconds."""

    async def receive(self, quote: "Quote") -> int | None:
        """Store the answer that came with this request, and return its question; None: none did."""
        answered = self.elicitation.answer()
        if answered is None:
            return None
        await self.studio.permissions.answer(quote, *answered)
        return answered[0]

    async def ask(
        self, quote: "Quote", form: QuestionForm, use: Callable[[], Awaitable[T | None]]
    ) -> T:
        """Ask the user, and return what `use` makes of their yes.

        Args:
            quote: What a yes counts for.
            form: The question.
            use: Uses up a yes to the quote; None: there is none.

        Raises:
            AskFirstError: the question is the result of the call.
            NotAgreedError: the user hasn't agreed.
        """
        permissions = self.studio.permissions
        if self.elicitation.by_result:
            number = await permissions.ask(quote)
            raise AskFirstError(self.elicitation.question(number, form))
        questions, answer = self.lazy_studio.questions, None
        with anyio.move_on_after(self.max_wait):
            while answer is None:  # an identical call may use the yes that both waited for
                pending = questions.get(quote.question_key)
                if pending is None:
                    questions[quote.question_key] = pending = PendingQuestion()
                    self.lazy_studio.spawn(partial(self._ask_now, quote, form, pending))
                await pending.answered.wait()
                used = await use()
                if used is not None:
                    return used
                latest = await permissions.question(quote)
                answer = latest.answer if latest is not None else None
        raise NotAgreedError(answer)

    async def _ask_now(self, quote: "Quote", form: QuestionForm, pending: PendingQuestion) -> None:
        permissions = self.studio.permissions
        try:
            question = await permissions.ask(quote)
            await permissions.answer(quote, question, await self.elicitation.ask(form))
        finally:
            self.lazy_studio.questions.pop(quote.question_key, None)
            pending.answered.set()


def _read(response: ElicitResult) -> "Answer":
    if response.action == "accept":
        return "yes" if (response.content or {}).get("proceed") is True else "no"
    return "no" if response.action == "decline" else "dismissed"
