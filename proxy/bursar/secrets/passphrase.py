"""The passphrase of the sealed file, where nobody is there to type it: a credential of systemd's, or a file."""

from collections.abc import Mapping
from pathlib import Path

from bursar.contract.shown import shown
from bursar.secrets.secret import SecretUnavailable
from bursar.secrets.secret_file import read_private, text_of

CREDENTIAL = "bursar-passphrase"
"""Its name among the service's credentials (`LoadCredential=`, `LoadCredentialEncrypted=`)."""
VARIABLE = "BURSAR_PASSPHRASE_FILE"
"""Names a file that only this user may read. No variable holds the passphrase itself: children, `docker inspect`
and crash reports would have it too."""


def passphrase_at_hand(environ: Mapping[str, str]) -> str | None:
    """The passphrase without asking anybody; None where none was handed over. Raises SecretUnavailable."""
    text = credential(environ, CREDENTIAL)
    if text is None and environ.get(VARIABLE):
        text = read_private(Path(environ[VARIABLE]).expanduser())
    return text.rstrip("\r\n") if text is not None else None


def credential(environ: Mapping[str, str], name: str) -> str | None:
    """What systemd handed over under a name (`man systemd.exec`); None where it did not. Raises SecretUnavailable."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return None
    try:
        # No look at its mode: the service manager guards the folder, and its files show an ACL's mask.
        return text_of((Path(folder) / name).read_bytes(), name)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SecretUnavailable(f"The credential {shown(name)} cannot be read: {error.strerror}.") from None
