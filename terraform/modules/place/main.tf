# A whole place for nightlabel: what is in it, and what each part needs of the others.

locals {
  prefix     = "lake"
  namespace  = "nightlabel"                         # as inference_image/k8s has it
  images     = toset(["airflow", "label", "train"]) # targets of inference_image/Dockerfile
  protection = var.environment == "prod"
}

module "key" {
  source = "../key"

  name       = var.name
  account_id = var.account_id
  region     = var.region
}

module "network" {
  source = "../network"

  name           = var.name
  account_id     = var.account_id
  region         = var.region
  zones          = var.zones
  cidr           = var.cidr
  nat            = var.nat
  endpoints      = var.endpoints
  endpoint_zones = var.endpoint_zones
  key_arn        = module.key.arn
  boundary_arn   = var.boundary_arn
}

module "lake" {
  source = "../lake"

  name               = var.name
  account_id         = var.account_id
  prefix             = local.prefix
  use_cases          = var.use_cases
  keep_versions_days = var.keep_versions_days
  cleaner_role_arn   = "arn:aws:iam::${var.account_id}:role/${var.name}-cleaner"
  inbox_writers      = var.inbox_writers
  key_arn            = module.key.arn
}

module "registry" {
  source = "../registry"

  name         = var.name
  repositories = local.images
  key_arn      = module.key.arn
}

module "access" {
  source = "../access"

  name                = var.name
  account_id          = var.account_id
  region              = var.region
  bucket              = module.lake.bucket
  prefix              = local.prefix
  use_cases           = var.use_cases
  namespace           = local.namespace
  launcher_principals = var.launcher_principals
  cleaner_principals  = var.cleaner_principals
  images              = local.images
  github_provider_arn = var.github_provider_arn
  ci_subjects         = var.ci_subjects
  reader_subjects     = var.reader_subjects
  boundary_arn        = var.boundary_arn
}

module "cluster" {
  source = "../cluster"

  name                = var.name
  account_id          = var.account_id
  region              = var.region
  kubernetes_version  = var.kubernetes_version
  subnet_ids          = module.network.subnet_ids
  people_cidrs        = var.people_cidrs
  admin_role_arns     = var.admin_role_arns
  launcher_role_arn   = module.access.role_arns["launcher"]
  namespace           = local.namespace
  pod_roles           = module.access.pod_roles
  base                = var.base
  labelling           = var.labelling
  deletion_protection = local.protection
  key_arn             = module.key.arn
  boundary_arn        = var.boundary_arn
}
