"""The page at ``/``: what a simulator holds, for a person, in the language of the browser."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from kit import i18n
from kit.simulator import page
from kit.simulator.access import admits
from kit.simulator.state import State

_HEADERS = {
    # Nothing from elsewhere, no script at all, and no frame around it.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Language, Authorization",
}
_ASK = {"WWW-Authenticate": 'Basic realm="Simulator of Azure OpenAI", charset="UTF-8"'}


class PageRoutes:
    """The page at ``/``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/", self._page, methods=["GET"])]

    async def _page(self, request: Request) -> Response:
        locale = i18n.preferred(request.headers.get("accept-language", "")) or i18n.current()
        with i18n.speaking(locale):
            if not admits(request.scope, self._state.keys):
                return locked()
            jobs = await self._state.jobs.all()
            return HTMLResponse(page.rendered(self._state, jobs, str(request.base_url)), headers=_HEADERS)


def locked() -> Response:
    """Return what asks a browser for the key."""
    return HTMLResponse(page.locked(), 401, {**_HEADERS, **_ASK})
