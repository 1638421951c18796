#!/usr/bin/env python3
"""A tunnel program for tests: a real process that says what real ones say, and really forwards TCP to the proxy.

It is put on the PATH under the name of a real one. `TUNNEL_NOTES` names the folder where it notes its process and the
port that stands for its public side; with `TUNNEL_FAILS` it ends without an address, as real ones do offline.
"""

import os
import re
import socket
import sys
import threading
import time
from pathlib import Path

SAID = {
    "cloudflared": (
        "2026-11-21T10:00:00Z INF Requesting new quick Tunnel on trycloudflare.com...\n"
        "2026-11-21T10:00:00Z INF |  Your quick Tunnel has been created! Visit it at (it may take some time):  |\n"
        "2026-11-21T10:00:00Z INF |  https://quiet-river-7.trycloudflare.com                                   |\n"
    ),
    "ngrok": (
        't=2026-11-21T10:00:00+0000 lvl=info msg="started tunnel" obj=tunnels name=command_line '
        "addr=http://127.0.0.1:4141 url=https://quiet-river-7.ngrok-free.app\n"
    ),
    "tailscale": (
        "Available on the internet:\n\nhttps://laptop.tail1234.ts.net/\n|-- proxy http://127.0.0.1:4141\n\n"
        "Press Ctrl+C to exit.\n"
    ),
}


def carry(source: socket.socket, target: socket.socket) -> None:
    """Bytes from one side to the other, until one of them ends."""
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def main() -> None:
    """Listen, say the address, forward for ever."""
    name = Path(sys.argv[0]).name
    if os.environ.get("TUNNEL_FAILS"):
        print("ERR failed to request a tunnel: no such host", file=sys.stderr, flush=True)
        sys.exit(1)
    found = re.search(r"(?:127\.0\.0\.1:|funnel )(\d+)", " ".join(sys.argv))
    assert found, sys.argv
    public = socket.create_server(("127.0.0.1", 0))
    notes = Path(os.environ["TUNNEL_NOTES"])
    (notes / "pid").write_text(str(os.getpid()))
    (notes / "port").write_text(str(public.getsockname()[1]))
    # cloudflared speaks on standard error, the others on standard output.
    print(SAID[name], end="", file=sys.stderr if name == "cloudflared" else sys.stdout, flush=True)
    if os.environ.get("TUNNEL_ENDS"):
        time.sleep(float(os.environ["TUNNEL_ENDS"]))
        sys.exit(0)
    while True:
        theirs, _ = public.accept()
        ours = socket.create_connection(("127.0.0.1", int(found[1])))
        for pair in ((theirs, ours), (ours, theirs)):
            threading.Thread(target=carry, args=pair, daemon=True).start()


if __name__ == "__main__":
    main()
