"""Who may open the web page: a link that works once, and a token that ends with the process."""

from collections.abc import Iterator, Mapping

import httpx2
import pytest

from stability_mcp.http.identities import Secrets, Tokens
from stability_mcp.pages.page_token import MAX_TOKENS, PageTokens
from stability_mcp.pages.picture_links import HOUR, PictureLinks
from stability_mcp.rest.identity import Identity
from stability_mcp.rest.request_problems import RequestProblemError
from stability_mcp.settings import Settings
from support.pages.ui_client import UiClient, ui_client

BASE = "http://127.0.0.1:8788"
PATHS = ("/api/ui/session", "/api/ui/operations", "/api/ui/workflows")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UiClient]:
    """Serve for the module, with an origin and a host that only MCP and REST accept."""
    folder = tmp_path_factory.mktemp("token")
    chosen = {"cors_origins": ("https://app.example.com",), "hosts": ("host.docker.internal",)}
    with ui_client(folder, **chosen) as found:
        yield found


def refused(answer: httpx2.Response, status: int) -> str:
    """Check an error answer and return its text."""
    assert answer.status_code == status, answer.text
    return str(answer.json()["text"])


def stranger(page: UiClient, path: str, **headers: str) -> httpx2.Response:
    """Return the answer to a request without the token."""
    return httpx2.get(f"{page.origin}{path}", headers=headers)


def test_a_stolen_link_opens_nothing_after_it_was_used(page: UiClient) -> None:
    """Documented: a second use fails and says so."""
    code = page.code()

    assert page.exchange(code).status_code == 200
    assert "was used already" in refused(page.exchange(code), 410)


def test_a_link_or_token_of_a_stopped_server_names_the_way_to_a_new_one(page: UiClient) -> None:
    """Documented: the token ends with the process."""
    stopped = PageTokens()
    code = stopped.new_link(BASE).partition("#code=")[2]
    token = stopped.exchange(code)

    assert "Open the new link" in refused(page.exchange(code), 401)
    bearer = {"authorization": f"Bearer {token}"}
    assert "Open the new link" in refused(page.http.get(PATHS[0], headers=bearer), 401)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("value", ["", "Bearer", "Bearer x", "Bearer test-token", "Basic {}", "{}"])
def test_another_users_browser_gets_nothing(page: UiClient, path: str, value: str) -> None:
    """Documented: the page's token is required, and the token of MCP isn't accepted."""
    headers = {"authorization": value.format(page.token)}

    refused(page.http.get(path, headers=headers), 401)


def test_each_link_has_its_own_code_in_the_fragment() -> None:
    """Documented: a fragment is in no log and no Referer."""
    tokens = PageTokens()
    links = {tokens.new_link(BASE) for _ in range(3)}

    assert len(links) == 3
    assert {each.partition("#")[0] for each in links} == {f"{BASE}/ui/"}


def test_more_tokens_than_anyone_needs_end_the_oldest_one() -> None:
    """Chosen: memory is bounded."""
    tokens = PageTokens()

    given = [
        tokens.exchange(tokens.new_link(BASE).partition("=")[2]) for _ in range(MAX_TOKENS + 1)
    ]

    assert [tokens.is_valid(each) for each in (given[0], given[1], given[-1])] == [
        False,
        True,
        True,
    ]


def _identity(peer: str, host: str, token: str, page: PageTokens) -> Identity:
    settings = Settings.model_validate({"api_key": "sk-x"})
    headers = [(b"host", host.encode()), (b"authorization", f"Bearer {token}".encode())]
    scope = {"type": "http", "client": (peer, 1), "headers": headers}
    return Tokens(Secrets(token="program", page=page), settings).identify(scope)


def test_the_pages_token_opens_rest_but_changes_neither_the_server_nor_webhooks() -> None:
    """Documented: an agent with a browser must not reach what only the operator may change."""
    page = PageTokens()
    token = page.exchange(page.new_link(BASE).partition("=")[2])

    found = _identity("127.0.0.1", "127.0.0.1:1", token, page)

    found.check("usual")
    with pytest.raises(RequestProblemError):
        found.check("token")
    for peer, host in (("192.0.2.1", "127.0.0.1:1"), ("127.0.0.1", "example.com:1")):
        with pytest.raises(RequestProblemError):
            _identity(peer, host, token, page).check("usual")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example.com"}, 421),
        ({"host": "host.docker.internal"}, 421),
        ({"host": "127.0.0.1:1"}, 421),
        ({"origin": "https://app.example.com"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": ""}, 403),
    ],
)
def test_another_site_can_send_nothing(
    page: UiClient, headers: Mapping[str, str], status: int
) -> None:
    """Documented: settings for MCP and REST don't apply, and a body needs Origin and fetch site."""
    answer = page.http.post("/api/ui/session", json={"code": page.code()}, headers=dict(headers))

    refused(answer, status)
    assert "access-control-allow-origin" not in answer.headers


def test_another_site_may_link_to_the_page_but_read_nothing_of_it(page: UiClient) -> None:
    """Documented: nothing is shown without a token, so a link from a chat works."""
    linked = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    foreign = {"origin": "https://app.example.com"}

    assert stranger(page, "/ui", **linked).headers["location"] == "/ui/"
    refused(stranger(page, PATHS[0], **linked), 403)
    refused(stranger(page, "/ui/", **{"sec-fetch-site": "cross-site"}), 403)
    refused(httpx2.options(f"{page.origin}{PATHS[0]}", headers=foreign), 403)


def test_no_answer_sets_a_cookie_or_may_be_framed_or_stored(page: UiClient) -> None:
    """Documented: on 127.0.0.1 cookies reach every port."""
    for path in ("/ui/", "/ui/nothing.js", *PATHS[::2], "/api/ui/nothing"):
        headers = page.http.get(path).headers
        policy = headers["content-security-policy"]

        assert "set-cookie" not in headers
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in policy
        assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy


def test_links_for_models_never_contain_the_token(page: UiClient) -> None:
    """Documented: a link in an answer has no right beyond its item."""
    answer = page.call("generate_core", {"prompt": "a fox"}, prefer="wait=25")

    assert page.token not in answer.text
    assert "/v/" not in answer.text


class _Clock:
    """A clock that a test sets."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_picture_links_stay_the_same_within_an_hour_and_expire() -> None:
    """Documented: the expiry is rounded to the hour, so browsers keep pictures."""
    clock = _Clock()
    links = PictureLinks(clock)

    def left(link: str) -> int:
        path, _, query = link.partition("?")
        expiry, signature = (each.partition("=")[2] for each in query.split("&"))
        media, form = path.split("/")[-2:]
        return links.seconds_left(media, form, expiry, signature)

    first = links.link("abc", "thumb")
    clock.now += HOUR / 2 - 1
    assert links.link("abc", "thumb") == first
    assert HOUR <= left(first) <= 2 * HOUR
    clock.now += 2 * HOUR
    assert left(first) == 0
    assert links.link("abc", "thumb") != first


@pytest.mark.parametrize(
    "change",
    [
        ("/thumb", "/view"),
        ("/thumb", "/original"),
        ("/thumb", "/x"),
        ("&s=", "&s=A"),
        ("e=1", "e=2"),
        ("&s=", "&x="),
        ("e=", "e=%F0"),
    ],
)
def test_a_changed_picture_link_opens_nothing(page: UiClient, change: tuple[str, str]) -> None:
    """Documented: a link allows one form of one item until it expires."""
    link = page.links(media := page.make("a fox"))[media]["thumb"]

    assert stranger(page, link).headers["content-type"] == "image/webp"  # an <img> sends no token
    refused(stranger(page, link.replace(*change)), 403)
    refused(stranger(page, link.replace(media, "aaaaaaaaaa")), 403)
