# Values that this part refuses.

mock_provider "aws" {}

variables {
  name         = "nightlabel-account"
  account_id   = "123456789012"
  region       = "eu-west-1"
  repository   = "example/nightlabel"
  places       = { dev = "nightlabel-dev", prod = "nightlabel-prod" }
  state_bucket = "nightlabel-account-123456789012-state"
}

run "good" {
  command = plan
}

run "refused" {
  command = plan

  variables {
    repository = "example/*"
    places     = { dev = "nightlabel" }
  }

  expect_failures = [
    var.repository,
    var.places,
  ]
}

run "refused_too_1" {
  command = plan

  variables {
    repository = "nightlabel"
    places     = { staging = "nightlabel-staging" }
  }

  expect_failures = [
    var.repository,
    var.places,
  ]
}
