"""The folder of a diagnosis: what it holds, and whether it may be written."""

import pathlib
import shutil

from tfq_hybrid.errors import UserError
from tfq_hybrid.files import check_output_folder, write_json
from tfq_hybrid.reading import read_json, reading

WHOLE = "a whole diagnosis"
AGAIN = "Remove it, or use overwrite=True."


class DiagnosisFolder:
    """Paths and state of a diagnosis.

        settings.json     how its circuits are measured
        circuits/         a file for each circuit that is done
        diagnosis.json    written last: all of them, and the decay

    Args:
        path: str or path.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.settings_file = self.path / "settings.json"
        self.circuits = self.path / "circuits"
        self.diagnosis_file = self.path / "diagnosis.json"

    def check(self, subjects, settings, overwrite):
        """Whether the diagnosis may be written; what is there of it.

        Args:
            subjects: sequence of `Subject`.
            settings: `DiagnosisSettings`.
            overwrite: bool. Whether all that is there is to go.

        Returns:
            A dict of the name of a subject -> its stored result.

        Raises:
            UserError: it may not; the difference is named.
        """
        check_output_folder(self.path)
        if not self.path.exists():
            return {}
        begun = self.settings_file.is_file()
        if not begun and any(self.path.iterdir()):
            raise UserError(
                "Expected a new folder, or that of a diagnosis. "
                f"Received: {self.path}, which holds something else"
            )
        if not begun or overwrite:
            return {}
        kept = self._read(self.settings_file)
        for name, value in settings.to_dict().items():
            if kept.get(name) != value:
                raise UserError(
                    f"Expected the settings of the diagnosis in {self.path}, "
                    f"where {name} is {kept.get(name)!r}. Received: {name}="
                    f"{value!r}. Use overwrite=True to measure anew."
                )
        found = {}
        for subject in subjects:
            file = self.circuits / f"{subject.name}.json"
            if not file.is_file():
                continue
            content = self._read(file)
            if content.get("circuit") != subject.circuit.to_dict():
                raise UserError(
                    f"Expected {subject.ansatz} to be the circuit that it is "
                    f"in {self.path}. Received: another one of that name. Use "
                    "overwrite=True to measure anew."
                )
            with reading(WHOLE, file, hint=AGAIN):
                found[subject.name] = content["result"]
        return found

    def begin(self, settings, overwrite):
        """Makes the folder; forgets what is there with `overwrite`."""
        self.path.mkdir(parents=True, exist_ok=True)
        if overwrite:
            # First what says that it is done, last what says whose it is.
            self.diagnosis_file.unlink(missing_ok=True)
            shutil.rmtree(self.circuits, ignore_errors=True)
        write_json(self.settings_file, settings.to_dict())
        self.circuits.mkdir(exist_ok=True)

    def keep(self, subject, result):
        """Stores the result of a subject."""
        content = {"circuit": subject.circuit.to_dict(), "result": result}
        write_json(self.circuits / f"{subject.name}.json", content)

    def finish(self, content):
        """Writes the diagnosis."""
        write_json(self.diagnosis_file, content)

    def _read(self, file):
        return read_json(file, WHOLE, hint=AGAIN)
