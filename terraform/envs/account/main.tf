# What an account needs before a place can be planned in it: where Terraform keeps its states, and who plans and
# applies. A person applies this once, and again when it changes; no workflow does.

locals {
  name = "nightlabel-account"
}

module "state" {
  source = "../../modules/state"

  name               = local.name
  account_id         = var.account_id
  keep_versions_days = 90
}

module "delivery" {
  source = "../../modules/delivery"

  name         = local.name
  account_id   = var.account_id
  region       = var.region
  repository   = var.repository
  places       = { for environment in var.environments : environment => "nightlabel-${environment}" } # as their main.tf have it
  state_bucket = module.state.bucket
}
