# Values that this part refuses.

mock_provider "aws" {}

variables {
  name   = "nightlabel-test"
  usd    = 500
  emails = ["ml@example.com"]
}

run "good" {
  command = plan
}

run "refused" {
  command = plan

  variables {
    usd    = 0
    emails = []
  }

  expect_failures = [
    var.usd,
    var.emails,
  ]
}

run "refused_too_1" {
  command = plan

  variables {
    emails = ["ml"]
  }

  expect_failures = [
    var.emails,
  ]
}
