"""The configuration as frozen dataclasses: each setting with its type, its default and one line of meaning.

A setting's meaning stands beside it, and `config.example.toml` repeats it; a test compares the two.
Amounts are integers of nano-dollars and factors integers in millionths, as everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bursar.config import values as v
from bursar.config.alerting import AlertSettings
from bursar.config.base_url import base_url
from bursar.config.payers import PlanSettings, WalletSettings
from bursar.config.setting import optional, required, setting
from bursar.domain.account import Account, AccountKind, Unit
from bursar.domain.exchange import Price
from bursar.domain.money import FACTOR_ONE
from bursar.domain.recurrence import Recurrence
from bursar.domain.route import Continue, ModelAlias, Route
from bursar.domain.secret_reference import NO_SECRET, SecretReference


class Kind(StrEnum):
    """The kinds of upstream, in the words of the configuration."""

    OPENAI_COMPATIBLE = "openai_compatible"
    APERTIS = "apertis"
    APORTO = "aporto"
    OPENROUTER = "openrouter"
    OPENAI = "openai"
    OLLAMA = "ollama"
    LMSTUDIO = "lmstudio"


DEFAULT_URLS: Mapping[Kind, str] = {
    Kind.APERTIS: "https://api.apertis.ai/v1",
    Kind.APORTO: "https://api.aporto.tech/v1",
    Kind.OPENAI: "https://api.openai.com/v1",
    Kind.OPENROUTER: "https://openrouter.ai/api/v1",
    Kind.OLLAMA: "http://127.0.0.1:11434/v1",
    Kind.LMSTUDIO: "http://127.0.0.1:1234/v1",
}
"""Where the kinds are that have an address of their own."""

LOCAL_KINDS = frozenset({Kind.OLLAMA, Kind.LMSTUDIO})
"""The kinds that run on this machine, where nothing costs anything."""


class Durability(StrEnum):
    """How soon a committed fact is safe from a power cut."""

    NORMAL = "normal"
    FULL = "full"


class LogLevel(StrEnum):
    """The least important line that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Free(StrEnum):
    """The only word that may stand in place of prices."""

    FREE = "free"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """`[server]`: the public door."""

    host: str = setting("127.0.0.1", v.host, "The address to listen on.", at_start=True)
    port: int = setting(4141, v.whole(0, 65535), "The port to listen on; 0 takes a free one.", at_start=True)
    allow_remote: bool = setting(
        False, v.truth, "Whether other machines may be let in; without it only an address of this machine is accepted."
    )
    allowed_hosts: tuple[str, ...] = setting(
        (), v.host_names, "Names, beside those of this machine, under which clients may ask for the proxy."
    )
    zone: str = setting("local", v.zone, 'The time zone in which days begin: "local" or an IANA name.', at_start=True)
    body_limit_mib: int = setting(32, v.whole(1, 1024), "The largest request body, in MiB.")
    header_s: float = setting(10.0, v.seconds(1, 300), "How long a client may take to send its headers.", at_start=True)
    body_s: float = setting(20.0, v.seconds(1, 3600), "How long a client may pause while it sends its body.")
    idle_s: float = setting(15.0, v.seconds(1, 3600), "How long a connection without a request is kept.", at_start=True)
    max_connections: int = setting(512, v.whole(1, 65535), "How many connections are served at once.", at_start=True)
    drain_s: float = setting(
        30.0, v.seconds(0, 3600), "How long running calls may go on once the proxy is told to stop."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """`[limits]`: how long and how much one call may take."""

    connect_s: float = setting(5.0, v.seconds(0.1, 300), "How long a connection to an upstream may take.")
    first_event_s: float = setting(120.0, v.seconds(1, 3600), "How long an upstream may take to begin its answer.")
    stall_s: float = setting(120.0, v.seconds(1, 3600), "How long an answer may be silent once it has begun.")
    progress_s: float = setting(
        300.0, v.seconds(1, 3600), "How long an answer may go on without anything of use in it."
    )
    total_s: float = setting(1800.0, v.seconds(1, 86_400), "How long one answer may take in all.")
    comment_s: float = setting(15.0, v.seconds(1, 300), "After how much silence a waiting client is sent a comment.")
    late_usage_s: float = setting(2.0, v.seconds(0, 60), "How long usage is awaited after the end of an answer.")
    line_mib: int = setting(16, v.whole(1, 256), "The longest line of an answer, in MiB.")
    retry_after_s: float = setting(5.0, v.seconds(0, 60), "The longest wait for an upstream that is the only one left.")
    cool_down_s: float = setting(300.0, v.seconds(1, 86_400), "The longest time for which an upstream is left alone.")
    max_attempts: int = setting(4, v.whole(1, 32), "How many routes are tried for one call at most.")
    first_slice_tokens: int = setting(
        1000, v.whole(1, 1_000_000), "How much of a streamed answer without a limit is held at first, in tokens."
    )
    answer_tokens: int = setting(
        4096,
        v.whole(1, 10_000_000),
        "The limit set for a plain answer without one, where the model's own is not known.",
    )
    least_answer_tokens: int = setting(64, v.whole(1, 1_000_000), "The shortest answer worth a call, in tokens.")


@dataclass(frozen=True, slots=True)
class Times:
    """How long an upstream may take, in seconds, as `[limits]` and the upstream's own table say together."""

    connect_s: float
    first_event_s: float
    stall_s: float
    progress_s: float
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSettings:
    """`[upstreams.NAME]`: a vendor endpoint with its credentials."""

    name: str
    kind: Kind = required(
        v.one_of(Kind),
        "What speaks there: openai_compatible, apertis, aporto, openrouter, openai, ollama or lmstudio.",
    )
    base_url: str = setting(
        "", base_url, "Where it is; needed for openai_compatible. The host alone will do, as will a whole address."
    )
    secret: SecretReference = setting(
        NO_SECRET,
        v.secret,
        'Where its key is: "keyring:NAME", "sealed:NAME", "env:NAME", "file:PATH" or "none".',
    )
    free: bool | None = optional(
        v.truth, "Whether nothing there costs anything; true for ollama and lmstudio unless said otherwise."
    )
    price_factor: int = setting(
        FACTOR_ONE, v.factor, "What its prices are multiplied by, as text: 0.7 is 30 % below list."
    )
    price_factors: tuple[tuple[str, int], ...] = setting(
        (), v.factors, "The same for some models only; the first name that fits counts, in place of price_factor."
    )
    windows: tuple[tuple[str, int], ...] = setting(
        (), v.token_counts, "The context windows of its models in tokens, where it does not list them; * fits any."
    )
    output_limits: tuple[tuple[str, int], ...] = setting(
        (), v.token_counts, "The longest answers of its models in tokens; a request for more is lowered to that."
    )
    provider: str = setting("", v.text, "The vendor's name in the price table, where the models' names do not tell it.")
    user_agent: str = setting("", v.text, "The User-Agent sent to it, in place of ours.")
    headers: tuple[tuple[str, str], ...] = setting((), v.headers, "Headers sent along; none that carries a secret.")
    connect_s: float | None = optional(v.seconds(0.1, 300), "As in [limits], for this upstream alone.")
    first_event_s: float | None = optional(v.seconds(1, 3600), "As in [limits], for this upstream alone.")
    stall_s: float | None = optional(v.seconds(1, 3600), "As in [limits], for this upstream alone.")
    progress_s: float | None = optional(v.seconds(1, 3600), "As in [limits], for this upstream alone.")
    total_s: float | None = optional(v.seconds(1, 86_400), "As in [limits], for this upstream alone.")

    @property
    def is_free(self) -> bool:
        """Whether its calls are counted, but cost nothing."""
        return self.kind in LOCAL_KINDS if self.free is None else self.free


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasSettings:
    """`[aliases.NAME]`: a name that clients ask for."""

    name: str
    routes: tuple[Route, ...] = required(
        v.routes, "Where its calls go, in the order to try: upstream/model; a retry is a route listed twice."
    )
    continue_: Continue = setting(
        Continue.OFF,
        v.one_of(Continue),
        'How an answer that is cut while it streams goes on at the next route: "off", "verify" or "prefill".',
    )

    def alias(self) -> ModelAlias:
        """The alias that the table describes."""
        return ModelAlias(self.name, self.routes, self.continue_)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSettings:
    """`[prices."upstream/model"]` or `[prices."model"]`: what it costs, in dollars per million tokens; * fits any."""

    name: str
    input: int | None = optional(v.usd, "Tokens that the model reads.")
    output: int | None = optional(v.usd, "Tokens that it writes.")
    cached_input: int | None = optional(v.usd, "Of those read, the ones it had in its cache; else they cost as input.")
    cache_write: int | None = optional(v.usd, "Of those read, the ones it put into its cache; else they cost as input.")
    cache_write_1h: int | None = optional(
        v.usd, "Of those, the ones it keeps for an hour; else they cost as cache_write."
    )
    reasoning: int | None = optional(v.usd, "Of those written, the ones it thought with; else they cost as output.")
    audio_input: int | None = optional(v.usd, "Of those read, the ones that were sound; else they cost as input.")
    audio_output: int | None = optional(v.usd, "Of those written, the ones that were sound; else they cost as output.")
    image_input: int | None = optional(v.usd, "Of those read, the ones that were images; else they cost as input.")
    image_output: int | None = optional(v.usd, "Of those written, the ones that were images; else they cost as output.")
    request: int = setting(0, v.usd, "Each request, whatever its tokens, in US dollars.")
    free: bool = setting(False, v.truth, "Whether the model costs nothing; no other price is then stated.")
    price: Free | None = optional(v.one_of(Free), 'The same in other words: "free".')

    @property
    def has_amounts(self) -> bool:
        """Whether any price is stated."""
        return any(each is not None for each in (self.input, self.output, *self._parts)) or self.request > 0

    @property
    def _parts(self) -> tuple[int | None, ...]:
        cached = (self.cached_input, self.cache_write, self.cache_write_1h)
        return (*cached, self.reasoning, self.audio_input, self.audio_output, self.image_input, self.image_output)

    @property
    def is_free(self) -> bool:
        """Whether the model costs nothing."""
        return self.free or self.price is not None

    def as_price(self) -> Price:
        """The price that the table states, before any upstream's factor."""
        return Price(
            input=self.input or 0,
            output=self.output or 0,
            cached_input=self.cached_input,
            cache_write=self.cache_write,
            reasoning=self.reasoning,
            audio_input=self.audio_input,
            audio_output=self.audio_output,
            cache_write_1h=self.cache_write_1h,
            image_input=self.image_input,
            image_output=self.image_output,
            request=self.request,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CapSettings:
    """`[caps.NAME]`: an account that the user grants each cycle. Without a scope it is for everything."""

    name: str
    key: str = setting("", v.some_text, "The client key that it is for.")
    project: str = setting("", v.some_text, "The project that it is for.")
    upstream: str = setting("", v.some_text, "The upstream that it is for.")
    model: str = setting("", v.model_glob, "The model or alias that it is for; * and ? may stand for other characters.")
    usd: int | None = optional(v.usd, "What may be spent, in US dollars, as text; 0 refuses everything.")
    tokens: int | None = optional(v.whole(0, 10**15), "How many tokens may be used, in place of usd.")
    requests: int | None = optional(v.whole(0, 10**12), "How many requests may be made, in place of usd.")
    every: Recurrence = required(
        v.recurrence, "When it starts afresh: each hour, day, week or month, or never (total); or as a plan's."
    )

    @property
    def scope(self) -> str:
        """What it is for, in words."""
        named = (("key", self.key), ("project", self.project), ("upstream", self.upstream), ("model", self.model))
        return next((f"{what} {name}" for what, name in named if name), "everything")

    def account(self) -> Account:
        """The account that the table describes; its id is `cap:NAME`."""
        limits = ((Unit.NANO_DOLLARS, self.usd), (Unit.TOKENS, self.tokens), (Unit.REQUESTS, self.requests))
        unit, limit = next((unit, limit) for unit, limit in limits if limit is not None)
        every, anchor = self.every.every, self.every.anchor
        return Account(f"cap:{self.name}", AccountKind.CAP, self.name, unit, every, limit, self.scope, anchor)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """`[storage]`: where the ledger is kept."""

    path: str = setting(
        "", v.whole_path, "The ledger's file; where empty, it is in this user's data folder.", at_start=True
    )
    durability: Durability = setting(
        Durability.NORMAL,
        v.one_of(Durability),
        'How soon a fact is safe from a power cut: "full" costs speed.',
        at_start=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """`[retention]`: how long records are kept. Sums by day are kept for ever, and so are balances."""

    months: int = setting(2, v.whole(1, 600), "For how many months each call's record is kept.")
    backups: int = setting(7, v.whole(0, 366), "How many daily backups of the ledger are kept; 0: none are made.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentSettings:
    """`[content]`: prompts and answers, of which nothing is kept but for keys that say so (`--keep-content`)."""

    days: int = setting(14, v.whole(1, 3650), "For how many days the text of such a key's prompts and answers is kept.")
    media_days: int = setting(
        14, v.whole(0, 3650), "The same for the images, sound and files in them; 0: they are not kept."
    )
    max_mib: int = setting(256, v.whole(1, 1_048_576), "How much all of it may take, in MiB; the oldest gives way.")
    text_kib: int = setting(
        1024, v.whole(1, 65_536), "How much text of one prompt, and of one answer, is kept at most, in KiB."
    )
    media_mib: int = setting(
        8, v.whole(0, 1024), "How much of the images, sound and files of one call is kept at most, in MiB."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverySettings:
    """`[discovery]`: what is found out in the background, and never waited for."""

    models: bool = setting(True, v.truth, "Whether upstreams are asked which models they list.")
    every_s: float = setting(900.0, v.seconds(1, 86_400), "How often they are asked.")
    ollama: str = setting(
        "http://127.0.0.1:11434/v1",
        v.local_url,
        "Where an Ollama on this machine is looked for, to become an upstream by itself; empty: nowhere.",
    )
    lmstudio: str = setting("http://127.0.0.1:1234/v1", v.local_url, "The same for LM Studio.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """`[log]`: what the proxy says of itself. Prompts, answers and secrets are never in it."""

    level: LogLevel = setting(LogLevel.INFO, v.one_of(LogLevel), "The least important line that is written.")
    mib: int = setting(
        5, v.whole(0, 1024), "How large one file of the log may become, in MiB; 0: lines go to standard error alone."
    )
    files: int = setting(5, v.whole(2, 100), "How many such files there are; the oldest gives way.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One configuration, whole and checked. Tables of names keep the order of the file.

    `digest` is the SHA-256 of the file's bytes in hex, empty where there is no file. `notes` are
    sentences on what is allowed, but worth knowing.
    """

    server: ServerSettings = ServerSettings()
    limits: LimitSettings = LimitSettings()
    upstreams: Mapping[str, UpstreamSettings] = field(default_factory=dict)
    aliases: Mapping[str, AliasSettings] = field(default_factory=dict)
    prices: Mapping[str, PriceSettings] = field(default_factory=dict)
    caps: Mapping[str, CapSettings] = field(default_factory=dict)
    plans: Mapping[str, PlanSettings] = field(default_factory=dict)
    wallets: Mapping[str, WalletSettings] = field(default_factory=dict)
    storage: StorageSettings = StorageSettings()
    retention: RetentionSettings = RetentionSettings()
    content: ContentSettings = ContentSettings()
    discovery: DiscoverySettings = DiscoverySettings()
    alerts: AlertSettings = AlertSettings()
    log: LogSettings = LogSettings()
    found: frozenset[str] = frozenset()
    """The upstreams that no file states: they were found running on this machine."""
    file: Path = Path()
    digest: str = ""
    notes: tuple[str, ...] = ()

    def times(self, upstream: str) -> Times:
        """How long an upstream may take: its own times, else those of `[limits]`. Raises KeyError."""
        own, common = self.upstreams[upstream], self.limits

        def either(here: float | None, there: float) -> float:
            return there if here is None else here

        return Times(
            either(own.connect_s, common.connect_s),
            either(own.first_event_s, common.first_event_s),
            either(own.stall_s, common.stall_s),
            either(own.progress_s, common.progress_s),
            either(own.total_s, common.total_s),
        )


TABLES: Mapping[str, type] = {
    "server": ServerSettings,
    "limits": LimitSettings,
    "storage": StorageSettings,
    "retention": RetentionSettings,
    "content": ContentSettings,
    "discovery": DiscoverySettings,
    "alerts": AlertSettings,
    "log": LogSettings,
}
"""The tables that are there once."""

NAMED_TABLES: Mapping[str, type] = {
    "upstreams": UpstreamSettings,
    "aliases": AliasSettings,
    "prices": PriceSettings,
    "caps": CapSettings,
    "plans": PlanSettings,
    "wallets": WalletSettings,
}
"""The tables of which there is one for each name."""
