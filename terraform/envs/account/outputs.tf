output "backend" {
  description = "Where this state goes once the bucket is there: terraform output -raw backend > backend.tf"
  value       = <<-TF
    terraform {
      backend "s3" {
        bucket       = "${module.state.bucket}"
        key          = "nightlabel/account.tfstate"
        region       = "${var.region}"
        encrypt      = true
        use_lockfile = true
      }
    }
  TF
}

output "state_bucket" {
  description = "For backend.hcl of each place."
  value       = module.state.bucket
}

output "github_provider_arn" {
  description = "For terraform.tfvars of each place."
  value       = module.delivery.github_provider_arn
}

output "boundary_arns" {
  description = "For terraform.tfvars of each place, as boundary_arn."
  value       = module.delivery.boundary_arns
}

output "plan_role_arns" {
  description = "For GitHub's environments infra-*-plan, as AWS_PLAN_ROLE."
  value       = module.delivery.plan_role_arns
}

output "apply_role_arns" {
  description = "For GitHub's environments infra-*, as AWS_APPLY_ROLE."
  value       = module.delivery.apply_role_arns
}
