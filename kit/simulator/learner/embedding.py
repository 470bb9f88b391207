"""Embeddings: texts as points, of which those near each other are alike in wording or in subject.

A text's features (:mod:`kit.simulator.learner.features`), weighted by how rare they are, and the notes of the
base corpus that it reminds of are hashed into one vector: a signed random projection ("count sketch",
Charikar, Chen and Farach-Colton 2002) keeps their inner products. The notes are parallel in all languages
and hashed by subject, so that texts in two languages about the same subject are a little nearer, too.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cache

import numpy as np

from kit.simulator.learner.base import knowledge
from kit.simulator.learner.features import BUCKETS, Bag, Bags, bag
from kit.simulator.learner.retrieval import Knowledge, weighted
from kit.simulator.learner.vocabulary import Floats, Integers

DIMENSIONS = 3072
_BLOCKS = (0, 64, 128, 256, 512, 1024, 1536, 2048, DIMENSIONS)
_SEED = 105
_SUBJECTS = 0.6  # the notes' share of a vector's squared length


def embed(texts: Sequence[str], dimensions: int = DIMENSIONS) -> Floats:
    """Return a vector of length one for each text; equal texts give equal vectors, in every process.

    The first numbers of a vector are themselves a vector, as in the service's models: asking for fewer
    dimensions is the same as cutting vectors and making their length one again.

    Args:
        texts: in any language.
        dimensions: 1 to DIMENSIONS.

    Returns:
        Shape (len(texts), dimensions), float32.

    Raises:
        ValueError: there are no such dimensions.
    """
    if not 1 <= dimensions <= DIMENSIONS:
        raise ValueError(f"dimensions must be between 1 and {DIMENSIONS}, not {dimensions}")
    known = knowledge()
    vectors = np.zeros((len(texts), dimensions), dtype=np.float32)
    for at, text in enumerate(texts):
        vectors[at] = _vector(text, known)[:dimensions]
    lengths = np.sqrt((vectors.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
    vectors[lengths[:, 0] == 0.0, 0] = 1.0  # nothing of the text falls into these few dimensions
    vectors /= np.where(lengths == 0.0, 1.0, lengths)
    return vectors


@cache
def _projection() -> tuple[Integers, Floats]:
    """Return where each feature goes, once per block, and with which number; shapes (BUCKETS, blocks).

    A block's share of the squared length is its share of the dimensions.
    """
    generator = np.random.default_rng(_SEED)
    sizes = np.diff(_BLOCKS)
    places = np.array(_BLOCKS[:-1]) + generator.integers(0, sizes, (BUCKETS, len(sizes)))
    signs = generator.choice(np.array([-1.0, 1.0]), places.shape)
    return places.astype(np.int32), (signs * np.sqrt(sizes / DIMENSIONS)).astype(np.float32)


def _vector(text: str, known: Knowledge) -> Floats:
    words = weighted(Bags.of([bag((text, 1.0))]), known.rate)
    if not len(words.ids):  # neither letters nor digits: the text as it is
        whole = Bag(np.array([zlib.crc32(text.encode()) % BUCKETS]), np.ones(1, dtype=np.float32))
        words = Bags.of([whole])
    subjects = known.subjects(words)
    numbers = np.flatnonzero(subjects)
    ids = np.concatenate([words.ids, _subject_ids(len(subjects))[numbers]])
    amounts = np.concatenate(
        [np.sqrt(1.0 - _SUBJECTS) * words.amounts, np.sqrt(_SUBJECTS) * subjects[numbers]]
    )
    places, values = _projection()
    spread = values[ids] * amounts[:, None]
    summed = np.bincount(places[ids].ravel(), weights=spread.ravel(), minlength=DIMENSIONS)
    return np.asarray(summed, dtype=np.float32)


@cache
def _subject_ids(number: int) -> Integers:
    return np.array([zlib.crc32(f"subject {one}".encode()) % BUCKETS for one in range(number)])
