"""Receives signed webhooks of stability-mcp: `python webhook_receiver.py PORT INBOX`.

Needs `pip install standardwebhooks`. The variable WEBHOOK_SECRET has the value of
STABILITY_ON_DONE_SECRET; while you change it, the new and the old one, separated by a space.
INBOX is an SQLite file: a message is stored before it is answered and handled afterwards, so that
the answer is fast and a crash loses nothing.
"""

import json
import os
import sqlite3
import sys
import threading
import traceback
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

PORT, INBOX = int(sys.argv[1]), sys.argv[2]
SIGNERS = [Webhook(secret) for secret in os.environ["WEBHOOK_SECRET"].split()]
MAX_BYTES = 1_000_000
KEPT_SECONDS = 2 * 86_400  # a retry may arrive a day later
arrived = threading.Event()


def handle(message: dict) -> None:
    """Do your work here; after a crash, the same message may be handled again."""
    if message["event"] == "job_ended":
        print(message["job"], message["operation"], message["state"], flush=True)
    else:  # "test", or an event of a later version
        print(message["event"], flush=True)


def is_genuine(body: bytes, headers: dict[str, str]) -> bool:
    """Check the signature of the exact bytes, and that they were sent within the last 5 minutes."""
    for signer in SIGNERS:
        try:
            signer.verify(body, headers)
        except (WebhookVerificationError, ValueError):  # ValueError: not base64, UTF-8 or JSON
            continue
        return True
    return False


def store(body: bytes, message_id: str, timestamp: int) -> bool:
    """Store a message; return whether it was sent now, and not replayed.

    A retry has the id of its message and a later timestamp. It is not handled again.
    """
    with closing(sqlite3.connect(INBOX)) as inbox, inbox:
        old = timestamp - KEPT_SECONDS
        inbox.execute("DELETE FROM inbox WHERE handled = 1 AND timestamp < ?", (old,))
        changed = inbox.execute(
            "INSERT INTO inbox (id, timestamp, body, handled) VALUES (?, ?, ?, 0) "
            "ON CONFLICT (id) DO UPDATE SET timestamp = excluded.timestamp "
            "WHERE excluded.timestamp > timestamp",
            (message_id, timestamp, body),
        )
        return changed.rowcount == 1


def work() -> None:
    """Handle stored messages, those of an earlier run first."""
    with closing(sqlite3.connect(INBOX)) as inbox:
        while True:
            arrived.clear()
            waiting = "SELECT id, body FROM inbox WHERE handled = 0 ORDER BY rowid"
            for message_id, body in inbox.execute(waiting).fetchall():
                try:
                    handle(json.loads(body))
                except Exception:  # noqa: BLE001 -- it is tried again with the next message
                    traceback.print_exc()
                    continue
                with inbox:
                    inbox.execute("UPDATE inbox SET handled = 1 WHERE id = ?", (message_id,))
            arrived.wait()


class Receiver(BaseHTTPRequestHandler):
    """Answers a POST once its message is stored."""

    timeout = 10  # of a body that doesn't arrive

    def do_POST(self) -> None:
        """Store a genuine message."""
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MAX_BYTES:
            self.answer(413)
            return
        body = self.rfile.read(int(length))
        # From here on use only this dictionary: a forged request may repeat a header.
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not is_genuine(body, headers):
            self.answer(401)
            return
        # The signature covers whole seconds: a forged request may append a fraction.
        timestamp = int(float(headers["webhook-timestamp"]))
        if not store(body, headers["webhook-id"], timestamp):
            self.answer(409)
            return
        self.answer(204)
        arrived.set()

    def answer(self, status: int) -> None:
        """Send a status without a body."""
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


if __name__ == "__main__":
    with closing(sqlite3.connect(INBOX)) as created:
        created.execute(
            "CREATE TABLE IF NOT EXISTS inbox "
            "(id TEXT PRIMARY KEY, timestamp INTEGER, body BLOB, handled INTEGER)"
        )
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    threading.Thread(target=work, daemon=True).start()
    server.serve_forever()
