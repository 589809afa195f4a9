# One page: the promise, the nights, quarantine, forecast and truth, cost, drift, gates, Airflow.

resource "datadog_dashboard_json" "nights" {
  dashboard = templatefile("${local.definitions}/dashboard.json", {
    environment = var.environment
    runbook     = var.runbook
    slo         = datadog_service_level_objective.deadline.id
  })
}
