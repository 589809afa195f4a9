# Values that this part refuses.

mock_provider "aws" {}

variables {
  name               = "nightlabel-account"
  account_id         = "123456789012"
  keep_versions_days = 90
}

run "good" {
  command = plan
}

run "refused" {
  command = plan

  variables {
    keep_versions_days = 7
  }

  expect_failures = [
    var.keep_versions_days,
  ]
}
