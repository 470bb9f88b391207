"""Real local Spark: the quota divided, nothing paid twice, restarts after killed workers."""

import os
import random
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from kit.errors import ServiceError, UsageError
from kit.evaluation.runner import Caps, Price, generate

pyspark = pytest.importorskip("pyspark", reason="the extra “spark” is not installed")

pytestmark = [
    pytest.mark.slow,  # starting Spark alone takes ten seconds
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17"),
    # PySpark 4.3 says that it has not been tried with pandas 3; what is used here works.
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # its own sockets to the Java side
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pyspark"),
]

PARAMETERS = {"model": "m", "max_tokens": 5}


def connector(url):
    def connect():
        from openai import AsyncOpenAI

        client = AsyncOpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)

        async def ask(messages, **parameters):
            return await client.chat.completions.with_raw_response.create(messages=messages, **parameters)

        return ask

    return connect


@pytest.fixture(scope="module")
def spark():
    import warnings

    from pyspark.sql import SparkSession

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = (
            SparkSession.builder.master("local[2,4]")  # two cores; a task is tried up to four times
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.log.level", "OFF")
            .getOrCreate()
        )
        yield session
        session.stop()


def frame_of(spark, n):
    return spark.createDataFrame([(i, f"prompt {i:05d}") for i in range(n)], "id long, prompt string")


def workers():
    """Return the processes in which Spark runs Python: grandchildren of its Java process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"pyspark.daemon" in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    parents = {int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]): pid for pid in found}
    ours = [pid for pid in found if pid not in parents]  # the daemon is a parent; its workers are not
    return [pid for pid in ours if _descends_from(pid, os.getpid())]


def _descends_from(pid, ancestor):
    while pid > 1:
        if pid == ancestor:
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return False


def test_a_data_frame_gets_its_answers_within_the_quota(spark, quota_service, tmp_path):
    service = quota_service(rpm=3000)
    frame = frame_of(spark, 400).union(frame_of(spark, 100))  # a hundred rows twice
    run = generate(
        frame,
        connector(service.url),
        parameters=PARAMETERS,
        engine="spark",
        journal=tmp_path,
        rpm=3000,
        price=Price(1, 2),
    )
    stats = service.stats()
    assert sorted(stats["paid"].values()) == [1] * 400
    assert stats["refused"] < 0.05 * 400
    assert (run.summary.answered, run.summary.sent - run.summary.refused) == (400, 400)
    assert run.summary.cost == pytest.approx(400 * (12 * 1 + 1 * 2) / 1e6)
    rows = run.frame.collect()
    assert len(rows) == 500
    assert all(row.text == row.prompt.upper() and row.error is None for row in rows)
    run.frame.count()  # an action on the result pays for nothing
    assert service.stats()["paid"] == stats["paid"]


def test_both_partitions_ask_and_each_keeps_to_its_share(spark, quota_service, tmp_path):
    service = quota_service(rpm=1200, headers=False)
    generate(frame_of(spark, 300), connector(service.url), parameters=PARAMETERS, engine="spark",
             journal=tmp_path, rpm=1200)  # fmt: skip
    parts = {path.name.split("-")[1] for path in (tmp_path / "segments").iterdir()}
    assert parts == {"00000", "00001"}
    stats = service.stats()
    assert stats["refused"] < 0.05 * 300
    assert stats["seconds"] < 1.5 * 300 / 20


def test_a_second_run_asks_only_for_new_rows(spark, quota_service, tmp_path):
    service = quota_service(rpm=60_000)
    options = {"parameters": PARAMETERS, "engine": "spark", "journal": tmp_path, "rpm": 60_000}
    generate(frame_of(spark, 50), connector(service.url), **options)
    run = generate(frame_of(spark, 70), connector(service.url), **options)
    assert (run.summary.sent, run.frame.where("text is not null").count()) == (20, 70)
    assert sorted(service.stats()["paid"].values()) == [1] * 70


def test_conversations_caps_and_rows_that_are_left(spark, quota_service, tmp_path):
    service = quota_service()
    rows = [([{"role": "system", "content": "Be brief"}, {"role": "user", "content": f"p{i}"}],)
            for i in range(30)]  # fmt: skip
    frame = spark.createDataFrame(rows, "chat array<struct<role: string, content: string>>")
    run = generate(frame, connector(service.url), parameters=PARAMETERS, engine="spark", column="chat",
                   journal=tmp_path, caps=Caps(items=10))  # fmt: skip
    assert (run.summary.stopped, run.summary.answered, run.summary.left) == ("items", 10, 20)
    assert run.frame.where("text is null").count() == 20


def test_a_wrong_address_is_told_as_in_every_other_run(spark, quota_service, tmp_path):
    service = quota_service()
    with pytest.raises(ServiceError, match="404"):
        generate(frame_of(spark, 5), connector(service.url + "/nowhere"), parameters=PARAMETERS,
                 engine="spark", journal=tmp_path)  # fmt: skip


def test_without_a_folder_nothing_is_sent(spark):
    with pytest.raises(UsageError, match="folder"):
        generate(frame_of(spark, 5), connector(""), parameters=PARAMETERS, engine="spark")


def test_five_thousand_prompts_and_killed_workers(spark, quota_service, tmp_path):
    """Workers die at random moments; Spark starts their tasks again, and no answer is lost or paid twice."""
    service = quota_service(rpm=18_000, request_burst=10, latency=0.1)
    options = {"parameters": PARAMETERS, "engine": "spark", "journal": tmp_path / "out", "rpm": 18_000,
               "max_concurrency": 16}  # fmt: skip
    kills, over = [], threading.Event()
    moments = random.Random(3)

    def killer():
        for goal in (1200, 2600, 3800):
            while not over.is_set() and len(service.stats()["paid"]) < goal:
                time.sleep(0.05)
            if not over.is_set() and (found := workers()):
                os.kill(moments.choice(found), signal.SIGKILL)
                kills.append(goal)

    thread = threading.Thread(target=killer)
    thread.start()
    try:
        run = generate(frame_of(spark, 5000), connector(service.url), **options)
    finally:
        over.set()
        thread.join()
    assert len(kills) == 3
    paid = service.stats()["paid"]
    assert len(paid) == 5000
    assert sum(paid.values()) - 5000 <= 16 * len(kills)  # what was under way in the process that died
    assert run.frame.where("text is not null").count() == 5000
    answers = [line for path in (tmp_path / "out" / "segments").iterdir() for line in path.open()]
    keys = [line[:43] for line in answers if line.endswith("\n")]
    assert len(keys) == len(set(keys)) == 5000


def test_a_job_that_was_given_up_goes_on_where_it_ended(spark, quota_service, tmp_path):
    """Every attempt at a task dies, so Spark gives the job up; the next call asks only for the rest."""
    service = quota_service(rpm=6000, request_burst=10, latency=0.1)
    options = {"parameters": PARAMETERS, "engine": "spark", "journal": tmp_path, "rpm": 6000,
               "max_concurrency": 16}  # fmt: skip
    over = threading.Event()
    kills = []

    def killer():
        while not over.is_set():
            paid = len(service.stats()["paid"])
            if paid > 100 * (len(kills) + 1) and len(kills) < 12:
                for pid in workers():
                    os.kill(pid, signal.SIGKILL)
                    kills.append(pid)
            time.sleep(0.05)

    thread = threading.Thread(target=killer)
    thread.start()
    from py4j.protocol import Py4JJavaError

    try:
        with pytest.raises((Py4JJavaError, pyspark.errors.PySparkException)):
            generate(frame_of(spark, 3000), connector(service.url), **options)
    finally:
        over.set()
        thread.join()
    before = service.stats()["paid"]
    run = generate(frame_of(spark, 3000), connector(service.url), **options)
    paid = service.stats()["paid"]
    assert 0 < len(before) < 3000
    assert (len(paid), run.frame.where("text is not null").count()) == (3000, 3000)
    assert sum(paid.values()) - 3000 <= 16 * len(kills)
