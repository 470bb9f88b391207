"""Every check catches its fault, and leaves good translations alone."""

from pathlib import Path

import polib
import pytest

from kit import settings
from kit.i18n import catalogs
from kit.i18n.catalog_checks import CatalogChecker, check_tables
from kit.i18n.catalogs import SourceMessage, new_file, save
from kit.i18n.merging import merge

SHIPPED = settings.locales_folder()


@pytest.fixture
def folder(tmp_path):
    """Catalogs beside the glossary and the protected names that the kit ships."""
    root = tmp_path / "locales"
    root.mkdir()
    for name in ("glossary.csv", "protected.txt"):
        (root / name).write_bytes((SHIPPED / name).read_bytes())
    return root


def findings(folder, source, translation, locale="pt", kind="paragraph", **fields):
    domain = fields.pop("domain", "lab")
    file = merge(new_file(locale, domain), [SourceMessage(source, comment=f"{kind}: Step 1", **fields)]).file
    if isinstance(translation, dict):
        file[0].msgstr_plural = translation
    else:
        file[0].msgstr = translation
    save(file, catalogs.catalog_path(folder, locale, domain), locale, domain)
    return list(CatalogChecker(folder).check(locale, domain))


def rules(*arguments, severity=None, **fields):
    return {f.rule for f in findings(*arguments, **fields) if severity in {None, f.severity}}


ERRORS = [
    ("Call `files.create()`.", "Chame `arquivos.criar()`.", "pt", "inline-code"),
    ("Call `a` and `a`.", "Chame `a`.", "pt", "inline-code"),
    ("See [it](guide.md).", "Veja [isto](guia.md).", "pt", "link-target"),
    ("See [it](https://a.org/x).", "Veja isto.", "pt", "link-count"),
    ("![A](plot.png) is a picture.", "![A](grafico.png) é uma imagem.", "pt", "link-target"),
    ("See [it]({{ doc(\"x\") }}).", "Veja [isto]({{ doc(\"y\") }}).", "pt", "placeholders"),
    ("As [it][ref] says.", "Como [isto][referência] diz.", "pt", "link-target"),
    ("A note[^1].", "Uma nota.", "pt", "link-target"),
    ("See [it](https://a.org/x).", "Veja [isto](https://a.org/en-us/x).", "pt", "english-page"),
    ("A **bold** word.", "Uma palavra **negrito.", "pt", "stray-markup"),
    ("Use `x` here.", "Use `x aqui.", "pt", "stray-markup"),
    ("This is **“important”** indeed.", "这是**“重要”**的。", "zh", "broken-emphasis"),
    ("<b>Bold</b> text.", "Texto.", "pt", "html"),
    ("Press <kbd>Enter</kbd>.", "Aperte <kbd>Enter</kdb>.", "pt", "html"),
    ("Loss is $-\\log p$.", "A perda é $\\log p$.", "pt", "math"),
    ("Only {{ minutes(5) }}.", "Só {{ minutes(6) }}.", "pt", "placeholders"),
    ("Only {{ minutes(5) }}.", "Só 5 minutos.", "pt", "placeholders"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "translation", "locale", "rule"), ERRORS)
def test_errors(folder, source, translation, locale, rule):
    assert rule in rules(folder, source, translation, locale, severity="error")


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("{n} of {total}", "{n} de {soma}"),
        ("{n} files", "arquivos"),
        ("%(x)s left", "falta"),
        ("{} left", "falta"),
    ],
)
def test_placeholders_of_strings(folder, source, translation):
    assert "placeholders" in rules(folder, source, translation, kind="string", severity="error")


WARNINGS = [
    ("It has 1,000 lines.", "Tem 100 linhas.", "pt", "numbers"),
    ("Wait for it here.", "Wait for it here.", "pt", "unchanged"),
    ("Wait for it.", "Espere  por isso.", "pt", "double-space"),
    ("Wait for it.", "Espere\u200b por isso.", "pt", "zero-width"),
    ("Wait for it.", "Espere por isso", "pt", "end-punctuation"),
    ("Wait for it.", "请 等待。", "zh", "han-space"),
    ("Wait, please.", "请等待,谢谢。", "zh", "half-width"),
    ("Wait (a little).", "请等待(一会儿)。", "zh", "half-width"),
    ("Is it ready?", "Está listo?", "es", "opening-mark"),
    ("Stop!", "Para!", "es", "opening-mark"),
    ("Look at it.", "Usted puede mirarlo.", "es", "register"),
    ("Run it.", "Ejecute esto.", "es", "register"),
    ("The accuracy rises.", "A precisão sobe.", "pt", "glossary"),
    ("Wait: it ends.", "Attendez : cela se termine.", "fr", "loose-space"),
    ("Write “yes”.", "Écrivez « oui\u00a0».", "fr", "loose-space"),
    ("It costs 5% more.", "Cela coûte 5 % de plus.", "fr", "loose-space"),
]


@pytest.mark.parametrize(("source", "translation", "locale", "rule"), WARNINGS)
def test_warnings(folder, source, translation, locale, rule):
    assert rule in rules(folder, source, translation, locale, severity="warning")


GOOD = [
    ("Call `b()` after `a()`.", "Chame `b()` depois de `a()`.", "pt"),
    ("See [it](https://a.org/en).", "Veja [isto](https://a.org/pt-br).", "pt"),
    ("It costs 1,234.5 USD.", "Custa 1.234,5 USD.", "pt"),
    ("This is **“important”** indeed.", "这确实是<strong>“重要”</strong>的。", "zh"),
    ("A **bold** word: wait!", "一个**粗体**的词：等等！", "zh"),
    ("Is it ready? Stop!", "¿Está listo? ¡Para!", "es"),
    ("Run the cell.", "Ejecuta la celda.", "es"),
    ("Wait (a little), then `run(a, b)`.", "请稍等（一会儿），然后 `run(a, b)`。", "zh"),
    ("Use Azure OpenAI in Sweden Central.", "在 Sweden Central 使用 Azure OpenAI。", "zh"),
    ("The deployments answer.", "As implantações respondem.", "pt"),
    ("Tokenize the text.", "对文本分词。", "zh"),
    ("It costs 5%: “cheap”!", "Cela coûte 5\u00a0%\u00a0: «\u00a0bon marché\u00a0»\u202f!", "fr"),
    ("Run `a : b` once.", "Exécutez `a : b` une fois.", "fr"),
    ("From https://a.org on.", "À partir de https://a.org.", "fr"),
    ("Deploying takes a minute.", "La implementación tarda un minuto.", "es"),
    ("Token", "Token", "pt"),
    ("GlobalStandard", "GlobalStandard", "pt"),
    ("2 × 3 * 4 = 24", "2 × 3 * 4 = 24", "pt"),
    ("Only {{ minutes(5) }}.", "仅 {{ minutes(5) }}。", "zh"),
]


@pytest.mark.parametrize(("source", "translation", "locale"), GOOD)
def test_good_translations_pass(folder, source, translation, locale):
    assert findings(folder, source, translation, locale) == []


# Faults of translation that older material of this kind had (one line each), and the check that stops them.
OLD_FAULTS = [
    ("Install the `datasets` package.", "Instale o pacote `conjuntos de dados`.", "pt", "inline-code"),
    ("Install the datasets library.", "Instala la biblioteca de conjuntos de datos.", "es", "protected"),
    ("The transformers library loads it.", "A biblioteca de transformadores o carrega.", "pt", "protected"),
    ("Open fine-tune.ipynb now.", "Abra ajuste-fino.ipynb agora.", "pt", "protected"),
    ("Read accuracy first.", "Leia primeiro a precisão.", "pt", "glossary"),
    ("Recall is the share found.", "La coincidencia es la parte encontrada.", "es", "glossary"),
    ("Set the seed.", "Establece el inicial.", "es", "glossary"),
    ("Count the tokens.", "计算标记数。", "zh", "glossary"),
    ("Choose Sweden Central.", "Elige Suecia Central.", "es", "protected"),
    ("Choose GlobalStandard.", "Escolha PadrãoGlobal.", "pt", "protected"),
    ("A Standard_D4ds_v5 node is enough.", "Basta um nó Padrão_D4ds_v5.", "pt", "protected"),
    ("Wait until it ends.", "Espere usted a que termine.", "es", "register"),
    ("passes over the training file", "passes over the training file", "pt", "unchanged"),
    ("See [it](https://a.org/azure/x).", "Míralo [aquí](https://a.org/en-us/azure/x).", "es", "english-page"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "translation", "locale", "rule"), OLD_FAULTS)
def test_old_faults_are_caught(folder, source, translation, locale, rule):
    assert rule in rules(folder, source, translation, locale)


def test_each_finding_says_where_why_and_what_to_do(folder):
    (finding,) = findings(folder, "Call `a`.", "Chame `b`.")
    assert (finding.file, finding.line) == ("locales/pt/LC_MESSAGES/lab.po", 11)
    assert finding.subject == "Call `a`."
    assert "missing: a; added: b" in finding.reason
    assert finding.fix


def test_a_lost_link_is_told_once_and_in_the_words_of_the_source(folder):
    (finding,) = findings(folder, 'See [the guide]({{ doc("x") }}).', "Veja o guia.")
    assert finding.rule == "placeholders"
    assert 'missing: {{ doc("x") }}' in finding.reason
    assert "added" not in finding.reason
    (finding,) = findings(folder, 'See [the guide]({{ doc("x") }}).', 'Veja o guia: {{ doc("x") }}.')
    assert finding.rule == "link-count"
    (finding,) = findings(folder, "See [it](a/{{ x }}/b.md).", "Veja [isto](a/{{ x }}/c.md).")
    assert "missing: a/{{ … }}/b.md; added: a/{{ … }}/c.md" in finding.reason


def test_comments_hold_no_markdown(folder):
    assert findings(folder, "a * b is more", "a * b * c é mais", kind="comment") == []


@pytest.mark.parametrize(("published", "expected"), [("pt", {"untranslated", "fuzzy"}), ("es", set())])
def test_published_locales_are_complete(folder, published, expected):
    (folder / "published.txt").write_text(f"# comment\n{published}\n", encoding="utf-8")
    file = new_file("pt", "lab")
    file.extend([polib.POEntry(msgid="One."), polib.POEntry(msgid="Two.", msgstr="Dois.", flags=["fuzzy"])])
    save(file, catalogs.catalog_path(folder, "pt", "lab"), "pt", "lab")
    assert {finding.rule for finding in CatalogChecker(folder).check("pt", "lab")} == expected


@pytest.mark.parametrize(
    ("locale", "forms", "expected"),
    [
        ("pt", {0: "{n} arquivo", 1: "{n} arquivos"}, set()),
        ("pt", {0: "um arquivo", 1: "{n} arquivos"}, set()),
        ("pt", {0: "{n} arquivo"}, {"plural"}),
        ("zh", {0: "{n} 个文件"}, set()),
        ("zh", {0: "{n} 个文件", 1: "{n} 个文件"}, {"plural"}),
        ("pt", {0: "{n} arquivo", 1: "{x} arquivos"}, {"placeholders"}),
    ],
)
def test_plural_forms(folder, locale, forms, expected):
    assert rules(folder, "{n} file", forms, locale, plural="{n} files", domain="kit") == expected


def test_a_broken_catalog_is_a_finding(folder):
    path = catalogs.catalog_path(folder, "pt", "lab")
    path.parent.mkdir(parents=True)
    path.write_text("no catalog", encoding="utf-8")
    (finding,) = CatalogChecker(folder).check("pt", "lab")
    assert (finding.rule, finding.severity) == ("unreadable", "error")


def test_tables_are_complete_for_published_locales(folder):
    (folder / "published.txt").write_text("pt\n", encoding="utf-8")
    (folder / "links.csv").write_text("key,en,pt\na,https://a,\nb,https://b,https://c\n", encoding="utf-8")
    found = [(f.severity, f.rule, f.file, f.line, f.subject) for f in check_tables(folder)]
    assert found == [("warning", "link-missing", "locales/links.csv", 2, "a")]


def test_the_shipped_tables_are_complete():
    assert list(check_tables(Path(SHIPPED))) == []
