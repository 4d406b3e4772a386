"""Stands in for a program that `support.programs` forks.

`python -I -S stand_in.py ADDRESS MODULE ARGUMENTS...` passes on its streams, environment and
folder, forwards signals, and exits as the program does. It imports only what takes no time.
"""

import _socket
import marshal
import os
import signal
import sys

STREAMS = (0, 1, 2)
NUMBER_BYTES = 4
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    """Run the program of the arguments."""
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    server.connect(sys.argv[1])
    wanted = marshal.dumps((sys.argv[2:], dict(os.environ), os.getcwd()))  # noqa: PTH109 -- pathlib takes long to import
    streams = b"".join(each.to_bytes(4, sys.byteorder) for each in STREAMS)
    head = len(wanted).to_bytes(NUMBER_BYTES, "big")
    server.sendmsg([head], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    server.sendall(wanted)
    for number in FORWARDED:
        signal.signal(number, lambda number, _: server.sendall(bytes([number])))
    for each in STREAMS:
        os.close(each)  # what is connected to the program notices its end
    ended = server.recv(NUMBER_BYTES)
    code = int.from_bytes(ended, "big", signed=True) if ended else 1
    if code < 0:
        if -code in FORWARDED:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main()
