output "listener_arn" {
  description = "Where a page adds its rule."
  value       = aws_lb_listener.tls.arn
}

output "security_group_id" {
  description = "Where the requests of a page come from."
  value       = aws_security_group.this.id
}
