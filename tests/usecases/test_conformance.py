"""Every use case in the catalog keeps the contract: what the core relies on holds for each of them."""

