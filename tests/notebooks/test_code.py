"""Messages of code cells: comments by column, marked strings, and code that stays code."""

import ast

import pytest

from kit.notebooks import code

CASES = [
    ("x = 1", []),
    ("# One\n# two\nx = 1", [(1, "One two")]),
    ("# One\n\n# two", [(1, "One"), (3, "two")]),
    ("# One\n#\n# two", [(1, "One"), (3, "two")]),
    ("# - one\n# - two\n#   more", [(1, "- one"), (2, "- two more")]),
    ("x = 1  # one\ny = 2  # two", [(1, "one"), (2, "two")]),
    ("x = 1  # one\n       # more", [(1, "one more")]),
    ("# Outer\nif x:\n    # inner\n    pass", [(1, "Outer"), (3, "inner")]),
    ("#: Documented\nx = 1", [(1, "Documented")]),
    ("x = 1  # noqa: E501", []),
    ("x = 1  # why  # noqa: E501", [(1, "why")]),
    ("x = []  # type: ignore", []),
    ("# fmt: off\nx = 1", []),
    ("# ----\n# 42", []),
    ("# client.files.list()\n# x = 1", []),
    ("# Write\nx = 1", [(1, "Write")]),
    ('s = "# none"', []),
    ("%pip install x\n# Then\nimport x", [(2, "Then")]),
    ("!ls\n%time x = 1\ny = !pwd\nprint(_('Here'))", [(4, "Here")]),
    ("%%bash\n# no\necho _('no')", []),
    ("%%time\n# yes", [(2, "yes")]),
    ('print(_("Hello"))', [(1, "Hello")]),
    ("print(_('it''s'), \"_('no')\")", [(1, "its")]),
    ('_("a"\n  "b")', [(1, "ab")]),
    ("_(f\"{x:.3f} of {d['a']!r} {{no}}\")", [(1, "{x:.3f} of {d['a']!r} {{no}}")]),
    ('_("{plain} " f"{x}")', [(1, "{{plain}} {x}")]),
    ('_(r"back\\slash \\d")', [(1, "back\\slash \\d")]),
    ('_("""one\ntwo""")', [(1, "one\ntwo")]),
    ('é = _("naïve 中文")  # après', [(1, "naïve 中文"), (1, "après")]),
    ('_("a",)  # b', [(1, "a"), (1, "b")]),
    ("for _ in range(3): pass", []),
]


@pytest.mark.parametrize(("source", "expected"), CASES)
def test_messages(source, expected):
    assert [(segment.line, segment.msgid) for segment in code.segments(source)] == expected


def rendered(source, catalog):
    return code.translate(source, lambda segment: catalog.get(segment.msgid))


@pytest.mark.parametrize(
    ("source", "catalog", "expected"),
    [
        ('print(_("Hello"))', {}, 'print("Hello")'),
        ('print(_("Hello"))', {"Hello": "Olá"}, 'print("Olá")'),
        ('print(_("Hello"))', {"Hello": 'diga "oi"'}, "print('diga \"oi\"')"),
        ('print(_("Hello"))', {"Hello": "a\\b\nc\u00a0d"}, 'print("a\\\\b\\nc d")'),
        ("_(f\"{d['a']} x\")", {"{d['a']} x": "x: {d['a']}"}, "f\"x: {d['a']}\""),
        ("_(f'{d[\"a\"]} x')", {'{d["a"]} x': 'y "{d["a"]}"'}, 'f\'y "{d["a"]}"\''),
        ('x = _("a "\n      "b")', {}, 'x = ("a "\n     "b")'),
        ('print(_("a "\n        "b"))', {}, 'print("a "\n      "b")'),
        ("x = 1  # one", {"one": "um"}, "x = 1  # um"),
        ("x = 1  # one  # noqa: E501", {"one": "um"}, "x = 1  # um  # noqa: E501"),
        ("# one\n# two\nx = 1", {"one two": "um dois"}, "# um dois\nx = 1"),
        ("    # one", {"one": "a\nb"}, "    # a b"),
        ("# one", {"one": "un\u00a0: deux"}, "# un\u00a0: deux"),
    ],
)
def test_translation(source, catalog, expected):
    assert rendered(source.strip() if "    #" in source else source, catalog) == expected.strip()


def test_long_comments_wrap_and_are_one_message_again():
    source = "# " + "word " * 15 + "\n# " + "word " * 15
    (segment,) = code.segments(source)
    for translation in ("palavra " * 40 + "fim", "第一句话说明了这个单元格的作用，" * 8 + "结束。"):
        translated = rendered(source, {segment.msgid: translation})
        assert len(translated.split("\n")) > 2
        assert [found.msgid for found in code.segments(translated)] == [translation]


def test_long_strings_stay_one_message():
    long = "one two three four five six seven eight nine ten "
    source = f'print(\n    _(\n        "{long}"\n        "eleven twelve"\n    )\n)'
    (segment,) = code.segments(source)
    translation = "um dois três quatro cinco seis sete oito nove dez onze doze treze catorze"
    translated = rendered(source, {segment.msgid: translation})
    assert translated.count('\n    "') == 2  # both lines start in the column of the call
    assert ast.parse(translated).body[0].value.args[0].value == translation


@pytest.mark.parametrize(
    ("source", "line"),
    [("x = 1\nprint(_(x))", 2), ("_()", 1), ('_("a", "b")', 1), ("_(b'a')", 1), ('_("12")', 1), ("if:", 1)],
)
def test_misused_marks(source, line):
    with pytest.raises(code.CodeError) as caught:
        code.segments(source)
    assert caught.value.line == line


@pytest.mark.parametrize("translation", ["no placeholder", "{y}", "{x} {x}", "{x", "{__import__('os')} {x}"])
def test_placeholders_must_be_equal(translation):
    with pytest.raises(code.CodeError):
        rendered('_(f"n = {x}")', {"n = {x}": translation})
