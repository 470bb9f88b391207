"""Azure Resource Manager: the account itself, its keys, models and quota.

Source of shapes: Azure REST API, Microsoft.CognitiveServices 2025-09-01. A simulator is one account, under
whatever name a client calls it; where a client asks for a list, it has one name.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.simulator import access
from kit.simulator.circumstances import usages
from kit.simulator.models import BaseModel, base_models
from kit.simulator.state import State
from kit.simulator.wire import encoded

LOCATION = "swedencentral"
_PROVIDER = "/{subscription}/resourceGroups/{group}/providers/Microsoft.CognitiveServices"
ACCOUNT = f"{_PROVIDER}/accounts/{{account}}"
LOCATIONS = "/{subscription}/providers/Microsoft.CognitiveServices/locations/{location}"
_ACCOUNTS = "/{subscription}/providers/Microsoft.CognitiveServices/accounts"
_GROUP, _NAME = "simulated-group", "simulated-account"  # how a list calls what has any name
_TYPE = "Microsoft.CognitiveServices/accounts"


class AccountRoutes:
    """The operations on accounts, relative to ``/subscriptions``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(_ACCOUNTS, self._list, methods=["GET"]),
            Route(f"{_PROVIDER}/accounts", self._list, methods=["GET"]),
            Route(ACCOUNT, self._get, methods=["GET"]),
            Route(f"{ACCOUNT}/listKeys", self._keys, methods=["POST"]),
            Route(f"{ACCOUNT}/skus", self._skus, methods=["GET"]),
            Route(f"{ACCOUNT}/usages", self._usages, methods=["GET"]),
            Route(f"{ACCOUNT}/models", self._models, methods=["GET"]),
            Route(f"{LOCATIONS}/usages", self._usages, methods=["GET"]),
            Route(f"{LOCATIONS}/models", self._location_models, methods=["GET"]),
        ]

    async def _list(self, request: Request) -> Response:
        return encoded({"value": [_rendered(request)]})

    async def _get(self, request: Request) -> Response:
        return encoded(_rendered(request))

    async def _keys(self, request: Request) -> Response:
        """Tell the one key that is known to open this resource, and that the client has: its token."""
        given = access.bearer(request.scope).decode("latin-1")
        return encoded({"key1": given, "key2": given})

    async def _skus(self, _request: Request) -> Response:
        return encoded({"value": [{"resourceType": _TYPE, "sku": {"name": "S0", "tier": "Standard"}}]})

    async def _usages(self, _request: Request) -> Response:
        await self._state.jobs.all()  # what is deployed may come from a job that has ended by now
        return encoded({"value": usages.listing(self._state)})

    async def _models(self, _request: Request) -> Response:
        return encoded({"value": [_model(model) for model in base_models()]})

    async def _location_models(self, _request: Request) -> Response:
        models = [_model(model) for model in base_models()]
        return encoded({"value": [{"kind": "OpenAI", "skuName": "S0", "model": model} for model in models]})


def _rendered(request: Request) -> dict[str, Any]:
    names = {"group": _GROUP, "account": _NAME, **request.path_params}
    endpoint = str(request.base_url)
    return {
        "id": f"/subscriptions{ACCOUNT.format(**names)}",
        "name": names["account"],
        "type": _TYPE,
        "location": LOCATION,
        "kind": "OpenAI",
        "sku": {"name": "S0"},
        "properties": {
            "provisioningState": "Succeeded",
            "endpoint": endpoint,
            "endpoints": {"OpenAI Language Model Instance API": endpoint},
            "customSubDomainName": names["account"],
            "publicNetworkAccess": "Enabled",
        },
    }


def _model(model: BaseModel) -> dict[str, Any]:
    return {
        "format": model.format,
        "name": model.name,
        "version": model.version or "1",
        "isDefaultVersion": True,
        "skus": [{"name": name, "usageName": usages.name(model, name)} for name in usages.SKUS],
        "capabilities": {model.operation: "true", "fineTune": str(model.tunable).lower()},
        "lifecycleStatus": "GenerallyAvailable",
    }
