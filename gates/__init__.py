"""Static gates: machines refuse what must not be in the code, the manifests, the packages or the history."""
