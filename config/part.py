"""What every part of a written file is: a strict pydantic model whose unknown keys are refused by name."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from config.read import quoted
from config.words import nearest, wrong


class Part(BaseModel):
    """Base of every model: unknown keys are refused by name, a key without a value counts as not there."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        known = tuple(field.alias or name for name, field in cls.model_fields.items())
        for key in value:
            if key not in known:
                raise wrong(f"unknown key {quoted(key)}", nearest(str(key), known), at=key)
        return {key: item for key, item in value.items() if item is not None}
