"""Conformity of responses with what the SDK declares, for SDKs whose models are pydantic's."""

from __future__ import annotations

import pydantic


class Conformity:
    """Whether what the SDK read is what it declares: its own reading is lenient, its models are not."""

    def __init__(self, forgives=()):
        """Where a field whose name is in `forgives` is missing, that is noted: its own provider does not send it."""
        self.unknown_fields = set()
        self.missing_fields = set()
        self._forgives = frozenset(forgives)

    def __call__(self, value):
        """Gives `value` back, a model of the SDK; raises where a field is missing or of a wrong type."""
        try:
            type(value).model_validate(plain_of(value))
        except pydantic.ValidationError as error:
            missing = {mistake["loc"][-1] for mistake in error.errors()}
            if any(mistake["type"] != "missing" for mistake in error.errors()) or not missing <= self._forgives:
                raise
            self.missing_fields |= {f"{type(value).__name__}: {name}" for name in missing}
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
