"""Formulas of multigraders, such as ``0.7 * f1 + 0.3 * min(exact, 1)``.

Operators and functions: Microsoft Foundry, "Reinforcement fine-tuning", section "Multigrader", 2026. Nothing
else is understood: a formula comes from a client and is never run as Python.
"""

import ast
import math
import operator
from collections.abc import Callable, Collection, Mapping

_LONGEST = 1000  # characters
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "log": math.log,
}
_SEVERAL = {"min", "max"}  # the functions of two values and more


class BadFormulaError(Exception):
    """A text is not a formula of the values there are."""


class Formula:
    """A formula, read.

    Args:
        text: with ``^`` for powers.
        names: of the values that it may speak of.

    Raises:
        BadFormulaError: it is not one.
    """

    def __init__(self, text: str, names: Collection[str]) -> None:
        if len(text) > _LONGEST or "**" in text:
            raise BadFormulaError
        try:
            self._body = ast.parse(text.strip().replace("^", "**"), mode="eval").body
            _check(self._body, names)
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # ValueError: a null character
            raise BadFormulaError from None

    def value(self, values: Mapping[str, float]) -> float:
        """Return what it comes to.

        Raises:
            ArithmeticError: a division by zero, or a number too large.
            ValueError: the logarithm or root of a number that has none.
        """
        found = float(_value(self._body, values))
        if not math.isfinite(found):
            raise OverflowError
        return found


def _check(node: ast.expr, names: Collection[str]) -> None:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        inner: list[ast.expr] = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = [node.operand]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        name, inner = node.func.id, node.args
        if name not in _FUNCTIONS or (len(inner) < 2 if name in _SEVERAL else len(inner) != 1):
            raise BadFormulaError
    else:
        inner = []
        known = isinstance(node, ast.Name) and node.id in names
        if not (known or (isinstance(node, ast.Constant) and type(node.value) in {int, float})):
            raise BadFormulaError
    for each in inner:
        _check(each, names)


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left, values), _value(node.right, values))
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, values)
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        return _FUNCTIONS[node.func.id](*(_value(each, values) for each in node.args))
    if isinstance(node, ast.Name):
        return values[node.id]
    assert isinstance(node, ast.Constant)
    return float(node.value)  # type: ignore[arg-type] # checked when the formula was read
