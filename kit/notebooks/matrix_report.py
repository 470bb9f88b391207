"""The report of a matrix of runs: Markdown for people, JUnit XML and JSON for continuous integration."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from kit.i18n import gettext as _
from kit.notebooks.files import write_text
from kit.notebooks.matrix import Result, Status

SIGNS: dict[Status, str] = {"passed": "✓", "unchanged": "=", "stopped": "■", "skipped": "–", "failed": "✗"}


def write(results: Sequence[Result], folder: Path, seconds: float) -> list[Path]:
    """Write the three reports into a folder and return their paths.

    Args:
        results: of all runs.
        folder: where the executed notebooks lie.
        seconds: wall-clock time of the whole.
    """
    ordered = sorted(results, key=lambda each: (each.entry.lab, each.entry.scenario, each.entry.locale))
    texts = {
        "report.md": markdown(ordered, seconds),
        "report.xml": junit(ordered, seconds),
        "report.json": _json(ordered, seconds),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def markdown(results: Sequence[Result], seconds: float) -> str:
    """Return a table with a row for each lab and scenario, and a column for each language."""
    locales = list(dict.fromkeys(sorted(each.entry.locale for each in results)))
    rows: dict[str, dict[str, str]] = {}
    for each in results:
        kind = " · ".join([each.entry.lab, *each.entry.unusual])
        rows.setdefault(kind, {})[each.entry.locale] = cell(each)
    lines = [f"| {_('Lab')} | " + " | ".join(locales) + " |", "|---" * (len(locales) + 1) + "|"]
    lines += [
        f"| {name} | " + " | ".join(found.get(locale, "") for locale in locales) + " |"
        for name, found in rows.items()
    ]
    total = sum(each.seconds for each in results if each.status != "unchanged")
    lines += ["", summary(results, seconds), ""]
    lines += [_("Sum of the runs: {n} s.").format(n=round(total))]
    lines += [f"\n**{each.entry.name}**: {each.message}" for each in results if each.message]
    return "\n".join(lines) + "\n"


def cell(result: Result) -> str:
    """Return a run as a few characters: sign, seconds, self-checks passed."""
    sign = SIGNS[result.status]
    if result.status == "skipped":
        return sign
    return f"{sign} {result.seconds:.0f} s · {result.passed}/{result.checks}"


def summary(results: Sequence[Result], seconds: float) -> str:
    """Return in one line how many runs ended how, with the signs of the table, and the time of the whole."""
    ends: dict[Status, str] = {
        "passed": _("Passed: {n}."),
        "unchanged": _("Unchanged: {n}."),
        "stopped": _("Stopped as the scenario wants: {n}."),
        "skipped": _("Skipped: {n}."),
        "failed": _("Failed: {n}."),
    }
    counts = Counter(each.status for each in results)
    parts = [_("Runs: {n}.").format(n=len(results))]
    parts += [
        f"{sign} {ends[status].format(n=counts[status])}" for status, sign in SIGNS.items() if counts[status]
    ]
    return " ".join([*parts, _("Time: {seconds} s.").format(seconds=round(seconds))])


def junit(results: Sequence[Result], seconds: float) -> str:
    """Return the results as JUnit XML, one test case for each run."""
    failed = sum(each.status == "failed" for each in results)
    skipped = sum(each.status in {"skipped", "unchanged"} for each in results)
    attributes = {"name": "kit run --all", "tests": str(len(results)), "errors": "0"}
    attributes |= {"failures": str(failed), "skipped": str(skipped), "time": f"{seconds:.3f}"}
    suite = ElementTree.Element("testsuite", attributes)
    for each in results:
        name = f"{each.entry.locale}[{each.entry.audience}, {each.entry.scenario}]"
        case = ElementTree.SubElement(
            suite, "testcase", classname=each.entry.lab, name=name, time=f"{each.seconds:.3f}"
        )
        if each.status == "failed":
            ElementTree.SubElement(case, "failure", message=each.message.split("\n")[0]).text = each.message
        elif each.status in {"skipped", "unchanged"}:
            ElementTree.SubElement(case, "skipped", message=each.message or each.status)
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _json(results: Sequence[Result], seconds: float) -> str:
    content = {"seconds": round(seconds, 3), "runs": [each.to_row() for each in results]}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
