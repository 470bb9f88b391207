"""What can be done with a checkpoint beyond listing it: permissions and copies."""

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.simulator.errors import ApiError, invalid_payload, not_found
from kit.simulator.fine_tuning.copies import check_destination
from kit.simulator.fine_tuning.job import Checkpoint, Job
from kit.simulator.paging import page
from kit.simulator.routes.bodies import json_object
from kit.simulator.state import State
from kit.simulator.validation import Shape, checked
from kit.simulator.wire import encoded

_PAGE, _LARGEST_PAGE = 10, 100  # OpenAI API reference, "List checkpoint permissions"
_PREVIEW = "aoai-copy-ft-checkpoints"


class _PermissionShape(Shape):
    project_ids: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class _CopyShape(Shape):
    destinationResourceId: str  # noqa: N815 - as the wire spells it
    region: str


class CheckpointRoutes:
    """The operations on checkpoints."""

    def __init__(self, state: State) -> None:
        self._jobs = state.jobs
        self._models = state.models
        self._permissions = state.permissions
        self._copies = state.copies
        self._json_ranges = state.profile.json_ranges

    def routes(self) -> list[Route]:
        """Return the routes."""
        permissions = "/fine_tuning/checkpoints/{checkpoint}/permissions"
        copy = "/fine_tuning/jobs/{job_id}/checkpoints/{checkpoint}/copy"
        return [
            Route(permissions, self._permit, methods=["POST"]),
            Route(permissions, self._list_permissions, methods=["GET"]),
            Route(f"{permissions}/{{permission_id}}", self._forbid, methods=["DELETE"]),
            Route(copy, self._copy, methods=["POST"]),
            Route(copy, self._copy_status, methods=["GET"]),
        ]

    async def _permit(self, request: Request) -> Response:
        asked = checked(_PermissionShape, await json_object(request))
        created = self._permissions.create(await self._model(request), asked.project_ids)
        shown = [permission.rendered() for permission in created]
        ends = {"first_id": created[0].id, "last_id": created[-1].id}
        return encoded({"object": "list", "data": shown, **ends, "has_more": False})

    async def _list_permissions(self, request: Request) -> Response:
        query = request.query_params
        wanted = query.get("project_id")
        found = [
            permission
            for permission in self._permissions.of(await self._model(request))
            if wanted in (None, permission.project_id)
        ]
        order = query.get("order", "descending")
        if order not in {"ascending", "descending"}:
            raise invalid_payload("The order must be 'ascending' or 'descending'.", "order")
        return encoded(
            page(
                found if order == "ascending" else found[::-1],
                query,
                default=_PAGE,
                largest=_LARGEST_PAGE,
                identify=lambda permission: permission.id,
                render=lambda permission: permission.rendered(),
            )
        )

    async def _forbid(self, request: Request) -> Response:
        permission_id = request.path_params["permission_id"]
        self._permissions.delete(await self._model(request), permission_id)
        return encoded({"id": permission_id, "object": "checkpoint.permission", "deleted": True})

    async def _copy(self, request: Request) -> Response:
        self._check_headers(request)
        asked = checked(_CopyShape, await json_object(request))
        job, checkpoint = await self._checkpoint(request)
        check_destination(asked.destinationResourceId)
        self._copies.begin(checkpoint.id, asked.destinationResourceId, asked.region)
        return self._copied(job, checkpoint)

    async def _copy_status(self, request: Request) -> Response:
        self._check_headers(request)
        return self._copied(*await self._checkpoint(request))

    def _copied(self, job: Job, checkpoint: Checkpoint) -> Response:
        return encoded(
            {
                "checkpointedModelName": checkpoint.model,
                "fineTuningJobId": job.id,
                "copiedAccountDetails": self._copies.of(checkpoint.id),
            }
        )

    def _check_headers(self, request: Request) -> None:
        """Refuse who takes no JSON, or has not asked for the preview: the document demands both here."""
        ranges = {each.partition(";")[0].strip() for each in request.headers.get("accept", "*/*").split(",")}
        if not ranges & self._json_ranges:
            raise ApiError(
                406, "NotAcceptable", "The request accepts no answer of the type application/json."
            )
        if request.headers.get(_PREVIEW) != "preview":
            raise ApiError(
                400, "BadRequest", f"This preview feature requires the header '{_PREVIEW}: preview'."
            )

    async def _model(self, request: Request) -> str:
        """Return the name of a checkpoint as a model, whichever of its names the address has."""
        await self._jobs.all()  # what has ended by now has left checkpoints
        model = self._models.tuned(request.path_params["checkpoint"])
        if model is None:
            raise not_found("The fine-tuned model checkpoint")
        return model.name

    async def _checkpoint(self, request: Request) -> tuple[Job, Checkpoint]:
        job = await self._jobs.get(request.path_params["job_id"])
        wanted = request.path_params["checkpoint"]
        found = next((each for each in job.checkpoints if wanted in (each.id, each.model)), None)
        if found is None:
            raise not_found("The checkpoint")
        return job, found
