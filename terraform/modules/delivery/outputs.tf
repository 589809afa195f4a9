output "github_provider_arn" {
  description = "The account's OIDC provider of GitHub."
  value       = aws_iam_openid_connect_provider.github.arn
}

output "plan_role_arns" {
  description = "Who plans each place."
  value       = { for environment, role in aws_iam_role.plan : environment => role.arn }
}

output "apply_role_arns" {
  description = "Who changes each place."
  value       = { for environment, role in aws_iam_role.apply : environment => role.arn }
}

output "boundary_arns" {
  description = "What every role of each place must carry."
  value       = { for environment, policy in aws_iam_policy.boundary : environment => policy.arn }
}
