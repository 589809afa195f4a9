"""Say what is in an image, sign both with the identity of this workflow, and see that the signature holds."""

import json

from delivery.image import DIGEST
from delivery.runner import ROOT, DeliveryError, call, main, summary, variable

ISSUER = "https://token.actions.githubusercontent.com"
SBOM = "sbom.cdx.json"
MUST_HOLD = {"nightlabel", "onnxruntime", "deltalake"}
"""Packages of each image of ours: a bill without them was made of something else."""


def work() -> None:
    """Make the bill of materials, sign and verify."""
    image = variable("IMAGE")
    if not DIGEST.fullmatch(image):
        raise DeliveryError("what is signed is named by its digest")
    call(["syft", "scan", f"registry:{image}", "--output", f"cyclonedx-json={SBOM}"])
    count = components((ROOT / SBOM).read_text(encoding="utf-8"))
    call(["cosign", "sign", "--yes", image])
    call(["cosign", "attest", "--yes", "--type", "cyclonedx", "--predicate", SBOM, image])
    signer = [f"--certificate-identity={identity()}", f"--certificate-oidc-issuer={ISSUER}"]
    call(["cosign", "verify", *signer, image])
    call(["cosign", "verify-attestation", "--type", "cyclonedx", *signer, image])
    summary(f"Signed, with a bill of {count} components.")


def identity() -> str:
    """Give the identity that this workflow signs with."""
    return f"{variable('GITHUB_SERVER_URL')}/{variable('GITHUB_WORKFLOW_REF')}"


def components(bill: str) -> int:
    """Count the components of a bill of materials.

    Raises:
        DeliveryError: It is not the bill of one of our images.
    """
    names = [str(one.get("name", "")).lower() for one in json.loads(bill).get("components", ())]
    if lost := sorted(MUST_HOLD - set(names)):
        raise DeliveryError(f"the bill of materials does not name {', '.join(lost)}")
    return len(names)


if __name__ == "__main__":
    main(work)
