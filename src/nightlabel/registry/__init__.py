"""Models: one folder of data each, named by its SHA-256, and MLflow's registry that pins them."""
