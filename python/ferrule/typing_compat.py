"""Names of `typing` that Python 3.10 lacks, for annotations that are evaluated (`typing.get_type_hints`).

Type checkers see the real ones. At run time Python 3.10 gets stand-ins, so that `typing_extensions` is not needed.
"""

from __future__ import annotations

import sys
import typing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self, TypeVar, Unpack

    T = TypeVar("T", default=Any)
    T_co = TypeVar("T_co", default=Any, covariant=True)
else:
    T = typing.TypeVar("T")
    T_co = typing.TypeVar("T_co", covariant=True)
    if sys.version_info >= (3, 11):
        from typing import Self, Unpack
    else:

        class _Unpack:
            def __class_getitem__(cls, _item: Any) -> Any:
                return Any

        Unpack = _Unpack
        Self = Any

__all__ = ["Self", "T", "T_co", "Unpack"]
