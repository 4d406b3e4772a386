"""Which labels are taken: the look-up that gives a new item the first free one."""

from sqlalchemy import Connection, text

from stability_mcp.media.labels import LABEL, join, safe, slug

_TAKEN = text(  # built once: asked a score of times within one write transaction
    "SELECT 1 FROM media WHERE owner = :owner AND label = :label AND deleted_at IS NULL"
)


def free_label(connection: Connection, owner: str, label: str) -> str:
    """Return the label, or with the first free number found: `hero-2`.

    Numbers are looked for in doubling steps and then halved, so that the ten-thousandth `cat` costs
    a score of look-ups and not ten thousand.
    """
    usable = LABEL.fullmatch(label) and safe(label) == label
    wanted = label if usable else slug(label)

    def taken(candidate: str) -> bool:
        key = {"owner": owner, "label": candidate}
        return connection.execute(_TAKEN, key).first() is not None

    if not taken(wanted):
        return wanted
    low, high = 1, 2
    while taken(join(wanted, str(high))):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if taken(join(wanted, str(middle))) else (low, middle)
    return join(wanted, str(high))
