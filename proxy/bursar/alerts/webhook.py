"""A webhook: one POST with the alert as JSON, to the address that the user states, signed where there is a secret."""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass, field

from yarl import URL

from bursar import __version__
from bursar.alerts.way import WayFailed, message
from bursar.domain.alert import Alert
from bursar.domain.clock import Clock
from bursar.domain.refusals import Refusal, UpstreamRefusal
from bursar.secrets.secret import Secret
from bursar.upstreams.connection import Connection, Delivery, address

LONGEST_S = 10.0
_CONNECT_S = 5.0
_AS_UPSTREAM = "webhook"
_SERVERS_FAULT = 500
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where alerts go. Its host is shown, never the rest of it, which may be as good as a key.

    No redirect is followed, no proxy of the environment is asked, nothing of the answer is read but its status.
    """

    url: URL = field(repr=False)
    secret: Secret | None = field(repr=False)
    connection: Connection
    clock: Clock

    @property
    def name(self) -> str:
        return "webhook"

    @property
    def where(self) -> str:
        return f"{self.url.scheme}://{self.url.host_port_subcomponent}"

    async def send(self, alert: Alert) -> None:
        body = message(alert)
        headers = {"Content-Type": "application/json", "User-Agent": f"bursar/{__version__}", **self._signed(body)}
        try:
            async with asyncio.timeout(LONGEST_S):
                to = address("POST", self.url, headers)
                response = await self.connection.send(
                    to, body, upstream=_AS_UPSTREAM, connect_s=_CONNECT_S, delivery=Delivery()
                )
                response.close()
        except TimeoutError:
            raise WayFailed(f"{self.where} does not answer within {LONGEST_S:g} s.", again=True) from None
        except ValueError:
            raise WayFailed(f"{self.where} is no address that can be asked.") from None
        except Refusal as refusal:
            again = isinstance(refusal, UpstreamRefusal) and refusal.transient
            raise WayFailed(_of_webhook(refusal.message), again=again) from None
        if 300 <= response.status < 400:
            raise WayFailed(f"{self.where} answers with a redirect, which is not followed: state the address itself.")
        if response.status >= 400:
            again = response.status >= _SERVERS_FAULT or response.status == _TOO_MANY
            raise WayFailed(f"{self.where} answers {response.status}.", again=again)

    def _signed(self, body: bytes) -> dict[str, str]:
        """When it was sent, and the HMAC-SHA-256 of `TIMESTAMP.BODY`: so nobody can send an old alert again."""
        if self.secret is None:
            return {}
        at = str(self.clock.now_ms() // 1000)
        digest = hmac.new(self.secret.reveal().encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return {"X-Bursar-Timestamp": at, "X-Bursar-Signature": f"sha256={digest}"}


def _of_webhook(message: str) -> str:
    """What is said of upstreams, said of a webhook."""
    text = message.replace(f"upstream {_AS_UPSTREAM}", "the webhook").replace(f"Upstream {_AS_UPSTREAM}", "The webhook")
    return text.replace("check its base_url", "check alerts.webhook").replace("its base_url", "its address")
