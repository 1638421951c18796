"""Opening the local door: files that nobody else can read, one way in at a time, one door at a time."""

import os
import stat
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from bursar.contract.places import Places
from bursar.doorkeeper.listen import AddressTaken

OpenLocal = Callable[..., Awaitable[Any]]


@pytest.fixture
def wide_umask() -> Iterator[None]:
    """Files are made with every right, unless their maker says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("wide_umask")
@pytest.mark.parametrize("by_loopback", [False, True])
async def test_everything_made_is_for_this_user_alone(
    open_local: OpenLocal, short_places: Places, long_places: Places, by_loopback: bool
) -> None:
    places = long_places if by_loopback else short_places
    opened = await open_local(places)
    made = [path for path in places.runtime_dir.rglob("*") if not path.is_dir()]
    assert made == [places.admin_token if by_loopback else places.admin_socket]
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o600]
    assert stat.S_IMODE(places.runtime_dir.stat().st_mode) == 0o700
    assert (opened.door.ports != ()) is by_loopback
    await opened.door.close(0)
    assert list(places.runtime_dir.iterdir()) == []


async def test_a_second_door_at_the_same_place_is_refused(open_local: OpenLocal, short_places: Places) -> None:
    await open_local(short_places)
    with pytest.raises(AddressTaken, match="another Bursar"):
        await open_local(short_places)


async def test_a_token_left_behind_is_removed_by_a_door_at_a_socket(
    open_local: OpenLocal, short_places: Places
) -> None:
    short_places.runtime_dir.mkdir()
    short_places.admin_token.write_text("{}")
    await open_local(short_places)
    assert not short_places.admin_token.exists()


async def test_each_door_on_loopback_has_a_token_of_its_own(open_local: OpenLocal, long_places: Places) -> None:
    first = await open_local(long_places)
    before = long_places.admin_token.read_bytes()
    await first.door.close(0)
    await open_local(long_places)
    assert long_places.admin_token.read_bytes() != before
