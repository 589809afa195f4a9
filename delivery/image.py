"""Build one image by the commit, and push it; a commit that was pushed before is not built again."""

import json
import re

from delivery.runner import DeliveryError, call, main, output, summary, variable

DIGEST = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")


def work() -> None:
    """Leave the image's name by its digest."""
    engine, target, commit = variable("ENGINE", "docker"), variable("TARGET"), variable("GITHUB_SHA")
    repository = f"{variable('REGISTRY')}/{variable('REPOSITORY')}"
    _sign_in(engine, repository)
    image = pushed_before(repository, commit) or build(engine, target, repository, commit)
    output(image=image)
    summary(f"Image of `{target}`: `{image}`")


def build(engine: str, target: str, repository: str, commit: str) -> str:
    """Build and push; give the name by digest that the registry gave it.

    Raises:
        DeliveryError: The build or the push failed, or the checkout is not this commit.
    """
    given = [f"ENGINE={engine}", f"TARGET={target}", f"BASE={variable('BASE_IMAGE')}"]
    call(["make", "image", *given])
    call([engine, "tag", f"nightlabel-{target}:{commit}", f"{repository}:{commit}"])
    call([engine, "push", f"{repository}:{commit}"])
    said = call([engine, "image", "inspect", "--format", "{{json .RepoDigests}}", f"{repository}:{commit}"])
    named = [name for name in json.loads(said) or [] if name.startswith(f"{repository}@")]
    if len(named) != 1 or not DIGEST.fullmatch(named[0]):
        raise DeliveryError(f"{engine} names no single digest of {repository}:{commit}")
    return str(named[0])


def pushed_before(repository: str, commit: str) -> str:
    """Give the image of a commit that ECR has; empty where it has none, or the registry is another one."""
    if not (region := _region(repository)):
        return ""
    registry, name = repository.split("/", 1)
    asked = [
        "--registry-id",
        registry.split(".", 1)[0],
        "--repository-name",
        name,
        "--image-ids",
        f"imageTag={commit}",
    ]
    words = ["aws", "ecr", "batch-get-image", "--region", region, *asked, "--output", "json"]
    found = json.loads(call(words)).get("images") or []
    return f"{repository}@{found[0]['imageId']['imageDigest']}" if found else ""


def _sign_in(engine: str, repository: str) -> None:
    """Sign in to ECR with the role of the run; the password lives hours, and is in no command line."""
    if region := _region(repository):
        password = call(["aws", "ecr", "get-login-password", "--region", region])
        call(
            [engine, "login", "--username", "AWS", "--password-stdin", repository.split("/", 1)[0]],
            stdin=password,
        )


def _region(repository: str) -> str:
    found = re.match(r"\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/", repository)
    return found[1] if found else ""


if __name__ == "__main__":
    main(work)
