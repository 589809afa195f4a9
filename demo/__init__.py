"""The whole loop on one machine, through real Airflow: experiment, yes, night, drift."""
