"""The user's time zone: the one in which days, weeks and months begin."""

from zoneinfo import ZoneInfo

import tzlocal


def zone_named(name: str) -> ZoneInfo:
    """The zone that `[server] zone` names; `local` is this machine's, or UTC where it does not say."""
    if name != "local":
        return ZoneInfo(name)
    try:
        return ZoneInfo(tzlocal.get_localzone_name() or "UTC")
    except (LookupError, ValueError, OSError):
        return ZoneInfo("UTC")
