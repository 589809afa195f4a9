"""Which files make a batch."""

from hypothesis import given
from hypothesis import strategies as st

from nightlabel.label.inputs import Input
from nightlabel.label.together import together

MANY = 2**40


def inputs(sizes):
    return [Input(f"{number}.csv", "v", size, "m") for number, size in enumerate(sizes)]


@given(st.lists(st.integers(0, 5_000), max_size=700), st.integers(1, 400), st.integers(1, 100_000))
def test_every_file_is_in_one_batch_and_in_its_order(sizes, most, most_bytes):
    files = inputs(sizes)
    batches = [
        [request.file for request in group.requests] for group in together(files, None, most, most_bytes)
    ]

    assert [file for batch in batches for file in batch] == files
    assert all(1 <= len(batch) <= most for batch in batches)
    assert all(sum(file.size for file in batch) <= most_bytes for batch in batches if len(batch) > 1)


def test_the_first_batch_has_few_files_and_each_next_one_twice_as_many():
    batches = together(inputs([1_000] * 6_000), None, 2_048, MANY)

    assert [len(batch.requests) for batch in batches] == [128, 256, 512, 1_024, 2_048, 2_032]
