"""`StabilityStudio`: opens a studio with the settings of the environment, and closes it."""

from contextlib import AsyncExitStack
from typing import Self

from anyio import to_thread

from stability_mcp.service.operation_methods import OperationMethods
from stability_mcp.settings import read_settings
from stability_mcp.studio import Studio, open_studio


class StabilityStudio(OperationMethods):
    """A studio whose operations are methods: `await studio.generate_core(prompt="a fox")`.

    Use it as `async with StabilityStudio() as studio:`. It reads the settings from the environment
    when the block is entered, and closes when the block ends. It can be entered again afterwards.

    A paid operation returns the `Outcome` of `Studio.call`, and a free query about the account its
    data. Both raise the errors of `stability_mcp.errors`.
    """

    def __init__(self) -> None:
        self._studio: Studio | None = None
        self._stack = AsyncExitStack()

    @property
    def studio(self) -> Studio:
        """Return the studio below: jobs, stored media, budget.

        Raises:
            RuntimeError: the block wasn't entered.
        """
        if self._studio is None:
            raise RuntimeError(
                "StabilityStudio isn't open: call its methods inside `async with studio:`."
            )
        return self._studio

    async def __aenter__(self) -> Self:
        """Read the settings and open the studio.

        Raises:
            RuntimeError: it is already open.
            ConfigurationError: a setting is invalid.
            StorageError: the data folder can't be used.
        """
        if self._studio is not None:
            raise RuntimeError("StabilityStudio is already open: enter it once, or create another.")
        settings = await to_thread.run_sync(read_settings)  # may ask the keyring
        self._studio = await self._stack.enter_async_context(open_studio(settings))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish requests in flight and close the studio; other jobs continue when it reopens.

        The studio isn't shown the error that ended the block: its task group would wrap it in an
        ExceptionGroup, which no `except StudioError` catches.
        """
        self._studio = None
        await self._stack.aclose()
