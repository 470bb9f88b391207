"""A faithful local simulator of Azure OpenAI: real HTTP, a virtual clock, a small model that really learns.

``State`` holds a resource, ``create_app`` turns it into an ASGI application, ``serve`` runs one in a thread::

    with serve(seed=105) as simulator:
        client = OpenAI(base_url=f"{simulator.url}/openai/v1/", api_key="any")

Each group of operations is a module of ``routes``; what the operations do lies beside it, without HTTP:

- data: ``files``, ``uploads``;
- training: ``jobs`` (with ``lifecycle`` and ``training``), ``models``, ``permissions``, ``copies``;
- answers: ``chat`` and ``stored``, ``completions``, ``responses`` (with ``response_store`` and
  ``compaction``), ``embeddings``, ``batches``, ``grading``;
- the resource: ``deployments``, ``quotas``, ``usages``.
"""

from kit.simulator.app import create_app
from kit.simulator.server import Simulator, serve, serve_class
from kit.simulator.state import State

__all__ = ["Simulator", "State", "create_app", "serve", "serve_class"]
