"""No secret is in the tree, in any version of a file, or in the message of a commit."""

import subprocess

import pytest

from gates.findings import GateError
from gates.secrets import secrets
from tests.gates.conftest import Project

KEY = "AKIA" + "QWERTYUIOPASDFGH"
LINE = f'ACCESS = "{KEY}"\n'


def told(project) -> list[tuple[str, str, int]]:
    return [(one.rule, one.path, one.line) for one in secrets(project.root)]


def test_a_secret_of_today_is_found_before_it_is_committed(project):
    project.write("README.md", "Nothing.\n")
    project.commit()
    project.write("a.py", "\n" + LINE)

    assert told(project) == [("AWS Access Key", "a.py", 2)]


def test_a_secret_that_was_taken_out_again_is_found_in_the_history(project):
    project.write("a.py", LINE)
    project.commit()
    project.write("a.py", "ACCESS = None\n")
    project.commit()

    assert told(project) == [("AWS Access Key", "a.py", 0)]


def test_a_secret_of_a_branch_that_is_not_merged_is_found(project):
    project.write("README.md", "Nothing.\n")
    project.commit()
    project.git("checkout", "--quiet", "-b", "other")
    project.write("a.py", LINE)
    project.commit()
    project.git("checkout", "--quiet", "main")

    assert told(project) == [("AWS Access Key", "a.py", 0)]


def test_a_secret_in_a_message_is_found(project):
    project.write("README.md", "Nothing.\n")
    project.commit(f"Use {KEY}")

    assert told(project) == [("AWS Access Key", "messages of commits", 0)]


def test_a_comment_does_not_hide_a_secret(project):
    project.write("a.py", LINE.strip() + "  # pragma: allowlist secret\n")
    project.commit()

    assert told(project) == [("AWS Access Key", "a.py", 1)]


def test_hashes_of_a_lock_are_no_secrets_but_what_stands_beside_them_is(project):
    hashed = f"    --hash=sha256:{'0123456789abcdef' * 4}"
    project.write("requirements.txt", f"a==1 \\\n{hashed} \\\n{hashed}\n")
    project.write("other.txt", f"{hashed} {KEY}\n")
    project.commit()

    assert {path for _, path, _ in told(project)} == {"other.txt"}


def test_the_same_secret_has_the_same_key_wherever_it_is(project):
    project.write("a.py", LINE)
    project.write("b.py", "\n\n" + LINE)
    project.commit()

    assert len({one.key for one in secrets(project.root)}) == 1
    assert len(secrets(project.root)) == 2


def test_a_history_that_is_not_all_here_is_not_judged(project, tmp_path_factory):
    project.write("a.py", LINE)
    project.commit()
    project.write("a.py", "\n")
    project.commit()
    clone = Project(tmp_path_factory.mktemp("clone"))
    command = ["git", "clone", "--quiet", "--depth=1", f"file://{project.root}", "."]
    folder = clone.root / "shallow"
    folder.mkdir()
    subprocess.run(command, cwd=folder, check=True)

    with pytest.raises(GateError, match="git fetch --unshallow"):
        secrets(folder)


def test_a_folder_that_is_no_checkout_is_not_judged(tmp_path):
    with pytest.raises(GateError, match="not a git repository"):
        secrets(tmp_path)
