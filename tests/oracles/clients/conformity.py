"""Whether an answer is what the SDK declares, for SDKs whose models are pydantic's."""

from __future__ import annotations

import pydantic


class Conformity:
    """Whether what the SDK read is what it declares: its own reading is lenient, its models are not."""

    def __init__(self, *, is_forgiving=False):
        """With `is_forgiving`, fields that are missing are noted, for an SDK whose own provider does not send them."""
        self.unknown_fields = set()
        self.missing_fields = set()
        self._is_forgiving = is_forgiving

    def __call__(self, value):
        """Gives `value` back, a model of the SDK; raises where a field is missing or of a wrong type."""
        try:
            type(value).model_validate(plain_of(value))
        except pydantic.ValidationError as error:
            mistakes = error.errors()
            if not self._is_forgiving or any(mistake["type"] != "missing" for mistake in mistakes):
                raise
            self.missing_fields |= {f"{type(value).__name__}: {mistake['loc'][-1]}" for mistake in mistakes}
        self._collect(value)
        return value

    def _collect(self, value):
        if isinstance(value, list):
            for item in value:
                self._collect(item)
        elif type(value).__name__.startswith(("Unknown", "Unrecognized")):
            self.unknown_fields.add(repr(value))
        elif hasattr(value, "model_fields_set"):
            extra = value.model_extra or {}
            self.unknown_fields |= {f"{type(value).__name__}.{name}" for name in extra}
            for name in value.model_fields_set - set(extra):
                self._collect(getattr(value, name))


def plain_of(model):
    """What was read into `model`, as it came."""
    if hasattr(model, "to_dict"):
        return model.to_dict(mode="python")
    return model.model_dump(by_alias=True, exclude_unset=True)


def keep_unknown_fields():
    """Makes models that drop what they do not know keep it. To be called before the SDK is imported."""
    pydantic.BaseModel.model_config["extra"] = "allow"
