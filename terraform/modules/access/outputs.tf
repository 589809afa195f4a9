output "role_arns" {
  description = "ARN of each role."
  value       = merge({ for name, role in aws_iam_role.this : name => role.arn }, { ci = aws_iam_role.ci.arn, reader = aws_iam_role.reader.arn })
}

output "pod_roles" {
  description = "ARN of the role of each service account."
  value       = { for name, account in local.accounts : account => aws_iam_role.this[name].arn }
}
