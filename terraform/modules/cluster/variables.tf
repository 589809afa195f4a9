variable "name" {
  description = "Name of the cluster, and of the place."
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

variable "kubernetes_version" {
  description = "Version of Kubernetes, such as 1.34."
  type        = string

  validation {
    condition     = can(regex("^1\\.(3[3-9]|[4-9][0-9])$", var.kubernetes_version))
    error_message = "Name a version of Kubernetes that has standard support, 1.33 or newer."
  }
}

variable "subnet_ids" {
  description = "Private subnets."
  type        = list(string)
}

variable "people_cidrs" {
  description = "Addresses from which people reach the private network."
  type        = list(string)
}

variable "admin_role_arns" {
  description = "Roles that administer the cluster."
  type        = list(string)
}

variable "launcher_role_arn" {
  description = "Role of Airflow, which starts the pods."
  type        = string
}

variable "namespace" {
  description = "Namespace of the pods."
  type        = string
}

variable "pod_roles" {
  description = "ARN of the role of each service account."
  type        = map(string)
}

variable "base" {
  description = "Nodes that are always there: instance types, least and most."
  type        = object({ types = list(string), least = number, most = number })

  validation {
    condition     = var.base.least >= 2 && var.base.least <= var.base.most && var.base.most <= 5
    error_message = "From two nodes, so that one may go, to five."
  }
}

variable "labelling" {
  description = "Spot nodes of the labelling pods: instance types and most."
  type        = object({ types = list(string), most = number })

  validation {
    condition     = length(var.labelling.types) >= 3 && var.labelling.most >= 1 && var.labelling.most <= 64
    error_message = "Name three instance types or more, so that a sold-out one stops no night, and 1 to 64 nodes."
  }
}

variable "deletion_protection" {
  description = "Whether the cluster refuses to be deleted."
  type        = bool
}

variable "key_arn" {
  description = "Key of the cluster's secrets and logs."
  type        = string
}

variable "boundary_arn" {
  description = "Permissions boundary of every role."
  type        = string
}
