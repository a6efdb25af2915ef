"""Snake as one loop of machine code, where a C compiler is there: one pass, and no call of a slow sine.

It is a few lines that compile in a fraction of a second, once per machine, where a compiled network takes half a
minute. Without a compiler there is None, and torch's own operations do it.
"""

import ctypes
import hashlib
import math
import subprocess
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import torch
from torch import Tensor

from legato.files import replacing
from legato.work import compiler_cache

# sin(r)^2 / r^2 as a polynomial in r^2 for |r| <= pi / 2, fitted at Chebyshev nodes: off by 3e-8 at most
SIN_SQUARED = (1.0, -0.33333304, 0.04444308, -0.003172276, 0.000139286, -3.61974e-06)
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC", "-x", "c")
# x + sin(alpha x)^2 inverse; a turn is alpha x / pi, after which the square begins again.
SOURCE = """
#include <math.h>
void snake(const float *restrict x, const float *restrict turn, const float *restrict inverse, float *restrict out,
           long n_rows, long n_columns) {
  for (long row = 0; row < n_rows; row++, x += n_columns, out += n_columns)
    for (long at = 0; at < n_columns; at++) {
      float whole = x[at] * turn[at], rest = whole - rintf(whole), s = rest * rest;
      out[at] = x[at] + inverse[at] * (s * (POLYNOMIAL));
    }
}
"""
Kernel = Callable[[Tensor, Tensor, Tensor], Tensor]


@cache
def snake_kernel() -> Kernel | None:
    """What takes rows (R, L) and, for each column, alpha / pi and 1 / alpha (L,), all float32 and contiguous."""
    compiler = compiler_cache.c_compiler()
    if compiler is None:
        return None
    source = SOURCE.replace("POLYNOMIAL", _horner())
    key = hashlib.sha256(repr((source, FLAGS, compiler_cache.processor())).encode()).hexdigest()
    path = compiler_cache.folder() / f"snake-{key}.so"
    with suppress(OSError, subprocess.CalledProcessError):
        with compiler_cache.alone(path):
            if not path.exists():
                with replacing(path) as temporary:
                    command = [compiler, *FLAGS, "-o", str(temporary), "-"]
                    subprocess.run(command, input=source, text=True, check=True, capture_output=True)
        path.touch()  # pruning asks when it was used last
        return _callable(ctypes.CDLL(str(path)).snake)
    return None


def _callable(function: Callable[..., None]) -> Kernel:
    def snake(rows: Tensor, turn: Tensor, inverse: Tensor) -> Tensor:
        out = torch.empty_like(rows)
        places = [ctypes.c_void_p(tensor.data_ptr()) for tensor in (rows, turn, inverse, out)]
        function(*places, ctypes.c_long(rows.shape[0]), ctypes.c_long(rows.shape[1]))
        return out

    return snake


def _horner() -> str:
    """The polynomial for sin(pi r)^2 / r^2 in s = r^2."""
    found = ""
    for power, coefficient in reversed(list(enumerate(SIN_SQUARED))):
        number = f"{coefficient * math.pi ** (2 * power + 2):.9e}f"
        found = f"({found}) * s + {number}" if found else number
    return found
