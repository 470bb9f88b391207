"""Everything that one simulator holds."""

from collections.abc import Sequence

from kit.simulator.clock import VirtualClock
from kit.simulator.deployments import DeploymentStore
from kit.simulator.engine import Engine, default_engine
from kit.simulator.files import FileStore
from kit.simulator.identifiers import Identifiers
from kit.simulator.jobs import JobStore
from kit.simulator.models import ModelRegistry
from kit.simulator.training import Trainer


class State:
    """One Azure resource with its files, jobs, models and deployments, in memory.

    The names of subscription, resource group, account and project in an address are not looked at: a
    simulator is one resource, whatever a client calls it.

    Args:
        seed: where identifiers and unseeded sampling come from; the same seed and the same requests in the
            same order give the same answers.
        pace: virtual seconds that pass by themselves in each real second.
        keys: the keys that the data plane accepts; any key, if there are none.
        engine: what computes behind the service; by default the learner of the kit.
    """

    def __init__(
        self, *, seed: int = 105, pace: float = 0.0, keys: Sequence[str] = (), engine: Engine | None = None
    ) -> None:
        chosen = engine if engine is not None else default_engine()
        self.seed = seed
        self.keys = tuple(keys)
        self.clock = VirtualClock(pace)
        self.identifiers = Identifiers(seed)
        self.models = ModelRegistry(chosen)
        self.files = FileStore(self.clock, self.identifiers)
        self.deployments = DeploymentStore(self.clock, self.identifiers, self.models)
        self.jobs = JobStore(
            self.clock, self.identifiers, self.files, self.models, Trainer(chosen, self.models)
        )

    async def close(self) -> None:
        """Stop what is being computed."""
        await self.jobs.close()
