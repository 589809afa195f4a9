"""What the services of docker-compose.airflow.yaml do besides Airflow, MLflow and Evidently themselves."""
