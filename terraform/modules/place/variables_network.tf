variable "zones" {
  description = "Three availability zones."
  type        = list(string)
}

variable "cidr" {
  description = "Addresses of the network, a /16."
  type        = string
}

variable "nat" {
  description = "Whether there is a way out of the network, for GitHub and Datadog."
  type        = bool
}

variable "endpoints" {
  description = "AWS services that are reached inside of the network."
  type        = list(string)
}

variable "endpoint_zones" {
  description = "Zones that the interface endpoints stand in."
  type        = number
}

variable "people_cidrs" {
  description = "Private addresses from which people reach the network, by VPN or a direct line."
  type        = list(string)

  validation {
    condition     = alltrue([for cidr in var.people_cidrs : can(cidrnetmask(cidr)) && can(regex("^(10\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.)", cidr))])
    error_message = "Private ranges only: nothing here is for the internet."
  }
}

variable "domain" {
  description = "Domain of the pages: mlflow.DOMAIN and drift.DOMAIN."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "A domain such as ml.example.com."
  }
}

variable "certificate_arn" {
  description = "Certificate for *.DOMAIN, of AWS Certificate Manager in this region."
  type        = string

  validation {
    condition     = startswith(var.certificate_arn, "arn:aws:acm:${var.region}:${var.account_id}:certificate/")
    error_message = "A certificate of this account in ${var.region}."
  }
}
