"""`Given`: the arguments that were given, and the config they make.

A flag wins over the environment, that over the file, and that over the default;
each argument alone, so that an override does not reset its neighbours.
"""

import copy
import dataclasses
import functools
import json
from typing import TYPE_CHECKING, Any

import click

from tfq_hybrid.config.values import NAMED, flatten, merge, nest
from tfq_hybrid.errors import UserError, is_same_name
from tfq_hybrid.files.yaml_reader import parse_yaml, read_yaml
from tfq_hybrid.reading import read_json

if TYPE_CHECKING:
    from tfq_hybrid.training.config import TrainConfig


def flag(key: str) -> str:
    """The option of a key: `--circuit.share-weights`."""
    return f"--{key.replace('_', '-')}"


def read_config_file(path: str) -> dict:
    """The nested dict that a YAML file holds."""
    return nest(read_yaml(path, "a YAML file with arguments"))


def read_circuit(text: str) -> dict:
    """The circuit of a preset's name, or of a JSON or YAML file.

    A dict that `as_circuit` accepts: of a `CircuitSpec` or a Cirq circuit.
    """
    from tfq_hybrid.circuits import PRESETS, as_circuit

    if text in PRESETS:
        return {"preset": text}
    expected = (
        f"a preset of {', '.join(PRESETS)}, or a JSON or YAML file with a "
        "circuit"
    )
    is_yaml = text.endswith((".yaml", ".yml"))
    content = (read_yaml if is_yaml else read_json)(text, expected)
    # Whole: what the file leaves out is not the system's to fill in.
    return as_circuit(content).to_dict()


@dataclasses.dataclass(frozen=True)
class Given:
    """The arguments that were given to a command."""

    values: dict[str, Any]  # by dotted key: from flags and the environment
    file: dict[str, Any]  # nested: from `--config`
    path: str | None  # of that file
    sources: dict[str, str]  # where each of the values came from

    def nested(self, defaults: dict[str, Any] | None = None) -> dict[str, Any]:
        """Everything that was given; the defaults count where nothing was."""
        base = merge(nest(defaults or {}), self._fitting_file)
        return _with_circuits(merge(base, nest(self.values)))

    def config(self, defaults: dict[str, Any] | None = None) -> "TrainConfig":
        """The config that was given; an argument that it does not use fails."""
        from tfq_hybrid.training.config import TrainConfig

        values = self.nested(defaults)
        if "data" not in values:
            raise click.UsageError("Missing option '--data'.")
        config = TrainConfig.from_dict(values)
        unused = config.unused()
        if "split" in self.values:
            from tfq_hybrid.data import is_local

            if is_local(config.data):
                unused["split"] = f"data={config.data}"
        for key, value in self.values.items():
            for name, reason in unused.items():
                if key == name or key.startswith(f"{name}."):
                    cause, _, choice = reason.partition("=")
                    raise UserError(
                        f"Expected no {flag(key)} with {flag(cause)} {choice}, "
                        f"where it has no effect. Received: {flag(key)}="
                        f"{value!r}"
                    )
        return config

    def sources_of(self, config: "TrainConfig") -> dict[str, str | None]:
        """Where each argument that is no default came from, by dotted key."""
        given: dict[str, str | None] = {}
        for key, _ in flatten(self._fitting_file):
            name, _, last = key.rpartition(".")
            is_name = NAMED.get(name.rpartition(".")[2]) == last
            given[name if is_name else key] = self.path
        given |= self.sources
        return {
            key: given[name]
            for key, _ in flatten(config.to_dict())
            for name in sorted(given, key=len)  # the longest counts
            if key == name or key.startswith(f"{name}.")
        }

    @functools.cached_property
    def _fitting_file(self):
        """The file without what belongs to another class than is given."""
        from tfq_hybrid.training.config import TrainConfig

        file = copy.deepcopy(self.file)
        model = self.values.get("model")
        named = file.get("model", model)
        if model is not None and not is_same_name(str(named), model):
            general = [*TrainConfig.names()]
            general.remove("baseline")
            self._leave_out(file, [key for key in file if key not in general])
        for key, name in self.values.items():
            *above, last = key.split(".")
            holder = file
            for part in above:
                holder = holder.get(part) or {}
            own = holder.get(last)
            is_object = last in NAMED and isinstance(own, dict)
            same = is_object and is_same_name(str(own.get(NAMED[last])), name)
            if is_object and not same:
                self._leave_out(holder, [last])
        return file

    def _leave_out(self, file, keys):
        for key in keys:
            del file[key]
        if keys:
            click.echo(
                f"Left out of {self.path}, which has another class there: "
                f"{', '.join(keys)}.",
                err=True,
            )


def _with_circuits(values):
    """Reads the files that name circuits."""
    result = dict(values)
    for key, part in values.items():
        if key == "circuit" and isinstance(part, dict) and "preset" in part:
            rest = {k: v for k, v in part.items() if k != "preset"}
            result[key] = {**read_circuit(part["preset"]), **rest}
        elif key == "adapter" and isinstance(part, dict):
            result[key] = _with_circuits(part)
    return result


def to_yaml(
    values: dict[str, Any],
    sources: dict[str, str] | None = None,
    prefix: str = "",
) -> str:
    """A nested dict as YAML, with where values came from as comments.

    `parse_yaml` reads it back. The sources have dotted keys.

    >>> text = to_yaml({"circuit": {"depth": 3}}, {"circuit.depth": "--depth"})
    >>> print(text)
    circuit:
      depth: 3  # --depth
    """
    lines = []
    for name, value in values.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and value:
            inner = to_yaml(value, sources, f"{key}.")
            lines += [f"{name}:", *(f"  {line}" for line in inner.splitlines())]
            continue
        text = _scalar(value)
        source = (sources or {}).get(key)
        lines.append(f"{name}: {text}" + (f"  # {source}" if source else ""))
    return "\n".join(lines)


def _scalar(value):
    """A value as JSON, which is YAML; a text bare where that reads back."""
    is_word = isinstance(value, str) and value.replace("-", "").isalnum()
    if is_word and parse_yaml(f"a: {value}") == {"a": value}:
        return value
    return json.dumps(value)
