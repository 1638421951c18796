"""What the door finds against a request, from its facts alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.doorkeeper.examine import Hosts, RequestFacts, examine, loopback_hosts, split_host

HOSTS = loopback_hosts(4141, ["Public.Example", "other.example:8443", "[fd00::7]"], ["app://Editor"])

FOREIGN = [
    "",
    " ",
    "evil.example",
    "evil.example:4141",
    "127.0.0.1.evil.example",
    "127.0.0.1.evil.example:4141",
    "localhost.evil.example",
    "evil-localhost",
    "localhost@evil.example",
    "evil.example@localhost",
    "evil.example#localhost",
    "localhost#evil.example",
    "localhost/evil",
    "localhost?evil",
    "localhost\\evil",
    "localhost evil",
    "localhost,evil.example",
    "localhost:4141,evil.example",
    "localhost:80",
    "localhost:4142",
    "localhost:04141",
    "localhost:+4141",
    "localhost:",
    "localhost:4141:4141",
    "localhost.",
    "0.0.0.0",
    "0.0.0.0:4141",
    "127.1",
    "127.0.0.2",
    "2130706433",
    "0x7f.0.0.1",
    "127.0.0.1%00.evil.example",
    "::1",
    "[::1",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::1%25lo]",
    "public.example.evil.example",
    "public.example:443",
    "other.example",
    "public.e\u017fxample",
    "l\u043ecalhost",
    "\uff4cocalhost",
]

OURS = [
    "127.0.0.1",
    "127.0.0.1:4141",
    "localhost",
    "LocalHost:4141",
    "[::1]",
    "[::1]:4141",
    "public.example",
    "public.example:4141",
    "other.example:8443",
    "[fd00::7]:4141",
]


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_foreign_host_is_refused_with_421(method: str, host: str) -> None:
    refusal = examine(RequestFacts(method, "/", (host,), content_type="application/json"), HOSTS)
    assert refusal is not None
    assert (refusal.status, refusal.code) == (421, "foreign_host")


@pytest.mark.parametrize("host", OURS)
def test_our_host_is_let_in(host: str) -> None:
    assert examine(RequestFacts("GET", "/", (host,)), HOSTS) is None


@pytest.mark.parametrize("hosts", [(), ("localhost", "localhost"), ("localhost", "evil.example")])
def test_exactly_one_host_is_needed(hosts: tuple[str, ...]) -> None:
    refusal = examine(RequestFacts("GET", "/", hosts), HOSTS)
    assert refusal is not None
    assert refusal.status == 421


@pytest.mark.parametrize(
    ("target", "ok"),
    [
        ("http://127.0.0.1:4141/v1", True),
        ("HTTP://LOCALHOST/v1?q=http://evil.example", True),
        ("http://evil.example/v1", False),
        ("http://localhost@evil.example/", False),
        ("http://localhost:4141\\@evil.example/", False),
        ("ftp://localhost/", False),
        ("http:/localhost/", False),
        ("//evil.example/v1", True),  # a path that begins with two slashes: no route has it
    ],
)
def test_authority_of_an_absolute_target_must_be_ours_too(target: str, ok: bool) -> None:
    refusal = examine(RequestFacts("GET", target, ("localhost",)), HOSTS)
    assert (refusal is None) is ok


@pytest.mark.parametrize("forwarded", [("evil.example",), ("localhost", "evil.example"), ("localhost, evil.example",)])
def test_foreign_forwarded_host_is_refused(forwarded: tuple[str, ...]) -> None:
    refusal = examine(RequestFacts("GET", "/", ("localhost",), forwarded_host=forwarded), HOSTS)
    assert refusal is not None
    assert refusal.status == 421


def test_forwarded_host_cannot_mend_a_foreign_one() -> None:
    assert examine(RequestFacts("GET", "/", ("evil.example",), forwarded_host=("localhost",)), HOSTS) is not None


@pytest.mark.parametrize(
    ("origin", "fetch_site", "ok"),
    [
        ((), (), True),
        (("http://127.0.0.1:4141",), ("same-origin",), True),
        (("http://localhost:4141",), (), True),
        (("app://editor",), ("cross-site",), True),
        (("http://localhost",), (), False),  # another program of this machine, at port 80
        (("http://localhost:3000",), ("same-site",), False),
        (("https://localhost:4141",), (), False),
        (("https://evil.example",), (), False),
        (("http://public.example",), (), False),
        (("null",), (), False),
        (("",), (), False),
        (("http://localhost:4141", "https://evil.example"), (), False),
        ((), ("cross-site",), False),
        ((), ("same-site",), False),
        ((), ("same-origin",), True),
        ((), ("none",), True),
        ((), ("none", "cross-site"), False),
        ((), ("",), False),
    ],
)
def test_pages_of_others_are_refused_with_403(origin: tuple[str, ...], fetch_site: tuple[str, ...], ok: bool) -> None:
    refusal = examine(RequestFacts("GET", "/", ("localhost",), origin=origin, fetch_site=fetch_site), HOSTS)
    assert (refusal is None) is ok
    if refusal is not None:
        assert (refusal.status, refusal.code) == (403, "foreign_origin")


@pytest.mark.parametrize(
    ("origin", "fetch_site"), [(("http://bursar",), ()), ((), ("none",)), (("http://bursar",), ("same-origin",))]
)
def test_a_door_without_browsers_refuses_every_sign_of_one(
    origin: tuple[str, ...], fetch_site: tuple[str, ...]
) -> None:
    hosts = Hosts(frozenset({"bursar"}), frozenset({"http://bursar"}), browsers=False)
    assert examine(RequestFacts("GET", "/", ("bursar",), origin=origin, fetch_site=fetch_site), hosts) is not None
    assert examine(RequestFacts("GET", "/", ("bursar",)), hosts) is None


@pytest.mark.parametrize(
    ("method", "content_type", "status"),
    [
        ("POST", "application/json", None),
        ("POST", "Application/JSON; charset=utf-8", None),
        ("POST", "", 415),
        ("POST", "text/plain", 415),
        ("POST", "text/plain; application/json", 415),
        ("POST", "application/x-www-form-urlencoded", 415),
        ("POST", "multipart/form-data; boundary=x", 415),
        ("POST", "application/jsonp", 415),
        ("PUT", "text/plain", 415),
        ("PATCH", "", 415),
        ("GET", "text/plain", None),
        ("DELETE", "", None),
        ("TRACE", "", 405),
        ("CONNECT", "", 405),
        ("BREW", "", 405),
    ],
)
def test_a_body_must_be_of_a_type_that_the_route_reads(method: str, content_type: str, status: int | None) -> None:
    refusal = examine(RequestFacts(method, "/", ("localhost",), content_type=content_type), HOSTS)
    assert (refusal and refusal.status) == status


def test_a_route_may_take_other_types_or_any() -> None:
    facts = RequestFacts("POST", "/", ("localhost",), content_type="multipart/form-data; boundary=x")
    assert examine(facts, HOSTS, frozenset({"multipart/form-data"})) is None
    assert examine(facts, HOSTS, frozenset()) is None


@pytest.mark.parametrize(
    ("encoding", "transfer", "ok"),
    [
        ((), "", True),
        (("identity",), "chunked", True),
        (("gzip",), "", False),
        (("identity, gzip",), "", False),
        (("identity", "br"), "", False),
        ((), "gzip, chunked", False),
    ],
)
def test_compressed_bodies_are_refused(encoding: tuple[str, ...], transfer: str, ok: bool) -> None:
    facts = RequestFacts(
        "POST",
        "/",
        ("localhost",),
        content_type="application/json",
        content_encoding=encoding,
        transfer_encoding=transfer,
    )
    refusal = examine(facts, HOSTS)
    assert (refusal is None) is ok
    assert refusal is None or refusal.status == 415


@given(st.text(max_size=40))
def test_no_message_repeats_what_the_request_said(text: str) -> None:
    marked = f"canary-{text}"
    for facts in (
        RequestFacts("GET", marked, (marked,), (marked,)),
        RequestFacts("GET", "/", ("localhost",), origin=(marked,)),
        RequestFacts("POST", "/", ("localhost",), content_type=marked),
        RequestFacts(marked, "/", ("localhost",)),
    ):
        refusal = examine(facts, HOSTS)
        assert refusal is not None
        assert "canary" not in refusal.message


@given(st.text(max_size=40) | st.from_regex(r"[a-z\[\].:0-9@#/ ]{0,20}", fullmatch=True))
def test_only_names_on_the_list_are_let_in(host: str) -> None:
    let_in = examine(RequestFacts("GET", "/", (host,)), HOSTS) is None
    assert let_in is (host.isascii() and host.lower() in HOSTS.names)


@pytest.mark.parametrize("text", ["*", "", "a b", "a/b", "http://a", "a:0", "a:65536", "a:x"])
def test_what_is_no_host_cannot_be_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="no host name"):
        loopback_hosts(4141, [text])


def test_split_host_gives_name_and_port() -> None:
    assert split_host("a.example:81") == ("a.example", 81)
    assert split_host("[::1]") == ("[::1]", None)
    assert split_host("a@b") is None


def test_without_a_port_only_bare_names_are_ours() -> None:
    assert loopback_hosts(None).names == {"127.0.0.1", "localhost", "[::1]"}
    assert loopback_hosts(None).origins == frozenset()
