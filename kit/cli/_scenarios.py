"""Which scenarios there are, by the simulator's own file.

Importing the simulator takes longer than everything else that a command needs to begin.
"""

import tomllib
from collections.abc import Sequence
from importlib import resources

from rapidfuzz import process

from kit.errors import N_, UsageError

_FILE = resources.files("kit") / "simulator" / "circumstances" / "scenarios.toml"
_TABLES = tomllib.loads(_FILE.read_text(encoding="utf-8"))
SCENARIOS = tuple(_TABLES)
# Where Azure's own quotas hold, a run waits for them most of its time.
WAITING = tuple(name for name, table in _TABLES.items() if "quota" not in table)


def check_scenarios(names: Sequence[str]) -> None:
    """Make sure that there are scenarios of these names.

    Raises:
        UsageError: there is none of one of them.
    """
    for name in names:
        if name not in SCENARIOS:
            nearest = process.extractOne(name, SCENARIOS, score_cutoff=60)
            raise UsageError(
                N_("There is no scenario “{scenario}”."),
                advice=N_("Did you mean “{nearest}”?") if nearest else N_("Choose one of: {scenarios}."),
                scenario=name,
                nearest=nearest[0] if nearest else "",
                scenarios=", ".join(SCENARIOS),
            )
