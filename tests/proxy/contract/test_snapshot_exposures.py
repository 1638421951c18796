"""The reducer: public hosts come and go."""

from bursar.contract.codec import decode, encode
from bursar.contract.events import Exposed, ExposureEnded
from bursar.contract.exposure import ExposureView
from bursar.contract.snapshot import Snapshot, apply

NOW = 1_790_000_000_000
ONE = ExposureView("a.example", ("cursor",), "cloudflared", NOW)
OTHER = ExposureView("b.example", ("cursor", "ci"), "", NOW)


def test_what_is_exposed_is_known_until_it_ends_also_to_who_attaches_later() -> None:
    snapshot = Snapshot("run", "0.1.0", NOW, "http://127.0.0.1:4141/v1", NOW)
    apply(snapshot, 1, Exposed(NOW, ONE))
    apply(snapshot, 2, Exposed(NOW, OTHER))
    assert decode(encode(snapshot), Snapshot).exposures == {"a.example": ONE, "b.example": OTHER}
    apply(snapshot, 3, ExposureEnded(NOW, "a.example"))
    apply(snapshot, 4, ExposureEnded(NOW, "never.example"))
    assert snapshot.exposures == {"b.example": OTHER}
