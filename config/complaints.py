"""What pydantic found wrong, told as one `ConfigError`: the first thing in the file, with its line and a remedy."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.read import ConfigError, Document, Path, quoted

_PLAIN = {
    "dict_type": ("{what} is not a block of `key: value` lines", "indent `key: value` lines below it"),
    "model_type": ("{what} is not a block of `key: value` lines", "indent `key: value` lines below it"),
    "model_attributes_type": ("{what} is not a block of `key: value` lines", "indent `key: value` lines below it"),
    "list_type": ("{what} is not a list", "write it like `[one, two]`"),
    "int_type": ("{what} is not a whole number", "write digits only, without a zero in front"),
    "bool_type": ("{what} is neither `true` nor `false`", "write `true` or `false`, in small letters"),
    "date_type": ("{what} is not a day", "write it like `2026-12-19`, without quotes"),
    "string_type": ("{what} is not text", "put it in quotes"),
    "greater_than_equal": ("{what} is too small", "the least is `{ge}`"),
    "less_than_equal": ("{what} is too big", "the most is `{le}`"),
}


def checked[M: BaseModel](model: type[M], document: Document, at: Path = ()) -> M:
    """Return `document`'s value at `at` as `model`.

    Raises:
        ConfigError: the first thing in the file that the model refuses.
    """
    value = document.value
    for step in at:
        value = value[step]
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = error.errors(include_url=False)
    # Among errors on one line the first that pydantic found: the order of the keys in the model.
    found = [_complaint(detail, document, at) for detail in details]
    raise min(found, key=lambda complaint: complaint.line)


def _complaint(detail: ErrorDetails, document: Document, at: Path) -> ConfigError:
    where: Path = (*at, *(step for step in detail["loc"] if step != "[key]"))
    context = detail.get("ctx", {})
    if detail["type"] == "config":
        inner = context.get("at")
        return document.error((*where, inner) if inner else where, context["problem"], context["hint"])
    if detail["type"] == "missing":
        key = quoted(where[-1])
        return document.error(where[:-1], f"{key} is missing", f"add a line {quoted(f'{where[-1]}: ...')}")
    problem, hint = _PLAIN.get(detail["type"], (detail["msg"].lower() + ": {what}", ""))
    named = f"{quoted(where[-1])}: " if where and isinstance(where[-1], str) else ""
    what = quoted(detail["input"])
    return document.error(where, named + problem.replace("{what}", what), _filled(hint, context))


def _filled(hint: str, context: dict[str, Any]) -> str:
    for key, value in context.items():
        hint = hint.replace(f"{{{key}}}", str(value))
    return hint
