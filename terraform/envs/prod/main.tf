# For the nights that count: three zones, a database that stands by, room for 64 labelling pods.

locals {
  name        = "nightlabel-prod"
  environment = "prod"
}

module "place" {
  source = "../../modules/place"

  name        = local.name
  environment = local.environment

  account_id          = var.account_id
  region              = var.region
  use_cases           = var.use_cases
  inbox_writers       = var.inbox_writers
  zones               = var.zones
  people_cidrs        = var.people_cidrs
  domain              = var.domain
  certificate_arn     = var.certificate_arn
  admin_role_arns     = var.admin_role_arns
  launcher_principals = var.launcher_principals
  cleaner_principals  = var.cleaner_principals
  github_provider_arn = var.github_provider_arn
  boundary_arn        = var.boundary_arn
  ci_subjects         = var.ci_subjects
  reader_subjects     = var.reader_subjects
  label_image         = var.label_image
  training_image      = var.training_image
  airflow_image       = var.airflow_image
  secrets_version     = var.secrets_version
  datadog             = var.datadog
  budget              = var.budget

  cidr               = "10.50.0.0/16"
  nat                = true
  endpoints          = ["ecr.api", "ecr.dkr", "secretsmanager"]
  endpoint_zones     = 3
  keep_versions_days = 30

  base        = { types = ["m6i.large", "m6a.large"], least = 2, most = 5 }
  labelling   = { types = ["m6i.xlarge", "m5.xlarge", "m6a.xlarge", "m5a.xlarge"], most = 22 }
  mlflow_size = { cpu = 2048, memory_mb = 4096 }
  database    = { class = "db.m6g.large", storage_gb = 100, multi_az = true }
}
