output "url" {
  description = "Address of the server, for NIGHTLABEL_TRACKING_URI."
  value       = "https://${local.host}"
}

output "admin_secret_arn" {
  description = "Where the password of the user admin is."
  value       = aws_secretsmanager_secret.this["admin"].arn
}
