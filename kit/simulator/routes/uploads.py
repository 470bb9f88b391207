"""The uploads operations."""

from typing import Annotated, Any

from pydantic import Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.simulator.errors import invalid_payload
from kit.simulator.files.expiry import read_expiry
from kit.simulator.files.uploads import LARGEST_UPLOAD
from kit.simulator.routes.bodies import json_object
from kit.simulator.state import State
from kit.simulator.validation import Shape, checked
from kit.simulator.wire import encoded

_Text = Annotated[str, Field(min_length=1)]


class _CreateShape(Shape):
    filename: _Text
    purpose: _Text
    bytes: Annotated[int, Field(ge=1, le=LARGEST_UPLOAD)]
    mime_type: _Text
    expires_after: Any = None


class _CompleteShape(Shape):
    part_ids: Annotated[list[str], Field(min_length=1)]
    md5: str | None = None


class UploadRoutes:
    """The operations under ``uploads``."""

    def __init__(self, state: State) -> None:
        self._uploads = state.uploads
        self._shortest_expiry = state.profile.shortest_expiry

    def routes(self) -> list[Route]:
        """Return the routes."""
        one = "/uploads/{upload_id}"
        return [
            Route("/uploads", self._create, methods=["POST"]),
            Route(f"{one}/parts", self._add_part, methods=["POST"]),
            Route(f"{one}/complete", self._complete, methods=["POST"]),
            Route(f"{one}/cancel", self._cancel, methods=["POST"]),
        ]

    async def _create(self, request: Request) -> Response:
        asked = checked(_CreateShape, await json_object(request))
        expiry = read_expiry(asked.expires_after, self._shortest_expiry)
        upload = self._uploads.create(asked.filename, asked.purpose, asked.bytes, expiry)
        return encoded(upload.rendered())

    async def _add_part(self, request: Request) -> Response:
        async with request.form(max_files=1, max_fields=20) as form:
            data = form.get("data")
            if not isinstance(data, UploadFile):
                raise invalid_payload("The form must have a file in its field 'data'.", "data")
            content = await data.read()
        if not content:
            raise invalid_payload("The uploaded file is empty.", "data")
        return encoded(self._uploads.add_part(request.path_params["upload_id"], content).rendered())

    async def _complete(self, request: Request) -> Response:
        asked = checked(_CompleteShape, await json_object(request))
        upload = await self._uploads.complete(request.path_params["upload_id"], asked.part_ids, asked.md5)
        return encoded(upload.rendered())

    async def _cancel(self, request: Request) -> Response:
        return encoded(self._uploads.cancel(request.path_params["upload_id"]).rendered())
