output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "The private subnets, one for each zone."
  value       = [for zone in var.zones : aws_subnet.private[zone].id]
}

output "cidr" {
  description = "Addresses of the network."
  value       = aws_vpc.this.cidr_block
}
