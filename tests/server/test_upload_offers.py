"""Clients that can ask the user to open a link (URL-mode elicitation), in both eras."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.types import ElicitRequestParams, ElicitRequestURLParams, ElicitResult

import support.imaging.sample_files as make
from stability_mcp.server.app import build_server
from support.pages.local_pages import FACE, link_in
from support.server.in_memory import Era, both_eras, connected, fine, refused, settings_in, text

pytestmark = pytest.mark.anyio

UPLOAD = {"source": "upload"}


class User:
    """Answers an offered link, and uses the page if the answer is `accept`."""

    def __init__(
        self, action: Literal["accept", "decline", "cancel"], *, sends: bool = True
    ) -> None:
        self.action = action
        self.sends = sends
        self.offered: list[ElicitRequestURLParams] = []

    async def __call__(
        self, context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult:
        """Answer the client's question."""
        del context
        assert isinstance(params, ElicitRequestURLParams)
        self.offered.append(params)
        if self.action == "accept" and self.sends:
            async with httpx2.AsyncClient(trust_env=False) as http:
                await http.post(f"{params.url}/files?name=fox.png", content=make.png())
                await http.post(f"{params.url}/finish")
        return ElicitResult(action=self.action)


@asynccontextmanager
async def asking(folder: Path, era: Era, user: User, wait: float = 20) -> AsyncIterator[Client]:
    """Connect a client whose user can be asked."""
    server = build_server(settings_in(folder, {"view": "on", "wait": wait}), face=FACE)
    with anyio.fail_after(60):
        async with Client(server, mode=era, elicitation_callback=user) as client:
            yield client


@both_eras
async def test_one_call_offers_the_link_and_returns_the_files(era: Era, tmp_path: Path) -> None:
    """Chosen: the user opens the page from the client, and the model calls once."""
    user = User("accept")
    async with asking(tmp_path, era, user) as client:
        answer = text(fine(await client.call_tool("media_import", UPLOAD)))

    assert "fox  media://" in answer
    [offer] = user.offered
    assert "send files to the assistant" in offer.message
    assert link_in(offer.url) == offer.url


@both_eras
async def test_a_user_who_declines_is_not_asked_again(era: Era, tmp_path: Path) -> None:
    """Chosen: the link is used up, and the model hears what else works."""
    user = User("decline")
    async with asking(tmp_path, era, user) as client:
        answer = text(fine(await client.call_tool("media_import", UPLOAD)))
        async with httpx2.AsyncClient(trust_env=False) as http:
            page = await http.get(user.offered[0].url)

    assert "The user declined to open the upload page." in answer
    assert "pass its path" in answer
    assert page.status_code == 404
    assert len(user.offered) == 1


@both_eras
async def test_a_question_that_was_closed_leaves_the_link_to_the_model(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: some clients close what they can't show."""
    user = User("cancel")
    async with asking(tmp_path, era, user, wait=0.2) as client:
        answer = text(fine(await client.call_tool("media_import", UPLOAD)))
        again = text(fine(await client.call_tool("media_import", UPLOAD)))

    assert link_in(answer) == link_in(again) == user.offered[0].url
    assert len(user.offered) == 1


@both_eras
async def test_a_user_who_takes_longer_is_waited_for_by_the_next_call(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: the page is open, so the user isn't asked a second time."""
    user = User("accept", sends=False)
    async with asking(tmp_path, era, user, wait=0.2) as client:
        first = text(fine(await client.call_tool("media_import", UPLOAD)))
        async with httpx2.AsyncClient(trust_env=False) as http:
            await http.post(f"{user.offered[0].url}/files?name=owl.png", content=make.png())
            await http.post(f"{user.offered[0].url}/finish")
        second = text(fine(await client.call_tool("media_import", UPLOAD)))

    assert "The user hasn't pressed Done yet." in first
    assert "owl  media://" in second
    assert len(user.offered) == 1


@pytest.mark.parametrize("view", ["on", "off"])
async def test_an_upload_is_only_suggested_where_its_page_can_be_opened(
    tmp_path: Path, view: Literal["on", "off"]
) -> None:
    """Chosen: following a hint never ends in another error."""
    async with connected(tmp_path, face=FACE, view=view) as client:
        error = refused(await client.call_tool("upscale_fast", {"image": "[Image #1]"}))

    assert ('source="upload"' in error) == (view == "on")
    assert "pass its path or file name." in error
