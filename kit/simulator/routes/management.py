"""Azure Resource Manager: the deployments of an account.

Source of shapes and headers: Azure REST API, Microsoft.CognitiveServices 2025-09-01, and "Track asynchronous
Azure operations" (Azure Resource Manager documentation).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.simulator.circumstances import usages
from kit.simulator.circumstances.fault_gate import SCOPE_KEY
from kit.simulator.circumstances.faults import Fault
from kit.simulator.circumstances.quotas import renewals
from kit.simulator.deployments import CREATION_SECONDS, Deployment, Operation
from kit.simulator.errors import ApiError
from kit.simulator.routes.accounts import ACCOUNT, LOCATION, LOCATIONS
from kit.simulator.routes.bodies import json_object
from kit.simulator.state import State
from kit.simulator.wire import encoded

_POLL_SECONDS = 30
_SLOW_PROVISIONING_SECONDS = 3600.0
_LARGEST_CAPACITY = 2**31 - 1  # the field's type: int32
_PROVISIONING_FAILED = "The deployment could not be provisioned. Please delete it and try again later."


class ManagementRoutes:
    """The operations under ``/subscriptions``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Return the routes, relative to ``/subscriptions``."""
        one = f"{ACCOUNT}/deployments/{{deployment}}"
        return [
            Route(one, self._put, methods=["PUT"]),
            Route(one, self._get, methods=["GET"]),
            Route(one, self._delete, methods=["DELETE"]),
            Route(f"{ACCOUNT}/deployments", self._list, methods=["GET"]),
            Route(f"{LOCATIONS}/operationResults/{{operation}}", self._operation, methods=["GET"]),
        ]

    async def _put(self, request: Request) -> Response:
        await self._state.jobs.all()  # the model may come from a job that has ended by now
        body = await json_object(request)
        name = request.path_params["deployment"]
        existed = self._state.deployments.find(name) is not None
        model = _mapping(body, "properties").get("model")
        tags = {str(key): str(value) for key, value in _mapping(body, "tags").items()}
        faults = request.scope.get(SCOPE_KEY, {})
        if "retired" in faults and isinstance(model, dict):
            also = faults["retired"].names("models")
            self._state.models.refuse_retired(str(model.get("name")), self._state.clock.now, also)
        sku, seconds = _sku(_mapping(body, "sku")), _creation_seconds(faults)
        usages.check(self._state, name, model, sku)
        fails = "provisioning-fails" in faults
        operation = self._state.deployments.put(name, model, sku, tags, seconds, fails)
        headers = _async_headers(request, operation) if seconds else None
        return encoded(self._rendered(request, self._found(name)), 200 if existed else 201, headers)

    async def _get(self, request: Request) -> Response:
        return encoded(self._rendered(request, self._found(request.path_params["deployment"])))

    async def _list(self, request: Request) -> Response:
        return encoded({"value": [self._rendered(request, found) for found in self._state.deployments.all()]})

    async def _delete(self, request: Request) -> Response:
        operation = self._state.deployments.delete(request.path_params["deployment"])
        if operation is None:
            return Response(status_code=204)
        return Response(status_code=202, headers=_async_headers(request, operation))

    async def _operation(self, request: Request) -> Response:
        operation = self._state.deployments.operation(request.path_params["operation"])
        if operation is None:
            raise ApiError(404, "ResourceNotFound", "The operation was not found.")
        over = self._state.clock.now >= operation.ends
        shown: dict[str, Any] = {
            "id": request.url.path,
            "name": operation.id,
            "status": "InProgress" if not over else "Failed" if operation.fails else "Succeeded",
            "startTime": _moment(operation.begins),
        }
        if over and operation.fails:
            shown["error"] = {"code": "InternalServerError", "message": _PROVISIONING_FAILED}
        if over:
            return encoded({**shown, "endTime": _moment(operation.ends)})
        return encoded(shown, headers={"Retry-After": str(_POLL_SECONDS)})

    def _rendered(self, request: Request, deployment: Deployment) -> dict[str, Any]:
        model = self._state.models.family(deployment.model["name"])
        operation = "chatCompletion" if model is None else model.operation
        return _rendered(request, deployment, operation, renewals(self._state.quotas.rates(deployment)))

    def _found(self, name: str) -> Deployment:
        deployment = self._state.deployments.find(name)
        if deployment is None:
            raise ApiError(404, "ResourceNotFound", "The requested deployment was not found.")
        return deployment


def _mapping(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise ApiError(400, "InvalidRequestContent", f"The property '{name}' must be an object.")
    return value or {}


def _sku(asked: dict[str, Any]) -> dict[str, Any]:
    name, capacity = asked.get("name", "Standard"), asked.get("capacity", 1)
    counted = isinstance(capacity, int) and not isinstance(capacity, bool)
    if name not in usages.SKUS or not counted or not 1 <= capacity <= _LARGEST_CAPACITY:
        raise ApiError(400, "InvalidResourceProperties", "The specified SKU for the account is invalid.")
    return {"name": name, "capacity": capacity}


def _async_headers(request: Request, operation: Operation) -> dict[str, str]:
    subscription = quote(request.path_params["subscription"], safe="")  # it goes into a header
    path = LOCATIONS.format(subscription=subscription, location=LOCATION)
    address = f"{request.base_url}subscriptions{path}/operationResults/{operation.id}?api-version=2025-09-01"
    return {"Azure-AsyncOperation": address, "Retry-After": str(_POLL_SECONDS)}


def _creation_seconds(faults: Mapping[str, Fault]) -> float:
    if "instant-provisioning" in faults:
        return 0
    if "slow-provisioning" in faults:
        return faults["slow-provisioning"].number("seconds", _SLOW_PROVISIONING_SECONDS)
    return CREATION_SECONDS


def _rendered(
    request: Request, deployment: Deployment, operation: str, limits: list[dict[str, Any]]
) -> dict[str, Any]:
    account = ACCOUNT.format(**request.path_params)
    history = {"createdAt": _moment(deployment.created), "lastModifiedAt": _moment(deployment.changed)}
    return {
        "id": f"/subscriptions{account}/deployments/{deployment.name}",
        "name": deployment.name,
        "type": "Microsoft.CognitiveServices/accounts/deployments",
        "sku": deployment.sku,
        "tags": deployment.tags,
        "properties": {
            "model": deployment.model,
            "provisioningState": deployment.state,
            "versionUpgradeOption": "OnceNewDefaultVersionAvailable",
            "capabilities": {operation: "true"},
            "currentCapacity": deployment.sku["capacity"],
            "rateLimits": limits,
        },
        "systemData": history,
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
