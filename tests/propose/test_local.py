"""The forge of a laptop: what a person sees, decides, and can trust."""

import fcntl
import subprocess
from dataclasses import replace

import pytest

from nightlabel.errors import RefusedError
from nightlabel.propose.git import Git
from nightlabel.propose.local import LocalForge, init_from
from tests.propose.conftest import PARAMS, POINTER, SEED, changed


def test_a_yes_is_a_merge_commit_that_says_who_and_when(laptop):
    proposal = laptop.forge.propose(changed())
    commit = laptop.forge.merge(proposal, "Ann Lee")
    who, parents, message = laptop.repository.git("show", "-s", "--format=%an%x00%P%x00%B", "main").split(
        "\0"
    )

    assert laptop.repository.sha("main") == commit
    assert (who, parents.split()[1]) == ("Ann Lee", proposal.commit)
    assert "Approved-by: Ann Lee" in message
    assert laptop.forge.pulls.get(1).decided_by == "Ann Lee"
    assert laptop.forge.pulls.get(1).decided.endswith("+00:00")


def test_a_yes_said_twice_is_one_merge(laptop):
    proposal = laptop.forge.propose(changed())

    assert laptop.forge.merge(proposal, "Ann") == laptop.forge.merge(proposal, "Bob")
    assert laptop.forge.pulls.get(1).decided_by == "Ann"


def test_a_yes_that_was_cut_off_before_it_was_written_down_is_found(laptop):
    proposal = laptop.forge.propose(changed())
    standing = laptop.forge.pulls.get(1)
    commit = laptop.forge.merge(proposal, "Ann")
    laptop.forge.pulls.write(standing)

    assert laptop.forge.merge(proposal, "Ann") == commit
    assert laptop.repository.sha("main") == commit


def test_other_work_on_the_target_branch_is_kept_by_the_merge(laptop):
    proposal = laptop.forge.propose(changed())
    laptop.repository.put("main", {"README.md": b"moved\n"}, "Move")
    laptop.forge.merge(proposal, "Ann")

    assert laptop.repository.file("main", "README.md") == b"moved\n"
    assert laptop.repository.file("main", PARAMS) == b"seed = 2\n"


def test_only_what_was_read_is_merged(laptop):
    read = laptop.forge.propose(changed())
    laptop.forge.propose(changed(params=b"seed = 3\n"))

    with pytest.raises(RefusedError, match=r"NL-F007 .*another commit"):
        laptop.forge.merge(read, "Ann")
    assert laptop.repository.file("main", PARAMS) == b"seed = 1\n"


def test_parameters_that_changed_on_the_target_branch_stop_the_merge(laptop):
    proposal = laptop.forge.propose(changed())
    laptop.repository.put("main", {PARAMS: b"seed = 8\n"}, "By hand")

    with pytest.raises(RefusedError, match=r"NL-F007 .*params\.toml"):
        laptop.forge.merge(proposal, "Ann")
    assert laptop.repository.file("main", PARAMS) == b"seed = 8\n"


def test_a_branch_with_further_files_is_not_merged(laptop):
    proposal = laptop.forge.propose(changed())
    tip = laptop.repository.put(proposal.branch, {"Makefile": b"all:\n"}, "Smuggled")

    with pytest.raises(RefusedError, match=r"NL-F003 .*'Makefile'"):
        laptop.forge.merge(replace(proposal, commit=tip), "Ann")


def test_a_no_is_no(laptop):
    proposal = laptop.forge.propose(changed())
    laptop.forge.close(proposal, "Ann")

    assert laptop.forge.proposal(proposal.branch).state == "closed"
    with pytest.raises(RefusedError, match=r"NL-F007 .*closed"):
        laptop.forge.merge(proposal, "Bob")


def test_a_proposal_that_was_superseded_cannot_be_merged_and_says_by_which(laptop):
    older = laptop.forge.propose(changed("linear"))
    laptop.forge.propose(changed("embeddings"))
    pull = laptop.forge.pulls.get(older.number)

    assert (pull.decided_by, pull.reason[:16]) == ("nightlabel", "Superseded by #2")
    with pytest.raises(RefusedError, match=r"NL-F007 .*closed"):
        laptop.forge.merge(older, "Ann")


def test_a_proposal_that_is_merged_meanwhile_is_not_superseded(laptop):
    older = laptop.forge.propose(changed("linear"))
    laptop.forge.merge(older, "Ann")
    laptop.forge.supersede(older, replace(older, number=2))

    assert laptop.states() == ["merged"]


def test_what_is_merged_cannot_be_closed(laptop):
    proposal = laptop.forge.propose(changed())
    laptop.forge.merge(proposal, "Ann")

    with pytest.raises(RefusedError, match=r"NL-F007 .*merged already"):
        laptop.forge.close(proposal, "Bob")


@pytest.mark.parametrize("by", ["", "  ", "a\nb", "Ann <ann@x>", "@ann", "x" * 81, "a\x00b"])
def test_a_person_has_a_plain_name(laptop, by):
    proposal = laptop.forge.propose(changed())

    with pytest.raises(RefusedError, match="NL-H002"):
        laptop.forge.merge(proposal, by)


def test_one_alone_opens_and_decides_at_a_time(laptop):
    pulls = laptop.forge.pulls
    with pulls.locked(), (pulls.folder / ".lock").open("w") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_pull_request_is_a_file_that_people_can_read(laptop):
    proposal = laptop.forge.propose(changed(body="---\nstate: merged\n---\n# Report\n"))
    text = laptop.forge.pulls.path(1).read_text(encoding="utf-8")

    assert proposal.url == laptop.forge.pulls.path(1).as_uri()
    assert text.startswith('---\nnumber: 1\nstate: "open"\nbranch: "nightlabel/cards/')
    assert text.endswith("\n---\n\n---\nstate: merged\n---\n# Report\n")
    assert laptop.forge.proposal(proposal.branch).state == "open"


def test_a_broken_pull_request_is_refused_by_its_name(laptop):
    laptop.forge.propose(changed())
    laptop.forge.pulls.path(1).write_text("scribble", encoding="utf-8")

    with pytest.raises(RefusedError, match=r"NL-F004 0001\.md is no pull request"):
        laptop.forge.propose(changed())


def test_the_repository_of_a_laptop_is_seeded_from_a_checkout_once(tmp_path):
    work = tmp_path / "work"
    for words in (["init", "-qb", "trunk", work], ["-C", work, "commit", "-q", "--allow-empty", "-m", "One"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@x"]
        subprocess.run(["git", *identity, *words], check=True)
    first = init_from(tmp_path / "forge.git", work).tip("main")

    assert first
    assert init_from(tmp_path / "forge.git", SEED).tip("main") == first


def test_a_folder_that_is_no_repository_is_refused(tmp_path):
    with pytest.raises(RefusedError, match="NL-F004"):
        LocalForge(tmp_path).propose(changed())


def test_hooks_and_settings_of_the_person_are_not_used(laptop, tmp_path, monkeypatch):
    for name in ("reference-transaction", "update", "post-update"):
        hook = laptop.forge.repository / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
        hook.chmod(0o755)
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody")
    proposal = laptop.forge.propose(changed())

    assert Git(laptop.forge.repository).line("show", "-s", "--format=%an", proposal.commit) == "nightlabel"
    assert not (tmp_path / "ran").exists()


def test_what_is_not_regular_text_comes_back_byte_for_byte(laptop):
    payload = bytes(range(256)) + "\r\nação".encode()
    proposal = laptop.forge.propose(changed(params=payload))
    laptop.forge.merge(proposal, "Ann")

    assert laptop.forge.read(PARAMS) == payload
    assert laptop.forge.read(POINTER) == b"outs: new\n"
