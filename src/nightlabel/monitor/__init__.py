"""What is watched after a night: drift, metrics, events, alarms, the summary for people."""
