"""The files operations."""

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.simulator.errors import invalid_payload
from kit.simulator.files.expiry import nested, read_expiry
from kit.simulator.paging import ordered, page
from kit.simulator.state import State
from kit.simulator.wire import encoded

_PAGE = 10_000  # OpenAI API reference, "List files"


class FileRoutes:
    """The operations under ``files``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/files", self._create, methods=["POST"]),
            Route("/files", self._list, methods=["GET"]),
            Route("/files/{file_id}", self._retrieve, methods=["GET"]),
            Route("/files/{file_id}", self._delete, methods=["DELETE"]),
            Route("/files/{file_id}/content", self._content, methods=["GET"]),
        ]

    async def _create(self, request: Request) -> Response:
        async with request.form(max_files=1, max_fields=20) as form:
            upload, purpose = form.get("file"), form.get("purpose")
            if not isinstance(upload, UploadFile):
                raise invalid_payload("The form must have a file in its field 'file'.", "file")
            if not isinstance(purpose, str):
                raise invalid_payload("The form must have the field 'purpose'.", "purpose")
            expiry = read_expiry(nested(form, "expires_after"), self._state.profile.shortest_expiry)
            content = await upload.read()
            file = await self._state.files.upload(upload.filename or "file", purpose, content, expiry)
        return encoded(file.rendered())

    async def _list(self, request: Request) -> Response:
        await self._state.jobs.all()  # what has ended by now has left files
        await self._state.batches.all()
        purpose = request.query_params.get("purpose")
        files = [file for file in self._state.files.all() if purpose in (None, "", file.purpose)]
        return encoded(
            page(
                ordered(files, request.query_params),
                request.query_params,
                default=_PAGE,
                identify=lambda file: file.id,
                render=lambda file: file.rendered(),
            )
        )

    async def _retrieve(self, request: Request) -> Response:
        return encoded(self._state.files.get(request.path_params["file_id"]).rendered())

    async def _content(self, request: Request) -> Response:
        file = self._state.files.get(request.path_params["file_id"])
        return Response(file.content, media_type="application/octet-stream")

    async def _delete(self, request: Request) -> Response:
        file_id = request.path_params["file_id"]
        self._state.files.delete(file_id)
        return encoded({"id": file_id, "object": "file", "deleted": True})
