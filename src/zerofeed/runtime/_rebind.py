"""One loop, compiled for each protocol with that protocol's own function inside it.

A loop over packets is the same for every protocol but for one call. Passing the function as an
argument would make it an indirect call for each packet, and a closure over it cannot be kept in
the cache on disk, because Numba's key for a closure differs in every process. So the loop is an
ordinary function that calls a stand-in by its global name, and here a copy of it is made whose
globals have the protocol's function under that name. Its code is compiled as if it had been
written out in the protocol's module, and is cached under that module's key.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, cast

__all__ = ["rebound"]


def rebound(function: Callable[..., Any], module: str, **replaced: Any) -> Callable[..., Any]:
    """Copy a plain function, with other functions under some of its global names.

    Args:
        function: not compiled yet, and no closure.
        module: that the copy belongs to; it decides which sources its machine code depends on.
        replaced: what each global name means in the copy.

    Returns:
        The copy, not compiled either; its name has the names of what was put into it.
    """
    plain = cast("FunctionType", function)
    scope = {**plain.__globals__, **replaced}
    # Within a module the cache on disk tells functions apart by their names alone.
    name = "_with_".join([plain.__name__, *(part.__name__ for part in replaced.values())])
    copy = FunctionType(plain.__code__, scope, name, plain.__defaults__)
    copy.__module__ = module
    copy.__qualname__ = name
    copy.__doc__ = plain.__doc__
    return copy
