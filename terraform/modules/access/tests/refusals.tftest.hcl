# Values that this part refuses.

mock_provider "aws" {}

variables {
  boundary_arn        = "arn:aws:iam::123456789012:policy/nightlabel-account-dev-boundary"
  name                = "nightlabel-test"
  account_id          = "123456789012"
  region              = "eu-west-1"
  bucket              = "nightlabel-test-lake"
  prefix              = "lake"
  use_cases           = ["card_spending"]
  namespace           = "nightlabel"
  launcher_principals = []
  cleaner_principals  = ["arn:aws:iam::123456789012:role/data-steward"]
  images              = ["label"]
  github_provider_arn = ""
  ci_subjects         = ["repo:example/nightlabel:ref:refs/heads/main"]
  reader_subjects     = ["repo:example/nightlabel:pull_request"]
}

run "good" {
  command = plan
}

run "refused" {
  command = plan

  variables {
    reader_subjects    = ["repo:example/*:pull_request"]
    cleaner_principals = []
    ci_subjects        = ["repo:example/nightlabel:*"]
  }

  expect_failures = [
    var.reader_subjects,
    var.cleaner_principals,
    var.ci_subjects,
  ]
}

run "refused_too_1" {
  command = plan

  variables {
    cleaner_principals = ["arn:aws:iam::123456789012:role/*"]
    ci_subjects        = ["repo:example/*:ref:refs/heads/main"]
  }

  expect_failures = [
    var.cleaner_principals,
    var.ci_subjects,
  ]
}

run "refused_too_2" {
  command = plan

  variables {
    cleaner_principals = ["arn:aws:iam::123456789012:root"]
    ci_subjects        = ["repo:example/nightlabel:pull_request"]
  }

  expect_failures = [
    var.cleaner_principals,
    var.ci_subjects,
  ]
}

run "refused_too_3" {
  command = plan

  variables {
    ci_subjects = []
  }

  expect_failures = [
    var.ci_subjects,
  ]
}
