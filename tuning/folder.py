"""`SearchFolder`: what a search or a screening leaves, and whose it is."""

import json
import pathlib

from tfq_hybrid.errors import UserError
from tfq_hybrid.files import check_output_folder, write_json
from tfq_hybrid.reading import read_json
from tfq_hybrid.tuning.trial import read_record


class SearchFolder:
    """Paths of a search.

        study.json     what is searched; the search goes on only as this
        oracle/        keras-tuner's own state
        trials/ID/     trial.json, and a run folder for each seed
        tensorboard/   the values and metrics of all trials (HParams)
        logs/          what chief and workers said
        search.json    the results (screening.json of a screening)
        report.md      the same as a table
        best/          the best trial, a run folder

    Args:
        path: str or path.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.study_file = self.path / "study.json"
        self.trials = self.path / "trials"
        self.logs = self.path / "logs"
        self.tensorboard = self.path / "tensorboard"
        self.report_file = self.path / "report.md"
        self.best = self.path / "best"

    def study(self):
        """What is searched here, a dict; `None` where there is no search.

        Raises:
            UserError: the file is damaged.
        """
        if not self.study_file.is_file():
            return None
        return read_json(self.study_file, "a whole search")

    def check(self, study):
        """Raises `UserError` unless this study may begin or go on here.

        Args:
            study: dict of plain JSON types.
        """
        check_output_folder(self.path)
        old = self.study()
        if old is None:
            taken = self.path.is_file() or (
                self.path.exists() and any(self.path.iterdir())
            )
            if taken:
                raise UserError(
                    "Expected a new folder, or that of a "
                    f"search. Received: {self.path}, which holds something "
                    "else"
                )
            return
        difference = first_difference(old, json.loads(json.dumps(study)))
        if difference:
            where, before, now = difference
            raise UserError(
                f"Expected the study of {self.path}, where {where} is "
                f"{_short(before)}. Received: {where}={_short(now)}. Nothing "
                "was changed there: take another folder."
            )

    def begin(self, study):
        """Writes down what is searched, where it is new."""
        if self.study() is None:
            self.path.mkdir(parents=True, exist_ok=True)
            write_json(self.study_file, study)

    def records(self):
        """The records of all trials, in their order, a list of dict."""
        folders = sorted(
            self.trials.glob("*/"), key=lambda path: (len(path.name), path.name)
        )
        records = [read_record(folder) for folder in folders]
        return [record for record in records if record is not None]


def first_difference(old, new, where=""):
    """The first place where plain data differ: path, old and new value.

    Example:

    >>> first_difference({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}})
    ('a.b.1', 2, 3)
    """
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        pairs = [(key, old.get(key), new.get(key)) for key in keys]
    elif (
        isinstance(old, list) and isinstance(new, list) and len(old) == len(new)
    ):
        pairs = [
            (i, *pair) for i, pair in enumerate(zip(old, new, strict=True))
        ]
    else:
        return None if old == new else (where, old, new)
    for key, before, now in pairs:
        path = f"{where}.{key}" if where else str(key)
        if found := first_difference(before, now, path):
            return found
    return None


def _short(value):
    text = json.dumps(value)
    return text if len(text) <= 120 else f"{text[:117]}…"
