"""The wiring of the steps: each reads references, writes one result, and skips if it is there."""
