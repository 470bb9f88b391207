"""Credentials are found whatever they look like, and nothing else is; all keys here are made up."""

import random
import string
from pathlib import Path

import pytest

from kit.notebooks import secrets

ROOT = Path(__file__).parents[2]
HEX, MIXED = "0123456789abcdef", string.ascii_letters + string.digits


def made_up(count: int) -> list[tuple[str, str]]:
    """Return credentials in the shapes that their issuers document, each in a line of a file."""
    source = random.Random(105)

    def drawn(alphabet: str, length: int) -> str:
        return "".join(source.choices(alphabet, k=length))

    shapes = {
        "Azure, short": lambda: drawn(HEX, 32),
        "Azure, long": lambda: drawn(MIXED, 52) + "JQQJ99CAACi0881XJ3w3AAAFACOG" + drawn(MIXED, 4),
        "OpenAI": lambda: "sk-proj-" + drawn(MIXED + "-_", 60),
        "GitHub": lambda: "ghp_" + drawn(MIXED, 36),
        "GitHub, fine-grained": lambda: f"github_pat_{drawn(MIXED, 22)}_{drawn(MIXED, 59)}",
        "Amazon": lambda: "AKIA" + drawn(string.ascii_uppercase + string.digits, 16),
        "Databricks": lambda: "dapi" + drawn(HEX, 32),
        "JSON web token": lambda: "eyJ" + ".".join(drawn(MIXED, length) for length in (30, 60, 43)),
        "storage account": lambda: "AccountKey=" + drawn(MIXED + "+/", 86) + "==",
        "shared access signature": lambda: "https://a.blob.core.windows.net/c?sv=1&sig=" + drawn(MIXED, 44),
        "any service": lambda: drawn(MIXED, 40),
        "password": lambda: f'password = "{drawn(string.ascii_lowercase, 12)}"',
    }
    lines = ['key = "{}"', "    api_key={},", '"source": ["x = \\"{}\\""]', "# {}"]
    return [
        (name, source.choice(lines).format(make())) for name, make in shapes.items() for _ in range(count)
    ]


def test_credentials_are_found():
    lines = made_up(50)
    missed = [(name, line) for name, line in lines if not list(secrets.find(f"first line\n{line}\n"))]
    assert len(lines) == 600
    # A word drawn at random may hold a run of seven letters like a word's: one in eleven of 20,000 did
    assert len(missed) <= 10, missed
    assert {name for name, _ in missed} <= {"any service"}
    assert [found.line for found in secrets.find("a\n" + lines[0][1])] == [2]


def test_only_the_beginning_is_repeated():
    for _, line in made_up(3):
        for found in secrets.find(line):
            assert len(found.beginning) == 5


def test_redaction_knows_the_long_form_of_azure():
    for name, line in made_up(5):
        if name == "Azure, long":
            assert "[secret]" in secrets.redact(line, {})
            assert "JQQJ9" not in secrets.redact(line, {})


@pytest.mark.parametrize(
    "harmless",
    [
        "ftjob-" + HEX * 2,
        "gpt-oss-20b.ft-" + HEX * 2 + "-brisa:ckpt-step-12",
        "00000000-0000-0000-0000-000000000000",
        "sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
        "CognitiveServicesManagementClient.deployments.begin_create_or_update",
        "https://learn.microsoft.com/azure/foundry/foundry-models/concepts/models-sold-directly-by-azure",
        'api_key = "<your key>"',
        "api_key=connection.api_key",
        'api_key = os.environ["AZURE_OPENAI_API_KEY"]',
        "test_running_a_cell_twice_uploads_once_and_Only_Once2",
    ],
)
def test_identifiers_hashes_and_long_names_are_not(harmless: str):
    assert list(secrets.find(harmless)) == []


def test_no_file_of_the_kit_raises_a_false_alarm():
    """Its own code, prose and data in five languages: a few megabytes without a credential."""
    patterns = ("kit/**/*.py", "templates/*", "locales/**/*.po", "labs/**/*.ipynb", "labs/**/*.jsonl", "*.md")
    paths = [path for pattern in patterns for path in ROOT.glob(pattern)]
    found = {
        str(path): hits for path in paths if (hits := list(secrets.find(path.read_text(encoding="utf-8"))))
    }
    assert len(paths) > 100
    assert found == {}


def test_a_secret_is_cleared_in_every_spelling():
    key = 'velvet"otter/91+x=='
    texts = list(secrets.spellings(key))
    assert len(texts) == 6
    assert "velvet&quot;otter/91+x==" in texts
    for text in texts:
        assert "otter" not in secrets.redact({"a": [f"x {text} y"]}, {"CLASS_KEY": key})["a"][0]
        assert text not in secrets.redact(text, {"CLASS_KEY": key})


def test_a_credential_nobody_knew_of_is_cleared_by_its_shape_and_a_hash_is_kept():
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0xx.c2lnbmF0dXJl" + "x" * 10
    assert secrets.redact(f"Bearer {token}", {}) == "Bearer [secret]"
    assert secrets.redact("run " + HEX * 2, {}) == "run " + HEX * 2
