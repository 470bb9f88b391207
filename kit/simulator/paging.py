"""Paging of lists by ``limit``, ``after``, ``before`` and ``order``."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from starlette.datastructures import QueryParams

from kit.simulator.errors import invalid_payload, not_found

Item = TypeVar("Item")

_LARGEST_PAGE = 10_000  # OpenAI API reference, "List files"


def page(  # noqa: PLR0913 - what makes a page
    items: Sequence[Item],
    query: QueryParams,
    *,
    default: int,
    largest: int = _LARGEST_PAGE,
    identify: Callable[[Item], str],
    render: Callable[[Item], dict[str, Any]],
) -> dict[str, Any]:
    """Return one page of a list.

    Args:
        items: the whole list in the order of the answer.
        query: the request's query with ``limit``, ``after`` (the last identifier of the previous page)
            and ``before``.
        default: items on a page when the request does not say.
        largest: the most items that a request may ask for.
        identify: gives an item's identifier.
        render: gives an item's form on the wire.

    Raises:
        ApiError: ``limit`` is not a number from 1 to ``largest``, or ``after`` or ``before`` is not in the
            list.
    """
    limit = _limit(query.get("limit"), default, largest)
    start, end = 0, len(items)
    if after := query.get("after"):
        start = _position(items, identify, after, "after") + 1
    if before := query.get("before"):
        end = _position(items, identify, before, "before")
    shown = items[start : min(start + limit, end)]
    return {
        "object": "list",
        "data": [render(item) for item in shown],
        "first_id": identify(shown[0]) if shown else "",
        "last_id": identify(shown[-1]) if shown else "",
        "has_more": start + limit < end,
    }


def _position(items: Sequence[Item], identify: Callable[[Item], str], wanted: str, param: str) -> int:
    position = next((i for i, item in enumerate(items) if identify(item) == wanted), None)
    if position is None:
        raise not_found(f"The item named by '{param}'")
    return position


def ordered(items: Sequence[Item], query: QueryParams, *, default: str = "desc") -> Sequence[Item]:
    """Return a list that is held oldest first in the ``order`` that the query asks for.

    Raises:
        ApiError: ``order`` is neither ``asc`` nor ``desc``.
    """
    order = query.get("order", default)
    if order not in {"asc", "desc"}:
        raise invalid_payload("The order must be 'asc' or 'desc'.", "order")
    return items if order == "asc" else items[::-1]


def _limit(text: str | None, default: int, largest: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:11]) <= largest):
        raise invalid_payload(f"The limit must be a number from 1 to {largest}.", "limit")
    return int(text)
