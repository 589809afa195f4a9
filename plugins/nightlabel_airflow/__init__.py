"""The only code that knows Airflow: steps as tasks, alarms, the form, pages in the UI."""
