"""What a page says around the lab itself, in the page's language."""

from collections.abc import Mapping

from kit.errors import N_

_TEXTS = {
    "site": N_("LLM teaching kit"),
    "skip": N_("Skip to the content"),
    "languages": N_("Language"),
    "contents": N_("Contents"),
    "dark": N_("Dark theme"),
    "labs": N_("Labs"),
    "all_labs": N_("All labs"),
    "other_labs": N_("Other labs"),
    "before": N_("Previous lab"),
    "after": N_("Next lab"),
    "code": N_("Code {n}"),
    "output": N_("Output {n}"),
    "picture": N_("A picture without a description"),
    "scrolls": N_("This part can be scrolled sideways"),
    "instructor": N_("Edition for instructors"),
    "summary": N_(
        "Notebook labs that teach people to fine-tune and evaluate large language models with Azure OpenAI "
        "and Azure Databricks."
    ),
    "reading": N_(
        "These pages are for reading. To run a lab, take its notebook: {command} copies all of them into a "
        "folder of yours."
    ),
    "executed": N_("The outputs come from one run, without Azure; yours may differ a little."),
    "parameters": N_("Parameters"),
    "self-check": N_("Self-check"),
    "exercise": N_("Exercise"),
    "solution": N_("Solution"),
}


def texts(said: Mapping[str, str]) -> dict[str, str]:
    """Return the texts by their names in the templates; ``said`` holds translations by the English."""
    return {name: said.get(text, text) for name, text in _TEXTS.items()}
