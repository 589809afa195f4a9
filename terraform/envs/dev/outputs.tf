output "nightlabel" {
  description = "Settings of nightlabel: terraform output -json | nightlabel doctor --from-terraform -"
  value       = module.place.nightlabel
}

output "roles" {
  description = "ARN of each role."
  value       = module.place.roles
}

output "repositories" {
  description = "Where images are pushed."
  value       = module.place.repositories
}

output "secrets" {
  description = "Secrets that people read or write."
  value       = module.place.secrets
}

output "datadog_values" {
  description = "Values of Datadog's Helm chart; null without Datadog."
  value       = module.place.datadog_values
}
