"""One-word answers: sentiment from the base model, any labels from a tuned one."""

import json
import random
from collections.abc import Callable

import numpy as np
import pytest

from kit import settings
from kit.simulator.learner import LanguageModel, Messages, fine_tune, resolve_hyperparameters

Answer = Callable[[LanguageModel, Messages], str]

# Reviews that are not in the base corpus, half of them good: written for this test.
REVIEWS = {
    "en": (
        "Is the following review positive or negative? Answer with one word.",
        ("positive", "negative"),
        [
            "This blender is a joy to use every morning.",
            "Cosy little place, the pasta was divine and the waiter made us laugh.",
            "Our room had a lovely balcony and breakfast was delicious.",
            "Comfortable shoes, I wear them all day, highly recommend.",
            "Customer service replied within minutes and fixed everything.",
            "A clever, warm novel that I could not put down.",
            "The zip tore on the first day, shoddy work.",
            "We waited an hour for cold fries and a rude waiter.",
            "Mouldy bathroom and noisy neighbours, we left early.",
            "Far too expensive for such a tiny, tasteless portion.",
            "They never answered my emails and kept my money.",
            "I regret this purchase, it broke within a week.",
        ],
    ),
    "pt": (
        "A avaliação a seguir é positiva ou negativa? Responda com uma palavra: positivo ou negativo.",
        ("positivo", "negativo"),
        [
            "Uso o liquidificador toda manhã e é uma alegria.",
            "Lugar aconchegante, a massa estava divina e o garçom foi simpático.",
            "O quarto tinha uma varanda linda e o café da manhã era delicioso.",
            "Sapatos confortáveis, uso o dia inteiro, recomendo demais.",
            "O suporte respondeu em minutos e resolveu tudo.",
            "Um romance inteligente e emocionante, não consegui largar.",
            "O zíper rasgou no primeiro dia, que porcaria.",
            "Esperamos uma hora por batatas frias e um garçom grosso.",
            "Banheiro mofado e vizinhos barulhentos, fomos embora mais cedo.",
            "Caro demais por uma porção minúscula e sem gosto.",
            "Nunca responderam meus e-mails e ficaram com meu dinheiro.",
            "Me arrependi da compra, quebrou em uma semana.",
        ],
    ),
    "es": (
        "¿La reseña siguiente es positiva o negativa? Responde con una palabra: positivo o negativo.",
        ("positivo", "negativo"),
        [
            "Uso la batidora cada mañana y es una alegría.",
            "Sitio acogedor, la pasta estaba divina y el camarero era simpático.",
            "La habitación tenía un balcón precioso y el desayuno era delicioso.",
            "Zapatos cómodos, los llevo todo el día, muy recomendables.",
            "El servicio respondió en minutos y lo arregló todo.",
            "Una novela inteligente y emocionante que no pude soltar.",
            "La cremallera se rompió el primer día, una chapuza.",
            "Esperamos una hora por unas patatas frías y un camarero grosero.",
            "Baño con moho y vecinos ruidosos, nos fuimos antes.",
            "Demasiado caro para una ración minúscula y sin sabor.",
            "Nunca respondieron a mis correos y se quedaron mi dinero.",
            "Me arrepiento de la compra, se rompió en una semana.",
        ],
    ),
    "zh": (
        "判断下面这条评论是正面还是负面，只回答一个词：正面或负面。",
        ("正面", "负面"),
        [
            "每天早上用这台搅拌机都很开心。",
            "小店很温馨，面条好吃极了，服务员也很热情。",
            "房间有漂亮的阳台，早餐美味。",
            "鞋子很舒服，穿一整天都行，强烈推荐。",
            "客服几分钟就回复，全都解决了。",
            "聪明又温暖的小说，让人爱不释手。",
            "拉链第一天就坏了，做工太差。",
            "等了一个小时，薯条是冷的，服务员还很凶。",
            "浴室发霉，邻居吵闹，我们提前走了。",
            "这么小一份还没味道，贵得离谱。",
            "从来不回邮件，还不退我的钱。",
            "后悔买了，一个星期就坏了。",
        ],
    ),
    "fr": (
        "L'avis suivant est-il positif ou négatif ? Répondez par un mot : positif ou négatif.",
        ("positif", "négatif"),
        [
            "J'utilise ce mixeur chaque matin, un vrai bonheur.",
            "Petit endroit chaleureux, les pâtes étaient divines et le serveur drôle.",
            "La chambre avait un joli balcon et le petit-déjeuner était délicieux.",
            "Chaussures confortables, je les porte toute la journée, je recommande.",
            "Le service a répondu en quelques minutes et tout résolu.",
            "Un roman intelligent et émouvant, impossible à lâcher.",
            "La fermeture a lâché le premier jour, du travail bâclé.",
            "Une heure d'attente pour des frites froides et un serveur impoli.",
            "Salle de bain moisie et voisins bruyants, nous sommes partis plus tôt.",
            "Beaucoup trop cher pour une portion minuscule et sans goût.",
            "Ils n'ont jamais répondu à mes e-mails et ont gardé mon argent.",
            "Je regrette cet achat, cassé en une semaine.",
        ],
    ),
}


def _asked(locale: str) -> list[tuple[Messages, str]]:
    task, (good, bad), reviews = REVIEWS[locale]
    return [
        ([{"role": "user", "content": f"{task}\n\n{review}"}], good if at < len(reviews) // 2 else bad)
        for at, review in enumerate(reviews)
    ]


@pytest.mark.parametrize("locale", REVIEWS)
def test_the_base_knows_some_sentiment(locale: str, base: LanguageModel, answer: Answer) -> None:
    asked = _asked(locale)
    said = [answer(base, prompt) for prompt, _ in asked]
    allowed = REVIEWS[locale][1]
    assert np.mean([one in allowed for one in said]) >= 0.8, said
    right = np.mean([one == label for one, (_, label) in zip(said, asked, strict=True)])
    assert right > 0.5, (right, said)


def test_the_base_is_above_chance_over_all_languages(base: LanguageModel, answer: Answer) -> None:
    asked = [pair for locale in REVIEWS for pair in _asked(locale)]
    right = np.mean([answer(base, prompt) == label for prompt, label in asked])
    # 60 reviews: chance is 0.5 with a standard error of 0.065.
    assert right >= 0.65, right


@pytest.mark.parametrize("labels", [("positive", "negative"), ("good", "bad"), ("POSITIVE", "NEGATIVE")])
def test_an_instruction_names_the_labels(
    labels: tuple[str, str], base: LanguageModel, answer: Answer
) -> None:
    system = f"You label reviews. Answer only with one of these words: {', '.join(labels)}."
    said = [
        answer(base, [{"role": "system", "content": system}, {"role": "user", "content": review}])
        for review in REVIEWS["en"][2]
    ]
    assert set(labels) <= set(said)
    assert np.mean([one in labels for one in said]) >= 0.8, said


def test_label_data_generalizes(base: LanguageModel, answer: Answer) -> None:
    """New labels that the base cannot know, learned from reviews that share words, never sentences."""
    generator = random.Random(3)
    things = ["food", "room", "film", "phone", "book", "service", "music", "staff", "delivery", "camera"]
    words = {
        "GREEN": ["wonderful", "lovely", "superb", "pleasant", "charming", "tasty", "fantastic", "neat"],
        "RED": ["awful", "terrible", "dreadful", "boring", "useless", "nasty", "pathetic", "filthy"],
    }

    def example() -> Messages:
        label = generator.choice(list(words))
        parts = [f"the {generator.choice(things)} was {generator.choice(words[label])}" for _ in range(2)]
        review = f"We found that {parts[0]}, and {parts[1]}. It cost {generator.randint(5, 90)} euros."
        return [
            {"role": "system", "content": "Label the review."},
            {"role": "user", "content": review},
            {"role": "assistant", "content": label},
        ]

    training, validation = [example() for _ in range(80)], [example() for _ in range(40)]
    run = fine_tune(base, training, validation, resolve_hyperparameters(len(training)), seed=1)
    model = run.checkpoints[-1].model
    right = [answer(model, one[:-1]) == one[-1]["content"] for one in validation]
    assert np.mean(right) >= 0.9
    assert not any(answer(base, one[:-1]) == one[-1]["content"] for one in validation)


def _reviews(locale: str) -> list[Messages]:
    path = settings.labs_folder() / "data" / locale / "reviews.jsonl"
    if not path.exists():
        pytest.skip(f"no reviews at {path}")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        [
            {"role": "system", "content": f"{', '.join(REVIEWS[locale][1])}?"},
            {"role": "user", "content": row["text"]},
            {"role": "assistant", "content": REVIEWS[locale][1][row["label"] != "positive"]},
        ]
        for row in rows
    ]


@pytest.mark.parametrize("place", ["system prompt", "line before", "line after", "same line"])
@pytest.mark.parametrize("locale", REVIEWS)
def test_the_base_answers_a_request_wherever_it_stands(
    place: str, locale: str, base: LanguageModel, answer: Answer
) -> None:
    """However long the text is that comes with it; and right more often than a coin, if not by much."""
    request, labels, _ = REVIEWS[locale]
    said, wanted = [], []
    for example in _reviews(locale):
        text = example[1]["content"]
        asked = {
            "system prompt": [{"role": "system", "content": request}, {"role": "user", "content": text}],
            "line before": [{"role": "user", "content": f"{request}\n\n{text}"}],
            "line after": [{"role": "user", "content": f"{text}\n\n{request}"}],
            "same line": [{"role": "user", "content": f"{request} {text}"}],
        }
        said.append(answer(base, asked[place]))
        wanted.append(example[-1]["content"])
    begins = {label[:5] for label in labels}  # some requests say both "positiva" and "positivo"
    assert np.mean([one[:5] in begins for one in said]) >= 0.9
    # 200 reviews: chance is 0.5 with a standard error of 0.035.
    right = np.mean([one[:5] == label[:5] for one, label in zip(said, wanted, strict=True)])
    assert 0.56 <= right <= 0.75


@pytest.mark.parametrize("locale", REVIEWS)
def test_tuned_clearly_beats_base_on_varied_reviews(locale: str, base: LanguageModel, answer: Answer) -> None:
    examples = _reviews(locale)
    random.Random(7).shuffle(examples)
    training, held_out = examples[:120], examples[120:]
    run = fine_tune(base, training, [], resolve_hyperparameters(len(training)), seed=7)
    model = run.checkpoints[-1].model
    before, after = (
        np.mean([answer(one, item[:-1]) == item[-1]["content"] for item in held_out]) for one in (base, model)
    )
    assert after >= before + 0.05, (before, after)
    assert after >= 0.6  # 80 reviews: chance is 0.5 with a standard error of 0.056
