"""What a client key may ask for."""

from fnmatch import fnmatchcase

from bursar.domain.client_key import ClientKey
from bursar.domain.refusals import ModelDenied, UnknownModel
from bursar.routing.router import LONGEST_MODEL


def check_model(key: ClientKey, model: str) -> None:
    """Raises UnknownModel for what is too long for a name, and is not to be told of; ModelDenied where the key is
    limited to other models."""
    if len(model) > LONGEST_MODEL:
        raise UnknownModel(f"There is no model {model[:200]!r}….", param="model")
    if key.models and not any(fnmatchcase(model, pattern) for pattern in key.models):
        allowed = ", ".join(key.models)
        raise ModelDenied(
            f'The key "{key.name}" may not use the model {model[:200]!r}; it may use: {allowed}.', param="model"
        )
