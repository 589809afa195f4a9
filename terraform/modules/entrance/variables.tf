variable "name" {
  description = "Name of the place."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets."
  type        = list(string)
}

variable "cidr" {
  description = "Addresses of the network."
  type        = string
}

variable "people_cidrs" {
  description = "Addresses from which people reach the private network, by VPN or a direct line."
  type        = list(string)
}

variable "domain" {
  description = "Domain of the pages: mlflow.DOMAIN and drift.DOMAIN."
  type        = string
}

variable "certificate_arn" {
  description = "Certificate for *.DOMAIN."
  type        = string
}

variable "logs_bucket" {
  description = "Bucket of the access logs."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the door refuses to be deleted."
  type        = bool
}
