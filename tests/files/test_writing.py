"""Files are whole or not there, whatever happens to the writer."""

import concurrent.futures
import inspect
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from tfq_hybrid.errors import StorageError, UserError
from tfq_hybrid.files import (
    check_links,
    check_output_folder,
    remove_partials,
    replacing,
    write_json,
    write_text,
)
from tfq_hybrid.files.locks import writing

OLD = "old " * 50_000
NEW = "new " * 50_000


def run(code, *arguments, **options):
    """Starts a Python process on code that is indented here."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


def test_replaces_files_and_creates_folders(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    write_json(path, {"a": 2})
    assert '"a": 2' in path.read_text()
    with replacing(tmp_path / "folder") as partial:
        partial.mkdir()
        (partial / "inner.txt").write_text("x")
    assert (tmp_path / "folder/inner.txt").read_text() == "x"
    assert entries(tmp_path) == ["a.json", "folder"]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_no_file_takes_the_place_of_a_folder(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "mine.txt").write_text("x")
    with pytest.raises(StorageError, match="Is a directory"):
        write_text(folder, "new")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UserError, match="loop is no folder"):
        check_output_folder(tmp_path / "loop" / "run")
    assert (folder / "mine.txt").read_text() == "x"
    assert entries(tmp_path) == ["folder", "loop"]


def write_often(folder, number):
    for _ in range(30):
        write_json(f"{folder}/numbers.json", [number] * 2000)
        with replacing(f"{folder}/folder") as partial:
            partial.mkdir()
            for name in ("a", "b"):
                (partial / name).write_text(str(number))


def test_threads_and_processes_that_write_to_one_path(tmp_path):
    """All succeed, and leave what one of them wrote."""
    code = f"""
from tfq_hybrid.files import replacing, write_json
import sys
{inspect.getsource(write_often)}
write_often(sys.argv[1], 9)
"""
    process = run(code, tmp_path)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(write_often, tmp_path, n) for n in range(4)]:
            done.result()
    assert process.communicate()[1] == ""
    assert entries(tmp_path) == ["folder", "numbers.json"]
    assert len(set(json.loads((tmp_path / "numbers.json").read_text()))) == 1
    texts = {(tmp_path / "folder" / name).read_text() for name in "ab"}
    assert len(texts) == 1


def test_a_link_out_of_a_folder_is_found(tmp_path):
    folder, other = tmp_path / "run", tmp_path / "other"
    (folder / "inner").mkdir(parents=True)
    other.mkdir()
    (folder / "inside").symlink_to("inner")
    check_links(folder, "a whole run")
    for target in (other, tmp_path / "nowhere", "/dev/null"):
        (folder / "inner" / "out").symlink_to(target)
        with pytest.raises(UserError, match="inner/out is a link"):
            check_links(folder, "a whole run")
        (folder / "inner" / "out").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(UserError, match="pipe is neither file nor folder"):
        check_links(folder, "a whole run")
    # Nor does a lock follow one, which would empty a file elsewhere.
    (other / "mine").write_text("x")
    (tmp_path / ".run.lock").symlink_to(other / "mine")
    with pytest.raises(StorageError, match="symbolic links"), writing(folder):
        pass
    assert (other / "mine").read_text() == "x"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_the_old(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), replacing(path) as partial:
        partial.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert entries(tmp_path) == ["a.txt"]
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"loss": float("nan")})
    assert path.read_text() == "old"


def test_a_full_disk_is_one_line_and_leaves_the_old(tmp_path):
    """The kernel's limit on the size of a file stands for a full disk."""
    path = tmp_path / "a.txt"
    path.write_text(OLD)
    process = run(
        """
        import resource, sys
        from tfq_hybrid.errors import StorageError
        from tfq_hybrid.files import write_text
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            write_text(sys.argv[1], "new " * 50_000)
        except StorageError as error:
            print(error)
        """,
        path,
    )
    output, errors = process.communicate()
    assert output.startswith(f"Could not write {path}: "), errors
    assert output.count("\n") == 1
    assert path.read_text() == OLD
    assert entries(tmp_path) == ["a.txt"]


def test_a_read_only_folder_is_one_line(tmp_path):
    missing = tmp_path / "missing" / "a.txt"
    with pytest.raises(StorageError, match="No such file or directory"):
        write_text(missing, "x")
    if os.geteuid() == 0:
        # Nothing is read-only for root, but for what the kernel keeps.
        with pytest.raises(StorageError, match="Could not write"):
            write_text("/proc/sys/a.txt", "x")
        return
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="Permission denied"):
        write_text(tmp_path / "a.txt", "x")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_signal_at_any_moment_leaves_a_whole_file(tmp_path, number):
    path = tmp_path / "a.txt"
    write_text(path, OLD)
    generator = random.Random(0)
    for _ in range(6):
        process = run(
            """
            import sys
            from tfq_hybrid.files import write_text
            print("ready", flush=True)
            while True:
                for word in ("new ", "old "):
                    write_text(sys.argv[1], word * 50_000)
            """,
            path,
        )
        process.stdout.readline()
        time.sleep(generator.random() * 0.05)
        process.send_signal(number)
        process.communicate()
        assert path.read_text() in (OLD, NEW)
    remove_partials(tmp_path)
    assert entries(tmp_path) == ["a.txt"]


HOLD = """
    import sys
    from tfq_hybrid.files.locks import writing
    with writing(sys.argv[1]):
        print("held", flush=True)
        sys.stdin.read()
"""


def test_two_processes_do_not_write_at_once(tmp_path):
    path = tmp_path / "run"
    holder = run(HOLD, path, stdin=subprocess.PIPE)
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(UserError, match=f"which process {holder.pid} is"),
        writing(path),
    ):
        pass
    with writing(tmp_path / "another"):
        pass
    holder.communicate("")
    with writing(path):
        pass
    assert entries(tmp_path) == []


def test_a_lock_dies_with_its_process(tmp_path):
    path = tmp_path / "run"
    holder = run(HOLD, path, stdin=subprocess.PIPE)
    holder.stdout.readline()
    holder.kill()
    holder.communicate()
    with writing(path):
        assert pathlib.Path(tmp_path / ".run.lock").is_file()
    assert entries(tmp_path) == []
