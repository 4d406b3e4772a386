"""Fixtures shared by the server tests."""

import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from stability_emulator.app import create_app
from stability_emulator.state import NEW_ACCOUNT_CREDITS, State


@pytest.fixture(autouse=True)
def _small_pictures(small_pictures: None) -> None:
    """Have the emulator draw small pictures."""


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    """Run the emulator as a server in a thread of this process, so its pictures are small too."""
    state = State(credits=NEW_ACCOUNT_CREDITS)
    app = uvicorn.Config(create_app(state), log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(app)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)
    state.close()
