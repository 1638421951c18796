"""What a configuration says is what Config holds, and everything wrong with one is said at once."""

from pathlib import Path
from typing import Any

import pytest

from bursar.config.load import load, parse
from bursar.config.problems import BrokenConfig, Problem
from bursar.config.schema import Config, Durability, Kind, LogLevel, Times
from bursar.domain.account import AccountKind, Unit
from bursar.domain.cycle import Every
from bursar.domain.route import Route
from bursar.domain.secret_reference import SecretForm, SecretReference

FILE = Path("/home/ann/bursar.toml")

WHOLE = """
[server]
host = "127.0.0.1"
port = 4141

[upstreams.main]
kind = "openai_compatible"
base_url = "https://api.example.com/v1"
secret = "keyring:main"
price_factor = "0.7"
price_factors = { "gpt-4*" = "0.5" }
first_event_s = 600

[upstreams.local]
kind = "ollama"

[aliases.fast]
routes = ["main/small-model", "local/vendor/small-model"]

[prices."main/small-model"]
input = "0.15"
output = "0.60"
cached_input = "0.075"

[prices."local/own-*"]
price = "free"

[caps.laptop-day]
key = "laptop"
usd = "5.00"
every = "day"

[caps.all]
requests = 500
every = "hour"

[storage]
durability = "full"

[log]
level = "debug"
"""


def read(text: str, **given: Any) -> Config:
    return parse(text.encode(), FILE, environ=given.pop("environ", {}), **given)


def problems(text: str, **given: Any) -> tuple[Problem, ...]:
    with pytest.raises(BrokenConfig) as broken:
        read(text, **given)
    return broken.value.problems


def test_a_whole_configuration() -> None:
    config = read(WHOLE)
    main, local = config.upstreams["main"], config.upstreams["local"]
    assert (main.kind, main.base_url) == (Kind.OPENAI_COMPATIBLE, "https://api.example.com/v1")
    assert main.secret == SecretReference(SecretForm.KEYRING, "main")
    assert (main.price_factor, main.price_factors) == (700_000, (("gpt-4*", 500_000),))
    assert (main.is_free, local.is_free) == (False, True)
    assert local.base_url == "http://127.0.0.1:11434/v1"
    assert config.aliases["fast"].alias().chain == (Route("main", "small-model"), Route("local", "vendor/small-model"))
    price = config.prices["main/small-model"].as_price()
    assert (price.input, price.output, price.cached_input) == (150_000_000, 600_000_000, 75_000_000)
    assert (price.reasoning, price.request, price.factor) == (None, 0, 1_000_000)
    assert config.prices["local/own-*"].is_free
    cap = config.caps["laptop-day"].account()
    assert (cap.id, cap.kind, cap.name, cap.scope) == ("cap:laptop-day", AccountKind.CAP, "laptop-day", "key laptop")
    assert (cap.unit, cap.limit, cap.every) == (Unit.NANO_DOLLARS, 5_000_000_000, Every.DAY)
    assert config.caps["all"].account().scope == "everything"
    assert (config.storage.durability, config.log.level) == (Durability.FULL, LogLevel.DEBUG)
    assert len(config.digest) == 64


def test_an_upstreams_own_times_come_before_the_common_ones() -> None:
    config = read(WHOLE + "[limits]\nstall_s = 60\nfirst_event_s = 90\n")
    assert config.times("main") == Times(5, 600, 60, 300, 1800)
    assert config.times("local").first_event_s == 90


def test_an_empty_file_is_all_defaults() -> None:
    config = read("")
    assert (config.server.host, config.server.port, config.server.body_limit_mib) == ("127.0.0.1", 4141, 32)
    limits = config.limits
    assert (limits.connect_s, limits.first_event_s, limits.stall_s, limits.total_s) == (5, 120, 120, 1800)
    assert (limits.first_slice_tokens, limits.answer_tokens, limits.least_answer_tokens) == (1000, 4096, 64)
    assert limits.max_attempts == 4
    assert not config.upstreams
    assert not config.notes


def test_no_file_is_all_defaults_and_says_so(tmp_path: Path) -> None:
    config = load(tmp_path / "config.toml", environ={})
    assert not config.upstreams
    assert "bursar init" in config.notes[0]
    assert config.digest == ""


def test_a_file_that_is_a_folder_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(BrokenConfig, match="cannot be read"):
        load(tmp_path, environ={})


def test_environment_and_command_line_come_before_the_file() -> None:
    container = {"BURSAR_HOST": "0.0.0.0", "BURSAR_PORT": "8080"}
    config = read("[server]\nallow_remote = true\n", environ=container)
    assert (config.server.host, config.server.port) == ("0.0.0.0", 8080)
    config = read("[server]\nport = 1\n", environ=container, host="::1", port=0)
    assert (config.server.host, config.server.port) == ("::1", 0)


def test_a_wrong_port_of_the_environment_is_named() -> None:
    (problem,) = problems("", environ={"BURSAR_PORT": "http"})
    assert "BURSAR_PORT" in problem.sentence
    assert problem.line is None


BROKEN = {
    "unknown table": ("[servers]\nport = 1\n", 1, "servers", "server"),
    "unknown key": ('[server]\n\n# a comment\nprot = 4141 # "port"\n', 4, "server.prot", "port"),
    "other programs' word": ('[upstreams.a]\nkind = "ollama"\napi_key = "x"\n', 3, "upstreams.a.api_key", "secret"),
    "wrong type": ('[server]\nport = "4141"\n', 2, "server.port", ""),
    "a truth for a number": ("[server]\nport = true\n", 2, "server.port", ""),
    "out of range": ("[server]\nport = 65536\n", 2, "server.port", ""),
    "misspelt word": ('[upstreams.a]\nkind = "olama"\n', 2, "upstreams.a.kind", "ollama"),
    "kind missing": ('\n[upstreams.a]\nsecret = "none"\n', 2, "upstreams.a.kind", ""),
    "address missing": ('[upstreams.a]\nkind = "openai_compatible"\n', 1, "upstreams.a.base_url", ""),
    "no table": ("upstreams = 5\n", 1, "upstreams", ""),
    "no table of a name": ("[upstreams]\na = 5\n", 2, "upstreams.a", ""),
    "slash in an upstream's name": ('[upstreams."a/b"]\nkind = "ollama"\n', 1, 'upstreams."a/b"', ""),
    "space in an alias": ('[aliases."a b"]\nroutes = ["x/y"]\n[upstreams.x]\nkind="ollama"\n', 1, 'aliases."a b"', ""),
    "float price": ('[prices.m]\ninput = 0.15\noutput = "1"\n', 2, "prices.m.input", "0.15"),
    "negative price": ('[prices.m]\ninput = "-1"\noutput = "1"\n', 2, "prices.m.input", ""),
    "half a price": ('[prices.m]\ninput = "1"\n', 1, "prices.m", ""),
    "price without amounts": ("[prices.m]\n", 1, "prices.m", ""),
    "free and not": ('[prices.m]\nfree = true\ninput = "1"\noutput = "1"\n', 1, "prices.m", ""),
    "cap without amount": ('[caps.a]\nevery = "day"\n', 1, "caps.a", ""),
    "cap of two amounts": ('[caps.a]\nusd = "1"\ntokens = 5\nevery = "day"\n', 1, "caps.a", ""),
    "cap of two scopes": ('[caps.a]\nkey = "k"\nmodel = "m"\nusd = "1"\nevery = "day"\n', 1, "caps.a", ""),
    "cap without cycle": ('[caps.a]\nusd = "1"\n', 1, "caps.a.every", ""),
    "cap of an unknown cycle": ('[caps.a]\nusd = "1"\nevery = "daily"\n', 3, "caps.a.every", "day"),
    "cap of an unknown upstream": ('[caps.a]\nupstream = "x"\nusd = "1"\nevery = "day"\n', 2, "caps.a.upstream", ""),
    "cap of an empty key": ('[caps.a]\nkey = ""\nusd = "1"\nevery = "day"\n', 2, "caps.a.key", ""),
    "cap in money as a float": ('[caps.a]\nusd = 5.0\nevery = "day"\n', 2, "caps.a.usd", "5.0"),
    "no routes": ("[aliases.a]\nroutes = []\n", 2, "aliases.a.routes", ""),
    "no route": ('[aliases.a]\nroutes = ["model"]\n', 2, "aliases.a.routes", ""),
    "route to nowhere": (
        '[upstreams.main]\nkind = "ollama"\n[aliases.a]\nroutes = [\n  "mian/m",\n]\n',
        4,
        "aliases.a.routes",
        "main",
    ),
    "our own port": (
        '[upstreams.a]\nkind = "ollama"\nbase_url = "http://localhost:4141"\n',
        3,
        "upstreams.a.base_url",
        "",
    ),
    "key in clear": (
        '[upstreams.a]\nkind = "openai"\nbase_url = "http://api.example.com"\nsecret = "env:K"\n',
        3,
        "upstreams.a.base_url",
        "",
    ),
    "open to all": ('[server]\nhost = "0.0.0.0"\n', 2, "server.host", ""),
    "open to the network": ('[server]\nhost = "192.168.1.5"\n', 2, "server.host", ""),
    "unknown zone": ('[server]\nzone = "europe/berlin"\n', 2, "server.zone", "Europe/Berlin"),
    "zone out of the folder": ('[server]\nzone = "../../etc/passwd"\n', 2, "server.zone", ""),
    "header with a secret": (
        '[upstreams.a]\nkind = "ollama"\nheaders = { Authorization = "x" }\n',
        3,
        "upstreams.a.headers",
        "",
    ),
    "header with a line end": (
        '[upstreams.a]\nkind = "ollama"\nheaders = { A = "x\\ny" }\n',
        3,
        "upstreams.a.headers",
        "",
    ),
    "header of ours": ('[upstreams.a]\nkind = "ollama"\nheaders = { Host = "x" }\n', 3, "upstreams.a.headers", ""),
    "relative ledger": ('[storage]\npath = "ledger.db"\n', 2, "storage.path", ""),
    "least above most": (
        "[limits]\nleast_answer_tokens = 5000\nfirst_slice_tokens = 9000\n",
        2,
        "limits.least_answer_tokens",
        "",
    ),
    "no TOML": ("[server]\nport = \n", 2, "", ""),
    "an unfinished text": ('[server]\nhost = "127\n', 2, "", ""),
    "the same table twice": ("[server]\nport = 1\n\n[server]\nport = 2\n", 4, "", ""),
    "the same key twice": ("[server]\nport = 1\nport = 2\n", 3, "", ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_kind_of_problem_is_said_with_its_place(name: str) -> None:
    text, line, key, nearest = BROKEN[name]
    (problem,) = problems(text)
    assert (problem.line, problem.key, problem.nearest) == (line, key, nearest)
    assert problem.file == str(FILE)
    assert str(problem).startswith(f"{FILE}, line {line}")
    assert str(problem).endswith((".", "?"))
    assert "\n" not in str(problem)


def test_every_problem_is_reported_at_once_in_the_order_of_the_file() -> None:
    found = problems(
        """
[server]
port = "x"
hots = 1

[upstreams.main]
kind = "openai_compatibel"
secret = "sk-live-0123456789"

[caps.a]
usd = 5.0

[aliases.f]
routes = ["mian/m"]
"""
    )
    assert [(problem.line, problem.key) for problem in found] == [
        (3, "server.port"),
        (4, "server.hots"),
        (7, "upstreams.main.kind"),
        (8, "upstreams.main.secret"),
        (10, "caps.a.every"),
        (11, "caps.a.usd"),
        (14, "aliases.f.routes"),
    ]


def test_a_syntax_error_has_line_and_column() -> None:
    (problem,) = problems("[server]\nport = = 5\n")
    assert (problem.line, problem.column) == (2, 8)


def test_what_is_no_text_is_said_with_its_line() -> None:
    with pytest.raises(BrokenConfig) as broken:
        parse(b'[server]\nhost = "\xff"\n', FILE, environ={})
    assert broken.value.problems[0].line == 2


def test_deep_nesting_is_a_problem_and_no_crash() -> None:
    (problem,) = problems("a = " + "[" * 50_000)
    assert "no TOML" in problem.sentence


SECRETS = ("sk-canary0123456789abcdefCANARY", "bk-canary0123456789abcdefCANARY")


@pytest.mark.parametrize("canary", SECRETS)
@pytest.mark.parametrize(
    "text",
    [
        'kind = "openai"\nsecret = "{}"',
        'kind = "openai"\nsecret = "keyring {}"',
        'kind = "openai"\nsecret = "env:{}"',
        'kind = "openai"\napi_key = "{}"',
        'kind = "{}"',
        'kind = "openai"\nheaders = {{ Authorization = "Bearer {}" }}',
        'kind = "openai"\nheaders = {{ X-Title = "Bearer {}\\n" }}',
        'kind = "openai"\nbase_url = "https://user:{}@api.example.com/v1"',
        'kind = "openai"\nbase_url = "https://api.example.com/v1?key={}"',
        'kind = "openai"\nprice_factor = "{}"',
        'kind = "openai"\nsecret = {}',
    ],
)
def test_no_problem_shows_a_secret(canary: str, text: str) -> None:
    for problem in problems("[upstreams.main]\n" + text.format(canary)):
        assert "canary" not in repr(problem).lower() + str(problem).lower()


def test_nothing_in_a_problem_acts_on_a_terminal() -> None:
    with pytest.raises(BrokenConfig) as broken:
        parse(b'["\\u001b]52;c;aGk=\\u0007"]\n[server]\nhost = "\\u202e"\n', Path("/home/\x1b[2J"), environ={})
    assert not set(str(broken.value)) & set("\x1b\x07\u202e")


def test_allowed_but_worth_knowing() -> None:
    config = read('[upstreams.a]\nkind = "openai"\n[server]\nhost = "::"\nallow_remote = true\n')
    assert [word in note for word, note in zip(("without a key", "No cap", "listens"), config.notes, strict=True)]
    assert len(config.notes) == 3
