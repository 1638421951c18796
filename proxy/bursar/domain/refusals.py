"""Refusals: every reason to say no, with its HTTP status, its code, and whether the next route may be tried.

Error types and codes follow OpenAI's error object; what upstreams mean by theirs is read in
`upstreams/classify.py`.
"""

from collections.abc import Mapping


class Refusal(Exception):
    """A reason to say no to a call.

    `message` is one sentence that a person can act on. `detail` goes into the body's `bursar`
    object. `retry_after_s` is whole seconds, at most 60, or None.
    """

    status: int = 500
    code: str = "internal_error"
    type: str = "invalid_request_error"
    next_route: bool = False
    may_retry: bool = False
    """Whether the same request may succeed if the client simply sends it again."""

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        detail: dict[str, object] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.detail = detail or {}
        self.retry_after_s = retry_after_s

    def let_go(self) -> None:
        """Let go of the frames it came through. They hold what had been received, which is large at times, and
        among it often the refusal itself: a circle that would keep all of it until the collector's next round."""
        self.__traceback__ = self.__context__ = self.__cause__ = None


# --- the caller's request -----------------------------------------------------------------------


class BadRequest(Refusal):
    """The request itself is wrong."""

    status, code = 400, "invalid_request"


class MissingParameter(BadRequest):
    """A field that must be there is not."""

    code = "missing_parameter"


class InvalidParameter(BadRequest):
    """A field has a value that cannot be."""

    code = "invalid_parameter"


class BodyTooLarge(BadRequest):
    """The body is above the configured limit."""

    status, code = 413, "request_too_large"


class BodyTooSlow(BadRequest):
    """The body did not arrive in time."""

    status, code = 408, "request_timeout"


class UnsupportedBody(BadRequest):
    """The content type or encoding is none that we read."""

    status, code = 415, "unsupported_media_type"


class UnknownModel(Refusal):
    """No alias or route has this name."""

    status, code = 404, "model_not_found"


class UnknownEndpoint(Refusal):
    """No such path."""

    status, code = 404, "endpoint_not_found"


class WrongMethod(Refusal):
    """The path exists, the method does not."""

    status, code = 405, "method_not_allowed"


# --- who asks -----------------------------------------------------------------------------------


class Unauthenticated(Refusal):
    """No key of ours was presented."""

    status, code, type = 401, "invalid_api_key", "authentication_error"


class MissingKey(Unauthenticated):
    """No key at all was presented."""

    code = "missing_api_key"


class ExpiredKey(Unauthenticated):
    """The key was ours, and its time is over."""

    code = "expired_api_key"


class Forbidden(Refusal):
    """The key may not do this."""

    status, code, type = 403, "access_denied", "permission_error"


class ModelDenied(Forbidden):
    """The key may not use this model."""

    code = "model_access_denied"


class ProjectDenied(Forbidden):
    """The key is of another project."""

    code = "project_not_allowed"


class AddressDenied(Forbidden):
    """The key may not be used from there."""

    code = "ip_not_allowed"


class RateLimited(Refusal):
    """A rate of the key is used up, or too many of its calls run: `headers` say which, and when there is room."""

    status, code, type, may_retry = 429, "rate_limit_exceeded", "rate_limit_error", True

    def __init__(
        self,
        message: str,
        *,
        detail: dict[str, object] | None = None,
        retry_after_s: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, detail=detail, retry_after_s=retry_after_s)
        self.headers = headers or {}


class AboveRate(Refusal):
    """One prompt is longer than what a rate of tokens gives in a whole window: waiting does not help."""

    status, code = 413, "request_too_large"


class WrongKeys(RateLimited):
    """Too many wrong keys came from one address. A right one is never refused for that."""

    may_retry = False


class ForeignRequest(Forbidden):
    """The request comes from a web page."""

    code = "foreign_origin"


class ForeignHost(Forbidden):
    """The request is for another host (RFC 9110, 15.5.20)."""

    status, code = 421, "foreign_host"


# --- commands at the local door -----------------------------------------------------------------


class NameTaken(Refusal):
    """Something else has this name."""

    status, code = 409, "name_taken"


class UnknownKey(Refusal):
    """No client key has this name."""

    status, code = 404, "key_not_found"


class UnknownUpstream(Refusal):
    """No upstream has this name."""

    status, code = 404, "upstream_not_found"


class SecretNotKept(Refusal):
    """A key cannot be kept in the place that the configuration names, or that place cannot be opened."""

    status, code = 409, "secret_not_kept"


class SecretsShut(SecretNotKept):
    """The sealed file needs its passphrase first."""

    code = "sealed_shut"


class UnknownExchange(Refusal):
    """No record of such an exchange is kept."""

    status, code = 404, "exchange_not_found"


class UnknownContent(UnknownExchange):
    """No content of such an exchange is kept."""

    code = "content_not_found"


class ContentNotDeleted(Refusal):
    """The disk does not let kept content be deleted."""

    status, code = 500, "content_not_deleted"


class MatchRequired(Refusal):
    """A write does not say which version it is meant for (RFC 6585, 3)."""

    status, code = 428, "if_match_required"


class ConfigurationChanged(Refusal):
    """The configuration is another than the one that a write was meant for (RFC 9110, 15.5.13)."""

    status, code = 412, "configuration_changed"


class BrokenConfiguration(Refusal):
    """The configuration would have problems; all of them are in `detail`, under `problems`."""

    status, code = 422, "configuration_broken"


class ImpossibleEdit(Refusal):
    """A key cannot be set or removed, or the file cannot be written."""

    status, code = 422, "edit_impossible"


class UnknownAccount(Refusal):
    """No account, raise or hold in doubt is of this name or number."""

    status, code = 404, "account_not_found"


# --- money --------------------------------------------------------------------------------------


class OverBudget(Refusal):
    """An account cannot bear the call. Another route may cost less, so the next may be tried."""

    status, code, next_route = 402, "budget_exceeded", True


class QuotaExceeded(OverBudget):
    """A plan's quota is used up, and nothing else may pay."""

    code = "quota_exceeded"


class InsufficientBalance(OverBudget):
    """A wallet has not enough left."""

    code = "insufficient_balance"


class SubscriptionExpired(OverBudget):
    """A plan is suspended, expired or cancelled."""

    code = "subscription_expired"


class UnknownPrice(Refusal):
    """A dollar account applies and the route has no price: never free."""

    status, code, next_route = 402, "unknown_price", True


class LedgerUnavailable(Refusal):
    """The store cannot take a hold: nothing is sent upstream."""

    status, code, type, may_retry = 503, "ledger_unavailable", "api_error", True


# --- the upstream -------------------------------------------------------------------------------


class UpstreamRefusal(Refusal):
    """An upstream said no or nothing.

    `charged` says whether it may have worked for it all the same, `transient` whether the same route may
    well take the same request at once. `asked_s` is how long it asked to be left alone, however long that is.
    """

    status, code, type, next_route = 502, "upstream_error", "upstream_error", True
    charged: bool = False
    transient: bool = False
    asked_s: int | None = None


class UpstreamUnreachable(UpstreamRefusal):
    """No connection came about."""

    code, may_retry, transient = "upstream_unreachable", True, True


class UpstreamTimeout(UpstreamRefusal):
    """The upstream took the request and stayed silent."""

    status, code, may_retry, charged = 504, "upstream_timeout", True, True


class UpstreamBroke(UpstreamRefusal):
    """The connection ended, or what came was no answer."""

    code, may_retry, charged, transient = "upstream_broken", True, True, True


class UpstreamOverloaded(UpstreamRefusal):
    """5xx and the like."""

    status, code, may_retry, transient = 503, "model_overloaded", True, True


class UpstreamSlowDown(UpstreamRefusal):
    """429: the next route now; this one after its time."""

    status, code, type, may_retry = 429, "rate_limit_exceeded", "rate_limit_error", True


class UpstreamExhausted(UpstreamRefusal):
    """The upstream's own wallet or quota is empty."""

    status, code, type = 402, "insufficient_balance", "invalid_request_error"


class UpstreamKeyRefused(UpstreamRefusal):
    """The upstream does not accept our credentials: 502, so that nobody replaces the local key."""

    code = "upstream_auth"


class UpstreamKeyMissing(UpstreamKeyRefused):
    """We have no credentials for the upstream as things are: their place is locked, shut or empty."""

    code = "upstream_key_missing"


class UpstreamBlocked(UpstreamRefusal):
    """The vendor's edge refused us."""

    code = "upstream_blocked"


class UpstreamUnknownModel(UpstreamRefusal):
    """The upstream does not have the model."""

    status, code, type = 404, "model_not_found", "invalid_request_error"


class NotContinued(Refusal):
    """A route does not go on with an answer that was cut, where the client's text ends."""

    status, code, type, next_route = 502, "answer_not_continued", "upstream_error", True


class CallerFault(UpstreamRefusal):
    """The upstream finds the request at fault: handed on as it is, never routed around."""

    status, code, type, next_route = 400, "invalid_request", "invalid_request_error", False

    def __init__(self, message: str, *, status: int, code: str, type: str, param: str | None = None) -> None:  # noqa: A002 - the error object's own word
        super().__init__(message, param=param)
        self.status, self.code, self.type = status, code, type


class ContextTooLong(CallerFault):
    """The request does not fit the model's window: a larger window may take it.

    `window` is the model's window in tokens, where the upstream said so.
    """

    next_route = True
    window: int | None = None


class ContentRefused(CallerFault):
    """The vendor's content filter refuses the request: handed on, and never routed around."""
