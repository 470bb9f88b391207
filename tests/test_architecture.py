"""The shape of the kit, read from its syntax trees: layers, cycles, sizes, and who reads the environment."""

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "kit"

# Each layer may import what stands above it here, never its own row, except where GRANTED says so.
LAYERS = [
    {"errors", "settings"},
    {"i18n", "azure", "tokens", "plots"},
    {"notebooks", "simulator", "evaluation", "training"},
    {"cli", "lab"},
]
# Imports within a row that a module's docstring gives a reason for.
GRANTED = {
    ("plots", "i18n"),  # axis labels are translated, numbers written as the locale does
    ("azure", "tokens"),  # a training file is measured in the model's tokens
    ("azure", "i18n"),
    ("plots", "tokens"),  # what is said of counts in words is worked out where counts are
}
# Imports within a function: modules that load something heavy which most callers never need.
LAZY = {
    ("simulator.engine", "simulator.learner"),  # numpy, and the packaged corpus
    ("tokens.counting", "tokens.words"),  # numpy and Arrow, which only many texts pay back
    ("lab.training", "training.collating"),  # transformers, which takes seconds and need not be installed
    ("lab.training", "training.last_token"),  # the same
    ("lab.training", "training.watching"),  # the same
    ("simulator.fine_tuning.training_record", "simulator.learner"),  # where a state file holds them
}
# Client and simulator meet over HTTP only, so that a fault cannot hide in code that both share.
FORBIDDEN = {
    ("simulator", "azure"),
    ("simulator", "notebooks"),
    ("notebooks", "simulator"),
    ("i18n", "notebooks"),
    ("evaluation", "simulator"),
    ("evaluation", "notebooks"),
    ("evaluation", "azure"),
    ("simulator", "evaluation"),
    ("notebooks", "evaluation"),
}
LONGEST_MODULE = 400
LONGEST_FUNCTION = 40


@dataclass(frozen=True)
class Import:
    """One import of one of the kit's modules by another."""

    source: str
    target: str
    line: int
    inside_function: bool
    for_types_only: bool

    def __str__(self) -> str:
        return f"kit/{self.source.replace('.', '/')} line {self.line} imports kit.{self.target}"


def module_name(path: Path) -> str:
    """Return the name below ``kit``: ``azure.client``, ``azure`` for the package, nothing for ``kit``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def imports_of(name: str) -> Iterator[Import]:
    """Return every import of a kit module in a module, those within functions too."""
    tree = TREES[name]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    branches = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    guards = [node for node in branches if "TYPE_CHECKING" in ast.unparse(node.test)]
    inside = {id(child) for function in functions for child in ast.walk(function)}
    guarded = {id(child) for guard in guards for child in ast.walk(guard)}
    for node in ast.walk(tree):
        for target in _targets(node, name):
            yield Import(name, target, node.lineno, id(node) in inside, id(node) in guarded)


def _targets(node: ast.AST, name: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.removeprefix("kit.") for alias in node.names if alias.name.startswith("kit."))
    elif isinstance(node, ast.ImportFrom):
        package = f"kit.{name}" if MODULES[name].name == "__init__.py" else f"kit.{name}".rpartition(".")[0]
        whole = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
        if whole == "kit" or whole.startswith("kit."):
            base = whole.removeprefix("kit").removeprefix(".")
            for alias in node.names:
                longer = f"{base}.{alias.name}".removeprefix(".")
                target = longer if longer in MODULES else base
                if target:  # `from kit import __version__` concerns no layer
                    yield target


IMPORTS = [found for name in MODULES for found in imports_of(name)]


def part(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


def layer(name: str) -> int:
    return next(number for number, row in enumerate(LAYERS) if part(name) in row)


def test_every_part_has_a_layer():
    known = set().union(*LAYERS)
    parts = {part(name) for name in MODULES} - {"", "__main__"}
    assert parts <= known, f"no layer for {parts - known}"


def test_imports_go_downwards():
    offending = [
        str(found)
        for found in IMPORTS
        if found.source not in {"", "__main__"}
        and part(found.source) != part(found.target)
        and layer(found.source) <= layer(found.target)
        and (part(found.source), part(found.target)) not in GRANTED
    ]
    assert not offending, "\n".join(offending)


def test_the_machines_do_not_know_each_other():
    offending = [str(found) for found in IMPORTS if (part(found.source), part(found.target)) in FORBIDDEN]
    assert not offending, "\n".join(offending)


def test_no_module_imports_itself_in_a_circle():
    graph: dict[str, set[str]] = {name: set() for name in MODULES}
    for found in IMPORTS:
        if not found.for_types_only:
            graph[found.source].add(found.target)
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" → ".join(f"kit.{name}" for name in error.args[1]))


def test_no_import_of_the_kit_hides_in_a_function():
    hidden = [found for found in IMPORTS if found.inside_function]
    offending = [str(found) for found in hidden if (found.source, found.target) not in LAZY]
    assert not offending, "\n".join(offending)


def test_only_settings_reads_the_environment():
    offending = []
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            read = isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}
            named = isinstance(node, ast.ImportFrom) and node.module == "os" and "environ" in ast.dump(node)
            if (read or named) and name != "settings":
                offending.append(f"kit.{name} line {node.lineno}")
    assert not offending, "\n".join(offending)


def test_modules_stay_short():
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}
    assert not {name: length for name, length in lengths.items() if length > LONGEST_MODULE}


def test_functions_stay_short():
    """Lines from ``def`` to the end, without the docstring, which may be as long as it has to say."""
    offending = []
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                documented = ast.get_docstring(node) is not None
                first = node.body[0]
                length = (node.end_lineno or 0) - node.lineno + 1
                length -= (first.end_lineno or 0) - first.lineno + 1 if documented else 0
                if length > LONGEST_FUNCTION:
                    offending.append(f"kit.{name}.{node.name}: {length} lines")
    assert not offending, "\n".join(offending)


def test_packages_only_re_export():
    """An ``__init__`` holds a docstring, imports and a sorted ``__all__`` of exactly what it imports."""
    for name, path in MODULES.items():
        if path.name != "__init__.py" or name == "":
            continue
        body = TREES[name].body
        rest = [node for node in body[1:] if not isinstance(node, ast.Import | ast.ImportFrom)]
        assert ast.get_docstring(TREES[name]), f"kit.{name} says nothing about itself"
        exported: list[str] = []
        for node in rest:
            target = ast.unparse(node).partition("=")[0].partition(":")[0].strip()
            assert target == "__all__", f"kit.{name} line {node.lineno} does more than re-export"
            exported = ast.literal_eval(node.value)
        imported = [
            alias.asname or alias.name
            for node in body
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        ]
        assert sorted(exported) == sorted(imported), f"kit.{name}: __all__ and the imports differ"


def test_the_rules_can_fail():
    """The reader of imports sees what it has to see, in every form of writing them."""
    seen = {found.target for found in imports_of("cli.run")}
    assert {"i18n", "settings", "cli._output", "errors", "notebooks.execution"} <= seen
    assert layer("cli.run") > layer("notebooks.execution") > layer("azure") > layer("errors")
