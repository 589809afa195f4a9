"""The options that commands share."""

from typing import Annotated

import typer

UseCaseName = Annotated[str, typer.Option("--usecase", "-u", help="The use case, a folder of the catalog.")]
Run = Annotated[str, typer.Option("--run", "-r", help="Name of the run.")]
Date = Annotated[str, typer.Option("--date", "-d", help="The partition, as 2026-01-31.")]
Partition = Annotated[str, typer.Argument(help="The partition, as 2026-01-31.", metavar="DATE")]
Candidates = Annotated[
    list[str] | None, typer.Option("--candidate", help="A candidate to train; repeat it. Default: all.")
]
Data = Annotated[str, typer.Option(help="Labelled file: key below the lake, or a file:// or s3:// URI.")]
DataVersion = Annotated[str, typer.Option(help="MD5 of a data set named before: reproduce with its bytes.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Note = Annotated[str, typer.Option(help="One line for the reviewers.")]
Person = Annotated[str, typer.Option("--by", help="Who decides; it is written down.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
