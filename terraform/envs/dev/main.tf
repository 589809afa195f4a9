# To try things: one zone of endpoints, small machines, nothing refuses to be deleted.

locals {
  name        = "nightlabel-dev"
  environment = "dev"
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

  cidr               = "10.40.0.0/16"
  nat                = true
  endpoints          = ["ecr.api", "ecr.dkr"]
  endpoint_zones     = 1
  keep_versions_days = 7

  base        = { types = ["t3.large"], least = 2, most = 3 }
  labelling   = { types = ["m6i.large", "m5.large", "m6a.large"], most = 2 }
  mlflow_size = { cpu = 1024, memory_mb = 2048 }
  database    = { class = "db.t4g.small", storage_gb = 20, multi_az = false }
}
