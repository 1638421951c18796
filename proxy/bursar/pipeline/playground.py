"""The owner's own calls: down the same line as any client's, under a client key that nobody can present."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from bursar.assembly import Assembly
from bursar.client_keys import checked_project
from bursar.contract.events import Event, Publish
from bursar.contract.playground import PLAYGROUND, Talk
from bursar.dialects.openai_chat_request import read_request
from bursar.domain.client_key import ClientKey
from bursar.domain.clock import Clock
from bursar.domain.exchange import new_exchange_id
from bursar.domain.refusals import InvalidParameter
from bursar.ledger.ledger import Ledger
from bursar.pipeline.call import Call
from bursar.pipeline.permitted import check_model
from bursar.pipeline.reply import Reply
from bursar.pipeline.serve import serve

OWNER = ClientKey(PLAYGROUND, b"", "", 0)
"""Who owns the machine asks by no key, so this one has no digest that any text could have; it is limited by
caps alone, like any other."""

_MOST_HEAT = 2.0


@dataclass(frozen=True, slots=True)
class Playground:
    """Takes calls of the local door down the line, with the Assembly in force."""

    current: Callable[[], Assembly]
    ledger: Ledger
    publish: Publish
    clock: Clock

    def call(self, talk: Talk) -> Call:
        """The call that a command makes. Raises BadRequest and its kinds."""
        if talk.temperature is not None and not 0 <= talk.temperature <= _MOST_HEAT:
            raise InvalidParameter(f"`temperature` is from 0 to {_MOST_HEAT:g}", param="temperature")
        fields: dict[str, object] = {
            "model": talk.model,
            "messages": talk.messages,
            "stream": True,
        }
        if talk.max_tokens is not None:
            fields["max_tokens"] = talk.max_tokens
        if talk.temperature is not None:
            fields["temperature"] = talk.temperature
        now_ms = self.clock.now_ms()
        request = read_request(msgspec.json.encode(fields))
        check_model(OWNER, request.model)
        return Call(new_exchange_id(now_ms), now_ms, OWNER, checked_project(talk.project), PLAYGROUND, request)

    async def serve(self, call: Call, reply: Reply, heard: Publish) -> None:
        """Take a call to its end; `heard` is told of every event of it that the line announces, as the feed is.

        Raises a Refusal where nothing was promised to the reply.
        """

        def publish(event: Event) -> None:
            self.publish(event)
            heard(event)

        await serve(call, reply, assembly=self.current(), ledger=self.ledger, publish=publish, clock=self.clock)
