"""`POST /v1/embeddings`: unit vectors, the same for the same input."""

from array import array
from base64 import b64encode
from hashlib import shake_256
from math import sqrt
from sys import byteorder

import msgspec

from bursar.practice.asks import EmbeddingRequest, read
from bursar.practice.chat_grammar import Event
from bursar.practice.deliver import send_whole
from bursar.practice.faults.fault import Stage
from bursar.practice.faults.table import FAULTS
from bursar.practice.inputs import Input, bytes_of, inputs_of, tokens_of_input
from bursar.practice.models import EmbeddingModel, embedding_model
from bursar.practice.refuse import bad_request, unknown_model
from bursar.practice.reply import Usage
from bursar.practice.talk import play
from bursar.practice.visit import Visit

MOST_DIMENSIONS = 4096

_decoder = msgspec.json.Decoder(EmbeddingRequest)
_encode = msgspec.json.Encoder().encode


async def embed(visit: Visit) -> None:
    """Embed each input. Raises Declined."""
    request = read(_decoder, await visit.body())
    fault = FAULTS.get(request.model)
    model = embedding_model(request.model) if fault is None else EmbeddingModel(request.model)
    if model is None:
        raise unknown_model(request.model)
    visit.serving.asks_for(request.model, model.price)
    inputs = inputs_of(request.input, "input")
    dimensions = model.dimensions if request.dimensions is None else request.dimensions
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise bad_request(f"Invalid 'dimensions': expected 1 to {MOST_DIMENSIONS}.", param="dimensions")
    if request.encoding_format not in ("float", "base64"):
        raise bad_request("Invalid 'encoding_format': expected 'float' or 'base64'.", param="encoding_format")
    tokens = sum(tokens_of_input(one, visit.state.memo) for one in inputs)
    body = _body(request, inputs, dimensions, tokens)
    if fault is not None:
        usage = Usage(tokens, 0, 0, 0)
        await play(Stage(visit, stream=False, body=body, events=(), usage=usage, usage_event=Event(b"{}")), fault)
        return
    visit.serving.accepted(tokens)
    await send_whole(visit, body, 0)


def _body(request: EmbeddingRequest, inputs: list[Input], dimensions: int, tokens: int) -> bytes:
    data = []
    for index, one in enumerate(inputs):
        vector = unit_vector(bytes_of(one), dimensions)
        embedding = list(vector) if request.encoding_format == "float" else _base64(vector)
        data.append({"object": "embedding", "index": index, "embedding": embedding})
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return _encode({"object": "list", "data": data, "model": request.model, "usage": usage})


def unit_vector(seed: bytes, dimensions: int) -> "array[float]":
    """A vector of length 1 that depends on the seed alone, in single precision."""
    numbers = array("h", shake_256(seed).digest(2 * dimensions))
    if byteorder == "big":
        numbers.byteswap()
    length = sqrt(sum(number * number for number in numbers)) or 1.0
    return array("f", [number / length for number in numbers])


def _base64(vector: "array[float]") -> str:
    """Little-endian, as OpenAI's."""
    if byteorder == "big":
        vector.byteswap()
    return b64encode(vector.tobytes()).decode()
