output "bucket" {
  description = "Bucket of the states."
  value       = aws_s3_bucket.this.bucket
}
