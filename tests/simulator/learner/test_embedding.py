"""Embeddings: alike is near, in every language; any dimension; the same in every process."""

import subprocess
import sys

import numpy as np
import pytest

from kit.simulator.learner import embed

# Pairs that say the same in other words, written for this test.
PARAPHRASES = {
    "en": [
        (
            "How much does the train to the airport cost?",
            "What is the price of a train ticket to the airport?",
        ),
        ("The soup was cold and the waiter was rude.", "Rude waiter, and they served me cold soup."),
        ("My laptop does not start after the update.", "Since I updated my laptop it will not boot."),
        ("She plays the violin in an orchestra.", "She is a violinist with an orchestra."),
        ("Remember to water the plants in summer.", "In summer the plants need to be watered."),
        ("I would like to cancel my gym membership.", "Please end my membership at the gym."),
        ("It will rain all weekend.", "Rain is forecast for Saturday and Sunday, the whole weekend."),
        ("The museum is closed on Mondays.", "On Monday you cannot visit the museum, it is closed."),
    ],
    "pt": [
        ("Quanto custa o trem para o aeroporto?", "Qual é o preço da passagem de trem até o aeroporto?"),
        ("A sopa estava fria e o garçom foi grosso.", "Garçom grosso, e ainda me serviram sopa fria."),
        ("Meu notebook não liga depois da atualização.", "Desde que atualizei o notebook ele não inicia."),
        ("Ela toca violino em uma orquestra.", "Ela é violinista de uma orquestra."),
        ("Lembre-se de regar as plantas no verão.", "No verão as plantas precisam ser regadas."),
        ("Quero cancelar minha matrícula na academia.", "Por favor, encerrem minha matrícula da academia."),
        ("Vai chover o fim de semana inteiro.", "Há previsão de chuva para todo o fim de semana."),
        ("O museu fecha às segundas-feiras.", "Na segunda-feira não dá para visitar o museu, está fechado."),
    ],
    "es": [
        ("¿Cuánto cuesta el tren al aeropuerto?", "¿Qué precio tiene el billete de tren al aeropuerto?"),
        ("La sopa estaba fría y el camarero fue grosero.", "Camarero grosero, y me sirvieron sopa fría."),
        ("Mi portátil no arranca tras la actualización.", "Desde que actualicé el portátil no enciende."),
        ("Ella toca el violín en una orquesta.", "Es violinista de una orquesta."),
        ("Recuerda regar las plantas en verano.", "En verano las plantas necesitan que las rieguen."),
        ("Quiero cancelar mi cuota del gimnasio.", "Por favor, den de baja mi cuota en el gimnasio."),
        ("Lloverá todo el fin de semana.", "Anuncian lluvia para el fin de semana completo."),
        ("El museo cierra los lunes.", "El lunes no se puede visitar el museo, está cerrado."),
    ],
    "zh": [
        ("去机场的火车票多少钱？", "坐火车到机场要花多少钱？"),
        ("汤是凉的，服务员态度很差。", "服务员态度差，端上来的汤都凉了。"),
        ("笔记本电脑更新以后开不了机。", "自从更新了系统，我的电脑就无法开机。"),
        ("她在乐团里拉小提琴。", "她是乐团的小提琴手。"),
        ("夏天记得给植物浇水。", "到了夏天，植物需要多浇水。"),
        ("我想取消健身房的会员。", "请帮我退掉健身房会员。"),
        ("整个周末都会下雨。", "预报说周末两天都有雨。"),
        ("博物馆星期一闭馆。", "星期一不能参观博物馆，那天闭馆。"),
    ],
    "fr": [
        (
            "Combien coûte le train pour l'aéroport ?",
            "Quel est le prix du billet de train jusqu'à l'aéroport ?",
        ),
        ("La soupe était froide et le serveur impoli.", "Serveur impoli, et on m'a servi une soupe froide."),
        (
            "Mon ordinateur ne démarre plus après la mise à jour.",
            "Depuis la mise à jour, impossible de démarrer.",
        ),
        ("Elle joue du violon dans un orchestre.", "Elle est violoniste dans un orchestre."),
        ("Pensez à arroser les plantes en été.", "En été, les plantes ont besoin d'être arrosées."),
        (
            "Je veux résilier mon abonnement à la salle de sport.",
            "Merci de résilier mon abonnement au sport.",
        ),
        ("Il pleuvra tout le week-end.", "On annonce de la pluie pour le week-end entier."),
        ("Le musée est fermé le lundi.", "Le lundi, on ne peut pas visiter le musée, il est fermé."),
    ],
}


@pytest.mark.parametrize("dimensions", [256, 1536, 3072])
@pytest.mark.parametrize("locale", PARAPHRASES)
def test_paraphrases_are_nearer_than_other_texts(locale: str, dimensions: int) -> None:
    pairs = PARAPHRASES[locale]
    one, two = (embed([pair[side] for pair in pairs], dimensions) for side in (0, 1))
    cosines = one @ two.T
    alike, others = np.diag(cosines), cosines[~np.eye(len(pairs), dtype=bool)]
    assert alike.mean() > others.mean() + 0.2, (alike, others.mean())
    assert (cosines.argmax(axis=1) == np.arange(len(pairs))).mean() >= 7 / 8


def test_the_same_subject_is_near_across_languages() -> None:
    english = embed([one for one, _ in PARAPHRASES["en"]])
    for locale in ("pt", "es", "zh", "fr"):
        cosines = english @ embed([one for one, _ in PARAPHRASES[locale]]).T
        assert np.diag(cosines).mean() > cosines[~np.eye(len(cosines), dtype=bool)].mean() + 0.1


def test_rows_have_length_one_and_any_dimensions() -> None:
    texts = ["A text.", "", "  ", "🚲🚲", "?!", "жук и 漢字", "word " * 5_000]
    for dimensions in (1, 2, 64, 1536, 3072):
        vectors = embed(texts, dimensions)
        assert vectors.shape == (len(texts), dimensions)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert embed([]).shape == (0, 3072)


@pytest.mark.parametrize("dimensions", [0, -1, 3073])
def test_impossible_dimensions_are_refused(dimensions: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 3072"):
        embed(["A text."], dimensions)


def test_fewer_dimensions_are_the_beginning_of_more() -> None:
    text = [PARAPHRASES["en"][0][0]]
    cut = embed(text)[:, :512]
    np.testing.assert_allclose(embed(text, 512), cut / np.linalg.norm(cut), atol=1e-6)


def test_a_text_has_the_same_vector_alone_and_among_others() -> None:
    texts = [text for pairs in PARAPHRASES.values() for pair in pairs for text in pair]
    np.testing.assert_array_equal(embed(texts)[7], embed([texts[7]])[0])


def test_another_process_computes_the_same() -> None:
    code = "from kit.simulator.learner import embed; print(embed(['¿Dónde está?'], 64).tobytes().hex())"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == embed(["¿Dónde está?"], 64).tobytes().hex()
