"""From a template to a notebook in any language, and from a notebook to its report.

The path of a text: ``templates`` (cells) → ``messages`` (what to translate; ``markdown``, ``html``,
``images`` and ``code`` find it, ``spans`` and ``literals`` put translations back) → ``rendering`` (with
``values``) → ``editions`` (which there are; ``readme`` and ``bundle`` give what lies beside them) →
``formats`` (which ``files``; ``databricks`` and ``site`` write other forms than notebooks) → ``checks`` (with
``secrets``).

The path of a run: ``parameters`` → ``execution`` (``requirements`` tell what it needs) → ``runs`` (reports) →
``matrix`` (many runs, with ``matrix_report``) → ``outputs`` (editions that show what their cells did).

Import from the modules: some of them load parsers that a running lab does not need.
"""

__all__: list[str] = []
