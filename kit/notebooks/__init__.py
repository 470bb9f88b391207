"""From a template to a notebook in any language, and from a notebook to its report.

The path of a text: ``templates`` (cells) → ``messages`` (what to translate; ``markdown``, ``html``,
``images`` and ``code`` find it, ``spans`` and ``literals`` put translations back) → ``rendering`` (with
``values``) → ``editions`` (which files; ``databricks`` writes one in another form) → ``checks``.

The path of a run: ``parameters`` → ``execution`` → ``runs``.

Import from the modules: some of them load parsers that a running lab does not need.
"""

__all__: list[str] = []
