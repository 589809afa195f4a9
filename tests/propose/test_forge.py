"""The laws of a proposal; they hold on the laptop and on GitHub."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from nightlabel.errors import RefusedError
from tests.propose.conftest import DATA, FOLDER, PARAMS, POINTER, changed


def test_a_proposal_changes_two_files_and_nothing_else(ground):
    proposal = ground.forge.propose(changed())

    assert proposal.created
    assert proposal.branch == f"nightlabel/cards/{DATA[:8]}-linear"
    assert ground.repository.changed(proposal.branch) == [POINTER, PARAMS]
    assert ground.repository.file(proposal.branch, PARAMS) == b"seed = 2\n"
    assert ground.repository.file(proposal.branch, "README.md") == b"hello\n"
    assert ground.repository.sha(proposal.branch) == proposal.commit


def test_both_files_change_in_one_commit(ground):
    proposal = ground.forge.propose(changed())

    assert ground.repository.git("rev-list", "--count", f"main..{proposal.branch}") == "1"


def test_proposing_again_changes_nothing(ground):
    first = ground.forge.propose(changed())
    second = ground.forge.propose(changed())

    assert replace(second, created=True) == first
    assert not second.created
    assert ground.bodies() == ["# Report\n"]


def test_another_result_updates_the_same_branch_and_pull_request(ground):
    first = ground.forge.propose(changed())
    second = ground.forge.propose(changed(params=b"seed = 3\n", body="# Better\n"))

    assert (second.number, second.created) == (first.number, False)
    assert ground.bodies() == ["# Better\n"]
    assert ground.repository.file(first.branch, PARAMS) == b"seed = 3\n"
    assert ground.repository.sha(first.branch) == second.commit


def test_a_report_alone_is_updated_without_a_commit(ground):
    first = ground.forge.propose(changed())
    second = ground.forge.propose(changed(body="# Again\n"))

    assert second.commit == first.commit
    assert ground.bodies() == ["# Again\n"]


def test_a_base_that_moved_is_taken_in(ground):
    first = ground.forge.propose(changed())
    moved = ground.repository.put("main", {"README.md": b"moved\n"}, "Move")
    second = ground.forge.propose(changed())

    assert second.number == first.number
    assert ground.repository.changed(second.branch) == [POINTER, PARAMS]
    assert ground.repository.holds(moved, second.commit)
    assert ground.repository.holds(first.commit, second.commit)


def test_what_a_person_pushed_to_the_branch_stays_in_its_history_but_not_in_the_proposal(ground):
    first = ground.forge.propose(changed())
    pushed = ground.repository.put(first.branch, {"README.md": b"mine\n"}, "Mine")
    second = ground.forge.propose(changed())

    assert ground.repository.changed(second.branch) == [POINTER, PARAMS]
    assert ground.repository.holds(pushed, second.commit)


def test_many_at_once_make_one_proposal(ground):
    def propose(seed):
        return ground.another().propose(changed(params=b"seed = %d\n" % (2 + seed % 2)))

    with ThreadPoolExecutor(4) as pool:
        proposals = list(pool.map(propose, range(4)))

    assert {p.number for p in proposals} == {1}
    assert sum(p.created for p in proposals) == 1
    assert len(ground.bodies()) == 1
    assert ground.repository.changed(proposals[0].branch) == [POINTER, PARAMS]


def test_a_branch_that_someone_else_moved_is_not_moved_over(ground):
    first = ground.forge.propose(changed())
    plumbing = ground.plumbing()
    mine = plumbing.commit(plumbing.tree(first.commit, {PARAMS: b"mine"}), (first.commit,), "Mine")
    theirs = ground.repository.put(first.branch, {PARAMS: b"theirs"}, "Theirs")

    assert not plumbing.move(first.branch, first.commit, mine)
    assert not plumbing.move(first.branch, None, mine)
    assert ground.repository.sha(first.branch) == theirs


def test_another_winner_has_a_proposal_of_its_own_and_closes_the_older_one_with_a_word(ground):
    first = ground.forge.propose(changed("linear"))
    second = ground.forge.propose(changed("embeddings"))

    assert (second.number, second.created, second.superseded) == (2, True, (1,))
    assert ground.states() == ["closed", "open"]
    [(number, words)] = ground.words()
    assert number == first.number
    assert words.startswith("Superseded by #2: ")
    assert ground.repository.sha(first.branch) == first.commit


def test_the_same_candidate_on_newer_data_closes_the_older_proposal_too(ground):
    ground.forge.propose(changed())
    second = ground.forge.propose(changed(data="0a1b" * 8))

    assert second.superseded == (1,)
    assert ground.states() == ["closed", "open"]


def test_a_winner_that_was_superseded_and_wins_again_is_proposed_anew(ground):
    for name in ("linear", "embeddings", "linear"):
        newest = ground.forge.propose(changed(name))

    assert (newest.number, newest.superseded) == (3, (2,))
    assert ground.states() == ["closed", "closed", "open"]


def test_what_people_decided_and_what_other_use_cases_propose_is_left_alone(ground):
    ground.merge(ground.forge.propose(changed("linear")))
    ground.close(ground.forge.propose(changed("forest", params=b"seed = 3\n")))
    ground.forge.propose(changed(usecase="digits"))

    newest = ground.forge.propose(changed("embeddings", params=b"seed = 4\n"))

    assert newest.superseded == ()
    assert ground.states() == ["merged", "closed", "open", "open"]
    assert ground.words() == []


def test_winners_that_are_proposed_at_once_leave_one_open_proposal(ground):
    def propose(name):
        return ground.another().propose(changed(name))

    with ThreadPoolExecutor(3) as pool:
        proposals = list(pool.map(propose, ("linear", "embeddings", "forest")))

    assert {proposal.number for proposal in proposals} == {1, 2, 3}
    assert ground.states() == ["closed", "closed", "open"]


def test_a_word_is_said_once_although_the_closing_was_cut_off(ground):
    plumbing = ground.plumbing()
    first = ground.forge.propose(changed("linear"))
    assert [rival.number for rival in plumbing.rivals(changed("embeddings").branch)] == [1]
    second = replace(first, number=2)

    plumbing.supersede(first, second)
    plumbing.supersede(first, second)

    assert ground.states() == ["closed"]
    assert len(ground.words()) == 1


def test_a_merged_proposal_is_not_proposed_again(ground):
    first = ground.forge.propose(changed())
    ground.merge(first)
    again = ground.forge.propose(changed())

    assert (again.number, again.state, again.created) == (1, "merged", False)
    assert ground.forge.read(PARAMS) == b"seed = 2\n"
    assert len(ground.bodies()) == 1


def test_a_merged_proposal_that_was_taken_back_is_proposed_anew(ground):
    first = ground.forge.propose(changed())
    ground.merge(first)
    ground.repository.put("main", {PARAMS: b"seed = 1\n", POINTER: b"outs: old\n"}, "Revert")
    second = ground.forge.propose(changed())

    assert (second.number, second.created, second.state) == (2, True, "open")
    assert ground.repository.changed(second.branch) == [POINTER, PARAMS]


def test_the_next_result_after_a_merge_is_a_new_proposal(ground):
    ground.merge(ground.forge.propose(changed()))
    second = ground.forge.propose(changed(params=b"seed = 9\n"))

    assert (second.number, second.created) == (2, True)
    assert ground.repository.changed(second.branch) == [PARAMS]


def test_a_closed_proposal_is_left_closed_and_a_new_one_opened(ground):
    ground.close(ground.forge.propose(changed()))
    second = ground.forge.propose(changed())

    assert (second.number, second.created, second.state) == (2, True, "open")


def test_a_first_champion_with_the_standing_parameters_can_be_proposed(ground):
    ground.repository.put("main", {PARAMS: b"seed = 2\n", POINTER: b"outs: new\n"}, "Same")
    proposal = ground.forge.propose(changed())

    assert proposal.created
    assert ground.repository.changed(proposal.branch) == []


def test_the_newest_proposal_of_a_branch_is_found_with_its_state(ground):
    branch = changed().branch
    assert ground.forge.proposal(branch) is None

    proposal = ground.forge.propose(changed())
    ground.merge(proposal)

    assert ground.forge.proposal(branch) == replace(proposal, created=False, state="merged")


@pytest.mark.parametrize("path", ["nope.toml", "src", f"{FOLDER}/params.toml/x"])
def test_a_file_that_is_not_there_is_read_as_nothing(ground, path):
    assert ground.forge.read(path) is None


def test_a_target_branch_that_is_not_there_is_refused(ground):
    ground.repository.git("update-ref", "-d", "refs/heads/main")

    with pytest.raises(RefusedError, match=r"NL-F004 .*'main'"):
        ground.forge.propose(changed())


@pytest.mark.parametrize(
    "wrong",
    [
        {"files": {PARAMS: b""}},
        {"files": {PARAMS: b"", POINTER: b"", "README.md": b""}},
        {"files": {PARAMS: b"", ".github/workflows/ci.yml": b""}},
        {"files": {PARAMS: b"", "src/../src/cards/data.dvc": b""}},
        {"files": {PARAMS: b"", "/src/nightlabel/usecases/cards/data.dvc": b""}},
        {"files": {PARAMS: b"", "src/nightlabel/usecases/digits/data.dvc": b""}},
        {"files": {PARAMS: b"", "elsewhere/cards/data.dvc": b""}},
        {"files": {PARAMS: b"", POINTER + "\n": b""}},
        {"branch": "main"},
        {"branch": "nightlabel/cards/../../main"},
        {"branch": "nightlabel/cards/5f2d5f2d-linear.lock"},
        {"base": "production"},
        {"title": "two\nlines"},
        {"title": "hello @everyone"},
        {"message": "closes #1"},
        {"body": "x" * 65_537},
    ],
)
def test_anything_else_is_refused_before_the_forge_sees_it(ground, wrong):
    before = ground.repository.git("for-each-ref")

    with pytest.raises(RefusedError) as refusal:
        ground.forge.propose(replace(changed(), **wrong))

    assert refusal.value.code == "NL-F003"
    assert ground.repository.git("for-each-ref") == before
    assert ground.bodies() == []
