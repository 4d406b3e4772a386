"""Takes the snapshot of the program's public interface that is stored in `today.json`."""

from pathlib import Path

from compat.answer_facts import answer_facts, prepare, unfinished_facts
from compat.facts import Facts
from compat.program_facts import command_facts, settings_facts
from compat.protocol_facts import protocol_facts, toolset_facts
from compat.python_facts import python_facts
from support.server.in_memory import connected, data

TODAY = Path(__file__).with_name("today.json")


async def take(folder: Path, *, borrowed: bool) -> Facts:
    """Return every fact about the running code.

    Args:
        folder: An empty folder for the store and the copies.
        borrowed: Include Python names that are only imported or inherited.
    """
    prepare(folder)
    found = settings_facts() | command_facts() | python_facts(borrowed=borrowed)
    found |= await toolset_facts(folder)
    async with connected(folder, toolsets=("all",)) as client:
        found |= await answer_facts(client)
        [job, *_] = data(await client.call_tool("job_list", {"state": "done"}))["jobs"]
        found |= await protocol_facts(client, job["id"])
    return found | await unfinished_facts(folder)
