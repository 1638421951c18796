"""What a client key may ask for."""

from fnmatch import fnmatchcase

from bursar.domain.client_key import ClientKey
from bursar.domain.refusals import ModelDenied


def check_model(key: ClientKey, model: str) -> None:
    """Raises ModelDenied where the key is limited to other models."""
    if key.models and not any(fnmatchcase(model, pattern) for pattern in key.models):
        allowed = ", ".join(key.models)
        raise ModelDenied(
            f'The key "{key.name}" may not use the model {model[:200]!r}; it may use: {allowed}.', param="model"
        )
