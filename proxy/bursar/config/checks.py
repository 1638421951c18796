"""Checks of a configuration as a whole: what is wrong only together with something else."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from bursar.config.base_url import is_loopback, is_near, is_this_machine
from bursar.config.crossed import Crossed
from bursar.config.lines import Key
from bursar.config.plan_checks import check_plan, check_wallet
from bursar.config.problems import nearest_of
from bursar.config.schema import CapSettings, Config, PriceSettings, UpstreamSettings
from bursar.domain.route import ASKED, Continue
from bursar.domain.secret_reference import NO_SECRET

_HTTP_PORTS = {"http": 80, "https": 443}


def check_all(config: Config, upstreams: set[str]) -> Iterator[Crossed]:
    """Everything that is wrong across tables. `upstreams` are all names the file has, the broken ones too."""
    yield from _server(config)
    for upstream in config.upstreams.values():
        yield from _upstream(config, upstream)
    for alias in config.aliases.values():
        for place, route in enumerate(alias.routes, 1):
            if route.upstream not in upstreams:
                key = ("aliases", alias.name, "routes")
                yield _no_upstream(key, f'route {place} of the alias "{alias.name}"', route.upstream, upstreams)
            if ASKED in route.model and not alias.alias().is_glob:
                yield Crossed(
                    ("aliases", alias.name, "routes"),
                    f'route {place} of the alias "{alias.name}" has a * for the name that was asked for, '
                    "but the alias's own name has none.",
                    str(route),
                )
    for price in config.prices.values():
        yield from _price(price)
    for cap in config.caps.values():
        yield from _cap(cap, upstreams)
    for plan in config.plans.values():
        if plan.upstream not in upstreams:
            yield _no_upstream(("plans", plan.name, "upstream"), f'the plan "{plan.name}"', plan.upstream, upstreams)
        yield from check_plan(config, plan)
    for wallet in config.wallets.values():
        if wallet.upstream not in upstreams:
            key = ("wallets", wallet.name, "upstream")
            yield _no_upstream(key, f'the wallet "{wallet.name}"', wallet.upstream, upstreams)
        yield from check_wallet(config, wallet)


def notes_on(config: Config) -> Iterator[str]:
    """What is allowed, but worth knowing, a sentence each."""
    for upstream in config.upstreams.values():
        host = urlsplit(upstream.base_url).hostname or ""
        if upstream.secret == NO_SECRET and not is_near(host):
            yield f'The upstream "{upstream.name}" is asked without a key, since it names no secret.'
    for alias in config.aliases.values():
        if alias.continue_ is not Continue.OFF and len(alias.routes) == 1 and not alias.alias().is_glob:
            yield f'The alias "{alias.name}" has one route, so a cut answer has nowhere to go on.'
    bounded = {each.upstream for each in config.wallets.values()} | {each.upstream for each in config.plans.values()}
    paid = [each for each in config.upstreams.values() if not each.is_free and each.name not in bounded]
    if paid and not any(cap.usd is not None for cap in config.caps.values()):
        yield "No cap in dollars is set, so nothing limits what is spent: bursar cap set daily 5usd/day"
    if not is_loopback(config.server.host):
        yield f"The proxy listens on {config.server.host}, where other machines may reach it."


def _server(config: Config) -> Iterator[Crossed]:
    server, limits = config.server, config.limits
    if not is_loopback(server.host) and not server.allow_remote:
        yield Crossed(
            ("server", "host"),
            f'server.host "{server.host}" lets other machines in; if you mean it, add allow_remote = true to [server].',
            server.host,
        )
    for name in ("first_slice_tokens", "answer_tokens"):
        if limits.least_answer_tokens > getattr(limits, name):
            yield Crossed(
                ("limits", "least_answer_tokens"), f"limits.least_answer_tokens must not be above limits.{name}."
            )


def _upstream(config: Config, upstream: UpstreamSettings) -> Iterator[Crossed]:
    key = ("upstreams", upstream.name, "base_url")
    url = urlsplit(upstream.base_url)
    host, port = url.hostname or "", url.port or _HTTP_PORTS.get(url.scheme)
    if not host:
        return
    if port == config.server.port and is_this_machine(host, config.server.host):
        yield Crossed(
            key, f'the upstream "{upstream.name}" leads back to this proxy itself (port {port}).', upstream.base_url
        )
    if url.scheme == "http" and not is_near(host) and upstream.secret != NO_SECRET:
        yield Crossed(
            key,
            f'the upstream "{upstream.name}" would be sent its key unencrypted over the internet; write https://.',
            upstream.base_url,
        )


def _price(price: PriceSettings) -> Iterator[Crossed]:
    key = ("prices", price.name)
    if price.is_free and price.has_amounts:
        yield Crossed(key, f'the price of "{price.name}" is free and has amounts too; only one of both can be.')
    elif not price.is_free and (price.input is None) != (price.output is None):
        there, missing = ("input", "output") if price.output is None else ("output", "input")
        yield Crossed(
            key, f'the price of "{price.name}" has {there}, but no {missing}; write {missing} = "0" if that is meant.'
        )
    elif not price.is_free and price.input is None and price.request == 0:
        yield Crossed(key, f'the price of "{price.name}" says nothing; write input and output, or free = true.')


def _cap(cap: CapSettings, upstreams: set[str]) -> Iterator[Crossed]:
    key = ("caps", cap.name)
    limits = [name for name in ("usd", "tokens", "requests") if getattr(cap, name) is not None]
    if len(limits) != 1:
        found = " and ".join(limits)
        yield Crossed(
            key, f'the cap "{cap.name}" must have one of usd, tokens and requests, not {found or "none"}.', found
        )
    scopes = [name for name in ("key", "project", "upstream", "model") if getattr(cap, name)]
    if len(scopes) > 1:
        found = " and ".join(scopes)
        yield Crossed(
            key, f'the cap "{cap.name}" must be for one of key, project, upstream and model, not {found}.', found
        )
    if cap.upstream and cap.upstream not in upstreams:
        yield _no_upstream((*key, "upstream"), f'the cap "{cap.name}"', cap.upstream, upstreams)


def _no_upstream(key: Key, who: str, name: str, upstreams: set[str]) -> Crossed:
    nearest = nearest_of(name, sorted(upstreams))
    if nearest:
        rest = f'did you mean "{nearest}"?'
    elif upstreams:
        rest = f"there is {', '.join(sorted(upstreams))}."
    else:
        rest = f"add a table [upstreams.{name}]."
    return Crossed(key, f'{who} names the upstream "{name}", which does not exist; {rest}', name, nearest)
