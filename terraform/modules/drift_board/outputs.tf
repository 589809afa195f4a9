output "url" {
  description = "Address of the board, for NIGHTLABEL_EVIDENTLY_URL."
  value       = "https://${local.host}"
}

output "users_secret_name" {
  description = "Secret to write names and passwords into."
  value       = aws_secretsmanager_secret.users.name
}
