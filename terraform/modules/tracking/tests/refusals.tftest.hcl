# Values that this part refuses.

mock_provider "aws" {}

variables {
  boundary_arn               = "arn:aws:iam::123456789012:policy/nightlabel-account-dev-boundary"
  name                       = "nightlabel-test"
  account_id                 = "123456789012"
  region                     = "eu-west-1"
  vpc_id                     = "vpc-1"
  subnet_ids                 = ["subnet-1", "subnet-2"]
  domain                     = "ml.example.com"
  listener_arn               = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/made/5eed5eed5eed5eed/5eed5eed5eed5eed"
  entrance_security_group_id = "sg-1"
  image                      = ""
  size                       = { cpu = 1024, memory_mb = 2048 }
  database                   = { class = "db.t4g.small", storage_gb = 20, multi_az = false }
  secrets_version            = 1
  artifacts_bucket           = "artifacts"
  deletion_protection        = true
  key_arn                    = "arn:aws:kms:eu-west-1:123456789012:key/5eed5eed-5eed-4eed-8eed-5eed5eed5eed"
}

run "good" {
  command = plan
}

run "refused" {
  command = plan

  variables {
    database        = { class = "t4g.small", storage_gb = 20, multi_az = false }
    secrets_version = 1.5
  }

  expect_failures = [
    var.database,
    var.secrets_version,
  ]
}

run "refused_too_1" {
  command = plan

  variables {
    database = { class = "db.t4g.small", storage_gb = 5, multi_az = false }
  }

  expect_failures = [
    var.database,
  ]
}
