# Values that this part refuses.

mock_provider "datadog" {}

variables {
  environment       = "prod"
  cluster           = "nightlabel-prod"
  site              = "datadoghq.eu"
  urgent            = "@pagerduty"
  calm              = "@slack"
  slo_percent       = 99
  deadline_seconds  = 1800
  quarantined_share = 0.05
}

run "good" {
  command = plan
}

run "refused" {
  command = plan

  variables {
    site              = "datadog.example"
    urgent            = "ann"
    calm              = ""
    slo_percent       = 100
    quarantined_share = 1
  }

  expect_failures = [
    var.site,
    var.urgent,
    var.calm,
    var.slo_percent,
    var.quarantined_share,
  ]
}
