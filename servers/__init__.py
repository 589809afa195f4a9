"""MLflow and Evidently's UI as this project starts them: each asks who comes, at the addresses it is told."""
