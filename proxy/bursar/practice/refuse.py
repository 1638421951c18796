"""Saying no as OpenAI does: the error object, and the exception that ends in one."""

import msgspec


class Declined(Exception):
    """A request is answered with a no. `body` is the answer's JSON."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.body = body


def error_body(message: str, kind: str, code: str | None = None, param: str | None = None) -> bytes:
    """`{"error": {"message", "type", "param", "code"}}`, OpenAI's error object."""
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": param, "code": code}})


def bad_request(message: str, *, code: str | None = None, param: str | None = None) -> Declined:
    """The caller's fault: 400."""
    return Declined(400, error_body(message, "invalid_request_error", code, param))


def unknown_model(name: str) -> Declined:
    """404, in OpenAI's words."""
    message = f"The model `{name}` does not exist or you do not have access to it."
    return Declined(404, error_body(message, "invalid_request_error", "model_not_found", "model"))


def wrong_key(presented: bool) -> Declined:
    """401 for a key that is missing or not ours."""
    if presented:
        return Declined(401, error_body("Incorrect API key provided.", "authentication_error", "invalid_api_key"))
    return Declined(401, error_body("You did not provide an API key.", "authentication_error", "missing_api_key"))


def no_balance() -> Declined:
    """402 for an empty wallet, in the words of Apertis."""
    return Declined(402, error_body("Insufficient balance.", "billing_error", "insufficient_balance"))


def too_long(window: int, prompt: int, completion: int) -> Declined:
    """400 for a request that does not fit the model's window, in tokens."""
    message = (
        f"This model's maximum context length is {window} tokens. However, you requested {prompt + completion} tokens "
        f"({prompt} in the messages, {completion} in the completion)."
    )
    return bad_request(message, code="context_length_exceeded", param="messages")
