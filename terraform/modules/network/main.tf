# A private network over three zones. Nothing in it has a public address but the NAT gateway, where there is one.

locals {
  zones     = toset(var.zones)
  index     = { for i, zone in var.zones : zone => i }
  interface = toset(var.endpoints)
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

# Whoever forgets to name a security group gets one that lets nothing through.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-closed" }
}

resource "aws_subnet" "private" {
  for_each = local.zones

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.value
  cidr_block              = cidrsubnet(var.cidr, 4, local.index[each.value])
  map_public_ip_on_launch = false
  tags                    = { Name = "${var.name}-private-${each.value}" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  for_each = local.zones

  subnet_id      = aws_subnet.private[each.value].id
  route_table_id = aws_route_table.private.id
}
