variable "name" {
  description = "Name of the place."
  type        = string
}

variable "account_id" {
  description = "AWS account, twelve digits."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "zones" {
  description = "Three availability zones of the region."
  type        = list(string)

  validation {
    condition     = length(distinct(var.zones)) == 3 && alltrue([for zone in var.zones : startswith(zone, var.region)])
    error_message = "Name three different zones of ${var.region}."
  }
}

variable "cidr" {
  description = "Addresses of the network, a /16."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.cidr)) && endswith(var.cidr, "/16") && anytrue([for range in ["10.", "172.", "192.168."] : startswith(var.cidr, range)])
    error_message = "Give a private range of 65,536 addresses, such as 10.40.0.0/16: each pod takes one."
  }
}

variable "nat" {
  description = "Whether there is a way out of the network."
  type        = bool
}

variable "endpoints" {
  description = "AWS services that are reached inside of the network, as in com.amazonaws.REGION.SERVICE."
  type        = list(string)

  validation {
    condition     = length(setsubtract(["ecr.api", "ecr.dkr"], var.endpoints)) == 0
    error_message = "Images are pulled inside of the network: name ecr.api and ecr.dkr."
  }

  validation {
    condition = var.nat || length(setsubtract(
      ["ec2", "eks", "eks-auth", "sts", "logs", "secretsmanager", "ssm", "ssmmessages", "ec2messages", "elasticloadbalancing", "autoscaling"],
      var.endpoints,
    )) == 0
    error_message = "Without a NAT gateway the nodes need endpoints for ec2, eks, eks-auth, sts, logs, secretsmanager, ssm, ssmmessages, ec2messages, elasticloadbalancing and autoscaling as well."
  }
}

variable "endpoint_zones" {
  description = "Zones that the interface endpoints stand in: each costs by the hour."
  type        = number

  validation {
    condition     = contains([1, 2, 3], var.endpoint_zones)
    error_message = "One, two or three zones."
  }
}

variable "key_arn" {
  description = "Key of the logs."
  type        = string
}

variable "boundary_arn" {
  description = "Permissions boundary of every role."
  type        = string
}
