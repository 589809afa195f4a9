"""The pages of nightlabel in Airflow's UI; nothing of it is imported before the first page is asked for."""
