locals {
  settings = {
    lake               = module.lake.uri
    s3_region          = var.region
    tracking_uri       = module.tracking.url
    mlflow_url         = module.tracking.url
    evidently_url      = module.drift_board.url
    environment        = var.environment
    statsd_host        = one(module.observability[*].statsd_host)
    steps_in           = var.label_image == "" ? null : "eks"
    eks_cluster        = module.cluster.name
    pod_image          = var.label_image == "" ? null : var.label_image
    pod_training_image = var.training_image == "" ? null : var.training_image
    pod_namespace      = local.namespace
    pod_secret         = "mlflow"
  }
}

output "nightlabel" {
  description = "Settings of nightlabel, each without its prefix NIGHTLABEL_: `nightlabel doctor --from-terraform`."
  value       = { for name, value in local.settings : name => value if value != null }
}

output "roles" {
  description = "ARN of each role; the doctor is run as each."
  value       = module.access.role_arns
}

output "repositories" {
  description = "Where images are pushed."
  value       = module.registry.urls
}

output "secrets" {
  description = "Secrets that people read or write: MLflow's first password, the users of the drift board."
  value = {
    mlflow_admin = module.tracking.admin_secret_arn
    drift_users  = module.drift_board.users_secret_name
  }
}

output "datadog_values" {
  description = "Values of Datadog's Helm chart; null without Datadog."
  value       = one(module.observability[*].helm_values)
}
