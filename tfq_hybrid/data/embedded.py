"""The embedded corpus: film sentiment from a small grammar, as a TFDS builder.

It needs no network and no file, and it is hard for a bag of words on
purpose: negation flips the polarity of a clause, and in a sentence of two
opposed clauses only the main one counts. So the words of a sentence say
little about its label, and their relations say everything.
"""

import random
from collections.abc import Iterator

import tensorflow_datasets as tfds

SUBJECTS = (
    "the plot|the acting|the script|the ending|the music|the direction|"
    "the dialogue|the pacing|the story|the cast|the camera work|the humor|"
    "the opening|the romance|the finale"
).split("|")
POSITIVE = (
    "good|great|superb|moving|clever|charming|funny|elegant|gripping|"
    "brilliant|warm|fresh|tender|witty|inspired"
).split("|")
NEGATIVE = (
    "bad|awful|dull|clumsy|boring|tedious|flat|hollow|lazy|"
    "messy|stale|painful|shallow|weak|tiresome"
).split("|")
VERBS = ("is", "was", "seems", "feels", "looks")
NEGATIONS = ("not", "never", "hardly", "far from")
DEGREES = ("", "", "", "very ", "really ", "quite ", "rather ")
OPENINGS = ("", "", "", "to me ", "in the end ", "honestly ", "for once ")

SIZES = {"train": 12_000, "validation": 1_000, "test": 1_000}


def sentences(split: str) -> Iterator[tuple[str, int]]:
    """Generates a split: pairs of a sentence and its label (1: positive).

    The same at every call; no sentence is in two splits.

    >>> next(sentences("test"))
    ('in the end the pacing seems rather weak', 0)
    """
    generator = random.Random(0)
    seen = set()
    for name, size in SIZES.items():
        made = 0
        while made < size:
            label = made % 2
            text = _sentence(generator, label)
            if text not in seen:
                seen.add(text)
                made += 1
                if name == split:
                    yield text, label


def _sentence(generator, label):
    opening = generator.choice(OPENINGS)
    kind = generator.random()
    main = _clause(generator, label)
    if kind < 0.6:
        return opening + main
    other = _clause(generator, 1 - label)
    if kind < 0.8:
        return f"{opening}{other} but {main}"
    return f"{opening}{main} although {other}"


def _clause(generator, label):
    negated = generator.random() < 0.25
    words = POSITIVE if bool(label) != negated else NEGATIVE
    negation = generator.choice(NEGATIONS) + " " if negated else ""
    return (
        f"{generator.choice(SUBJECTS)} {generator.choice(VERBS)} "
        f"{negation}{generator.choice(DEGREES)}{generator.choice(words)}"
    )


class EmbeddedSentiment(tfds.core.GeneratorBasedBuilder):
    """The corpus as a data set of TensorFlow Datasets."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        return self.dataset_info_from_configs(
            description=__doc__,
            features=tfds.features.FeaturesDict(
                {
                    "text": tfds.features.Text(),
                    "label": tfds.features.ClassLabel(
                        names=["negative", "positive"]
                    ),
                }
            ),
            supervised_keys=("text", "label"),
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in SIZES}

    def _generate_examples(self, split):
        for index, (text, label) in enumerate(sentences(split)):
            yield index, {"text": text, "label": label}
