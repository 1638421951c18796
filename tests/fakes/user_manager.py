"""A systemd of one user, for tests: real, in namespaces of its own, and gone with everything in it when the test ends.

It takes root, and a cgroup of version 2 that can be written; where that is not to be had, it says why.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

USER, UID = "tester", 4141
HOME = Path("/home") / USER
RUNTIME = Path(f"/run/user/{UID}")
SYSTEMD = Path("/lib/systemd/systemd")
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0

_BEGIN = f"""
set -e
mount --make-rprivate /
umount -l /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
opened="$1"
shift
if [ -n "$opened" ]; then
    # The interpreter is in a folder that only root may enter: here everybody may.
    mkdir -p /mnt/opened; mount -t tmpfs none /mnt; mkdir /mnt/opened; mount --bind "$opened" /mnt/opened
    parent=$(dirname "$opened"); mount -t tmpfs -o mode=755 none "$parent"
    mkdir "$opened"; mount --bind /mnt/opened "$opened"; umount /mnt/opened
fi
mount -t tmpfs -o mode=755 none /run
for folder in "$@"; do
    # A copy that everybody may read, whatever the modes of the files are that one works on.
    cp -r "$folder" /run/copy; chmod -R a+rX /run/copy
    mount -t tmpfs -o mode=755 none "$folder"; cp -r /run/copy/. "$folder"; rm -r /run/copy
done
mount -t tmpfs -o mode=755 none /home
# The last is there wherever a system has started services that see files of their own.
mkdir -p {RUNTIME} {HOME} /run/systemd/system /run/systemd/unit-root
chown {UID}:{UID} {RUNTIME} {HOME}
chmod 700 {RUNTIME} {HOME}
{{ cat /etc/passwd; echo '{USER}:x:{UID}:{UID}::{HOME}:/bin/sh'; }} > /run/passwd
{{ cat /etc/group; echo '{USER}:x:{UID}:'; }} > /run/group
mount --bind /run/passwd /etc/passwd
mount --bind /run/group /etc/group
mkdir /sys/fs/cgroup/user
chown -R {UID}:{UID} /sys/fs/cgroup/user
echo $$ > /sys/fs/cgroup/user/cgroup.procs
setpriv --reuid {UID} --regid {UID} --clear-groups env -i \
    HOME={HOME} USER={USER} LOGNAME={USER} PATH=/usr/bin:/bin XDG_RUNTIME_DIR={RUNTIME} \
    {SYSTEMD} --user --log-target=null &
wait
"""


class UserManager:
    """The manager, and its user, who can be asked to run commands."""

    def __init__(self, pid: int) -> None:
        self._enter = ("nsenter", "-t", str(pid), "--mount", "--pid", "--cgroup", "--ipc", "--uts")
        self.root = Path(f"/proc/{pid}/root")
        """The files as the user sees them."""
        self.asked: list[str] = []
        """Every command of ours that was run."""

    @property
    def home(self) -> Path:
        """The user's home, as the test reaches it."""
        return self.root / HOME.relative_to("/")

    def command(self, *words: str) -> list[str]:
        """The command line that runs `words` as the user."""
        user = ("setpriv", "--reuid", str(UID), "--regid", str(UID), "--clear-groups", "env", "-i", "-C", str(HOME))
        environ = (f"HOME={HOME}", f"USER={USER}", "PATH=/usr/bin:/bin", f"XDG_RUNTIME_DIR={RUNTIME}", "NO_COLOR=1")
        return [*self._enter, *user, *environ, *words]

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=60, cwd="/")
        assert not check or done.returncode == 0, (words, done.returncode, done.stdout, done.stderr)
        return done

    def bursar(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of ours."""
        self.asked.append(" ".join(words))
        return self.run(sys.executable, "-m", "bursar", *words, check=check)

    def write(self, path: str, text: str) -> None:
        """Put a file into the home, as its user."""
        file = self.home / path
        for folder in reversed([each for each in file.parents if not each.exists()]):
            folder.mkdir(mode=0o700)
            os.chown(folder, UID, UID)
        file.write_text(text)
        os.chown(file, UID, UID)


def why_not() -> str:
    """Why there can be none here; empty where there can."""
    if sys.platform != "linux" or os.getuid() != 0:
        return "a service manager of its own takes Linux and root"
    if not SYSTEMD.exists():
        return "systemd is not installed"
    missing = [tool for tool in ("unshare", "nsenter", "setpriv", "systemctl") if shutil.which(tool) is None]
    if missing:
        return f"{', '.join(missing)} is not installed"
    if _cgroups() is None:
        return "no cgroup of version 2 can be written here"
    # A service has no PYTHONPATH: it runs what is installed.
    script = "import bursar; print(bursar.__file__)"
    installed = subprocess.run([sys.executable, "-P", "-c", script], env={}, capture_output=True, text=True).stdout
    return "" if installed.startswith(f"{ROOT}{os.sep}") else "what is installed is not what is tested"


@contextmanager
def user_manager() -> Iterator[UserManager]:
    """A manager that answers."""
    cgroups = _cgroups()
    assert cgroups is not None
    cgroup = cgroups / f"bursar-test-{os.getpid()}"
    cgroup.mkdir()
    outer = subprocess.Popen(
        ["sh", "-c", f'echo $$ > {cgroup}/cgroup.procs; exec "$@"', "sh"]
        + ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--ipc", "--uts", "--cgroup", "--mount-proc"]
        + ["bash", "-c", _BEGIN, "bash", _closed(), str(ROOT / "proxy"), str(ROOT / "tui")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield _answering(outer)
    finally:
        outer.kill()
        outer.communicate()
        _remove(cgroup)


def _answering(outer: "subprocess.Popen[str]") -> UserManager:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and outer.poll() is None:
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
        if children:
            manager = UserManager(int(children[0]))
            # Before the namespace has its own /run, there is another one's.
            if (manager.root / "run" / "passwd").exists():
                said = manager.run("systemctl", "--user", "is-system-running", check=False)
                if said.stdout.strip() in ("running", "degraded"):
                    return manager
        time.sleep(0.05)
    outer.kill()
    raise AssertionError(f"the service manager does not answer: {outer.communicate()[0]}")


def _closed() -> str:
    """The folder below which the interpreter is and which is itself in one that only root may enter; or nothing."""
    real = Path(sys.executable).resolve()
    for folder in reversed(real.parents):
        if not folder.stat().st_mode & 0o001:
            return str(next(each for each in (real, *real.parents) if each.parent == folder))
    return ""


def _cgroups() -> Path | None:
    for line in Path("/proc/mounts").read_text().splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup2" and "rw" in options.split(",") and os.access(where, os.W_OK):
            return Path(where)
    return None


def _remove(cgroup: Path) -> None:
    """Remove a cgroup and those below it, once the processes in them are gone."""
    until = time.monotonic() + PATIENCE_S
    while cgroup.exists() and time.monotonic() < until:
        folders: Sequence[Path] = sorted((p for p in cgroup.rglob("*") if p.is_dir()), reverse=True)
        for folder in (*folders, cgroup):
            with suppress(OSError):
                folder.rmdir()
        time.sleep(0.02)
