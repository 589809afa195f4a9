# What people open, who is told, and what it may cost.

module "entrance" {
  source = "../entrance"

  name                = var.name
  vpc_id              = module.network.vpc_id
  subnet_ids          = module.network.subnet_ids
  cidr                = module.network.cidr
  people_cidrs        = var.people_cidrs
  domain              = var.domain
  certificate_arn     = var.certificate_arn
  logs_bucket         = module.lake.logs_bucket
  deletion_protection = local.protection
}

module "tracking" {
  source = "../tracking"

  name                       = var.name
  account_id                 = var.account_id
  region                     = var.region
  vpc_id                     = module.network.vpc_id
  subnet_ids                 = module.network.subnet_ids
  domain                     = var.domain
  listener_arn               = module.entrance.listener_arn
  entrance_security_group_id = module.entrance.security_group_id
  image                      = var.airflow_image
  size                       = var.mlflow_size
  database                   = var.database
  secrets_version            = var.secrets_version
  artifacts_bucket           = module.lake.artifacts_bucket
  deletion_protection        = local.protection
  key_arn                    = module.key.arn
  boundary_arn               = var.boundary_arn
}

module "drift_board" {
  source = "../drift_board"

  name                       = var.name
  account_id                 = var.account_id
  region                     = var.region
  vpc_id                     = module.network.vpc_id
  subnet_ids                 = module.network.subnet_ids
  domain                     = var.domain
  listener_arn               = module.entrance.listener_arn
  entrance_security_group_id = module.entrance.security_group_id
  bucket                     = module.lake.bucket
  prefix                     = local.prefix
  use_cases                  = var.use_cases
  image                      = var.training_image
  key_arn                    = module.key.arn
  boundary_arn               = var.boundary_arn
}

module "observability" {
  source = "../observability"
  count  = var.datadog == null ? 0 : 1

  environment       = var.environment
  cluster           = module.cluster.name
  site              = var.datadog.site
  urgent            = var.datadog.urgent
  calm              = var.datadog.calm
  slo_percent       = var.datadog.slo_percent
  deadline_seconds  = var.datadog.deadline_seconds
  quarantined_share = var.datadog.quarantined_share
}

module "budget" {
  source = "../budget"

  name   = var.name
  usd    = var.budget.usd
  emails = var.budget.emails
}
