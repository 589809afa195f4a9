# Values that this part refuses.

mock_provider "aws" {}

variables {
  name               = "nightlabel-test"
  account_id         = "123456789012"
  prefix             = "lake"
  use_cases          = ["card_spending"]
  keep_versions_days = 30
  cleaner_role_arn   = "arn:aws:iam::123456789012:role/nightlabel-test-cleaner"
  inbox_writers      = []
  key_arn            = "arn:aws:kms:eu-west-1:123456789012:key/5eed5eed-5eed-4eed-8eed-5eed5eed5eed"
}

run "good" {
  command = plan
}

run "refused" {
  command = plan

  variables {
    keep_versions_days = 1
  }

  expect_failures = [
    var.keep_versions_days,
  ]
}
