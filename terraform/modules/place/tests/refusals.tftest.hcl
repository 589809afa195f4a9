# Values that would make another place than the one that is meant are refused before anything is made.

mock_provider "aws" {
  source = "./tests/mocks"
}

mock_provider "datadog" {
  source = "./tests/mocks"
}

variables {
  boundary_arn        = "arn:aws:iam::123456789012:policy/nightlabel-account-dev-boundary"
  name                = "nightlabel-test"
  environment         = "dev"
  account_id          = "123456789012"
  region              = "eu-west-1"
  zones               = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  cidr                = "10.60.0.0/16"
  nat                 = true
  endpoints           = ["ecr.api", "ecr.dkr"]
  endpoint_zones      = 1
  use_cases           = ["card_spending"]
  keep_versions_days  = 7
  inbox_writers       = []
  people_cidrs        = ["10.8.0.0/16"]
  domain              = "ml.example.com"
  certificate_arn     = "arn:aws:acm:eu-west-1:123456789012:certificate/0f9c0f6e-0000-4000-8000-000000000000"
  admin_role_arns     = ["arn:aws:iam::123456789012:role/platform"]
  launcher_principals = []
  cleaner_principals  = ["arn:aws:iam::123456789012:role/data-steward"]
  ci_subjects         = ["repo:example/nightlabel:ref:refs/heads/main"]
  reader_subjects     = ["repo:example/nightlabel:pull_request"]
  base                = { types = ["t3.large"], least = 2, most = 3 }
  labelling           = { types = ["m6i.large", "m5.large", "m6a.large"], most = 2 }
  mlflow_size         = { cpu = 1024, memory_mb = 2048 }
  database            = { class = "db.t4g.small", storage_gb = 20, multi_az = false }
  budget              = { usd = 500, emails = ["ml@example.com"] }
}

run "refused" {
  command = plan

  variables {
    name            = "Nightlabel"
    environment     = "staging"
    account_id      = "123"
    region          = "cn-north-1"
    use_cases       = ["*"]
    inbox_writers   = ["*"]
    people_cidrs    = ["0.0.0.0/0"]
    domain          = "localhost"
    label_image     = "registry/label:latest"
    training_image  = "registry/train@sha256:123"
    airflow_image   = "registry/airflow:v3"
    admin_role_arns = []
  }

  expect_failures = [
    var.name,
    var.environment,
    var.account_id,
    var.region,
    var.use_cases,
    var.inbox_writers,
    var.people_cidrs,
    var.domain,
    var.label_image,
    var.training_image,
    var.airflow_image,
    var.admin_role_arns,
  ]
}

run "refused_too_1" {
  command = plan

  variables {
    boundary_arn    = "arn:aws:iam::999999999999:policy/x"
    certificate_arn = "arn:aws:acm:eu-west-1:999999999999:certificate/x"
    use_cases       = []
  }

  expect_failures = [
    var.boundary_arn,
    var.certificate_arn,
    var.use_cases,
  ]
}
