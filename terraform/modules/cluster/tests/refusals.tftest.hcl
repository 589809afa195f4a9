# Values that this part refuses.

mock_provider "aws" {}

variables {
  boundary_arn        = "arn:aws:iam::123456789012:policy/nightlabel-account-dev-boundary"
  name                = "nightlabel-test"
  account_id          = "123456789012"
  region              = "eu-west-1"
  kubernetes_version  = "1.34"
  subnet_ids          = ["subnet-1", "subnet-2", "subnet-3"]
  people_cidrs        = ["10.8.0.0/16"]
  admin_role_arns     = ["arn:aws:iam::123456789012:role/platform"]
  launcher_role_arn   = "arn:aws:iam::123456789012:role/launcher"
  namespace           = "nightlabel"
  pod_roles           = { nightlabel-planner = "arn:aws:iam::123456789012:role/planner" }
  base                = { types = ["m6i.large"], least = 2, most = 5 }
  labelling           = { types = ["m6i.xlarge", "m5.xlarge", "m6a.xlarge"], most = 22 }
  deletion_protection = true
  key_arn             = "arn:aws:kms:eu-west-1:123456789012:key/5eed5eed-5eed-4eed-8eed-5eed5eed5eed"
}

run "good" {
  command = plan
}

run "refused" {
  command = plan

  variables {
    kubernetes_version = "1.29"
    base               = { types = ["m6i.large"], least = 1, most = 5 }
    labelling          = { types = ["m6i.xlarge"], most = 22 }
  }

  expect_failures = [
    var.kubernetes_version,
    var.base,
    var.labelling,
  ]
}

run "refused_too_1" {
  command = plan

  variables {
    base      = { types = ["m6i.large"], least = 2, most = 6 }
    labelling = { types = ["m6i.xlarge", "m5.xlarge", "m6a.xlarge"], most = 0 }
  }

  expect_failures = [
    var.base,
    var.labelling,
  ]
}
