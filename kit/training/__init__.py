"""Training open weights on one's own machine: what a notebook with ``transformers`` needs around it.

The lesson, from ``GPT2Config`` to ``Trainer.train()``, stands in the notebook. Here is what would distract
from it: a tokenizer that needs no network (:mod:`~kit.training.tokenizer`), what differs between versions of
transformers and between a laptop and a GPU (:mod:`~kit.training.options`), batches that waste little
(:mod:`~kit.training.collating`), a last layer that computes only what is asked for
(:mod:`~kit.training.last_token`), a curve that grows while the model learns (:mod:`~kit.training.watching`),
and a package that a process of its own serves
(:mod:`~kit.training.packaging`, :mod:`~kit.training.serving`).

torch and transformers come with the extra ``train``; nothing here is imported by the rest of the kit before a
notebook asks for it.
"""
