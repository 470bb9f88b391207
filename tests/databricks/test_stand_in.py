"""The stand-in is honest: the signatures of Databricks' own methods, and what these refuse is refused."""

import inspect
import runpy
from pathlib import Path

import pytest

STAND_IN = runpy.run_path(str(Path(__file__).with_name("stand_in.py")))


@pytest.mark.parametrize("part", ["widgets", "secrets"])
def test_signatures_are_those_of_databricks_own_stub(part):
    package = pytest.importorskip("databricks.sdk", reason="databricks-sdk comes with the extra “tracking”")
    # Read as a file: importing its package looks for credentials, and there are none.
    stub = runpy.run_path(str(Path(package.__file__).parent / "runtime" / "dbutils_stub.py"))["dbutils"]
    ours = STAND_IN["Dbutils"]({}, {})
    methods = [name for name in dir(getattr(ours, part)) if not name.startswith("_")]
    assert methods
    for name in methods:
        theirs = inspect.signature(getattr(getattr(stub, part), name)).parameters
        own = inspect.signature(getattr(getattr(ours, part), name)).parameters
        assert [(each.name, each.default) for each in own.values()] == [
            (each.name, each.default) for each in theirs.values()
        ], name


def test_spark_takes_sql_as_spark_does():
    session = pytest.importorskip("pyspark.sql").SparkSession
    assert (
        list(inspect.signature(STAND_IN["Spark"].sql).parameters)[:2]
        == list(inspect.signature(session.sql).parameters)[:2]
    )


def test_widgets_hold_strings_and_refuse_names_that_are_not_defined():
    with pytest.raises(TypeError):
        STAND_IN["Widgets"]({"n_epochs": 3})
    widgets = STAND_IN["Widgets"]({"given": "5"})
    with pytest.raises(RuntimeError, match="InputWidgetNotDefined: No input widget named other is defined"):
        widgets.get("other")
    assert widgets.getArgument("other", "default") == "default"
    widgets.text("other", "1")
    widgets.text("given", "1")
    assert (widgets.get("other"), widgets.get("given")) == ("1", "5")
    with pytest.raises(ValueError, match="choices"):
        widgets.dropdown("third", "a", ["b"])
    widgets.removeAll()
    with pytest.raises(RuntimeError):
        widgets.get("other")


def test_scopes_and_volumes_must_exist(tmp_path):
    secrets = STAND_IN["Secrets"]({"class": {"key": "value"}})
    assert [each.key for each in secrets.list("class")] == ["key"]
    for wrong in (("class", "other"), ("other", "key")):
        with pytest.raises(RuntimeError, match="does not exist"):
            secrets.get(*wrong)
    with pytest.raises(RuntimeError, match="SCHEMA_NOT_FOUND"):
        STAND_IN["Spark"](None, tmp_path).sql("CREATE VOLUME IF NOT EXISTS `main`.`default`.llm_labs")
