"""The simulator as an ASGI application: one state, four places where clients find it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

from kit.simulator.circumstances.fault_gate import FaultGate
from kit.simulator.errors import ApiError, answer_api_error, answer_http_exception, answer_nobody
from kit.simulator.gate import DataPlaneGate, Envelope, ManagementGate
from kit.simulator.routes.accounts import AccountRoutes
from kit.simulator.routes.batches import BatchRoutes
from kit.simulator.routes.chat import ChatRoutes
from kit.simulator.routes.checkpoints import CheckpointRoutes
from kit.simulator.routes.completions import CompletionRoutes
from kit.simulator.routes.control import ControlRoutes
from kit.simulator.routes.embeddings import EmbeddingRoutes
from kit.simulator.routes.files import FileRoutes
from kit.simulator.routes.fine_tuning import FineTuningRoutes
from kit.simulator.routes.graders import GraderRoutes
from kit.simulator.routes.management import ManagementRoutes
from kit.simulator.routes.models import ModelRoutes
from kit.simulator.routes.page import PageRoutes
from kit.simulator.routes.responses import ResponseRoutes
from kit.simulator.routes.uploads import UploadRoutes
from kit.simulator.state import State

_ANSWERS = {
    ApiError: answer_api_error,
    HTTPException: answer_http_exception,
    ClientDisconnect: answer_nobody,
}


def create_app(state: State) -> Starlette:
    """Return an application that serves ``state``.

    ``/openai/v1`` and ``/api/projects/{project}/openai/v1`` need no ``api-version``; ``/openai`` requires one
    and names the deployment of a model operation in its address; ``/subscriptions`` is Azure Resource
    Manager.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await state.open()
        yield
        await state.close()

    v1, legacy = _data_plane(state)
    resources = [*ManagementRoutes(state).routes(), *AccountRoutes(state).routes()]
    management = ManagementGate(_faulty(state, resources), state.keys)
    app = Starlette(
        routes=[
            Mount("/openai/v1", v1),
            Mount("/openai", legacy),
            Mount("/api/projects/{project}/openai/v1", v1),
            Mount("/subscriptions", management),
            *ControlRoutes(state).routes(),
            *PageRoutes(state).routes(),
        ],
        middleware=[
            Middleware(Envelope, identifiers=state.identifiers, journal=state.journal, recent=state.recent)
        ],
        exception_handlers=_ANSWERS,
        lifespan=lifespan,
    )
    app.state.profile = state.profile  # for the handlers of errors, which know nothing but the application
    return app


def _data_plane(state: State) -> tuple[DataPlaneGate, DataPlaneGate]:
    """Return the data plane without and with ``api-version``."""
    chat, completions, embeddings = ChatRoutes(state), CompletionRoutes(state), EmbeddingRoutes(state)
    by_body = [*chat.v1(), *completions.v1(), *embeddings.v1()]
    by_address = [*chat.legacy(), *completions.legacy(), *embeddings.legacy()]
    shared: list[Route] = [
        *FileRoutes(state).routes(),
        *UploadRoutes(state).routes(),
        *FineTuningRoutes(state).routes(),
        *CheckpointRoutes(state).routes(),
        *GraderRoutes.routes(),
        *ModelRoutes(state).routes(),
        *ResponseRoutes(state).routes(),
        *BatchRoutes(state).routes(),
    ]
    v1 = DataPlaneGate(_faulty(state, [*by_body, *shared]), state.keys)
    legacy = DataPlaneGate(_faulty(state, [*by_address, *shared]), state.keys, needs_version=True)
    return v1, legacy


def _faulty(state: State, routes: Sequence[Route]) -> FaultGate:
    return FaultGate(_router(routes), state.faults)


def _router(routes: Sequence[Route]) -> Router:
    """Return a router with one route for each address, so that a wrong method is told all right ones.

    It never redirects: the service answers 404 for an address with a slash too many.
    """
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        by_path.setdefault(route.path, {}).update(dict.fromkeys(route.methods or (), route))
    return Router(
        [Route(path, _dispatcher(table), methods=list(table)) for path, table in by_path.items()],
        redirect_slashes=False,
    )


def _dispatcher(table: dict[str, Route]) -> Callable[[Request], Awaitable[Response]]:
    async def dispatch(request: Request) -> Response:
        answer: Response = await table[request.method].endpoint(request)
        return answer

    return dispatch
