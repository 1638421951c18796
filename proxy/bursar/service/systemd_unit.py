"""The units of systemd, as text: the service, and the socket held for it (systemd.service(5), systemd.socket(5))."""

from collections.abc import Iterable

from bursar.config.base_url import is_loopback
from bursar.service.program import Program

SERVICE = "bursar.service"
SOCKET = "bursar.socket"

_HEAD = "# Written by `bursar service install`, which writes it again. Settings of your own belong into a drop-in:\n# "
_NO_USE = "2 4 5"
"""The exit statuses of `bursar serve` after which another start would not help (`bursar --help`)."""

_ANY_UNIT = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""
"""What any unit can have: it is kept by the kernel without rights of the service manager."""

_OWN_VIEW = """\
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
"""
"""What takes a view of the file system of its own."""

_SYSTEM = """\
ProtectHome=yes
ProtectProc=invisible
RemoveIPC=yes
CapabilityBoundingSet=
AmbientCapabilities=
MemoryDenyWriteExecute=yes
"""
"""What root can ask of its manager. No user namespace: root is to be known as root at the local door."""


def user_service(program: Program, *, own_view: bool) -> str:
    """The service of one user. `own_view`: whether this user's manager can give it a view of its own of the files."""
    hardening = _ANY_UNIT
    if own_view:
        # A user's manager has no rights of its own: the view takes a user namespace.
        writable = ["%h", "%t", *(quoted(f"-{path}") for path in _folders(program))]
        hardening += f"PrivateUsers=yes\n{_OWN_VIEW}ReadWritePaths={' '.join(writable)}\n"
    return _service(program, "systemctl --user edit", hardening, "default.target")


def system_service(program: Program, user: str | None) -> str:
    """The service of the machine, run as `user`, or where that is None, as a user made for it alone."""
    who = f"User={user}\n" if user else "DynamicUser=yes\n"
    hardening = (
        f"{who}StateDirectory=bursar\nStateDirectoryMode=0700\n"
        "# A vendor's key that only root may read, named keyring:openai in the configuration:\n"
        "#LoadCredential=openai:/etc/bursar/openai.key\n" + _ANY_UNIT + _OWN_VIEW + _SYSTEM
    )
    return _service(program, "systemctl edit", hardening, "multi-user.target", online=True)


def socket_unit(program: Program, *, system: bool) -> str:
    """The socket that is held for the service, so that a restart refuses nobody."""
    edit = "systemctl edit" if system else "systemctl --user edit"
    listen = "".join(f"ListenStream={_address(host)}:{port}\n" for host, port in program.addresses)
    far = any(not is_loopback(host) for host, _ in program.addresses)
    return (
        f"{_HEAD}{edit} {SOCKET}\n[Unit]\nDescription=The port of Bursar\n\n"
        f"[Socket]\n{listen}BindIPv6Only=ipv6-only\nBacklog=512\nFileDescriptorName=public\n"
        # An address of a network may come up later than we do.
        + ("FreeBind=yes\n" if far else "")
        + "\n[Install]\nWantedBy=sockets.target\n"
    )


def quoted(word: str) -> str:
    """A word of a list of words, with nothing in it that systemd replaces (systemd.syntax(7), systemd.unit(5))."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n")
    return f'"{escaped}"' if escaped != word or not word or set(word) & set(" \t'$;#") else word


def _service(program: Program, edit: str, hardening: str, target: str, *, online: bool = False) -> str:
    held = bool(program.addresses)
    # The socket names what it is for, and the service needs the socket: one is not started without the other.
    needs = f"Requires={SOCKET}\nAfter={SOCKET}\n" if held else ""
    network = "Wants=network-online.target\nAfter=network-online.target\n" if online else ""
    environment = "".join(f"Environment={_always_quoted(f'{k}={v}')}\n" for k, v in sorted(program.environment.items()))
    also = f"Also={SOCKET}\n" if held else ""
    return f"""\
{_HEAD}{edit} {SERVICE}
[Unit]
Description=Bursar, the proxy that holds AI tools to a budget
{needs}{network}StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=notify
ExecStart={_line(program.command)}
ExecReload={_line(program.reload_command)}
{environment}Restart=on-failure
RestartSec=2
RestartPreventExitStatus={_NO_USE}
TimeoutStartSec=120
TimeoutStopSec={program.stop_s}
WatchdogSec=60
KillMode=mixed
SyslogIdentifier=bursar
UMask=0077
LimitCORE=0
LimitNOFILE=8192
{hardening}
[Install]
WantedBy={target}
{also}"""


def _line(words: Iterable[str]) -> str:
    """A command line. In what follows the program, a dollar sign would begin a variable.

    The program's own name may have neither quotes nor backslashes; where it has, another one calls it.
    """
    program, *rest = words
    if set(program) & set("\"'\\"):
        program, rest = "/usr/bin/env", [program, *rest]
    return " ".join([quoted(program), *(quoted(word).replace("$", "$$") for word in rest)])


def _always_quoted(word: str) -> str:
    plain = quoted(word)
    return plain if plain.startswith('"') else f'"{plain}"'


def _folders(program: Program) -> list[str]:
    places = program.places
    return list(dict.fromkeys(str(each) for each in (places.data_dir.parent, places.config_file.parent)))


def _address(host: str) -> str:
    return f"[{host}]" if ":" in host else host
