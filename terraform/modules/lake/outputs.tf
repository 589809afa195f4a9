output "uri" {
  description = "Root of all data, for NIGHTLABEL_LAKE."
  value       = "s3://${local.lake}/${var.prefix}"
}

output "bucket" {
  description = "Bucket of the lake."
  value       = aws_s3_bucket.this["lake"].bucket
}

output "artifacts_bucket" {
  description = "Bucket of MLflow's artifacts."
  value       = aws_s3_bucket.this["artifacts"].bucket
}

output "logs_bucket" {
  description = "Bucket of access logs, with the rule that lets the entrance write to it."
  value       = aws_s3_bucket_policy.this["logs"].bucket
}
