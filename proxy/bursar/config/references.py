"""References: every place of a configuration that names a secret, whose it is, and which secret."""

from collections.abc import Iterator
from dataclasses import dataclass

from bursar.config.lines import Key
from bursar.config.schema import Config
from bursar.domain.secret_reference import SecretForm, SecretReference


@dataclass(frozen=True, slots=True)
class Use:
    """One of them: `who` in words, and where in the file it stands."""

    reference: SecretReference
    who: str
    key: Key


def uses(config: Config) -> Iterator[Use]:
    """All of them, in the order of the file's sections; none of what names no secret."""
    for upstream in config.upstreams.values():
        if upstream.secret.form is not SecretForm.NONE:
            yield Use(upstream.secret, f"upstream {upstream.name}", ("upstreams", upstream.name, "secret"))
    for plan in config.plans.values():
        if plan.secret is not None and plan.secret.form is not SecretForm.NONE:
            yield Use(plan.secret, f"plan {plan.name}", ("plans", plan.name, "secret"))
    if config.alerts.webhook_secret.form is not SecretForm.NONE:
        yield Use(config.alerts.webhook_secret, "the alerts' webhook", ("alerts", "webhook_secret"))


def named(config: Config, name: str) -> SecretReference | None:
    """The secret that a person means by a name: that of the upstream, else the one secret of that name.

    A secret is named in full (`sealed:main`), or by what comes after the colon where only one has that name.
    """
    upstream = config.upstreams.get(name)
    if upstream is not None and upstream.secret.form is not SecretForm.NONE:
        return upstream.secret
    found = {use.reference for use in uses(config) if use.reference.name == name}
    return found.pop() if len(found) == 1 else None
