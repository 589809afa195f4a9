# Values that this part refuses.

mock_provider "aws" {}

variables {
  boundary_arn   = "arn:aws:iam::123456789012:policy/nightlabel-account-dev-boundary"
  name           = "nightlabel-test"
  account_id     = "123456789012"
  region         = "eu-west-1"
  zones          = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  cidr           = "10.60.0.0/16"
  nat            = true
  endpoints      = ["ecr.api", "ecr.dkr"]
  endpoint_zones = 1
  key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/5eed5eed-5eed-4eed-8eed-5eed5eed5eed"
}

run "good" {
  command = plan
}

run "closed_without_what_nodes_need" {
  command = plan

  variables {
    nat = false
  }

  expect_failures = [var.endpoints]
}

run "closed" {
  command = plan

  variables {
    nat = false
    endpoints = [
      "autoscaling", "ec2", "ec2messages", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "logs",
      "secretsmanager", "ssm", "ssmmessages", "sts",
    ]
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_internet_gateway.this) == 0 && length(aws_route.nat) == 0
    error_message = "A closed network has no way out."
  }
}

run "refused" {
  command = plan

  variables {
    zones          = ["eu-west-1a", "eu-west-1b", "eu-west-1b"]
    cidr           = "8.8.0.0/16"
    endpoints      = ["sts"]
    endpoint_zones = 4
  }

  expect_failures = [
    var.zones,
    var.cidr,
    var.endpoints,
    var.endpoint_zones,
  ]
}

run "refused_too_1" {
  command = plan

  variables {
    zones = ["us-east-1a", "us-east-1b", "us-east-1c"]
    cidr  = "10.60.0.0/24"
  }

  expect_failures = [
    var.zones,
    var.cidr,
  ]
}
