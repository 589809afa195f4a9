"""The form that starts an experiment."""

from airflow.sdk import Param

from nightlabel.contract import Card

LARGEST_SEED = 2**31 - 1


def experiment(card: Card) -> dict[str, Param]:
    """Give the fields of the form: typed, with help and sensible defaults.

    They have no sections, because Airflow folds sections away and opens one at a time.
    """
    return {
        "data": _data(card),
        "candidates": _candidates(card),
        **_seed_and_note(),
        "data_version": _data_version(),
    }


def night() -> dict[str, Param]:
    """Give the field of a night that is started by hand."""
    return {
        "date": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Date",
            description_md="The partition to label, such as `2026-01-31`. Empty: the local date of the run.",
        )
    }


def _data(card: Card) -> Param:
    return Param(
        card.default_data,
        type="string",
        minLength=1,
        maxLength=1024,
        title="Data",
        description_md="The labelled file: a path below the lake, or a `file://` or `s3://` URI.",
    )


def _candidates(card: Card) -> Param:
    names = list(card.candidates)
    return Param(
        names,
        type="array",
        items={"type": "string", "enum": names},
        examples=names,
        minItems=1,
        uniqueItems=True,
        title="Candidates",
        description_md="The models to train. The best on the validation months meets the champion.",
    )


def _seed_and_note() -> dict[str, Param]:
    return {
        "seed": Param(
            7,
            type="integer",
            minimum=0,
            maximum=LARGEST_SEED,
            title="Seed",
            description_md="The same data version, parameters and seed give the same metrics.",
        ),
        "note": Param(
            "",
            type=["null", "string"],
            maxLength=200,
            title="Note",
            description_md="One line for the reviewers of the proposal: why this experiment?",
        ),
    }


def _data_version() -> Param:
    return Param(
        None,
        type=["null", "string"],
        pattern="^[0-9a-f]{32}$",
        title="Data version",
        description_md="MD5 of a data set named before: runs again with exactly its bytes. "
        "Empty: take the file as it is now.",
    )
