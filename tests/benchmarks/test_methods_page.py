"""The page of methods at equal numbers of parameters, on made-up answers."""

import numpy as np

from benchmarks.methods_page import _packed, content_of, page


def cell(share, parameters=500):
    """Five seeds of 200 answers, of which a share is right."""
    right = np.random.default_rng(0).random((5, 200)) < share
    accuracy = {"value": 100 * share, "low": 100 * share - 1}
    return {
        "parameters": parameters,
        "rate": 0.01,
        "accuracy": {**accuracy, "high": 100 * share + 1},
        "right": _packed(right),
    }


def sizes(circuit, classical):
    cells = {"QuanTA": cell(circuit), "LoRA": cell(classical)}
    found = {"parts": [9, 9, 200], "seeds": 5}
    other = {"LoRA": cell(0.5), "OFT": "no such size"}
    return {
        "2000": {**found, "cells": other},
        "500": {**found, "cells": cells},
    }


def test_who_leads_is_said_as_the_interval_has_it():
    better = page(content_of(sizes(0.9, 0.6)))
    assert "every classical method of its size: QuanTA at 500." in better
    equal = page(content_of(sizes(0.6, 0.6)))
    assert "No unitary and no circuit is better than every" in equal


def test_every_cell_is_on_the_page():
    text = page(content_of(sizes(0.9, 0.6)))
    assert "| | 500 | 2,000 |" in text
    assert "| LoRA | 60.0 (59.0 to 61.0), 500 | 50.0 (49.0 to 51.0), 500 |" in (
        text
    )
    assert "| OFT | – | no such size |" in text
    assert "All 1 intervals" in text


def test_answers_come_back_as_they_were():
    content = content_of(sizes(0.9, 0.6))
    [row] = content["differences"]
    random = np.random.default_rng(0).random((5, 200))
    expected = 100 * ((random < 0.9).mean() - (random < 0.6).mean())
    assert np.isclose(row["difference"]["value"], expected)
