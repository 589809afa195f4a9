"""A stranger who puts objects into a lake, without obstore and under any name."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import boto3


class Stranger:
    """Knows a lake by its URI alone."""

    def __init__(self, lake):
        self.lake = lake
        self.parts = urlsplit(lake.uri)
        if self.parts.scheme == "s3":
            self.client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])

    @property
    def folder(self):
        return Path(unquote(self.parts.path))

    def drop(self, key, content=b"bytes"):
        if self.parts.scheme == "s3":
            self.client.put_object(Bucket=self.parts.netloc, Key=f"{self.parts.path[1:]}/{key}", Body=content)
        else:
            (self.folder / key).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / key).write_bytes(content)

    def clean(self):
        for entry in self.client.list_objects_v2(Bucket=self.parts.netloc).get("Contents", ()):
            self.client.delete_object(Bucket=self.parts.netloc, Key=entry["Key"])
