"""A desktop's keyring on a bus of its own: gnome-keyring-daemon, the real one, locked and opened at will."""

import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PASSWORD = "the password of the desktop"
MISSING = [name for name in ("gnome-keyring-daemon", "dbus-daemon") if shutil.which(name) is None]
"""The programs that this machine lacks; without them there is nothing to try."""

_BUS = """\
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
_SECRETS = "org.freedesktop.secrets"
_LOGIN = "/org/freedesktop/secrets/collection/login"
_PROMPTER = "org.gnome.keyring.SystemPrompter"


class Desktop:
    """A bus and a keyring; `environ` is what a program needs to find them."""

    def __init__(self, folder: Path) -> None:
        self.address = f"unix:path={folder}/bus"
        self.environ = {
            "DBUS_SESSION_BUS_ADDRESS": self.address,
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
        }

    def lock(self) -> None:
        """As when the screen is locked."""
        import secretstorage

        with contextlib.closing(self._bus()) as bus:
            secretstorage.Collection(bus, _LOGIN).lock()

    def unlock(self) -> None:
        """As when the user comes back and gives the password."""
        from jeepney import DBusAddress, new_method_call  # type: ignore[import-untyped]

        secrets = DBusAddress("/org/freedesktop/secrets", bus_name=_SECRETS, interface="org.freedesktop.Secret.Service")
        internal = secrets.with_interface("org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface")
        with contextlib.closing(self._bus()) as bus:
            session = self._ask(bus, new_method_call(secrets, "OpenSession", "sv", ("plain", ("s", ""))))[1]
            secret = (session, b"", PASSWORD.encode(), "text/plain")
            self._ask(bus, new_method_call(internal, "UnlockWithMasterPassword", "o(oayays)", (_LOGIN, secret)))

    @contextlib.contextmanager
    def nobody_answers(self) -> Iterator[None]:
        """Prompts are shown from here on, and nobody comes to answer one."""
        from jeepney import MessageType, new_method_return
        from jeepney.bus_messages import message_bus  # type: ignore[import-untyped]

        bus, over = self._bus(), threading.Event()

        def show() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    message = bus.receive(timeout=0.1)
                    if message.header.message_type is MessageType.method_call:
                        bus.send(new_method_return(message))

        self._ask(bus, message_bus.RequestName(_PROMPTER, 4))
        showing = threading.Thread(target=show)
        showing.start()
        try:
            yield
        finally:
            over.set()
            showing.join()
            bus.close()

    def has(self, name: str) -> bool:
        """Whether somebody owns a name on the bus."""
        from jeepney.bus_messages import message_bus

        with contextlib.closing(self._bus()) as bus:
            return bool(self._ask(bus, message_bus.NameHasOwner(name))[0])

    def _bus(self) -> Any:
        from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

        return open_dbus_connection(self.address)

    @staticmethod
    def _ask(bus: Any, message: Any) -> Any:
        from jeepney import MessageType

        answer = bus.send_and_get_reply(message, timeout=60)
        assert answer.header.message_type is MessageType.method_return, answer.body
        return answer.body


@contextlib.contextmanager
def desktop() -> Iterator[Desktop]:
    """A desktop whose keyring is open; its folder is short enough for a socket."""
    with TemporaryDirectory(prefix="bursar-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        made = Desktop(folder)
        (folder / "run").mkdir(mode=0o700)
        (folder / "bus.conf").write_text(_BUS.format(socket=folder / "bus"))
        _start(stack, folder, made, "dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--nopidfile")
        _until(lambda: (folder / "bus").exists())
        keyring = _start(
            stack, folder, made, "gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"
        )
        assert keyring.stdin is not None
        keyring.stdin.write(PASSWORD.encode())
        keyring.stdin.close()
        _until(lambda: made.has(_SECRETS))
        yield made


def _start(stack: contextlib.ExitStack, folder: Path, made: Desktop, *words: str) -> "subprocess.Popen[bytes]":
    said = stack.enter_context((folder / f"{words[0]}.log").open("wb"))
    process = subprocess.Popen(
        words, env={**os.environ, **made.environ}, stdin=subprocess.PIPE, stdout=said, stderr=said
    )
    stack.callback(process.wait, 60)
    stack.callback(process.terminate)
    stack.callback(lambda: process.stdin.close() if process.stdin is not None else None)
    return process


def _until(wanted: Any) -> None:
    """Wait for what another program does, which tells nobody when it has."""
    until = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError):
            if wanted():
                return
        assert time.monotonic() < until, "a desktop that does not start"
        time.sleep(0.01)
