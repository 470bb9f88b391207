"""A faithful local simulator of Azure OpenAI: real HTTP, a virtual clock, a small model that really learns.

``State`` holds a resource, ``create_app`` turns it into an ASGI application, ``serve`` runs one in a thread::

    with serve(seed=105) as simulator:
        client = OpenAI(base_url=f"{simulator.url}/openai/v1/", api_key="any")

A request comes in through ``app``, whose gates (``gate``, ``circumstances.fault_gate``) may refuse it, to a
module of ``routes``, one for each group of operations. What the operations do lies beside that, without HTTP:

- ``files``, ``fine_tuning`` and ``graders``; ``models`` and ``deployments``;
- ``chat``, ``responses`` and ``batches``, which share how ``answers`` come about;
- ``circumstances``: scenarios, faults and quotas;
- ``learner``: the model that answers and is tuned, behind the interface in ``engine``;
- ``persistence``: what outlives the process.

``server`` runs one resource, ``classroom`` one for each learner of a class, and ``page`` shows it to people.
"""

from kit.simulator.app import create_app
from kit.simulator.server import Simulator, serve, serve_class
from kit.simulator.state import State

__all__ = ["Simulator", "State", "create_app", "serve", "serve_class"]
